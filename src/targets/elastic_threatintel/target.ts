import { sleep } from "../../backoff.ts";
import type { HttpClient } from "../../http/client.ts";
import type { StreamEvent } from "../../opencti/event.ts";
import { readBatchNames } from "../_elastic/batch_context.ts";
import type { EntityResult } from "../_elastic/entity_write.ts";
import { deleteExpired, expiredAt } from "../_elastic/expiry.ts";
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
import { checkThreatintel } from "./check.ts";
import { ThreatintelClient } from "./client.ts";
import { elasticUrls, type ThreatintelConfig, usesAlias } from "./config.ts";
import { renderName } from "./date_math.ts";
import { FailoverClient } from "./failover.ts";
import { authorizationOf, loginSetting } from "./login.ts";
import {
  type EntityPlan,
  eventMs,
  type MappingContext,
  toEcsPlan,
  toStixPlan,
} from "./mapping.ts";
import { ThreatintelInventory } from "./inventory.ts";
import { toPlannedActions } from "./plan.ts";
import { setUp } from "./set_up.ts";
import { pollSightings } from "./sightings.ts";
import { toSightingsSettings } from "./sightings_settings.ts";
import { bodyOf } from "./template.ts";
import { warnOfSettings } from "./warnings.ts";
import { type PlacedWrite, PlacedWriter, type Places } from "./writer.ts";

const HOUR_MS = 3_600_000;

/** Threat documents, or raw STIX, behind an alias or in dated indices. */
export class ElasticThreatintelTarget implements Target {
  readonly #config: ThreatintelConfig;
  readonly #services: TargetServices;
  readonly #client: ThreatintelClient;
  readonly #alerts: PointInTimeClient;
  readonly #places: Places;
  readonly #writer: PlacedWriter;
  readonly inventory: ThreatintelInventory;

  constructor(config: ThreatintelConfig, services: TargetServices) {
    this.#config = config;
    this.#services = services;
    const clients = elasticUrls(config).map((url) => this.#connect(url));
    const http = clients.length === 1
      ? clients[0] as HttpClient
      : new FailoverClient(clients);
    const names = {
      url: config.cloud_id === undefined ? "hosts" : "cloud_id",
      login: loginSetting(config),
    };
    this.#client = new ThreatintelClient(http, names);
    this.#alerts = new PointInTimeClient(http, names);
    this.#places = this.#makePlaces();
    this.#writer = new PlacedWriter(this.#client, this.#places, services.log);
    this.inventory = new ThreatintelInventory({
      elastic: this.#client,
      pages: this.#alerts,
      indices: this.#places,
      log: services.log,
      now: () => services.now(),
      toPlans: (events, signal) => this.#toPlans(events, signal),
      replace: (events, signal) =>
        this.#deliver(events, { overNewer: true }, signal),
    });
  }

  async prepare(signal: AbortSignal): Promise<void> {
    const { log } = this.#services;
    const config = this.#config;
    warnOfSettings(config, log);
    const info = config.reduced_privileges
      ? undefined
      : await this.#client.readInfo(signal);
    await this.#writer.setUp(signal);
    log.info("Elasticsearch is ready", {
      version: info?.version ?? "unknown",
      mode: config.mode,
      index: usesAlias(config) ? config.ilm_rollover_alias : config.index,
    });
  }

  deliver(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    return this.#deliver(events, {}, signal);
  }

  async #deliver(
    events: readonly StreamEvent[],
    options: { overNewer?: boolean },
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    const plans = await this.#toPlans(events, signal);
    const { works, outcomes } = toWorks(events, plans);
    const writes = works.map(toWrite);
    const results = await this.#writer.write(writes, signal, options);
    for (const [index, { at, plan }] of works.entries()) {
      outcomes[at] = outcomeOf(plan, results[index] as EntityResult);
    }
    return outcomes;
  }

  async plan(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<PlannedAction[]> {
    const plans = await this.#toPlans(events, signal);
    return events.flatMap((event, at) =>
      toPlannedActions(event, plans[at] as EntityPlan | string, this.#places)
    );
  }

  check(signal: AbortSignal): Promise<CheckResult[]> {
    return checkThreatintel(
      { config: this.#config, client: this.#client },
      signal,
    );
  }

  /**
   * In the ECS modes removes what expired, now and every hour; in mode `ecs`
   * also turns alerts into sightings. Raw STIX stays as it is.
   */
  async background(signal: AbortSignal): Promise<void> {
    const { mode } = this.#config;
    if (mode === "stix") return;
    if (mode === "ecs_no_signals") return await this.#expire(signal);
    // Where one ends the other must, or a new start would run it twice.
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const { log, now, opencti, state } = this.#services;
    const polling = pollSightings({
      elastic: this.#alerts,
      opencti: opencti.sightings,
      state,
      log,
      now,
      settings: toSightingsSettings(this.#config, this.#places.pattern),
    }, both);
    try {
      await this.#expire(signal);
    } finally {
      stop.abort();
      await polling;
    }
  }

  async #expire(signal: AbortSignal): Promise<void> {
    const { pattern } = this.#places;
    try {
      while (!signal.aborted) {
        const expired = expiredAt(this.#services.now());
        await this.#client.refresh(pattern, signal);
        await deleteExpired(this.#client, pattern, expired, signal);
        await sleep(HOUR_MS, signal);
      }
    } catch (error) {
      // Being stopped in the middle is a proper end.
      if (!signal.aborted) throw error;
    }
  }

  /** The plan of each event, or why it concerns this target in no way. */
  async #toPlans(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<(EntityPlan | string)[]> {
    const context = await this.#contextOf(events, signal);
    const toPlan = this.#config.mode === "stix" ? toStixPlan : toEcsPlan;
    return events.map((event) => toPlan(event, context));
  }

  async #contextOf(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<MappingContext> {
    const { opencti, now } = this.#services;
    const config = this.#config;
    // Raw STIX and what is not written need no names.
    const named = config.mode === "stix"
      ? []
      : events.filter(({ object }) => object.type === "indicator");
    return {
      now: now(),
      externalUrl: opencti.url,
      importLabels: new Set(
        config.import_label.map((label) => label.toLowerCase()),
      ),
      includeLabels: config.include_labels,
      legacyFields: config.legacy_threatintel_fields,
      ...await readBatchNames(opencti, named, signal),
    };
  }

  #makePlaces(): Places {
    const config = this.#config;
    const work = { client: this.#client, config, log: this.#services.log };
    const { ilm_rollover_alias: alias, index } = config;
    return {
      pattern: config.template_pattern,
      hasEntityFields: config.mode !== "stix",
      newPlace: usesAlias(config)
        ? () => ({ index: alias, requireAlias: true })
        : (at) => ({ index: renderName(index, at), requireAlias: false }),
      setUp: async (missing, signal) => {
        await setUp(work, signal);
        if (usesAlias(config)) return;
        // The cluster does not make indices by itself.
        const body = config.template_enabled ? bodyOf(config, false) : {};
        for (const name of missing) {
          await this.#client.createIndex(name, body, signal);
        }
      },
    };
  }

  #connect(url: string): HttpClient {
    const config = this.#config;
    const authorization = authorizationOf(config);
    return this.#services.http({
      url,
      headers: authorization === undefined ? {} : { authorization },
      ...reachBy(config, config.ssl_verify),
    });
  }
}

function toWrite({ event, plan }: Work<EntityPlan>): PlacedWrite {
  return {
    internalId: event.internalId,
    version: event.version,
    at: eventMs(event),
    documents: plan.documents,
    isNew: event.action === "create" && event.cause === "created",
  };
}

function outcomeOf({ withheld }: EntityPlan, result: EntityResult): Outcome {
  if (result.status !== "done") return toOutcome(result);
  return withheld === undefined || result.removed
    ? { status: "delivered" }
    : { status: "skipped", reason: withheld };
}
