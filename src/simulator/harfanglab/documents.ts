/** `SigmaRule` and `YaraFile`: rules that are documents. */
import { parse, stringify } from "@std/yaml";
import {
  ApiError,
  type Body,
  checkTypes,
  invalid,
  requiredText,
} from "./answer.ts";
import type { HarfanglabStore, Item } from "./store.ts";
import { yaraRuleNames } from "./yara_text.ts";

/** `SigmaRule` or `YaraFile`. */
export type DocumentKind = "SigmaRule" | "YaraFile";

/** What the platform makes of a document. */
interface Reading {
  /** Id that the platform tells documents apart by. */
  readonly identity: string;
  /** What is stored beside the name. */
  readonly fields: Body;
}

const NAME_LENGTH = 100;

/** `POST …/`: a report of the documents, or the error of a field. */
export function createDocument(
  store: HarfanglabStore,
  kind: DocumentKind,
  body: Body,
): Body {
  const source = store.sourceOf(kind, body);
  checkTypes(body);
  const name = requiredText(body, "name", NAME_LENGTH).trim();
  const content = requiredText(body, "content", Infinity);
  const reading = read(kind, content);
  if (typeof reading === "string") {
    const code = kind === "SigmaRule"
      ? "invalid_sigma_content"
      : "invalid_yara_content";
    return report({ code, content: reading, filename: name, status: false });
  }
  const same = find(store, kind, reading.identity);
  if (same !== undefined) {
    return onDuplicate(store, { kind, body, source, same, name });
  }
  const isOwn = kind === "SigmaRule" &&
    store.settings.sigmaIdMode === "separate";
  const rule: Item = {
    ...store.newRule(source, body),
    ...reading.fields,
    id: isOwn ? crypto.randomUUID() : reading.identity,
    name,
    errors: store.settings.engineErrors(content),
    warnings: [],
  };
  store.settle(rule, body);
  store.rules[kind].set(rule.id, rule);
  if (store.settings.emptyReport) return { status: [] };
  return report({
    id: rule.id,
    filename: name,
    content: rule.content,
    status: true,
  });
}

function report(element: Body): Body {
  return { status: [element] };
}

function onDuplicate(
  store: HarfanglabStore,
  { kind, body, source, same, name }: {
    kind: DocumentKind;
    body: Body;
    source: Item;
    same: Item;
    name: string;
  },
): Body {
  const isHere = same.source_id === source.id;
  if (isHere && body.overwrite === true) {
    const rule = patchDocument(store, kind, same.id, body);
    return report({ id: rule.id, filename: name, status: true });
  }
  if (kind === "SigmaRule" && isHere) {
    return report({
      code: "duplicate_rule",
      content: "A rule with this id already exists in this source",
      filename: name,
      status: false,
    });
  }
  const word = kind === "SigmaRule" ? "Sigma rule" : "Yara file";
  throw invalid("id", `${word} with this Id already exists.`);
}

const WRITABLE = [
  ...["enabled", "hl_status", "block_on_agent", "quarantine_on_agent"],
  ...["references", "rule_level_override", "rule_confidence_override"],
];

/** `PATCH …/{id}/` */
export function patchDocument(
  store: HarfanglabStore,
  kind: DocumentKind,
  id: string,
  body: Body,
): Item {
  const rule = store.rule(kind, id);
  checkTypes(body);
  const changed: Item = { ...rule };
  for (const field of WRITABLE) {
    if (body[field] !== undefined) changed[field] = body[field];
  }
  if (body.name !== undefined) {
    changed.name = requiredText(body, "name", NAME_LENGTH).trim();
  }
  if (body.content !== undefined) {
    const content = requiredText(body, "content", Infinity);
    const reading = read(kind, content);
    if (typeof reading === "string") throw invalid("content", reading);
    if (kind === "SigmaRule" && reading.identity !== rule.rule_id) {
      throw invalid("content", "The id of a rule cannot be changed.");
    }
    const same = find(store, kind, reading.identity);
    if (same !== undefined && same.id !== id) {
      throw invalid("id", "Yara file with this Id already exists.");
    }
    Object.assign(changed, reading.fields);
    changed.errors = store.settings.engineErrors(content);
    if (kind === "YaraFile") {
      store.rules[kind].delete(id);
      changed.id = reading.identity;
    }
  }
  store.settle(changed, body);
  changed.last_update = store.timestamp();
  store.rules[kind].set(changed.id, changed);
  return changed;
}

/** `DELETE …/{id}/` */
export function deleteDocument(
  store: HarfanglabStore,
  kind: DocumentKind,
  id: string,
): void {
  store.rule(kind, id);
  if (store.linked.has(id)) {
    throw new ApiError(400, {
      code: "linked_sigma_rule",
      linked_correlation: [{ correlation_rule_name: "Three in a row" }],
    });
  }
  store.rules[kind].delete(id);
}

function find(
  store: HarfanglabStore,
  kind: DocumentKind,
  identity: string,
): Item | undefined {
  for (const rule of store.rules[kind].values()) {
    const own = kind === "SigmaRule" ? rule.rule_id : rule.id;
    if (own === identity) return rule;
  }
  return undefined;
}

/** A document's identity and fields, or what is wrong with it. */
function read(kind: DocumentKind, content: string): Reading | string {
  return kind === "SigmaRule" ? readSigma(content) : readYara(content);
}

function readSigma(content: string): Reading | string {
  let rule: Body;
  try {
    rule = parse(content) as Body;
  } catch (error) {
    return `Invalid YAML: ${error instanceof Error ? error.name : error}`;
  }
  const isRule = typeof rule === "object" && rule !== null &&
    typeof rule.detection === "object" && rule.detection !== null;
  if (!isRule) return "Missing detection";
  if (typeof rule.title !== "string") return "Missing title";
  if (typeof rule.id !== "string") return "Missing id";
  return {
    identity: rule.id,
    fields: {
      rule_id: rule.id,
      rule_name: rule.title,
      content: stringify(rule, { sortMapEntries: true }),
    },
  };
}

/** [Choice of this double] The id is made of the identifiers of its rules. */
function readYara(content: string): Reading | string {
  const names = yaraRuleNames(content);
  if (typeof names === "string") return names;
  let hash = 0xcbf29ce484222325n;
  for (const letter of names.toSorted().join(",")) {
    hash ^= BigInt(letter.codePointAt(0) ?? 0);
    hash = BigInt.asUintN(64, hash * 0x100000001b3n);
  }
  return {
    identity: `yara-${hash.toString(16).padStart(16, "0")}`,
    fields: { content, rule_names: names, rule_technique_tags: [] },
  };
}
