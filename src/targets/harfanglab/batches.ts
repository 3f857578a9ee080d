/** Applies the events of one batch: rows first, then the console. */
import { TransientError } from "../../errors.ts";
import type { StreamEvent } from "../../opencti/event.ts";
import type { Outcome, TargetServices } from "../target.ts";
import type { HarfanglabClient } from "./client.ts";
import type { HarfanglabConfig } from "./config.ts";
import type { KeptDocument } from "./document_groups.ts";
import { DocumentKeeper } from "./document_keeper.ts";
import { RemoteDocuments } from "./document_remote.ts";
import { IocKeeper } from "./ioc_keeper.ts";
import type { IocPage, KeptRule } from "./ioc_rows.ts";
import { settleRows, type Work } from "./batch_rows.ts";
import { RelayRows } from "./rows.ts";
import type { SourceLists } from "./sources.ts";
import { toStep } from "./steps.ts";

/** Calls under way at once; the throttle decides how many per second. */
const CONCURRENCY = 8;
/** So many failures in a row, and the console is left alone for a while. */
const MAX_FAILURES = 5;
/** Questions to OpenCTI under way at once. */
const PARALLEL_READS = 4;

/** What everything of a target works with. */
export interface TargetParts {
  readonly config: HarfanglabConfig;
  readonly services: TargetServices;
  readonly client: HarfanglabClient;
  readonly sources: SourceLists;
}

/** How a batch is applied. */
export interface ApplyOptions {
  readonly signal: AbortSignal;
  /** What is remembered of the rules may be wrong: look at each. */
  readonly distrust?: boolean;
}

/** What a rule came to: kept, refused, or to be tried again. */
type Result = KeptDocument | {
  readonly status: "retry";
  readonly error: TransientError | undefined;
};

/** All that writes rules goes through here, one batch at a time. */
export class Batches {
  readonly rows: RelayRows;
  readonly iocs: IocKeeper;
  readonly documents: DocumentKeeper;
  readonly #config: HarfanglabConfig;
  readonly #services: TargetServices;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ config, services, client, sources }: TargetParts) {
    this.#config = config;
    this.#services = services;
    const { log, now, state } = services;
    this.rows = new RelayRows(state);
    const options = { settings: config, log };
    this.iocs = new IocKeeper(client, sources, options);
    this.documents = new DocumentKeeper({
      rows: this.rows.documents,
      remote: new RemoteDocuments(client, sources, options),
      client,
      sources,
      log,
      now,
    });
  }

  /** Runs after all that was begun before it. */
  exclusively<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = this.#last.then(work, work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Applies events; no two concern the same object. */
  async apply(
    events: readonly StreamEvent[],
    options: ApplyOptions,
  ): Promise<Outcome[]> {
    const { signal, distrust = false } = options;
    signal.throwIfAborted();
    await this.rows.documents.load();
    const works = await this.#toWorks(events, signal);
    const page = this.rows.iocs.page();
    await settleRows(works, {
      page,
      rows: this.rows,
      now: this.#services.now(),
      distrust,
    });
    const results = new Map<Work | string, Result>();
    const keys = works.flatMap(({ touched }) => [...touched]);
    const marked = this.iocs.mark(page, keys);
    if (marked.size > 0) {
      // A crash from here on finds what was begun, whatever comes after it.
      await this.#remember(works, page, results);
      await this.rows.flush();
    }
    try {
      await this.#work(works, { page, results, signal, marked, distrust });
    } finally {
      // What was done is remembered, whatever became of the rest.
      await this.#remember(works, page, results);
    }
    return works.map((work) => outcomeOf(work, results));
  }

  async #toWorks(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Work[]> {
    const { strict_patterns, respect_revoked } = this.#config;
    const { log, now, opencti } = this.#services;
    const options = { strict_patterns, respect_revoked, now: now() };
    const works = events.map((event): Work => ({
      event,
      step: toStep(event, options),
      touched: new Set(),
      resolved: undefined,
    }));
    for (const { step } of works) {
      if (step.do !== "indicator" || step.widened.length === 0) continue;
      log.debug("values are sent although their pattern asks for more", {
        indicator: step.props.stixId,
        paths: step.widened.join(", ").slice(0, 300),
      });
    }
    if (!this.#config.resolve_observables) return works;
    const asking = works.filter(({ step }) =>
      step.do === "indicator" && step.isActive
    ).values();
    await inParallel(PARALLEL_READS, async () => {
      for (const work of asking) {
        const id = work.event.internalId;
        work.resolved = await opencti.observablesOf(id, signal);
      }
    });
    return works;
  }

  /**
   * Marks the rules and commits the page, for work that no event asks for.
   *
   * @returns What `IocKeeper.keep()` has to be told.
   */
  async secure(
    page: IocPage,
    keys: Iterable<string>,
  ): Promise<ReadonlySet<string>> {
    const marked = this.iocs.mark(page, keys);
    await page.stage();
    await this.rows.flush();
    return marked;
  }

  async #work(
    works: readonly Work[],
    { page, results, signal, marked, distrust }: {
      page: IocPage;
      results: Map<Work | string, Result>;
      signal: AbortSignal;
      marked: ReadonlySet<string>;
      distrust: boolean;
    },
  ): Promise<void> {
    const keys = new Set(works.flatMap(({ touched }) => [...touched]));
    const documents = works.filter(({ document }) => document !== undefined);
    const circuit = new Circuit();
    const options = { signal, marked, distrust };
    const ofKeys = keys.values();
    const lanes = [
      inParallel(CONCURRENCY, async () => {
        for (const key of ofKeys) {
          results.set(
            key,
            await circuit.run(() => this.iocs.keep(page, key, options)),
          );
        }
      }),
      (async () => {
        // One after the other: see DocumentKeeper.
        for (const work of documents) {
          const event = work.document!;
          results.set(
            work,
            await circuit.run(() => this.documents.apply(event, options)),
          );
        }
      })(),
    ];
    const ends = await Promise.allSettled(lanes);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  async #remember(
    works: readonly Work[],
    page: IocPage,
    results: ReadonlyMap<Work | string, Result>,
  ): Promise<void> {
    const isLeft = (key: Work | string) =>
      !["done", "skipped"].includes(results.get(key)?.status ?? "");
    await this.rows.setOpen(
      works.filter(({ step }) => step.do !== "skip").map((work) => [
        work.event.internalId,
        {
          keys: [...work.touched].filter(isLeft),
          ...(work.leavesDocument ||
              work.document !== undefined && isLeft(work)
            ? { document: true }
            : {}),
        },
      ]),
    );
    await page.stage();
  }
}

/** Stops asking a console that does not answer. */
class Circuit {
  #failures = 0;
  #trouble: TransientError | undefined;
  #end: Error | undefined;

  async run(
    work: () => Promise<KeptRule | KeptDocument>,
  ): Promise<Result> {
    if (this.#end !== undefined) throw this.#end;
    if (this.#trouble !== undefined) {
      return { status: "retry", error: this.#trouble };
    }
    try {
      const result = await work();
      this.#failures = 0;
      return result;
    } catch (error) {
      if (error instanceof TransientError) {
        const isDeaf = error.status === undefined || error.status === 429;
        if (isDeaf || ++this.#failures >= MAX_FAILURES) this.#trouble = error;
        return { status: "retry", error };
      }
      // A refused login, a setting, or the signal: nothing more is asked.
      this.#end = error as Error;
      throw error;
    }
  }
}

/** Several at once; what one of them throws is thrown when all have ended. */
async function inParallel(
  count: number,
  work: () => Promise<void>,
): Promise<void> {
  const ends = await Promise.allSettled(Array.from({ length: count }, work));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/** What has to be tried again comes before what is refused for good. */
function outcomeOf(
  work: Work,
  results: ReadonlyMap<Work | string, Result>,
): Outcome {
  const { step, touched } = work;
  if (step.do === "skip") return { status: "skipped", reason: step.reason };
  const all = [...touched, work].flatMap((key) => results.get(key) ?? []);
  const again = all.find(({ status }) => status === "retry");
  if (again?.status === "retry") {
    return {
      status: "retry",
      reason: again.error?.message ?? "HarfangLab does not answer",
      afterMs: again.error?.retryAfterMs,
    };
  }
  const refused = all.filter((result) => result.status === "rejected");
  const [first] = refused;
  if (first !== undefined) {
    const more = refused.length > 1 ? ` (and ${refused.length - 1} more)` : "";
    return {
      status: "rejected",
      reason: first.reason + more,
      httpStatus: first.httpStatus,
    };
  }
  const skipped = all.find((result) => result.status === "skipped");
  if (skipped?.status === "skipped") return skipped;
  return work.skipped === undefined
    ? { status: "delivered" }
    : { status: "skipped", reason: work.skipped };
}
