import { sleep } from "../../backoff.ts";

/** So much of the pace may be made up for after a pause. */
const BURST_MS = 250;

/** Spreads requests evenly: at most so many per second. */
export class Throttle {
  readonly #gapMs: number;
  #next = 0;

  /** @param perSecond More than zero. */
  constructor(perSecond: number) {
    this.#gapMs = 1000 / perSecond;
  }

  /** Resolves when the next request may go; in the order of the calls. */
  async turn(signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const at = Math.max(this.#next, now - BURST_MS);
    this.#next = at + this.#gapMs;
    if (at > now) await sleep(at - now, signal);
  }
}
