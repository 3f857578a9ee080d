import { type AddressRange, parseAddress, parseCidr } from "./addresses.ts";
import { termsOf, valuesAt } from "./document_values.ts";
import { ElasticError } from "./errors.ts";
import { type Term, ValueProblem } from "./field_types.ts";
import { asList, isObject, type JsonObject } from "./json.ts";
import type { FieldNode } from "./mapping_tree.ts";
import type { StoredDocument, StoredIndex } from "./stored_index.ts";

/** A query made ready for one index. */
export interface CompiledQuery {
  test(document: StoredDocument): boolean;
  /**
   * Documents among which every match is, where the query itself names them:
   * spares a scan of the whole index.
   */
  candidates?: (() => Iterable<StoredDocument>) | undefined;
}

/** Where a query runs. */
export interface QueryScope {
  readonly index: StoredIndex;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** `ids`: documents by `_id`. */
export function compileIds(body: JsonObject, scope: QueryScope): CompiledQuery {
  const ids = new Set(asList(body.values).map(String));
  return {
    test: (document) => ids.has(document.id),
    *candidates() {
      const documents = scope.index.searchable(scope.now);
      for (const id of ids) {
        const document = documents.get(id);
        if (document !== undefined) yield document;
      }
    },
  };
}

/** `term` and `terms`: any of some exact values. */
export function compileTerms(
  field: string,
  values: readonly unknown[],
  scope: QueryScope,
): CompiledQuery {
  if (field === "_id") return compileIds({ values }, scope);
  if (field === "_index") {
    return { test: (document) => values.includes(document.index) };
  }
  const node = scope.index.mapping.find(field);
  if (node === undefined) return { test: () => false, candidates: () => [] };
  if (node.type.name === "ip_range") return containsAny(node, values, scope);
  const ranges = node.type.name === "ip" ? cidrs(values) : [];
  if (ranges.length > 0) {
    return compileWith(
      node,
      scope,
      (term) =>
        ranges.some(({ from, to }) =>
          typeof term === "bigint" && term >= from && term <= to
        ),
    );
  }
  const terms = values.map((value) => queryTerm(node, value, scope));
  const set = new Set<Term>(terms);
  return {
    ...compileWith(node, scope, (term) => set.has(term)),
    candidates: () => scope.index.withTerms(field, terms, scope.now),
  };
}

function cidrs(values: readonly unknown[]): AddressRange[] {
  return values.map((value) => parseCidr(String(value)))
    .filter((range) => range !== undefined);
}

function containsAny(
  node: FieldNode,
  values: readonly unknown[],
  scope: QueryScope,
): CompiledQuery {
  const terms = values.map((value) => queryTerm(node, value, scope));
  const from = scope.index.mapping.sourcePath(node.path);
  return {
    test: ({ source }) =>
      valuesAt(source ?? {}, from).some((value) => {
        const range = rangeOf(value);
        return range !== undefined &&
          terms.some((term) =>
            typeof term === "bigint" && term >= range.from && term <= range.to
          );
      }),
  };
}

function rangeOf(value: unknown): AddressRange | undefined {
  if (!isObject(value)) return parseCidr(String(value));
  const from = parseAddress(String(value.gte ?? value.gt ?? "::")) ?? 0n;
  const to = parseAddress(String(value.lte ?? value.lt ?? "ffff::")) ?? 0n;
  return {
    from: value.gt === undefined ? from : from + 1n,
    to: value.lt === undefined ? to : to - 1n,
  };
}

/**
 * A value of a query as a field indexes it.
 *
 * @throws {ElasticError} 400 where the field cannot hold it.
 */
export function queryTerm(
  node: FieldNode,
  value: unknown,
  { now }: QueryScope,
  roundUp = false,
): Term {
  try {
    return node.type.queryTerm(value, now, roundUp);
  } catch (error) {
    if (!(error instanceof ValueProblem)) throw error;
    throw shardFailure(
      "query_shard_exception",
      `failed to create query: ${error.message}`,
      error.body,
    );
  }
}

/** 400 as a search gives it when every shard refuses the query. */
export function shardFailure(
  type: string,
  reason: string,
  causedBy?: JsonObject,
): ElasticError {
  const cause = { type, reason, ...(causedBy && { caused_by: causedBy }) };
  return new ElasticError(
    400,
    "search_phase_execution_exception",
    "all shards failed",
    {
      extra: {
        phase: "query",
        grouped: true,
        failed_shards: [{ shard: 0, reason: cause }],
      },
      causedBy: cause,
    },
  );
}

/** Documents in which any term of a field passes a test. */
export function compileWith(
  node: FieldNode,
  { index }: QueryScope,
  test: (term: Term) => boolean,
): CompiledQuery {
  const from = index.mapping.sourcePath(node.path);
  return {
    test: ({ source }) =>
      source !== undefined && termsOf(source, node, from).some(test),
  };
}
