import { termsOf } from "./document_values.ts";
import { ElasticError } from "./errors.ts";
import { type Term, ValueProblem } from "./field_type.ts";
import type { JsonObject } from "./json.ts";
import type { FieldNode } from "./mapping_tree.ts";
import type { StoredDocument } from "./stored_document.ts";
import type { StoredIndex } from "./stored_index.ts";

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

/**
 * The term of a query value.
 *
 * @throws {ElasticError} 400 if the value does not fit the field.
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

/** Matches documents of which some term of a field passes a test. */
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
