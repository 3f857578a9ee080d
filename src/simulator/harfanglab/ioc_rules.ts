/** `IOCRule`: one value each. */
import {
  ApiError,
  type Body,
  checkTypes,
  invalid,
  requiredText,
} from "./answer.ts";
import type { HarfanglabStore, Item } from "./store.ts";

const TYPES: ReadonlySet<unknown> = new Set([
  "domain_name",
  "filename",
  "filepath",
  "hash",
  "ip_both",
  "ip_dst",
  "ip_src",
  "url",
]);
const HASH_LENGTHS = [32, 40, 64, 128];

/** `POST IOCRule/` */
export function createIocRule(store: HarfanglabStore, body: Body): Item {
  const source = store.sourceOf("IOCRule", body);
  checkTypes(body);
  checkValue(store, body);
  const { type, value } = body;
  refuseDuplicate(store, { source_id: source.id, type, value });
  const rule: Item = {
    ...store.newRule(source, body),
    id: crypto.randomUUID(),
    type,
    value,
    comment: body.comment ?? null,
    info: body.info ?? null,
    category: body.category ?? null,
    hl_testing_start_time: store.timestamp(),
    test_maturity_delay: 7,
    test_maturity_threshold: 10,
    test_maturity_current_count: 0,
  };
  store.settle(rule, body);
  store.rules.IOCRule.set(rule.id, rule);
  return rule;
}

const WRITABLE = [
  ...["type", "value", "description", "comment", "info", "category"],
  ...["enabled", "hl_status", "block_on_agent", "quarantine_on_agent"],
  ...["references", "rule_level_override", "rule_confidence_override"],
];

/** `PATCH IOCRule/{id}/` */
export function patchIocRule(
  store: HarfanglabStore,
  id: string,
  body: Body,
): Item {
  const rule = store.rule("IOCRule", id);
  checkTypes(body);
  const changed: Item = { ...rule };
  for (const field of WRITABLE) {
    if (body[field] !== undefined) changed[field] = body[field];
  }
  if (body.type !== undefined || body.value !== undefined) {
    checkValue(store, changed);
    refuseDuplicate(store, changed, id);
  }
  store.settle(changed, body);
  changed.last_update = store.timestamp();
  store.rules.IOCRule.set(id, changed);
  return changed;
}

function checkValue(store: HarfanglabStore, body: Body): void {
  if (!TYPES.has(body.type)) {
    throw invalid("type", `"${body.type}" is not a valid choice.`);
  }
  const value = requiredText(body, "value");
  if (body.type !== "hash") return;
  const isHash = HASH_LENGTHS.includes(value.length) &&
    /^[0-9a-f]+$/i.test(value);
  if (!isHash || (store.settings.refuseSha512 && value.length === 128)) {
    throw invalid("value", "Invalid hash.");
  }
}

function refuseDuplicate(
  store: HarfanglabStore,
  { source_id, type, value }: Body,
  except?: string,
): void {
  for (const rule of store.rules.IOCRule.values()) {
    const isSame = rule.source_id === source_id && rule.type === type &&
      rule.value === value;
    if (!isSame || rule.id === except) continue;
    throw new ApiError(400, {
      __all__: [
        "['Ioc rule with this Type, Value and Source already exists.']",
      ],
    });
  }
}
