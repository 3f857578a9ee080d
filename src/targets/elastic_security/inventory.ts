/** What Elastic Security holds of ours, and how it is put right. */
import type { StreamEvent } from "../../opencti/event.ts";
import { isRecord, text } from "../../stix/object.ts";
import type { Json } from "../_elastic/document.ts";
import { entityDocId } from "../_elastic/document.ts";
import {
  DOCUMENT,
  type DocumentScope,
  type FoundDocument,
  HeldDocuments,
  type InventoryOptions,
  wantedDocuments,
} from "../_elastic/held_documents.ts";
import { newestVersions } from "../_elastic/newest_versions.ts";
import type { Holding, HoldingKey, Inventory, Outcome } from "../target.ts";
import type { KibanaClient, RuleName, StoredRule } from "./client.ts";
import type { EntityPlan, RuleStep } from "./mapping.ts";
import { RULE_ID_PREFIX, ruleIdOf, ruleLanguage } from "./rule.ts";
import { DISABLED, ruleDigest } from "./rule_digest.ts";
import type { RuleKeeper } from "./rule_keeper.ts";

/** What the inventory works with. */
export interface SecurityInventoryOptions extends InventoryOptions<EntityPlan> {
  /** Index, alias or data stream of the documents. */
  readonly index: string;
  /** Absent: there are no rules. */
  readonly kibana: KibanaClient | undefined;
  readonly rules: RuleKeeper | undefined;
}

const RULE = "detection rule";
/** Starts the key of a rule that the former Python connector made. */
const FORMER = "id:";
/** Rule calls under way at once. */
const RULE_CONCURRENCY = 4;

/** Documents in one index, and detection rules in one Kibana space. */
export class SecurityInventory implements Inventory {
  readonly types = {
    entities: ["Indicator", "Stix-Cyber-Observable"],
    relationships: [],
  };
  readonly #options: SecurityInventoryOptions;
  readonly #documents: HeldDocuments;

  constructor(options: SecurityInventoryOptions) {
    this.#options = options;
    const scope = scopeOf(options.index);
    this.#documents = new HeldDocuments({ ...options, scope });
  }

  async wanted(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Holding[][]> {
    const plans = await this.#options.toPlans(events, signal);
    return plans.map((plan, at) => {
      const { internalId, object } = events[at] as StreamEvent;
      if (typeof plan === "string") return [];
      const rule = this.#options.rules === undefined
        ? undefined
        : wantedRule(internalId, plan.rule, text(object.name));
      return [
        ...wantedDocuments(plan.documents, nameOf),
        ...(rule === undefined ? [] : [rule]),
      ];
    });
  }

  async *held(signal: AbortSignal): AsyncGenerator<Holding> {
    yield* this.#documents.all(signal);
    const { kibana } = this.#options;
    if (kibana === undefined) return;
    // Pages of rules may overlap while rules come and go.
    const seen = new Set<string>();
    for await (const rule of kibana.findRules(signal)) {
      const holding = toHolding(rule);
      if (holding === undefined || seen.has(holding.key)) continue;
      seen.add(holding.key);
      yield holding;
    }
  }

  async find(
    keys: readonly HoldingKey[],
    signal: AbortSignal,
  ): Promise<Holding[]> {
    const documents = await this.#documents.find(
      keysOf(keys, DOCUMENT),
      signal,
    );
    const rules: Holding[] = [];
    const { kibana } = this.#options;
    if (kibana === undefined) return documents;
    await eachRule(keysOf(keys, RULE), async (key) => {
      const rule = await kibana.readRule(ruleName(key), signal);
      const holding = rule === undefined ? undefined : toHolding(rule);
      if (holding?.key === key) rules.push(holding);
    });
    return [...documents, ...rules];
  }

  async ownerOf(id: string, signal: AbortSignal): Promise<string | undefined> {
    if (id.startsWith(RULE_ID_PREFIX)) return id.slice(RULE_ID_PREFIX.length);
    const { elastic, index, kibana } = this.#options;
    await elastic.refresh(index, signal);
    const [hit] = await elastic.search(index, {
      query: withKeys([id]),
      size: 1,
      _source: ["opencti.internal_id"],
      track_total_hits: false,
    }, signal);
    const owner = text(openctiOf(hit?.source).internal_id);
    if (owner !== undefined || kibana === undefined || !UUID.test(id)) {
      return owner;
    }
    const rule = await kibana.readRule({ id }, signal);
    return rule?.ruleId.startsWith(RULE_ID_PREFIX)
      ? rule.ruleId.slice(RULE_ID_PREFIX.length)
      : rule?.openctiId;
  }

  /** Written under a version that wins, whatever was done to the documents. */
  async repair(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    const { elastic, index, replace, rules } = this.#options;
    const docIds = events.map(({ internalId }) => entityDocId(internalId));
    const newest = await newestVersions(elastic, index, docIds, signal);
    const raised = events.map((event, at) => {
      const stored = newest.get(docIds[at] as string) ?? 0;
      return stored < event.version ? event : { ...event, version: stored + 1 };
    });
    if (rules !== undefined) {
      const withRules = events.filter(({ object }) => ruleLanguage(object));
      await eachRule(
        withRules.map(({ internalId }) => internalId),
        (internalId) => rules.relearn(internalId, signal),
      );
    }
    return await replace(raised, signal);
  }

  async remove(
    holdings: readonly Holding[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    await this.#documents.remove(keysOf(holdings, DOCUMENT), signal);
    await eachRule(
      keysOf(holdings, RULE),
      (key) => this.#removeRule(key, signal),
    );
    return holdings.map(() => ({ status: "delivered" }));
  }

  async #removeRule(key: string, signal: AbortSignal): Promise<void> {
    const { kibana, rules } = this.#options;
    const name = ruleName(key);
    if (!("rule_id" in name)) return await kibana?.deleteRule(name, signal);
    const platformId = name.rule_id.slice(RULE_ID_PREFIX.length);
    await rules?.apply(platformId, { do: "remove" }, signal);
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** `opencti_doc_id`, which every `_id` of ours begins with. */
const DOC_ID = /^[0-9a-f]{64}/;

function scopeOf(index: string): DocumentScope {
  return {
    index,
    marks: { exists: { field: "opencti_doc_id" } },
    withKeys,
    keyOf,
    nameOf,
  };
}

/** By `_id`, and all of an entity: in a data stream ids are longer. */
function withKeys(keys: readonly string[]): Json {
  const docIds = keys.flatMap((key) => DOC_ID.exec(key)?.[0] ?? []);
  const should: Json[] = [{ ids: { values: [...keys] } }];
  if (docIds.length > 0) {
    should.push({ terms: { opencti_doc_id: [...new Set(docIds)] } });
  }
  return { bool: { should, minimum_should_match: 1 } };
}

/** In a data stream the version is part of the id, and not of the key. */
function keyOf({ id, source }: FoundDocument): string {
  const suffix = `-${openctiOf(source).event_version}`;
  return id.endsWith(suffix) ? id.slice(0, -suffix.length) : id;
}

function nameOf({ threat }: Json): string | undefined {
  const indicator = isRecord(threat) ? threat.indicator : undefined;
  return isRecord(indicator) ? text(indicator.name) : undefined;
}

function openctiOf(source: Json | undefined): Json {
  const opencti = source?.opencti;
  return isRecord(opencti) ? opencti : {};
}

function keysOf(keys: readonly HoldingKey[], kind: string): string[] {
  return keys.filter((one) => one.kind === kind).map(({ key }) => key);
}

function wantedRule(
  internalId: string,
  step: RuleStep,
  indicator: string | undefined,
): Holding | undefined {
  const key = ruleIdOf(internalId);
  switch (step.do) {
    case "write":
      return {
        kind: RULE,
        key,
        digest: ruleDigest(step.rule),
        name: `${step.rule.name}`,
      };
    case "disable":
      // Kept for its alerts, where it ever was.
      return {
        kind: RULE,
        key,
        digest: DISABLED,
        ...(indicator === undefined ? {} : { name: indicator }),
        optional: true,
      };
    default:
      return undefined;
  }
}

/** Nothing for somebody's own rule that carries our tag. */
function toHolding(rule: StoredRule): Holding | undefined {
  const isOurs = rule.ruleId.startsWith(RULE_ID_PREFIX);
  if (!isOurs && rule.openctiId === undefined) return undefined;
  const name = text(rule.body.name);
  return {
    kind: RULE,
    key: isOurs ? rule.ruleId : `${FORMER}${rule.id}`,
    digest: ruleDigest(rule.body),
    ...(name === undefined ? {} : { name }),
  };
}

function ruleName(key: string): RuleName {
  return key.startsWith(FORMER)
    ? { id: key.slice(FORMER.length) }
    : { rule_id: key };
}

/** A few at a time; the first error counts, once all have ended. */
async function eachRule(
  keys: readonly string[],
  work: (key: string) => Promise<void>,
): Promise<void> {
  const queue = keys.values();
  const workers = Array.from({ length: RULE_CONCURRENCY }, async () => {
    for (const key of queue) await work(key);
  });
  const ends = await Promise.allSettled(workers);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
