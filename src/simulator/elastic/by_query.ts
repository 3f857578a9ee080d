import type { Cluster } from "./cluster.ts";
import { ElasticError, illegalArgument, versionConflict } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { matching, scopesOf } from "./search.ts";
import type { StoredDocument } from "./stored_document.ts";
import type { StoredIndex } from "./stored_index.ts";
import { compileScript } from "./update.ts";

/** What the query string of a by-query call says. */
export interface ByQueryOptions {
  readonly conflicts: "abort" | "proceed";
  readonly refresh: boolean;
  /** Documents per inner bulk; default 1000. */
  readonly scrollSize: number;
  /** Undefined: all. */
  readonly maxDocs: number | undefined;
}

/** Answer of a by-query call: 409 if it was aborted by a conflict. */
export interface ByQueryAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

/** Writes one matching document, guarded by the version that was found. */
type Write = (
  index: StoredIndex,
  document: StoredDocument,
  now: number,
) => void;

const DELETE_KEYS = new Set(["query", "max_docs", "slice", "sort"]);
const UPDATE_KEYS = new Set([...DELETE_KEYS, "script", "conflicts"]);

/**
 * `_delete_by_query`: deletes what the query finds among refreshed documents,
 * unless it changed since.
 *
 * @throws {ElasticError} 400 for a body without query, or with unknown keys.
 */
export function deleteByQuery(
  cluster: Cluster,
  indices: readonly StoredIndex[],
  body: JsonObject,
  options: ByQueryOptions,
): ByQueryAnswer {
  checkKeys(body, DELETE_KEYS);
  if (body.query === undefined) {
    throw new ElasticError(
      400,
      "action_request_validation_exception",
      "Validation Failed: 1: query is missing;",
    );
  }
  return run(cluster, indices, body, {
    ...options,
    counter: "deleted",
    write: (index, document, now) => {
      const guard = { ifSeqNo: document.seqNo, ifPrimaryTerm: 1 };
      index.delete(document.id, { guard, now });
    },
  });
}

/**
 * `_update_by_query` with an assignment script, or none.
 *
 * @throws {ElasticError} 400 for unknown keys or any other script.
 */
export function updateByQuery(
  cluster: Cluster,
  indices: readonly StoredIndex[],
  body: JsonObject,
  options: ByQueryOptions,
): ByQueryAnswer {
  checkKeys(body, UPDATE_KEYS);
  const script = body.script === undefined
    ? (source: JsonObject) => source
    : compileScript(body.script);
  return run(cluster, indices, body, {
    ...options,
    counter: "updated",
    write: (index, document, now) => {
      const source = script(document.source ?? {});
      index.mapping.check(source, document.id);
      const guard = { ifSeqNo: document.seqNo, ifPrimaryTerm: 1 };
      index.write(document.id, source, { guard, now });
    },
  });
}

function checkKeys(body: JsonObject, known: ReadonlySet<string>): void {
  for (const key of Object.keys(body)) {
    if (!known.has(key)) {
      throw new ElasticError(
        400,
        "parsing_exception",
        `Unknown key for a VALUE_STRING in [${key}].`,
        { extra: { line: 1, col: 2 } },
      );
    }
  }
}

function run(
  cluster: Cluster,
  indices: readonly StoredIndex[],
  body: JsonObject,
  { counter, write, ...options }: ByQueryOptions & {
    counter: string;
    write: Write;
  },
): ByQueryAnswer {
  const started = performance.now();
  const now = cluster.now();
  const found = foundBy(indices, body.query, now);
  const limit = Number(body.max_docs ?? options.maxDocs ?? Infinity);
  if (!(limit > 0)) {
    throw illegalArgument("[max_docs] parameter cannot be negative");
  }
  const documents = found.slice(0, limit);
  const conflicts: JsonObject[] = [];
  const failures: JsonObject[] = [];
  let [done, batches] = [0, 0];
  for (let at = 0; at < documents.length; at += options.scrollSize) {
    if (options.conflicts === "abort" && conflicts.length > 0) break;
    if (failures.length > 0) break;
    batches += 1;
    for (
      const [index, document] of documents.slice(at, at + options.scrollSize)
    ) {
      const failure = attempt(write, index, document, now);
      if (failure === undefined) done += 1;
      else (failure.status === 409 ? conflicts : failures).push(failure);
    }
  }
  if (options.refresh) { for (const index of indices) index.refresh(); }
  const shown = options.conflicts === "abort"
    ? [...failures, ...conflicts]
    : failures;
  return {
    status: shown.length === 0 ? 200 : Number(shown[0]?.status ?? 409),
    body: {
      took: Math.round(performance.now() - started),
      timed_out: false,
      total: documents.length,
      ...(counter === "updated" && { updated: done }),
      deleted: counter === "deleted" ? done : 0,
      batches,
      version_conflicts: conflicts.length,
      noops: 0,
      retries: { bulk: 0, search: 0 },
      throttled_millis: 0,
      requests_per_second: -1,
      throttled_until_millis: 0,
      failures: shown,
    },
  };
}

function foundBy(
  indices: readonly StoredIndex[],
  query: unknown,
  now: number,
): [StoredIndex, StoredDocument][] {
  return scopesOf(indices, now).flatMap((scope) =>
    [...matching(scope, query, now)].map((
      document,
    ): [StoredIndex, StoredDocument] => [scope.index, document])
  );
}

function attempt(
  write: Write,
  index: StoredIndex,
  document: StoredDocument,
  now: number,
): JsonObject | undefined {
  try {
    const live = index.get(document.id);
    if (live === undefined) {
      const { id } = document;
      throw versionConflict(
        { id, index: index.name, uuid: index.uuid },
        `required seqNo [${document.seqNo}], primary term [1]. but no ` +
          "document was found",
      );
    }
    write(index, document, now);
    return undefined;
  } catch (error) {
    if (!(error instanceof ElasticError)) throw error;
    return {
      index: index.name,
      id: document.id,
      cause: error.toItem(),
      status: error.status,
    };
  }
}
