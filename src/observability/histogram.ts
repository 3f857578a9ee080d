/** Counts by upper bound, and their sum: what a Prometheus histogram holds. */
export interface HistogramCounts {
  /** Inclusive upper bounds, rising. */
  readonly bounds: readonly number[];
  /** Observations per bound, not cumulative; the last counts what is above. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** Collects observations into fixed buckets, in bounded memory. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  /** @param bounds Inclusive upper bounds, rising. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const at = found < 0 ? this.#bounds.length : found;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
    this.#count++;
  }

  /** A copy of the counts so far. */
  get counts(): HistogramCounts {
    return {
      bounds: this.#bounds,
      counts: [...this.#counts],
      sum: this.#sum,
      count: this.#count,
    };
  }
}
