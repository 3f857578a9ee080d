import { ConfigError } from "../../errors.ts";
import type { OpenctiClient } from "../../opencti/client.ts";
import type { StreamEvent } from "../../opencti/event.ts";
import { Throttle } from "../_ioc/throttle.ts";
import type {
  CheckResult,
  Inventory,
  Outcome,
  PlannedAction,
  Target,
  TargetServices,
} from "../target.ts";
import { Book } from "./book.ts";
import { checkSekoia } from "./check.ts";
import { SekoiaClient } from "./client.ts";
import { resourceUrl, type SekoiaConfig } from "./config.ts";
import { Delivery } from "./delivery.ts";
import { SekoiaInventory } from "./inventory.ts";
import type { MappingContext } from "./mapping.ts";
import { toWish } from "./mapping.ts";
import { toPlannedActions } from "./plan.ts";
import { Quota } from "./quota.ts";
import type { RemoteOptions } from "./remote.ts";
import { findCollection, setUp } from "./set_up.ts";
import { keepUp, type Upkeep } from "./upkeep.ts";
import { Writer } from "./writer.ts";

/** Values of indicators in one IOC collection. */
export class SekoiaTarget implements Target {
  readonly inventory: Inventory;
  readonly #config: SekoiaConfig;
  readonly #services: TargetServices;
  readonly #client: SekoiaClient;
  readonly #book: Book;
  readonly #quota: Quota;
  readonly #writer: Writer;
  readonly #delivery: Delivery;
  #collection: string | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(config: SekoiaConfig, services: TargetServices) {
    this.#config = config;
    this.#services = services;
    this.#client = new SekoiaClient(
      this.#connect(),
      new Throttle(config.max_requests_per_second),
    );
    this.#book = new Book(services.state);
    this.#quota = new Quota({
      read: (signal) => this.#client.readCount(config.community_uuid, signal),
      warnRatio: config.quota_warn_ratio,
      intervalMs: config.quota_check_interval,
      report: (ratio) => services.gauges?.set("quota_ratio", ratio),
      log: services.log,
      now: () => services.now(),
    });
    const remote = this.#remote();
    this.#writer = new Writer(remote);
    this.#delivery = new Delivery({
      ...remote,
      writer: this.#writer,
      context: () => this.#context(),
    });
    this.inventory = new SekoiaInventory({
      ...remote,
      delivery: this.#delivery,
      context: () => this.#context(),
      locate: (signal) => this.#locate(signal),
      inTurn: (work) => this.#inTurn(work),
    });
  }

  async prepare(signal: AbortSignal): Promise<void> {
    const { log, now } = this.#services;
    const { ioc_collection_name: name, url } = this.#config;
    if (name !== undefined) {
      claim(this.#services, `${resourceUrl(url)}?name=${name}`);
    }
    const id = await this.#inTurn(() =>
      setUp({
        client: this.#client,
        book: this.#book,
        config: this.#config,
        log,
        urls: this.#urls(),
        now: () => now(),
      }, signal)
    );
    claim(this.#services, `${resourceUrl(url)}/${id}`);
    await this.#client.proveRights(id, signal);
    await this.#quota.read(signal);
    this.#collection = id;
    log.info("Sekoia.io is ready", {
      collection: id,
      indicators: this.#quota.count,
      quota: this.#quota.max,
    });
  }

  deliver(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    return this.#inTurn(() => this.#delivery.deliver(events, signal));
  }

  async plan(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<PlannedAction[]> {
    signal.throwIfAborted();
    const { ioc_collection_name: name, ioc_collection_uuid: id } = this.#config;
    const wishes = events.map((event) => toWish(event, this.#context()));
    const page = this.#book.ledger.page();
    await page.load(
      events.map(({ internalId }) => internalId),
      wishes.flatMap((wish) =>
        typeof wish === "string" ? [] : [...wish.keys, ...wish.suspects]
      ),
    );
    const to = this.#collection ?? id ?? `${name}`;
    return events.flatMap((event, at) =>
      toPlannedActions(event, wishes[at]!, { page, to })
    );
  }

  check(signal: AbortSignal): Promise<CheckResult[]> {
    return checkSekoia({ client: this.#client, config: this.#config }, signal);
  }

  background(signal: AbortSignal): Promise<void> {
    return keepUp(this.upkeep, signal);
  }

  /** What `background()` works on. */
  get upkeep(): Upkeep {
    return {
      ...this.#remote(),
      writer: this.#writer,
      inTurn: (work) => this.#inTurn(work),
    };
  }

  async #locate(signal: AbortSignal): Promise<string | undefined> {
    if (this.#collection !== undefined) return this.#collection;
    const options = { client: this.#client, config: this.#config };
    const home = await this.#book.home();
    return (await findCollection(options, home?.id, signal))?.id;
  }

  #remote(): RemoteOptions {
    const { delete_mode, import_mode, quota_policy } = this.#config;
    return {
      client: this.#client,
      book: this.#book,
      quota: this.#quota,
      log: this.#services.log,
      purges: delete_mode === "purge",
      keepsBest: quota_policy === "keep_best",
      importsText: import_mode === "text",
      urls: this.#urls(),
      collection: () => {
        if (this.#collection === undefined) throw new Error("not prepared");
        return this.#collection;
      },
      now: () => this.#services.now(),
    };
  }

  #context(): MappingContext {
    return {
      now: this.#services.now(),
      url: this.#services.opencti.url,
      strict: this.#config.strict_patterns,
      joinsHashes: this.#config.import_mode === "text",
    };
  }

  #urls(): string[] {
    const adopted = this.#config.adopt_urls.map((url) =>
      url.replace(/\/+$/, "")
    );
    return [this.#services.opencti.url, ...adopted];
  }

  #connect() {
    const { apikey, ca_cert, client_cert, client_key, proxy, ...config } =
      this.#config;
    return this.#services.http({
      url: resourceUrl(config.url),
      headers: {
        accept: "application/json",
        authorization: `Bearer ${apikey.reveal()}`,
      },
      tls: {
        verify: config.verify_ssl,
        ...(ca_cert === undefined || !config.verify_ssl ? {} : { ca: ca_cert }),
        ...(client_cert === undefined ? {} : { cert: client_cert }),
        ...(client_key === undefined ? {} : { key: client_key }),
      },
      timeoutMs: config.request_timeout,
      ...(proxy === undefined ? {} : { proxy }),
    });
  }

  /** One piece of work after the other: they change the same rows. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(work, work);
    this.#last = done.catch(() => {});
    return done;
  }
}

/** Of each run of the program: which target has which collection. */
const CLAIMS = new WeakMap<OpenctiClient, Map<string, string>>();

/**
 * Two targets on one collection would undo one another's revocations.
 *
 * @throws {ConfigError} Another target of the same run has it.
 */
function claim({ name, opencti }: TargetServices, place: string): void {
  const claims = CLAIMS.get(opencti) ?? new Map<string, string>();
  CLAIMS.set(opencti, claims);
  const other = claims.get(place);
  if (other !== undefined && other !== name) {
    throw new ConfigError(
      `Target "${other}" fills the same IOC collection as "${name}": give ` +
        "each its own, or join their streams into one",
    );
  }
  claims.set(place, name);
}
