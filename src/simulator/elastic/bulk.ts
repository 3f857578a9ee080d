import type { BulkOperation } from "./bulk_request.ts";
import type { Cluster } from "./cluster.ts";
import { ElasticError, illegalArgument } from "./errors.ts";
import { isObject, type JsonObject } from "./json.ts";
import type { StoredIndex, WriteGuard, WriteResult } from "./stored_index.ts";
import { writeTarget } from "./targets.ts";
import { updatedSource } from "./update.ts";

/** What a fault does to one bulk item. */
export interface ItemFault {
  /** The item's status and error, in place of the write. */
  readonly error?: ElasticError;
  /** The item looks well but the document went to the failure store. */
  readonly failureStore?: string;
}

/** What a bulk run needs beside the operations. */
export interface BulkContext {
  readonly cluster: Cluster;
  readonly refresh: boolean;
  /** @throws {ElasticError} 403 if the user may not write there. */
  authorize(index: string, operation: BulkOperation): void;
  /** The fault meant for this item, if any. */
  faultOf(operation: BulkOperation): ItemFault | undefined;
}

const SHARDS = { total: 2, successful: 1, failed: 0 };

/**
 * Carries out a bulk request and gives its answer, items in request order.
 */
export function runBulk(
  operations: readonly BulkOperation[],
  context: BulkContext,
): JsonObject {
  const started = performance.now();
  const touched = new Set<StoredIndex>();
  let errors = false;
  const items = operations.map((operation) => {
    const item = runItem(operation, context, touched);
    if (item.error !== undefined) errors = true;
    return { [operation.op]: item };
  });
  if (context.refresh) { for (const index of touched) index.refresh(); }
  return { took: Math.round(performance.now() - started), errors, items };
}

function runItem(
  operation: BulkOperation,
  context: BulkContext,
  touched: Set<StoredIndex>,
): JsonObject {
  const id = operation.id ?? newId();
  let indexName = operation.index;
  try {
    const fault = context.faultOf(operation);
    if (fault?.error !== undefined) throw fault.error;
    context.authorize(operation.index, operation);
    if (id === "") {
      throw illegalArgument("if _id is specified it must not be empty");
    }
    const index = writeTarget(context.cluster, operation.index, {
      op: operation.op,
      requireAlias: operation.requireAlias,
      requireDataStream: operation.requireDataStream,
      guarded: operation.ifSeqNo !== undefined,
      external: operation.versionType !== "internal",
    });
    indexName = index.name;
    if (fault?.failureStore !== undefined) {
      return diverted(index, id, fault.failureStore);
    }
    const written = apply(operation, id, index, context.cluster.now());
    touched.add(index);
    return toItem(written, context.refresh);
  } catch (error) {
    if (!(error instanceof ElasticError)) throw error;
    return {
      _index: indexName,
      _id: id,
      status: error.status,
      error: error.toItem(),
    };
  }
}

/** A document that went to the failure store instead of the index. */
function diverted(index: StoredIndex, id: string, how: string): JsonObject {
  return {
    _index: index.name.replace(/^\.ds-/, ".fs-"),
    _id: id,
    _version: 1,
    result: "created",
    _shards: SHARDS,
    _seq_no: 0,
    _primary_term: 1,
    failure_store: how,
    status: 201,
  };
}

function apply(
  operation: BulkOperation,
  id: string,
  index: StoredIndex,
  now: number,
): WriteResult {
  const guard: WriteGuard = {
    create: operation.op === "create",
    version: operation.version,
    versionType: operation.versionType,
    ifSeqNo: operation.ifSeqNo,
    ifPrimaryTerm: operation.ifPrimaryTerm,
  };
  if (operation.op === "delete") return index.delete(id, { guard, now });
  if (operation.op === "update") {
    const body = parseSource(operation.source);
    const source = updatedSource(index, id, body);
    const before = index.get(id);
    if (source === undefined && before !== undefined) {
      return { result: "noop", document: before };
    }
    index.mapping.check(source ?? {}, id);
    return index.write(id, source ?? {}, { guard, now });
  }
  const source = parseSource(operation.source);
  index.mapping.check(source, id, operation.source);
  return index.write(id, source, { guard, now });
}

/**
 * Writes one document outside of a bulk request, by the same rules.
 *
 * @throws {ElasticError} What a bulk item would hold.
 */
export function runSingle(
  operation: BulkOperation,
  context: BulkContext,
): JsonObject {
  const item = runItem(operation, context, new Set());
  const { error, status, ...rest } = item;
  if (!isObject(error)) {
    if (context.refresh) {
      context.cluster.indices.get(String(rest._index))?.refresh();
    }
    return { ...rest, status };
  }
  const { type, reason, caused_by: causedBy, ...extra } = error;
  throw new ElasticError(Number(status), String(type), String(reason), {
    extra,
    ...(isObject(causedBy) && { causedBy }),
  });
}

function parseSource(text: string): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new ElasticError(
      400,
      "document_parsing_exception",
      "[1:1] failed to parse",
      {
        causedBy: {
          type: "json_parse_exception",
          reason: error instanceof Error ? error.message : "",
        },
      },
    );
  }
  if (isObject(parsed)) return parsed;
  throw new ElasticError(
    400,
    "document_parsing_exception",
    "[1:1] Malformed content, must start with an object",
  );
}

function toItem(
  { result, document }: WriteResult,
  refreshed: boolean,
): JsonObject {
  return {
    _index: document.index,
    _id: document.id,
    _version: document.version,
    result,
    ...(refreshed && result !== "noop" && { forced_refresh: true }),
    _shards: SHARDS,
    _seq_no: document.seqNo,
    _primary_term: 1,
    status: result === "created" ? 201 : result === "not_found" ? 404 : 200,
  };
}

const ID_ALPHABET =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return Array.from(bytes, (byte) => ID_ALPHABET[byte & 63]).join("");
}
