import type { Cluster } from "./cluster.ts";
import { ElasticError, illegalArgument, validationFailed } from "./errors.ts";
import { isObject, type JsonObject } from "./json.ts";
import type { PitStore, PointInTime } from "./pit.ts";
import { compileQuery } from "./query.ts";
import { shardFailure } from "./query_parts.ts";
import { compareHits, type SortKey, toSortKeys } from "./search_sort.ts";
import { selectSource } from "./source_filter.ts";
import type { StoredDocument } from "./stored_document.ts";
import type { StoredIndex } from "./stored_index.ts";
import type { SearchScope } from "./search_scope.ts";

/** A document that matches, with what it is sorted by. */
export interface Hit {
  readonly document: StoredDocument;
  readonly index: StoredIndex;
  readonly sort: readonly unknown[];
  /** Place in the shard: the tie-breaker `_shard_doc`. */
  readonly place: number;
}

const BODY_KEYS = new Set([
  "query",
  "size",
  "from",
  "sort",
  "search_after",
  "pit",
  "track_total_hits",
  "_source",
  "stored_fields",
  "timeout",
  "version",
  "seq_no_primary_term",
  "track_scores",
]);
const RESULT_WINDOW = 10_000;
const DEFAULT_TRACK_TOTAL = 10_000;

/** The documents of indices as a search sees them now. */
export function scopesOf(
  indices: readonly StoredIndex[],
  now: number,
): SearchScope[] {
  return indices.map((index) => ({
    index,
    documents: index.searchable(now).values(),
    live: true,
  }));
}

/** Documents of a scope that match a query. */
export function* matching(
  { index, documents, live }: SearchScope,
  query: unknown,
  now: number,
): Generator<StoredDocument> {
  const compiled = compileQuery(query, { index, now });
  const among = live ? compiled.candidates?.() ?? documents : documents;
  for (const document of among) if (compiled.test(document)) yield document;
}

/**
 * `_search`, over indices or a point in time.
 *
 * @throws {ElasticError} 400 for a body Elasticsearch refuses, 404 for a
 * point in time that is gone.
 */
export function runSearch(
  cluster: Cluster,
  pits: PitStore,
  body: JsonObject,
  indices: readonly StoredIndex[] | undefined,
): JsonObject {
  const started = performance.now();
  checkBody(body);
  const now = cluster.now();
  const pit = pitOf(body, pits, now);
  if (pit !== undefined && indices !== undefined) {
    throw validationFailed(
      "[indices] cannot be used with point in time. Do not specify any index " +
        "with point in time.",
    );
  }
  const scopes = pit?.scopes() ??
    scopesOf(indices ?? [...cluster.indices.values()], now);
  const keys = toSortKeys(body.sort, pit !== undefined);
  const hits = sortedHits(scopes, { query: body.query, keys, now });
  const page = pageOf(hits, body, keys);
  return {
    took: Math.round(performance.now() - started),
    timed_out: false,
    ...(pit !== undefined && { pit_id: pit.id }),
    _shards: {
      total: scopes.length,
      successful: scopes.length,
      skipped: 0,
      failed: 0,
    },
    hits: {
      ...totalOf(hits.length, body.track_total_hits),
      max_score: keys.length > 0 || page.length === 0 ? null : 1,
      hits: page.map((hit) => hitToJson(hit, body, keys.length > 0)),
    },
  };
}

function checkBody(body: JsonObject): void {
  for (const [key, value] of Object.entries(body)) {
    if (BODY_KEYS.has(key)) continue;
    const token = isObject(value)
      ? "START_OBJECT"
      : Array.isArray(value)
      ? "START_ARRAY"
      : "VALUE_STRING";
    throw new ElasticError(
      400,
      "parsing_exception",
      `Unknown key for a ${token} in [${key}].`,
      { extra: { line: 1, col: 2 } },
    );
  }
}

function pitOf(
  body: JsonObject,
  pits: PitStore,
  now: number,
): PointInTime | undefined {
  if (body.pit === undefined) return undefined;
  if (!isObject(body.pit) || typeof body.pit.id !== "string") {
    throw illegalArgument("Required [id]");
  }
  return pits.use(body.pit.id, body.pit.keep_alive, now);
}

function sortedHits(
  scopes: readonly SearchScope[],
  { query, keys, now }: {
    query: unknown;
    keys: readonly SortKey[];
    now: number;
  },
): Hit[] {
  const hits: Hit[] = [];
  for (const scope of scopes) {
    for (const key of keys) key.check(scope.index);
    for (const document of matching(scope, query, now)) {
      const sort = keys.map((key) =>
        key.value(document, scope.index, hits.length)
      );
      hits.push({ document, index: scope.index, sort, place: hits.length });
    }
  }
  if (keys.length > 0) {
    hits.sort((left, right) => compareHits(left, right, keys));
  }
  return hits;
}

function pageOf(
  hits: readonly Hit[],
  body: JsonObject,
  keys: readonly SortKey[],
): Hit[] {
  const size = toCount(body.size, "size", 10);
  const from = toCount(body.from, "from", 0);
  if (from + size > RESULT_WINDOW) {
    throw shardFailure(
      "illegal_argument_exception",
      "Result window is too large, from + size must be less than or equal " +
        `to: [${RESULT_WINDOW}] but was [${from + size}]. See the scroll api ` +
        "for a more efficient way to request large data sets. This limit can " +
        "be set by changing the [index.max_result_window] index level setting.",
    );
  }
  if (body.search_after === undefined) return hits.slice(from, from + size);
  const after = startAfter(body.search_after, keys);
  if (from > 0) {
    throw validationFailed(
      "`from` parameter must be set to 0 when `search_after` is used",
    );
  }
  const start = hits.findIndex((hit) => compareHits(hit, after, keys) > 0);
  return start === -1 ? [] : hits.slice(start, start + size);
}

function startAfter(
  values: unknown,
  keys: readonly SortKey[],
): { sort: readonly unknown[] } {
  if (!Array.isArray(values)) {
    throw new ElasticError(
      400,
      "parsing_exception",
      "Expected [START_ARRAY] in search_after",
    );
  }
  if (keys.length === 0) {
    throw illegalArgument("Sort must contain at least one field.");
  }
  if (values.length !== keys.length) {
    throw illegalArgument(
      `search_after has ${values.length} value(s) but sort has ${keys.length}.`,
    );
  }
  return { sort: values.map((value, at) => keys[at]?.parse(value)) };
}

function toCount(value: unknown, name: string, missing: number): number {
  if (value === undefined) return missing;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0) return number;
  throw illegalArgument(
    `[${name}] parameter cannot be negative, found [${value}]`,
  );
}

function totalOf(count: number, track: unknown): JsonObject {
  if (track === false) return {};
  const limit = typeof track === "number"
    ? track
    : track === true
    ? Infinity
    : DEFAULT_TRACK_TOTAL;
  return {
    total: {
      value: Math.min(count, limit),
      relation: count > limit ? "gte" : "eq",
    },
  };
}

function hitToJson(
  { document, index, sort }: Hit,
  body: JsonObject,
  sorted: boolean,
): JsonObject {
  const hidden = body._source === false ||
    (body.stored_fields !== undefined && body._source === undefined);
  return {
    _index: index.name,
    _id: document.id,
    ...(body.version === true && { _version: document.version }),
    ...(body.seq_no_primary_term === true &&
      { _seq_no: document.seqNo, _primary_term: 1 }),
    _score: sorted ? null : 1,
    ...(!hidden &&
      { _source: selectSource(document.source ?? {}, body._source) }),
    ...(sorted && { sort }),
  };
}
