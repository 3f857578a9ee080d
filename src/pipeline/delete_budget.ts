import { ConfigError } from "../errors.ts";
import type { StreamEvent } from "../opencti/event.ts";
import { idMs } from "../opencti/event_id.ts";
import type { BudgetStore } from "../state/target_store.ts";

/** Deletes beyond both limits within the window pause the target. */
export interface BudgetLimits {
  readonly count: number;
  /** Of the objects held, 0 to 1; 1 switches the budget off. */
  readonly share: number;
  readonly windowMs: number;
}

/** The deletes are beyond the budget: the target pauses until `resume`. */
export class DeleteBudgetError extends ConfigError {
  override name = "DeleteBudgetError";
  /** How many wait, at least. */
  readonly deletes: number;

  constructor(message: string, deletes: number) {
    super(message);
    this.deletes = deletes;
  }
}

/** Why a target stands still, as it is saved. */
interface Pause {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason: string;
  readonly deletes: number;
  /** The limits it was beyond: with others it is judged anew. */
  readonly limits: BudgetLimits;
}

/** What is saved of a budget. */
interface BudgetRecord {
  /** Deletes followed, by minute since 1970. */
  readonly recent: readonly (readonly [minute: number, deletes: number])[];
  /** Deletes of events up to here were let pass by a person. */
  readonly passUntilMs: number;
  readonly pause?: Pause | undefined;
}

const EMPTY: BudgetRecord = { recent: [], passUntilMs: -1 };
const MINUTE_MS = 60_000;

/**
 * Counts the deletes of objects that a target holds, and refuses a flood: a
 * platform restored from an old backup, or a stream emptied by mistake, would
 * else take everything from the tools that rely on it.
 *
 * What OpenCTI deleted counts at the time of its event, so that a program that
 * was down for a week may catch up; what the target's own filter takes out
 * counts now.
 */
export class DeleteBudget {
  readonly #store: BudgetStore;
  readonly #limits: BudgetLimits;
  readonly #now: () => number;

  constructor(store: BudgetStore, limits: BudgetLimits, now: () => number) {
    this.#store = store;
    this.#limits = limits;
    this.#now = now;
  }

  /**
   * Judges deletes of objects that are held, before any is followed.
   *
   * @param held How many objects the target holds now.
   * @returns Counts them, once they are followed: saved with the next commit.
   * @throws {DeleteBudgetError} They are beyond the budget, which is saved.
   */
  async admit(
    deletes: readonly StreamEvent[],
    held: number,
    flush: () => Promise<void>,
  ): Promise<() => void> {
    if (deletes.length === 0 || this.#limits.share >= 1) return () => {};
    const record = await this.#store.load<BudgetRecord>() ?? EMPTY;
    const counted = deletes.filter(({ id }) => idMs(id) > record.passUntilMs);
    if (counted.length === 0) return () => {};
    const minutes = new Map(record.recent);
    for (const event of counted) {
      const minute = this.#minuteOf(event);
      minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
    }
    const before = new Map(record.recent);
    const beyond = this.#beyond(minutes, before, held);
    if (beyond !== undefined) {
      const pause: Pause = {
        at: this.#now(),
        reason: beyond,
        deletes: counted.length,
        limits: this.#limits,
      };
      this.#store.set({ ...record, pause });
      await flush();
      throw new DeleteBudgetError(beyond, counted.length);
    }
    return () => {
      const newest = Math.max(...minutes.keys());
      const oldest = newest - Math.ceil(this.#limits.windowMs / MINUTE_MS);
      const recent = [...minutes].filter(([minute]) => minute >= oldest);
      this.#store.set({ recent, passUntilMs: record.passUntilMs });
    };
  }

  /**
   * Before anything is delivered, also after a restart.
   *
   * @throws {DeleteBudgetError} Deletes wait for a person, and the limits are
   *   those they were beyond.
   */
  async throwIfPaused(): Promise<void> {
    const record = await this.#store.load<BudgetRecord>();
    const { pause } = record ?? {};
    if (pause === undefined || !isSame(pause.limits, this.#limits)) return;
    throw new DeleteBudgetError(pause.reason, pause.deletes);
  }

  #minuteOf({ cause, id }: StreamEvent): number {
    const ms = cause === "left-filter" ? this.#now() : idMs(id);
    return Math.floor(ms / MINUTE_MS);
  }

  /** Why the busiest window is too busy. */
  #beyond(
    minutes: ReadonlyMap<number, number>,
    before: ReadonlyMap<number, number>,
    held: number,
  ): string | undefined {
    const { count, share, windowMs } = this.#limits;
    const width = Math.ceil(windowMs / MINUTE_MS);
    for (const end of minutes.keys()) {
      const isIn = (minute: number) => minute > end - width && minute <= end;
      const deletes = sum(minutes, isIn);
      const atStart = held + sum(before, isIn);
      if (deletes > count && deletes > share * atStart) {
        return `${deletes} of ${atStart} objects held were to be deleted ` +
          `within ${windowMs / MINUTE_MS} min, beyond the delete budget of ` +
          `${count} and ${Math.round(share * 100)} %: nothing more is ` +
          "delivered. If the deletes are meant, run opencti-relay resume; if " +
          "OpenCTI was restored or emptied by mistake, repair that first";
      }
    }
    return undefined;
  }
}

/**
 * Lets the deletes pass that wait now, and forgets what was counted.
 *
 * @param until Milliseconds since 1970 by the platform's clock.
 * @returns Why the target stood still, if it did.
 */
export async function letDeletesPass(
  store: BudgetStore,
  until: number,
): Promise<string | undefined> {
  const record = await store.load<BudgetRecord>();
  if (record?.pause === undefined) return undefined;
  store.set({ recent: [], passUntilMs: until });
  return record.pause.reason;
}

function sum(
  minutes: ReadonlyMap<number, number>,
  isIn: (minute: number) => boolean,
): number {
  let total = 0;
  for (const [minute, count] of minutes) if (isIn(minute)) total += count;
  return total;
}

function isSame(left: BudgetLimits, right: BudgetLimits): boolean {
  return left.count === right.count && left.share === right.share &&
    left.windowMs === right.windowMs;
}
