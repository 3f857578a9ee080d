import { LoginError, RejectedError, TransientError } from "../../errors.ts";
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
import { checkMisp } from "./check.ts";
import { MISP_HEADERS, MispClient } from "./client.ts";
import type { MispConfig } from "./config.ts";
import { ContainerSync, type SyncResult } from "./container_sync.ts";
import { mispInventory } from "./inventory.ts";
import { broughtFor, type Job, outcomeOf, toJobs } from "./jobs.ts";
import { inLanes } from "./lanes.ts";
import { Ledger } from "./ledger.ts";
import { planOf } from "./plan.ts";
import { ReferenceKeeper } from "./reference_keeper.ts";
import { openSession, type Session } from "./session.ts";
import { keepUp } from "./upkeep.ts";

/**
 * Containers of OpenCTI as events of one MISP instance. A container is read
 * anew whenever it or something in it changed, so that what reaches MISP is
 * how things are, not how an event was.
 */
export class MispTarget implements Target {
  readonly inventory: Inventory;
  readonly #config: MispConfig;
  readonly #services: TargetServices;
  readonly #client: MispClient;
  readonly #ledger: Ledger;
  readonly #references: ReferenceKeeper;
  readonly #sync: ContainerSync;
  #session: Session | undefined;
  /** Containers of an event that is tried again which need no more of it. */
  readonly #settled = new WeakMap<StreamEvent, Map<string, Outcome>>();

  constructor(config: MispConfig, services: TargetServices) {
    this.#config = config;
    this.#services = services;
    this.#client = new MispClient(services.http(endpointOf(config)));
    this.#ledger = new Ledger(services.state);
    this.#references = new ReferenceKeeper(
      services.opencti.externalReferences,
      { ledger: this.#ledger, log: services.log, url: config.url },
    );
    const context = {
      config,
      services,
      client: this.#client,
      ledger: this.#ledger,
      references: this.#references,
      session: () => this.#session,
    };
    this.#sync = new ContainerSync(context);
    this.inventory = mispInventory(context, {
      repair: (events, signal) => this.#apply(events, signal, true),
    });
  }

  async prepare(signal: AbortSignal): Promise<void> {
    this.#session = await openSession({
      client: this.#client,
      config: this.#config,
      log: this.#services.log,
    }, signal);
  }

  deliver(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    return this.#apply(events, signal, false);
  }

  plan(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<PlannedAction[]> {
    return planOf(events, {
      config: this.#config,
      services: this.#services,
      client: this.#client,
      ledger: this.#ledger,
      session: this.#session,
      isEcho: (event) => this.#sync.isEcho(event),
    }, signal);
  }

  check(signal: AbortSignal): Promise<CheckResult[]> {
    return checkMisp({ config: this.#config, client: this.#client }, signal);
  }

  background(signal: AbortSignal): Promise<void> {
    return keepUp({
      client: this.#client,
      ledger: this.#ledger,
      references: this.#references,
      log: this.#services.log,
      alert: this.#config.publish_alert,
      now: () => this.#services.now(),
    }, signal);
  }

  async #apply(
    events: readonly StreamEvent[],
    signal: AbortSignal,
    isRepair: boolean,
  ): Promise<Outcome[]> {
    signal.throwIfAborted();
    const { jobs, concerned, reasons } = await toJobs(events, {
      containerTypes: this.#config.container_types,
      containersOf: (content) => this.#ledger.containersOf(content),
      isHeld: async (container) =>
        await this.#ledger.row(container) !== undefined,
      sizeOf: async (container) =>
        (await this.#ledger.row(container))?.size ?? 0,
      isEcho: (event) =>
        isRepair ? Promise.resolve(false) : this.#sync.isEcho(event),
    });
    const results = new Map<string, SyncResult>();
    const open = new Set(
      events.flatMap((event, at) => {
        const settled = this.#settled.get(event);
        const left = [...concerned[at] ?? []];
        return left.filter((container) => {
          const outcome = settled?.get(container);
          if (outcome !== undefined) results.set(container, { outcome });
          return outcome === undefined;
        });
      }),
    );
    const work = [...jobs.values()].filter(({ container }) =>
      open.has(container)
    );
    await inLanes(work, ({ size }) => size, async (job) => {
      results.set(job.container, await this.#run(job, signal, isRepair));
    });
    const isWaiting = [...results.values()].some(({ outcome }) =>
      outcome.status === "retry"
    );
    // What is done is done, however long the rest takes.
    if (isWaiting) await this.#ledger.flush();
    return events.map((event, at) => {
      const containers = new Set([
        ...concerned[at] ?? [],
        ...broughtFor(at, events, (id) => results.get(id)?.contents),
      ]);
      const outcomes = [...containers].flatMap((container) =>
        results.get(container)?.outcome ?? []
      );
      const outcome = outcomeOf(outcomes, reasons[at] ?? "");
      this.#remember(event, outcome, { containers, results });
      return outcome;
    });
  }

  /** An event that waits for one container must not trouble the others again. */
  #remember(
    event: StreamEvent,
    outcome: Outcome,
    { containers, results }: {
      containers: ReadonlySet<string>;
      results: ReadonlyMap<string, SyncResult>;
    },
  ): void {
    if (outcome.status !== "retry") {
      this.#settled.delete(event);
      return;
    }
    const settled = new Map<string, Outcome>();
    for (const container of containers) {
      const outcome = results.get(container)?.outcome;
      if (outcome === undefined || outcome.status === "retry") continue;
      settled.set(container, outcome);
    }
    this.#settled.set(event, settled);
  }

  async #run(
    { container, own }: Job,
    signal: AbortSignal,
    isRepair: boolean,
  ): Promise<SyncResult> {
    try {
      if (own?.action === "delete") return await this.#sync.remove(own, signal);
      const options = { version: own?.version, isRepair };
      return await this.#sync.refresh(container, options, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof TransientError) {
        const { message: reason, retryAfterMs: afterMs } = error;
        return { outcome: { status: "retry", reason, afterMs } };
      }
      if (error instanceof RejectedError && !(error instanceof LoginError)) {
        const { message: reason, status: httpStatus } = error;
        return { outcome: { status: "rejected", reason, httpStatus } };
      }
      throw error;
    }
  }
}

function endpointOf(config: MispConfig) {
  const { url, api_key } = config;
  return {
    url,
    headers: { ...MISP_HEADERS, authorization: api_key.reveal() },
    ...reachBy(config, config.ssl_verify),
  };
}
