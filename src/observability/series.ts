/** One moment of a target, for the drawing on the page. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Events settled per second since the sample before. */
  readonly rate: number;
  /** Seconds behind the platform; absent while unknown. */
  readonly lag?: number;
}

/** Milliseconds between two samples. */
export const SAMPLE_MS = 5_000;
/** One hour. */
const MAX_SAMPLES = 720;

/** The last hour of one target, in bounded memory. */
export class Series {
  #samples: Sample[] = [];
  #last: { at: number; events: number };

  /** @param startedAt Milliseconds since 1970: nothing was settled then. */
  constructor(startedAt: number) {
    this.#last = { at: startedAt, events: 0 };
  }

  /** @param events Settled since the start; it never falls. */
  add(at: number, events: number, lag: number | undefined): void {
    const last = this.#last;
    this.#last = { at, events };
    const seconds = (at - last.at) / 1000;
    // The clock was set back: what came before no longer fits.
    if (seconds < 0) this.#samples = [];
    const rate = seconds > 0
      ? round(Math.max(0, events - last.events) / seconds)
      : 0;
    this.#samples.push({
      at,
      rate,
      ...(lag === undefined ? {} : { lag: round(lag) }),
    });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  /** Oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
