import type { Log } from "../../observability/log.ts";
import type { Count } from "./client.ts";

/** [Sekoia.io] The limit where the server does not tell it. */
const USUAL_MAX = 500_000;

/** How the counter is read and watched. */
export interface QuotaOptions {
  readonly read: (signal: AbortSignal) => Promise<Count>;
  /** Share of the quota above which it is warned. */
  readonly warnRatio: number;
  readonly intervalMs: number;
  /** Is told the used share, 0 to 1 and above. */
  readonly report: (ratio: number) => void;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * How much room there is: the counter as last read, and what was made since.
 * What was revoked since gives no room until the counter says so, because
 * revoked indicators may count.
 */
export class Quota {
  readonly #options: QuotaOptions;
  #count = 0;
  #max = USUAL_MAX;
  #readAt = -Infinity;
  #isStale = true;
  #warnedAt = -Infinity;
  #fullAt = -Infinity;

  constructor(options: QuotaOptions) {
    this.#options = options;
  }

  /** As far as it is known. */
  get count(): number {
    return this.#count;
  }

  get max(): number {
    return this.#max;
  }

  /** Reads the counter now. */
  async read(signal: AbortSignal): Promise<void> {
    const { count, max } = await this.#options.read(signal);
    this.#count = count;
    this.#max = max ?? USUAL_MAX;
    this.#readAt = this.#options.now();
    this.#isStale = false;
    this.#warn();
  }

  /** The same where the last reading is older than the interval. */
  async watch(signal: AbortSignal): Promise<void> {
    const age = this.#options.now() - this.#readAt;
    if (age >= this.#options.intervalMs) await this.read(signal);
  }

  /** How many of so many new indicators have room. */
  async room(needed: number, signal: AbortSignal): Promise<number> {
    await this.watch(signal);
    if (this.#left < needed && this.#isStale) await this.read(signal);
    const left = Math.max(0, Math.min(needed, this.#left));
    if (left < needed) this.#tellFull();
    return left;
  }

  get #left(): number {
    return this.#max - this.#count;
  }

  /** A limit of nothing is used up. */
  get #ratio(): number {
    return this.#max > 0 ? this.#count / this.#max : 1;
  }

  /** So many were made. */
  made(count: number): void {
    this.#count += count;
    this.#isStale = true;
    this.#warn();
  }

  /** Something was revoked or deleted: the counter may say less now. */
  freed(): void {
    this.#isStale = true;
  }

  /** The server says that there is no room, whatever was counted. */
  isFull(): void {
    this.#count = Math.max(this.#count, this.#max);
    this.#isStale = false;
    this.#options.report(this.#ratio);
    this.#tellFull();
  }

  #warn(): void {
    const { intervalMs, log, now, report, warnRatio } = this.#options;
    report(this.#ratio);
    if (this.#count < warnRatio * this.#max) return;
    if (now() - this.#warnedAt < intervalMs) return;
    this.#warnedAt = now();
    log.warn("the quota of indicators at Sekoia.io is nearly used up", {
      count: this.#count,
      max: this.#max,
    });
  }

  #tellFull(): void {
    const { intervalMs, log, now } = this.#options;
    if (now() - this.#fullAt < intervalMs) return;
    this.#fullAt = now();
    log.error(
      "the quota of indicators at Sekoia.io is used up: new values wait. " +
        "Delete indicators there, raise the quota, or narrow the stream's " +
        "filter",
      { count: this.#count, max: this.#max },
    );
  }
}
