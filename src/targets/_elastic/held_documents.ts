/** The documents of ours that are there, as `verify` looks at them. */
import { RejectedError, TransientError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import type { StreamEvent } from "../../opencti/event.ts";
import type { Holding, Outcome } from "../target.ts";
import type { ElasticClient } from "./client.ts";
import { documentDigest } from "./digest.ts";
import type { EcsDocument, Json } from "./document.ts";
import { KEEP_ALIVE, Pages } from "./pages.ts";
import type { PointInTimeClient } from "./point_in_time.ts";

/** What a search gives of a document. */
export interface FoundDocument {
  readonly id: string;
  readonly source: Json;
}

/** Which documents are ours, and how they are told apart. */
export interface DocumentScope {
  /** Index, alias, data stream, or a pattern for several. */
  readonly index: string;
  /** Finds all that carry our marks. */
  readonly marks: Json;
  /** Documents that may be the ones with these keys. */
  withKeys(keys: readonly string[]): Json;
  /** `undefined`: it is not ours, in spite of its marks. */
  keyOf(document: FoundDocument): string | undefined;
  nameOf(source: Json): string | undefined;
}

/** Kind of these holdings. */
export const DOCUMENT = "document";

/** Keys per search, so that an answer stays small. */
const KEYS_PER_SEARCH = 100;
const MAX_HITS = 10_000;
/** Expired documents are removed every hour: so long they are no surprise. */
const EXPIRY_GRACE_MS = 2 * 3_600_000;
/** Above this size a document may have been stored without its raw copy. */
const LIGHTENED_ABOVE_CHARS = 100_000;

/** What holds documents, and the clock. */
export interface HeldDocumentsOptions {
  readonly elastic: ElasticClient;
  readonly pages: PointInTimeClient;
  readonly scope: DocumentScope;
  readonly log: Log;
  /** Milliseconds since 1970. */
  now(): number;
}

/** What an inventory of documents works with; `Plan` is the target's own. */
export interface InventoryOptions<Plan>
  extends Omit<HeldDocumentsOptions, "scope"> {
  /** The plans of events, or why there is none. */
  toPlans(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<(Plan | string)[]>;
  /** As `deliver()`, whatever is remembered or stored of the entities. */
  replace(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Outcome[]>;
}

/** Reads and removes documents of ours. */
export class HeldDocuments {
  readonly #options: HeldDocumentsOptions;

  constructor(options: HeldDocumentsOptions) {
    this.#options = options;
  }

  /**
   * All of them, page by page in one point in time.
   *
   * @throws {TransientError} It expired before the end.
   */
  async *all(signal: AbortSignal): AsyncGenerator<Holding> {
    const { elastic, pages: client, scope, log } = this.#options;
    // A search sees only what a refresh has made visible.
    await elastic.refresh(scope.index, signal);
    const pit = await client.openPointInTime(scope.index, KEEP_ALIVE, signal);
    if (pit === undefined) return;
    const search = { query: this.#ours(), sort: [{ _shard_doc: "asc" }] };
    const pages = new Pages({ elastic: client, log, search }, pit);
    try {
      while (!pages.isComplete) {
        const page = await pages.next(signal);
        if (page === undefined) {
          throw new TransientError(
            `Cannot read all documents of "${scope.index}": the point in time ` +
              "expired during the search",
          );
        }
        for (const hit of page.hits) yield* this.#toHolding(hit);
      }
    } finally {
      await pages.close(signal);
    }
  }

  /** Those with these keys. */
  async find(keys: readonly string[], signal: AbortSignal): Promise<Holding[]> {
    const wanted = new Set(keys);
    const found = await this.#search(keys, signal);
    return found.flatMap((hit) => this.#toHolding(hit))
      .filter(({ key }) => wanted.has(key));
  }

  /** Removes those with these keys, in every index they lie in. */
  async remove(keys: readonly string[], signal: AbortSignal): Promise<void> {
    const { elastic, scope } = this.#options;
    const wanted = new Set(keys);
    const values = (await this.#search(keys, signal))
      .filter((hit) => wanted.has(scope.keyOf(hit) ?? ""))
      .map(({ id }) => id);
    for (let at = 0; at < values.length; at += KEYS_PER_SEARCH) {
      const ids = { ids: { values: values.slice(at, at + KEYS_PER_SEARCH) } };
      await elastic.deleteByQuery(scope.index, ids, signal);
    }
  }

  async #search(
    keys: readonly string[],
    signal: AbortSignal,
  ): Promise<FoundDocument[]> {
    const { elastic, scope } = this.#options;
    await elastic.refresh(scope.index, signal);
    const found: FoundDocument[] = [];
    for (let at = 0; at < keys.length; at += KEYS_PER_SEARCH) {
      const chunk = keys.slice(at, at + KEYS_PER_SEARCH);
      found.push(...await this.#searchChunk(chunk, signal));
    }
    return found;
  }

  async #searchChunk(
    keys: readonly string[],
    signal: AbortSignal,
  ): Promise<FoundDocument[]> {
    const { elastic, scope } = this.#options;
    try {
      return await elastic.search(scope.index, {
        query: { bool: { filter: [this.#ours(), scope.withKeys(keys)] } },
        size: MAX_HITS,
        track_total_hits: false,
      }, signal);
    } catch (error) {
      // An answer that is too large: documents of many kilobytes each.
      const tooLarge = error instanceof RejectedError && keys.length > 1 &&
        error.status === undefined;
      if (!tooLarge) throw error;
      const middle = Math.ceil(keys.length / 2);
      return [
        ...await this.#searchChunk(keys.slice(0, middle), signal),
        ...await this.#searchChunk(keys.slice(middle), signal),
      ];
    }
  }

  #ours(): Json {
    const now = this.#options.now();
    const gt = new Date(now - EXPIRY_GRACE_MS).toISOString();
    const lte = new Date(now).toISOString();
    return {
      bool: {
        filter: [this.#options.scope.marks],
        must_not: [{ range: { "opencti.expires_at": { gt, lte } } }],
      },
    };
  }

  #toHolding(hit: FoundDocument): Holding[] {
    const { scope } = this.#options;
    const key = scope.keyOf(hit);
    if (key === undefined) return [];
    return [toHolding(key, hit.source, scope.nameOf(hit.source))];
  }
}

/**
 * The holdings of documents that are to be there. A large one may lack its raw
 * copy, where the cluster would not take it whole: either is right.
 */
export function wantedDocuments(
  documents: readonly EcsDocument[],
  nameOf: (source: Json) => string | undefined,
): Holding[] {
  return documents.flatMap(({ id, source }) => {
    const name = nameOf(source);
    const whole = toHolding(id, source, name);
    if (JSON.stringify(source.stix ?? "").length < LIGHTENED_ABOVE_CHARS) {
      return [whole];
    }
    const { stix: _stix, ...light } = source;
    return [whole, toHolding(id, light, name)];
  });
}

function toHolding(
  key: string,
  source: Json,
  name: string | undefined,
): Holding {
  return {
    kind: DOCUMENT,
    key,
    digest: documentDigest(source),
    ...(name === undefined ? {} : { name }),
  };
}
