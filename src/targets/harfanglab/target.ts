import type { HttpClient } from "../../http/client.ts";
import type { StreamEvent } from "../../opencti/event.ts";
import { reachBy } from "../reach.ts";
import type {
  CheckResult,
  Inventory,
  Outcome,
  PlannedAction,
  Target,
  TargetServices,
} from "../target.ts";
import { Batches } from "./batches.ts";
import { checkHarfanglab } from "./check.ts";
import { HarfanglabClient } from "./client.ts";
import { consoleUrl, type HarfanglabConfig } from "./config.ts";
import { createInventory } from "./inventory.ts";
import { toPlannedActions } from "./plan.ts";
import { SourceLists } from "./sources.ts";
import { Takeover } from "./takeover.ts";
import { Throttle } from "../_ioc/throttle.ts";
import { keepUp } from "./upkeep.ts";

/** IOC rules, Sigma rules and YARA files in three lists of one console. */
export class HarfanglabTarget implements Target {
  readonly #config: HarfanglabConfig;
  readonly #services: TargetServices;
  readonly #client: HarfanglabClient;
  readonly #sources: SourceLists;
  readonly #batches: Batches;
  readonly #takeover: Takeover;
  readonly inventory: Inventory;

  constructor(config: HarfanglabConfig, services: TargetServices) {
    this.#config = config;
    this.#services = services;
    this.#client = new HarfanglabClient(connect(config, services), {
      throttle: new Throttle(config.max_requests_per_second),
      pageSize: config.page_size,
    });
    const { source_list_name } = config;
    this.#sources = new SourceLists(
      this.#client,
      source_list_name,
      services.log,
    );
    const parts = {
      config,
      services,
      client: this.#client,
      sources: this.#sources,
    };
    this.#batches = new Batches(parts);
    this.#takeover = new Takeover(parts, this.#batches);
    this.inventory = createInventory(parts, this.#batches, this.#takeover);
  }

  async prepare(signal: AbortSignal): Promise<void> {
    const { source_list_name } = this.#config;
    const { log } = this.#services;
    await this.#client.proveRights(signal);
    const version = await this.#client.readVersion(signal);
    await this.#batches.exclusively(() => this.#takeover.run(signal));
    log.info("HarfangLab is ready", {
      version: version ?? "unknown",
      list: source_list_name,
    });
  }

  async deliver(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    return await this.#batches.exclusively(async () => {
      const outcomes = await this.#batches.apply(events, { signal });
      await this.#takeover.rebuildLost(signal);
      return outcomes;
    });
  }

  async plan(events: readonly StreamEvent[]): Promise<PlannedAction[]> {
    return await this.#batches.exclusively(() =>
      toPlannedActions(events, {
        config: this.#config,
        rows: this.#batches.rows,
        now: this.#services.now(),
      })
    );
  }

  check(signal: AbortSignal): Promise<CheckResult[]> {
    return checkHarfanglab(this.#client, this.#config, signal);
  }

  async background(signal: AbortSignal): Promise<void> {
    await keepUp({
      batches: this.#batches,
      respectRevoked: this.#config.respect_revoked,
      now: () => this.#services.now(),
    }, signal);
  }
}

function connect(
  config: HarfanglabConfig,
  services: TargetServices,
): HttpClient {
  return services.http({
    url: consoleUrl(config.url),
    headers: {
      accept: "application/json",
      authorization: `Token ${config.token.reveal()}`,
    },
    ...reachBy(config, config.ssl_verify),
    timeoutMs: config.request_timeout,
  });
}
