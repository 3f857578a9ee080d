import { Histogram } from "./histogram.ts";
import { Lag } from "./lag.ts";
import type { Mask } from "./mask.ts";
import { RecentErrors } from "./recent_errors.ts";
import { Series } from "./series.ts";

/** What a target is doing. */
export type TargetPhase =
  /** Being made ready. */
  | "starting"
  /** Reading and delivering. */
  | "running"
  /** The far side or the platform is in trouble: tried again by itself. */
  | "waiting"
  /** A person must act, see `reason`; tried again slowly. */
  | "paused"
  | "stopped";

/** Every phase, in the order a target passes them. */
export const TARGET_PHASES: readonly TargetPhase[] = [
  "starting",
  "running",
  "waiting",
  "paused",
  "stopped",
];

/** Why something is tried again: a set that does not grow. */
export type RetryReason =
  /** No connection, no answer, or a cut one. */
  | "unreachable"
  /** 429: asked to slow down. */
  | "rate-limited"
  /** Any other answer that says to try again, 5xx above all. */
  | "server-error"
  | "login-refused"
  /** Single events, while others of their batch were taken. */
  | "event"
  /** The platform's stream. */
  | "stream"
  /** A person must change a setting. */
  | "misconfigured";

/** How many reasons to skip are told apart; the rest is counted together. */
const MAX_REASONS = 200;
const OTHER_REASONS = "other reasons";

/** [Prometheus] Bounds in seconds, from a fast bulk call to a time limit. */
const SECONDS_BOUNDS = [
  ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
];
const BATCH_BOUNDS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500];

/** Where times and masks of `TargetStats` come from. */
export interface TargetStatsOptions {
  /** Milliseconds since 1970. Default: the clock. */
  now?(): number;
  /** Applied to every text that is kept. Default: none. */
  readonly mask?: Mask;
}

/** Counts and position of one target since the program started. */
export class TargetStats {
  /** The target's configured name. */
  readonly name: string;
  phase: TargetPhase = "starting";
  /** Why it waits or is paused. */
  reason: string | undefined;
  /** When it entered its phase, milliseconds since 1970. */
  since: number;
  readonly startedAt: number;
  /** Events that are settled, in any way. */
  events = 0;
  delivered = 0;
  rejected = 0;
  malformed = 0;
  /** Events that a later one of the same object made needless. */
  superseded = 0;
  batches = 0;
  gaps = 0;
  connections = 0;
  /** Times that the platform was told where we are. */
  pings = 0;
  /** SSE ids: where reading began, what was read last, the newest there is. */
  startId: string | undefined;
  reachedId: string | undefined;
  newestId: string | undefined;
  /** Objects the far side holds; absent until it is known. */
  objectsHeld: number | undefined;
  /** Position saved last, and when (milliseconds since 1970). */
  checkpoint: { readonly from: string; readonly at: number } | undefined;
  /** Deletes beyond the budget that wait for a person, at least so many. */
  blockedDeletes = 0;
  /** What a target reports of itself, such as the share of a quota. */
  readonly gauges = new Map<string, number>();
  readonly lag = new Lag();
  readonly errors = new RecentErrors();
  readonly series: Series;
  /** Seconds per call of the target's `deliver()`. */
  readonly writeSeconds = new Histogram(SECONDS_BOUNDS);
  /** Events per batch. */
  readonly batchSizes = new Histogram(BATCH_BOUNDS);
  /** Milliseconds of `performance.now()` at the last sign of life. */
  aliveAt = performance.now();
  /** The platform's clock, milliseconds since 1970; absent while unknown. */
  platformNow: (() => number) | undefined;
  /** Masks secrets in a text. */
  mask: Mask;
  readonly #now: () => number;
  readonly #skipped = new Map<string, number>();
  readonly #retries = new Map<RetryReason, number>();

  constructor(name: string, options: TargetStatsOptions = {}) {
    this.name = name;
    this.#now = options.now ?? (() => Date.now());
    this.mask = options.mask ?? ((text) => text);
    this.startedAt = this.#now();
    this.since = this.startedAt;
    this.series = new Series(this.startedAt);
  }

  /** Reasons to skip with their counts, in order of appearance. */
  get skipped(): ReadonlyMap<string, number> {
    return this.#skipped;
  }

  get skippedTotal(): number {
    return totalOf(this.#skipped);
  }

  /** Tries that came to nothing, by reason. */
  get retriesByReason(): ReadonlyMap<RetryReason, number> {
    return this.#retries;
  }

  get retries(): number {
    return totalOf(this.#retries);
  }

  /** Seconds that the target is behind the platform, where they are known. */
  get lagSeconds(): number | undefined {
    return this.lag.seconds(this.platformNow?.());
  }

  skip(reason: string, count = 1): void {
    const known = this.#skipped.has(reason) ||
      this.#skipped.size < MAX_REASONS;
    const key = known ? reason : OTHER_REASONS;
    this.#skipped.set(key, (this.#skipped.get(key) ?? 0) + count);
  }

  retry(reason: RetryReason): void {
    this.#retries.set(reason, (this.#retries.get(reason) ?? 0) + 1);
  }

  enter(phase: TargetPhase, reason?: string): void {
    this.alive();
    if (phase !== this.phase) this.since = this.#now();
    this.phase = phase;
    this.reason = reason === undefined ? undefined : this.mask(reason);
    if (reason !== undefined) this.failed(phase, reason);
  }

  /** Something went wrong while `during` was being done. */
  failed(during: string, reason: string): void {
    this.errors.add(this.#now(), during, this.mask(reason));
  }

  /** A frame with this SSE id was read. */
  reached(id: string): void {
    this.alive();
    this.startId ??= id;
    this.reachedId = id;
    this.lag.reached(id);
  }

  /** A position was saved, now. */
  saved({ from }: { readonly from: string }): void {
    this.blockedDeletes = 0;
    this.alive();
    this.checkpoint = { from, at: this.#now() };
  }

  /** A sign of life: something was read, tried or settled. */
  alive(): void {
    this.aliveAt = performance.now();
  }

  /** Adds a point to the series of the last hour. */
  sample(): void {
    this.series.add(this.#now(), this.events, this.lagSeconds);
  }
}

function totalOf(counts: ReadonlyMap<unknown, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}
