import { parseIso } from "./dates.ts";
import { termsOf } from "./document_values.ts";
import { illegalArgument } from "./errors.ts";
import { asList, isObject } from "./json.ts";
import { shardFailure } from "./query_parts.ts";
import type { StoredDocument } from "./stored_document.ts";
import type { StoredIndex } from "./stored_index.ts";

/** One key of a search's `sort`. */
export interface SortKey {
  readonly field: string;
  readonly descending: boolean;
  /** @throws {ElasticError} 400 if the index cannot sort by it. */
  check(index: StoredIndex): void;
  /** What the hit shows in `sort`, and what is compared. */
  value(document: StoredDocument, index: StoredIndex, place: number): unknown;
  /** A value of `search_after` as it is compared. */
  parse(value: unknown): unknown;
}

const SORT_OPTIONS = new Set([
  "order",
  "format",
  "missing",
  "unmapped_type",
  "mode",
  "numeric_type",
]);

/**
 * Reads `sort`. A search in a point in time is sorted by `_shard_doc` last.
 *
 * @throws {ElasticError} 400 for an unknown option.
 */
export function toSortKeys(sort: unknown, pit: boolean): SortKey[] {
  const keys = asList(sort).map(toSortKey);
  const tied = keys.some(({ field }) => field === "_shard_doc");
  if (pit && !tied) keys.push(toSortKey("_shard_doc"));
  return keys;
}

function toSortKey(entry: unknown): SortKey {
  const [field = "", given] = typeof entry === "string"
    ? [entry, {}]
    : isObject(entry)
    ? Object.entries(entry)[0] ?? []
    : [];
  const options = isObject(given) ? given : { order: given };
  for (const key of Object.keys(options)) {
    if (!SORT_OPTIONS.has(key)) {
      throw illegalArgument(`[field_sort] unknown field [${key}]`);
    }
  }
  const order = String(options.order ?? (field === "_score" ? "desc" : "asc"));
  if (order !== "asc" && order !== "desc") {
    throw illegalArgument(`No enum constant SortOrder.${order.toUpperCase()}`);
  }
  const descending = order === "desc";
  if (["_shard_doc", "_doc", "_score", "_id"].includes(field)) {
    return metaKey(field, descending);
  }
  return fieldKey(field, {
    descending,
    asText: String(options.format ?? "").startsWith("strict_date"),
    lenient: options.unmapped_type !== undefined,
    missingFirst: options.missing === "_first",
  });
}

function metaKey(field: string, descending: boolean): SortKey {
  return {
    field,
    descending,
    check: () => {},
    value: (document, _index, place) =>
      field === "_score" ? 1 : field === "_id" ? document.id : place,
    parse: (value) => value,
  };
}

function fieldKey(
  field: string,
  { descending, asText, lenient, missingFirst }: {
    descending: boolean;
    asText: boolean;
    lenient: boolean;
    missingFirst: boolean;
  },
): SortKey {
  return {
    field,
    descending,
    check: (index) => {
      const node = index.mapping.find(field);
      if (node === undefined && !lenient) {
        throw shardFailure(
          "query_shard_exception",
          `No mapping found for [${field}] in order to sort on`,
        );
      }
      if (node?.type.name === "text") {
        throw shardFailure(
          "illegal_argument_exception",
          `Fielddata is disabled on [${field}] in [${index.name}]. Text ` +
            "fields are not optimised for operations that require " +
            "per-document field data like aggregations and sorting, so these " +
            "operations are disabled by default. Please use a keyword field " +
            "instead.",
        );
      }
    },
    value: (document, index) => {
      const node = index.mapping.find(field);
      const terms = node === undefined ? [] : termsOf(
        document.source ?? {},
        node,
        index.mapping.sourcePath(field),
      );
      if (terms.length === 0) return missingValue(descending !== missingFirst);
      const term = terms.reduce((one, two) =>
        (descending ? two > one : two < one) ? two : one
      );
      if (node?.type.name === "date" && asText) {
        return new Date(Number(term)).toISOString();
      }
      return typeof term === "bigint" ? String(term) : term;
    },
    parse: (value) =>
      asText && typeof value === "number"
        ? new Date(value).toISOString()
        : asText || typeof value !== "string"
        ? value
        : parseIso(value) ?? value,
  };
}

/** [Elasticsearch] A missing value is the largest or smallest long. */
function missingValue(smallest: boolean): number {
  return smallest ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
}

/** Order of two hits by the keys. */
export function compareHits(
  left: { sort: readonly unknown[] },
  right: { sort: readonly unknown[] },
  keys: readonly SortKey[],
): number {
  for (const [at, { descending }] of keys.entries()) {
    const order = compareValues(left.sort[at], right.sort[at]);
    if (order !== 0) return descending ? -order : order;
  }
  return 0;
}

function compareValues(left: unknown, right: unknown): number {
  if (typeof left === "number" && typeof right === "number") {
    return left - right;
  }
  const [one, two] = [String(left), String(right)];
  // A missing value beside texts is a number: it keeps its extreme place.
  if (typeof left === "number") return left > 0 ? 1 : -1;
  if (typeof right === "number") return right > 0 ? -1 : 1;
  return one < two ? -1 : one > two ? 1 : 0;
}
