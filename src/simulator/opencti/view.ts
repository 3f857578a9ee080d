import type { StixObject } from "../../stix/object.ts";
import type { ObjectTable } from "./objects.ts";

/** One live stream collection of the platform. */
export interface Collection {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** JSON text of the `FilterGroup`, as `StreamCollection.filters` shows it. */
  readonly filters: string;
  /** The filter itself. */
  readonly matches: (object: StixObject) => boolean;
  /** Not started: 410. */
  live: boolean;
  /** Open to everybody, without token. */
  public: boolean;
  /** The token's user may read it; otherwise 401. */
  allowed: boolean;
}

/** The options of one stream request. */
export interface StreamOptions {
  readonly noDependencies: boolean;
  readonly listenDelete: boolean;
  readonly withInferences: boolean;
}

/** What a connection knows while frames are made for it. */
export interface StreamView {
  readonly collection: Collection;
  readonly options: StreamOptions;
  readonly objects: ObjectTable;
  readonly sent: SentCache;
}

/**
 * The ids that were already sent over one connection: at most 5,000, each for
 * 2 hours. Source: OpenCTI `cache_max_size`, `cache_max_time`.
 */
export class SentCache {
  readonly #ids = new Map<string, number>();
  readonly #maxIds: number;
  readonly #maxAgeMs: number;
  readonly #now: () => number;

  constructor(
    options: { now: () => number; maxIds?: number; maxAgeMs?: number },
  ) {
    this.#now = options.now;
    this.#maxIds = options.maxIds ?? 5_000;
    this.#maxAgeMs = options.maxAgeMs ?? 7_200_000;
  }

  has(id: string): boolean {
    const at = this.#ids.get(id);
    return at !== undefined && this.#now() - at < this.#maxAgeMs;
  }

  add(id: string): void {
    this.#ids.delete(id);
    this.#ids.set(id, this.#now());
    if (this.#ids.size <= this.#maxIds) return;
    const oldest = this.#ids.keys().next();
    if (!oldest.done) this.#ids.delete(oldest.value);
  }
}
