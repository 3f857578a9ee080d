import type { HttpClient } from "../../http/client.ts";
import type { StreamEvent } from "../../opencti/event.ts";
import { readBatchNames } from "../_elastic/batch_context.ts";
import { ElasticClient } from "../_elastic/client.ts";
import { entityDocId } from "../_elastic/document.ts";
import { DocumentWriter } from "../_elastic/document_writer.ts";
import type { EntityResult, EntityWrite } from "../_elastic/entity_write.ts";
import { apiKeyHeader } from "../_elastic/login.ts";
import { toOutcome } from "../_elastic/outcome.ts";
import { PointInTimeClient } from "../_elastic/point_in_time.ts";
import { toWorks, type Work } from "../_elastic/works.ts";
import { reachBy } from "../reach.ts";
import type {
  CheckResult,
  Outcome,
  PlannedAction,
  Target,
  TargetServices,
} from "../target.ts";
import { checkElasticSecurity } from "./check.ts";
import { KIBANA_HEADERS, KibanaClient } from "./client.ts";
import {
  type ElasticSecurityConfig,
  kibanaUrl,
  ruleIndices,
} from "./config.ts";
import {
  type EntityPlan,
  type MappingContext,
  mayMoveValues,
  toPlan,
} from "./mapping.ts";
import { SecurityInventory } from "./inventory.ts";
import { toPlannedActions } from "./plan.ts";
import { RuleKeeper } from "./rule_keeper.ts";
import { applyRule, type RuleResult } from "./rule_result.ts";
import { keepUp } from "./upkeep.ts";

/** Rule calls under way at once. */
const RULE_CONCURRENCY = 4;

/** How the settings are called, for messages. */
const SETTING_NAMES = { url: "url", login: "api_key" };

/** Pattern types that the platform offers once the target is connected. */
const PATTERN_TYPES: ReadonlyMap<string, string> = new Map([
  ["kql", "Kibana Query Language"],
  ["lucene", "Lucene query syntax"],
  ["eql", "Event Query Language"],
  ["esql", "Elasticsearch piped query language"],
]);

/**
 * Threat documents in one index, and detection rules in one Kibana space.
 * Documents are written first; a rule that fails costs no document.
 */
export class ElasticSecurityTarget implements Target {
  readonly #config: ElasticSecurityConfig;
  readonly #services: TargetServices;
  readonly #elastic: ElasticClient;
  readonly #kibana: KibanaClient | undefined;
  readonly #writer: DocumentWriter;
  readonly #rules: RuleKeeper | undefined;
  readonly inventory: SecurityInventory;

  constructor(config: ElasticSecurityConfig, services: TargetServices) {
    this.#config = config;
    this.#services = services;
    const http = this.#connect(config.url, {});
    this.#elastic = new ElasticClient(http, SETTING_NAMES);
    this.#writer = new DocumentWriter(this.#elastic, {
      name: config.index_name,
      mode: config.write_mode,
      batchSize: config.batch_size,
    }, services.log);
    const kibana = config.create_rules ? kibanaUrl(config) : undefined;
    if (kibana !== undefined) {
      this.#kibana = new KibanaClient(
        this.#connect(kibana, KIBANA_HEADERS),
        config.kibana_space,
      );
      this.#rules = new RuleKeeper(this.#kibana, services.log);
    }
    this.inventory = new SecurityInventory({
      elastic: this.#elastic,
      pages: new PointInTimeClient(http, SETTING_NAMES),
      index: config.index_name,
      kibana: this.#kibana,
      rules: this.#rules,
      log: services.log,
      now: () => services.now(),
      toPlans: (events, signal) => this.#toPlans(events, signal),
      replace: (events, signal) =>
        this.#deliver(events, () => "always", signal),
    });
  }

  async prepare(signal: AbortSignal): Promise<void> {
    const { log, opencti } = this.#services;
    // What may refuse the login comes before what writes.
    const info = await this.#elastic.readInfo(signal);
    await this.#prepareRules(signal);
    const state = await this.#writer.setUp(signal);
    log.info("Elasticsearch is ready", {
      version: info?.version ?? "unknown",
      index: this.#config.index_name,
      mode: state.mode,
    });
    await opencti.ensurePatternTypes(PATTERN_TYPES, signal);
  }

  async #prepareRules(signal: AbortSignal): Promise<void> {
    const { log } = this.#services;
    if (this.#kibana === undefined || this.#rules === undefined) {
      if (!this.#config.create_rules) return;
      log.warn(
        "no detection rules are made: set kibana_url, or create_rules to " +
          "false",
      );
      return;
    }
    const version = await this.#kibana.readVersion(signal);
    await this.#rules.learn(signal);
    await this.#kibana.proveRights(signal);
    log.info("Kibana is ready", { version, rules: this.#rules.size });
  }

  deliver(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    return this.#deliver(events, othersOf, signal);
  }

  async #deliver(
    events: readonly StreamEvent[],
    others: (event: StreamEvent, plan: EntityPlan) => EntityWrite["others"],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    const plans = await this.#toPlans(events, signal);
    const { works, outcomes } = toWorks(events, plans);
    const writes = works.map(({ event, plan }): EntityWrite => ({
      docId: entityDocId(event.internalId),
      version: event.version,
      documents: plan.documents,
      others: others(event, plan),
    }));
    const results = await this.#writer.write(writes, signal);
    // A rule has no version: it must not follow an event that came too late.
    const current = works.filter((_work, index) => {
      const result = results[index];
      return result?.status !== "done" || !result.superseded;
    });
    const rules = await this.#applyRules(current, signal);
    for (const [index, work] of works.entries()) {
      outcomes[work.at] = outcomeOf(
        work.plan,
        results[index],
        rules.get(work) ?? { status: "done", changed: false },
      );
    }
    return outcomes;
  }

  async plan(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<PlannedAction[]> {
    const plans = await this.#toPlans(events, signal);
    return events.flatMap((event, at) =>
      toPlannedActions(event, plans[at] as EntityPlan | string, {
        index: this.#config.index_name,
        hasRules: this.#rules !== undefined,
      })
    );
  }

  check(signal: AbortSignal): Promise<CheckResult[]> {
    return checkElasticSecurity({
      config: this.#config,
      elastic: this.#elastic,
      kibana: this.#kibana,
    }, signal);
  }

  background(signal: AbortSignal): Promise<void> {
    return keepUp({
      elastic: this.#elastic,
      index: this.#config.index_name,
      writer: this.#writer,
      rules: this.#rules,
      refreshTimestamps: this.#config.refresh_timestamps,
      now: () => this.#services.now(),
    }, signal);
  }

  #connect(
    url: string,
    headers: Readonly<Record<string, string>>,
  ): HttpClient {
    const config = this.#config;
    return this.#services.http({
      url,
      headers: {
        ...headers,
        authorization: apiKeyHeader(config.api_key.reveal()),
      },
      ...reachBy(config, config.verify_ssl),
    });
  }

  /** The plan of each event, or why it concerns this target in no way. */
  async #toPlans(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<(EntityPlan | string)[]> {
    const context = await this.#contextOf(events, signal);
    return events.map((event) => toPlan(event, context));
  }

  async #contextOf(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<MappingContext> {
    const { opencti, now } = this.#services;
    const config = this.#config;
    return {
      now: now(),
      externalUrl: config.opencti_external_url ?? opencti.url,
      expireDays: config.indicator_expire_time,
      rulesEnabled: config.rule_enabled,
      ruleIndexPatterns: ruleIndices(config),
      ...await readBatchNames(opencti, events, signal),
    };
  }

  /** Rules of different indicators side by side, a few at a time. */
  async #applyRules(
    works: readonly Work<EntityPlan>[],
    signal: AbortSignal,
  ): Promise<Map<Work<EntityPlan>, RuleResult>> {
    const results = new Map<Work<EntityPlan>, RuleResult>();
    const rules = this.#rules;
    if (rules === undefined) return results;
    const queue = works.values();
    const workers = Array.from({ length: RULE_CONCURRENCY }, async () => {
      for (const work of queue) {
        const { event: { internalId }, plan: { rule } } = work;
        results.set(work, await applyRule(rules, internalId, rule, signal));
      }
    });
    const ends = await Promise.allSettled(workers);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    return results;
  }
}

function othersOf(event: StreamEvent, plan: EntityPlan): EntityWrite["others"] {
  if (event.action === "delete") return "always";
  if (plan.documents.length === 0 || mayMoveValues(event)) return "likely";
  return event.action === "create" ? "none" : "same-ids";
}

/** What has to be tried again comes before what is refused for good. */
function outcomeOf(
  plan: EntityPlan,
  documents: EntityResult | undefined,
  rule: RuleResult,
): Outcome {
  const refused = [documents, rule].filter((result) =>
    result !== undefined && result.status !== "done"
  );
  const first = refused.find(({ status }) => status === "retry") ?? refused[0];
  if (first !== undefined) return toOutcome(first);
  const changed = documents?.status === "done" && documents.removed ||
    rule.status === "done" && rule.changed;
  return plan.withheld === undefined || changed
    ? { status: "delivered" }
    : { status: "skipped", reason: plan.withheld };
}
