/** From the counts in the state to sightings in OpenCTI. */
import { sleep } from "../../backoff.ts";
import { LoginError, RejectedError } from "../../errors.ts";
import type { SightedSpan } from "../../opencti/sightings.ts";
import { openctiMarkingId } from "../../stix/marking.ts";
import type { SightingsOptions } from "./sightings_options.ts";
import { type CountRow, keys, together } from "./sightings_ledger.ts";

/** What became of the counts. */
export interface SentSightings {
  readonly sightings: number;
  /** Indicators that OpenCTI no longer has. */
  readonly gone: number;
}

/** An indicator and what is remembered of it. */
interface Counted {
  readonly indicator: string;
  readonly row: CountRow;
}

interface Planned {
  readonly indicator: string;
  readonly page: number;
  readonly sighting: SightedSpan;
}

const DESCRIPTION = "Threat match alerts of Elastic Security";
const READ_BACK_AFTER_MS = 30_000;
/** Indicators whose plan is one write to the state. */
const GROUP = 50;
const PARALLEL = 4;
/** Failures in a row after which the platform is taken to be down. */
const MAX_FAILURES = 4;
/** Source: OpenCTI `relations_deduplication`: 30 days. */
const NEAR_MS = 30 * 86_400_000;

/**
 * Sends one sighting for each indicator that has a count.
 *
 * The platform adds a count only where a date moves, and takes it in place of
 * the former one where none does. So each sighting ends later than all it may
 * be merged with; it is remembered before it is sent; and where the answer was
 * lost, a sighting that ends so late tells that it arrived.
 *
 * @throws {TransientError} Some could not be sent: they stay remembered.
 */
export async function sendSightings(
  options: SightingsOptions,
  signal: AbortSignal,
): Promise<SentSightings> {
  const sender = new Sender(options, signal);
  for await (const group of groupsOf(options)) await sender.send(group);
  sender.end();
  return sender;
}

async function* groupsOf(
  { state }: SightingsOptions,
): AsyncGenerator<Counted[]> {
  let group: Counted[] = [];
  for await (const { key, value } of state.list<CountRow>(keys.counts)) {
    group.push({ indicator: `${key.at(-1)}`, row: value });
    if (group.length < GROUP) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

class Sender implements SentSightings {
  sightings = 0;
  gone = 0;
  readonly #options: SightingsOptions;
  readonly #signal: AbortSignal;
  #place: string | undefined;
  #failuresInARow = 0;
  #failure: unknown;

  constructor(options: SightingsOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async send(group: readonly Counted[]): Promise<void> {
    const { state } = this.#options;
    this.#place ??= await this.#findPlace();
    await this.#waitForAnswers(group);
    const planned: Planned[] = [];
    await this.#each(group, async (counted) => {
      const plan = await this.#plan(counted);
      if (plan !== undefined) planned.push(plan);
    });
    await state.flush();
    await this.#each(planned, (plan) => this.#sendOne(plan));
    await state.flush();
  }

  /** @throws The first failure, if there was one. */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** A write whose answer was lost may be under way for a while. */
  async #waitForAnswers(group: readonly Counted[]): Promise<void> {
    const { now, readBackAfterMs = READ_BACK_AFTER_MS } = this.#options;
    const newest = group.reduce(
      (latest, { row }) => Math.max(latest, row.sent?.at ?? -Infinity),
      -Infinity,
    );
    const waitMs = Math.min(newest + readBackAfterMs - now(), readBackAfterMs);
    if (waitMs > 0) await sleep(waitMs, this.#signal);
  }

  /** Stages what is to be sent; nothing where the platform has it all. */
  async #plan(
    { indicator, row: { page, open, sent } }: Counted,
  ): Promise<Planned | undefined> {
    const { opencti, state } = this.#options;
    const known = await opencti.sightingsOf(
      indicator,
      `${this.#place}`,
      this.#signal,
    );
    const isLost = sent !== undefined && !isAmong(known, sent);
    if (sent !== undefined && !isLost) this.sightings++;
    const left = isLost ? open ? together(sent, open) : sent : open;
    if (left === undefined) {
      state.delete(keys.count(indicator));
      return undefined;
    }
    const { first, last, count } = endingLast(left, known);
    const sighting = { first, last, count };
    const row: CountRow = {
      page,
      sent: { ...sighting, at: this.#options.now() },
    };
    state.set(keys.count(indicator), row);
    return { indicator, page, sighting };
  }

  async #sendOne({ indicator, sighting }: Planned): Promise<void> {
    const { opencti, settings, state } = this.#options;
    const { confidence, tlp } = settings;
    try {
      await opencti.addSighting({
        ...sighting,
        fromId: indicator,
        toId: `${this.#place}`,
        description: DESCRIPTION,
        confidence,
        markingIds: tlp === undefined ? [] : [openctiMarkingId(tlp)],
      }, this.#signal);
      this.sightings++;
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      const ids = await opencti.idsOf([indicator], this.#signal);
      // It is the marking, the identity or a right that is missing.
      if (ids.size > 0) throw error;
      this.gone++;
    }
    state.delete(keys.count(indicator));
  }

  /** The identity is found or made once, and again when it was deleted. */
  async #findPlace(): Promise<string> {
    const { opencti, settings: { place }, state } = this.#options;
    const saved = await state.get<{ name: string; id: string }>(keys.place);
    if (saved?.name === place.name) {
      const known = await opencti.idsOf([saved.id], this.#signal);
      const id = known.get(saved.id);
      if (id !== undefined) return id;
    }
    const id = await opencti.ensurePlace(place, this.#signal);
    state.set(keys.place, { name: place.name, id });
    await state.flush();
    return id;
  }

  /**
   * Works on a few at once. What fails waits for a later round; when nothing
   * succeeds, or the login is refused, the rest waits too.
   */
  async #each<Item>(
    items: readonly Item[],
    work: (item: Item) => Promise<void>,
  ): Promise<void> {
    const left = items.values();
    const worker = async () => {
      for (const item of left) {
        if (this.#isDown()) return;
        try {
          await work(item);
          this.#failuresInARow = 0;
        } catch (error) {
          this.#signal.throwIfAborted();
          this.#failure ??= error;
          if (error instanceof RejectedError) continue;
          this.#failuresInARow += error instanceof LoginError
            ? MAX_FAILURES
            : 1;
        }
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  }

  #isDown(): boolean {
    return this.#failuresInARow >= MAX_FAILURES;
  }
}

/** The same count, ending later than everything it may be merged with. */
function endingLast(
  span: SightedSpan,
  known: readonly SightedSpan[],
): SightedSpan {
  let { last } = span;
  while (true) {
    const rival = known.find((other) =>
      other.last === last ||
      other.last > last && isNear(other, { ...span, last })
    );
    if (rival === undefined) return { ...span, last };
    last = rival.last + 1;
  }
}

/** True where what was sent has arrived, by itself or merged. */
function isAmong(known: readonly SightedSpan[], sent: SightedSpan): boolean {
  return known.some((other) =>
    other.first <= sent.first && other.last >= sent.last &&
    (other.last === sent.last || isNear(other, sent))
  );
}

function isNear(a: SightedSpan, b: SightedSpan): boolean {
  return Math.abs(a.first - b.first) <= NEAR_MS &&
    Math.abs(a.last - b.last) <= NEAR_MS;
}
