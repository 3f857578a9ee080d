import type { StreamEvent } from "../../opencti/event.ts";
import type { Change } from "../_ioc/ledger.ts";
import type { Outcome } from "../target.ts";
import type { Page, Work } from "./book.ts";
import { type MappingContext, toWish, type Wish } from "./mapping.ts";
import type { RemoteOptions } from "./remote.ts";
import type { Trouble } from "./trouble.ts";
import type { Writer } from "./writer.ts";

/** The part of an indicator that gives values: it has no other. */
const PART = "pattern";
/** Refusals of one change before it is given up. */
const MAX_REFUSALS = 3;

/** What a delivery works with. */
export interface DeliveryOptions extends RemoteOptions {
  readonly writer: Writer;
  readonly context: () => MappingContext;
}

/** One event, and the values that it concerns. */
interface Concern {
  readonly event: StreamEvent;
  readonly wish: Wish;
  readonly keys: readonly string[];
  /** It took something away. */
  readonly hasDropped: boolean;
}

/**
 * Applies events: first to the rows, together with a note of what is to be
 * done, then to the collection. After a crash at any point the note, or the
 * event, is there to go on from.
 */
export class Delivery {
  readonly #options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  async deliver(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    signal.throwIfAborted();
    const { book, writer } = this.#options;
    const work = await book.work();
    const wishes = events.map((event) =>
      toWish(event, this.#options.context())
    );
    const page = await this.#load(events, wishes, work);
    const outcomes: (Outcome | undefined)[] = [];
    const concerns = new Map<number, Concern>();
    for (const [at, event] of events.entries()) {
      const wish = wishes[at]!;
      if (typeof wish === "string") {
        outcomes[at] = { status: "skipped", reason: wish };
      } else {
        const concern = this.#apply(page, event, wish);
        if (concern === undefined) outcomes[at] = { status: "delivered" };
        else concerns.set(at, concern);
      }
    }
    this.#begin(page, concerns.values(), work);
    await page.stage();
    const keys = [
      ...concerns.values().flatMap((concern) => concern.keys),
      ...work.keys(),
    ];
    if (work.size > 0) await book.state.flush();
    const troubles = await writer.settle(page, keys, signal);
    this.#end(work, troubles);
    return events.map((event, at) =>
      outcomes[at] ?? outcomeOf(concerns.get(at)!, troubles, work, event)
    );
  }

  async #load(
    events: readonly StreamEvent[],
    wishes: readonly (Wish | string)[],
    work: ReadonlyMap<string, Work>,
  ): Promise<Page> {
    const page = this.#options.book.ledger.page();
    await page.load(
      events.map(({ internalId }) => internalId),
      [
        ...work.keys(),
        ...wishes.flatMap((wish) =>
          typeof wish === "string" ? [] : [...wish.keys, ...wish.suspects]
        ),
      ],
    );
    page.dropPhantoms(work.keys());
    return page;
  }

  /** Undefined: something newer was applied. */
  #apply(page: Page, event: StreamEvent, wish: Wish): Concern | undefined {
    const { internalId: id, version } = event;
    if (page.isOutdated(id, PART, version)) return undefined;
    this.#tell(event, wish);
    const isUnknown = page.owner(id) === undefined &&
      !wish.suspects.some((key) => page.value(key)?.owners.includes(id));
    // Nothing is remembered of what never gave anything.
    const change: Change = wish.props === null && isUnknown
      ? { added: [], kept: [], dropped: [], freed: [] }
      : page.apply({
        id,
        part: PART,
        version,
        keys: wish.keys,
        props: wish.props,
        suspects: wish.suspects,
      }, this.#options.now());
    const keys = [...change.added, ...change.kept, ...change.dropped];
    return { event, wish, keys, hasDropped: change.dropped.length > 0 };
  }

  #tell({ internalId }: StreamEvent, { widened, left }: Wish): void {
    const { log } = this.#options;
    if (widened.length > 0) {
      log.debug("a value is sent alone, its pattern asks for more", {
        indicator: internalId,
        paths: widened.join(", "),
      });
    }
    if (left.length > 0) {
      log.debug("parts of a pattern are not sent", {
        indicator: internalId,
        parts: left.map(({ what, why }) => `${what}: ${why}`).join("; "),
      });
    }
  }

  /** Notes what is to be done, before it is. */
  #begin(
    page: Page,
    concerns: Iterable<Concern>,
    work: Map<string, Work>,
  ): void {
    const { book, writer } = this.#options;
    for (const { event, keys } of concerns) {
      for (const key of keys) {
        if (writer.isSettled(page, key)) continue;
        const known = work.get(key) ?? { key, by: [], refusals: 0 };
        const by = [...new Set([...known.by, event.internalId])];
        work.set(key, { ...known, by });
        book.setWork({ ...known, by });
      }
    }
  }

  /** What is settled, or was refused too often, is no work any more. */
  #end(
    work: ReadonlyMap<string, Work>,
    troubles: ReadonlyMap<string, Trouble>,
  ): void {
    const { book, log } = this.#options;
    for (const [key, one] of work) {
      const trouble = troubles.get(key);
      if (trouble?.status === "retry") continue;
      const refusals = one.refusals + 1;
      if (trouble?.status !== "rejected") book.endWork(key);
      else if (refusals < MAX_REFUSALS) book.setWork({ ...one, refusals });
      else {
        book.endWork(key);
        log.error("Sekoia.io refuses a change for good: make it by hand", {
          key,
          reason: trouble.reason,
        });
      }
    }
  }
}

/** What has to be tried again comes before what is refused. */
function outcomeOf(
  { hasDropped, keys, wish }: Concern,
  troubles: ReadonlyMap<string, Trouble>,
  work: ReadonlyMap<string, Work>,
  { internalId }: StreamEvent,
): Outcome {
  const waited = work.values()
    .filter(({ by }) => by.includes(internalId)).map(({ key }) => key);
  const concerned = [...new Set([...keys, ...waited])];
  const found = concerned.flatMap((key) => troubles.get(key) ?? []);
  const worst = found.find(({ status }) => status === "retry") ??
    found.find(({ status }) => status === "rejected");
  if (worst !== undefined) return worst;
  const [skipped] = found;
  if (skipped !== undefined && found.length === concerned.length) {
    return skipped;
  }
  return wish.reason === undefined || hasDropped
    ? { status: "delivered" }
    : { status: "skipped", reason: wish.reason };
}
