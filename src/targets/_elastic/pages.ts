import { RejectedError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import type { Json } from "./document.ts";
import type { Page, PointInTimeClient } from "./point_in_time.ts";

/** How long a point in time lives without a search. */
export const KEEP_ALIVE = "2m";

const PAGE_SIZE = 500;

/** What the pages are read with. */
export interface PagesOptions {
  readonly elastic: PointInTimeClient;
  readonly log: Log;
  /** Hits per page at first. Default 500. */
  readonly pageSize?: number | undefined;
  /** The search without size, point in time and place. */
  readonly search: Json;
}

/** The pages of one point in time, in the order of the search. */
export class Pages {
  /** The last page was reached. */
  isComplete = false;
  readonly #options: PagesOptions;
  #pit: string;
  #size: number;
  #after: readonly unknown[] | undefined;

  constructor(options: PagesOptions, pit: string) {
    this.#options = options;
    this.#pit = pit;
    this.#size = options.pageSize ?? PAGE_SIZE;
  }

  /** Nothing at the end, and where the point in time has expired. */
  async next(signal: AbortSignal): Promise<Page | undefined> {
    if (this.isComplete) return undefined;
    const page = await this.#read(signal);
    if (page === undefined) return undefined;
    this.#pit = page.pit;
    this.#after = page.hits.at(-1)?.sort;
    this.isComplete = page.hits.length < this.#size;
    return page;
  }

  async #read(signal: AbortSignal): Promise<Page | undefined> {
    const { elastic, search } = this.#options;
    while (true) {
      const body = {
        ...search,
        size: this.#size,
        pit: { id: this.#pit, keep_alive: KEEP_ALIVE },
        track_total_hits: false,
        ...(this.#after === undefined ? {} : { search_after: this.#after }),
      };
      try {
        return await elastic.searchPointInTime(body, signal);
      } catch (error) {
        // An answer that is too large: hits of many kilobytes each.
        const tooLarge = error instanceof RejectedError && this.#size > 1 &&
          error.status === undefined;
        if (!tooLarge) throw error;
        this.#size = Math.ceil(this.#size / 2);
      }
    }
  }

  /** An error here would hide the one before, and the server closes it too. */
  async close(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    try {
      await this.#options.elastic.closePointInTime(this.#pit, signal);
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.log.debug("cannot close a point in time", { reason });
    }
  }
}
