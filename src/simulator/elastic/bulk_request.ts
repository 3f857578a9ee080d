import { ElasticError, illegalArgument, validationFailed } from "./errors.ts";
import { isObject, type JsonObject } from "./json.ts";

/** What one operation of a bulk request does. */
export type BulkOp = "index" | "create" | "update" | "delete";

/** One operation of a bulk request, its source not parsed yet. */
export interface BulkOperation {
  readonly op: BulkOp;
  readonly index: string;
  /** Undefined: Elasticsearch makes one. */
  readonly id: string | undefined;
  /** The source line as sent; empty for a delete. */
  readonly source: string;
  readonly version: number | undefined;
  readonly versionType: "internal" | "external" | "external_gte";
  readonly ifSeqNo: number | undefined;
  readonly ifPrimaryTerm: number | undefined;
  readonly requireAlias: boolean;
  readonly requireDataStream: boolean;
}

/** What path and query string say for operations that do not say it. */
export interface BulkDefaults {
  readonly index?: string | undefined;
  readonly requireAlias?: boolean;
  readonly requireDataStream?: boolean;
}

const OPS: ReadonlySet<string> = new Set([
  "index",
  "create",
  "update",
  "delete",
]);
const PARAMETERS = new Set([
  "_index",
  "_id",
  "routing",
  "version",
  "version_type",
  "if_seq_no",
  "if_primary_term",
  "require_alias",
  "require_data_stream",
  "retry_on_conflict",
  "pipeline",
  "dynamic_templates",
  "_source",
]);
const VERSION_TYPES: Readonly<Record<string, BulkOperation["versionType"]>> = {
  internal: "internal",
  external: "external",
  external_gt: "external",
  external_gte: "external_gte",
};
const MAX_ID_BYTES = 512;

/**
 * Reads the NDJSON of a bulk request. Only what is wrong with the request as
 * a whole is an error here; sources are looked at one by one later.
 *
 * @throws {ElasticError} 400 for the whole request.
 * @see {@link https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk}
 */
export function parseBulk(
  text: string,
  defaults: BulkDefaults = {},
): BulkOperation[] {
  if (text === "") {
    throw new ElasticError(400, "parse_exception", "request body is required");
  }
  if (!text.endsWith("\n")) {
    throw illegalArgument(
      "The bulk request must be terminated by a newline [\\n]",
    );
  }
  const operations: BulkOperation[] = [];
  const problems: string[] = [];
  const lines = new Lines(text);
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    if (line.trim() === "") continue;
    const action = parseAction(line, lines.number);
    const source = action.op === "delete" ? "" : lines.next();
    if (source === undefined) {
      problems.push("no requests added");
      break;
    }
    const operation = toOperation(action, source, defaults);
    problems.push(...problemsOf(operation));
    operations.push(operation);
  }
  if (problems.length > 0) throw validationFailed(...problems);
  if (operations.length === 0) throw validationFailed("no requests added");
  return operations;
}

class Lines {
  number = 0;
  #at = 0;
  constructor(readonly text: string) {}

  next(): string | undefined {
    if (this.#at >= this.text.length) return undefined;
    const end = this.text.indexOf("\n", this.#at);
    const line = this.text.slice(this.#at, end);
    this.#at = end + 1;
    this.number += 1;
    return line;
  }
}

interface Action {
  readonly op: BulkOp;
  readonly meta: JsonObject;
}

function parseAction(line: string, number: number): Action {
  const malformed = (why: string) =>
    illegalArgument(`Malformed action/metadata line [${number}], ${why}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw malformed("expected START_OBJECT but found [null]");
  }
  if (!isObject(parsed)) {
    throw malformed(`expected START_OBJECT but found [${tokenOf(parsed)}]`);
  }
  const [op, ...others] = Object.keys(parsed);
  if (op === undefined) {
    throw malformed("expected FIELD_NAME but found [END_OBJECT]");
  }
  if (!OPS.has(op)) {
    throw malformed(
      "expected field [create], [delete], [index] or [update] but found " +
        `[${op}]`,
    );
  }
  if (others.length > 0) {
    throw malformed("expected END_OBJECT but found [FIELD_NAME]");
  }
  const meta = parsed[op];
  if (!isObject(meta)) {
    throw malformed(`expected START_OBJECT but found [${tokenOf(meta)}]`);
  }
  for (const key in meta) {
    if (PARAMETERS.has(key)) continue;
    throw illegalArgument(
      `Action/metadata line [${number}] contains an unknown parameter [${key}]`,
    );
  }
  return { op: op as BulkOp, meta };
}

function tokenOf(value: unknown): string {
  if (Array.isArray(value)) return "START_ARRAY";
  if (value === null) return "VALUE_NULL";
  return typeof value === "string" ? "VALUE_STRING" : "VALUE_NUMBER";
}

function toOperation(
  { op, meta }: Action,
  source: string,
  defaults: BulkDefaults,
): BulkOperation {
  const versionType = VERSION_TYPES[String(meta.version_type ?? "internal")];
  if (versionType === undefined) {
    throw illegalArgument(`No version type match [${meta.version_type}]`);
  }
  return {
    op,
    index: meta._index === undefined
      ? (defaults.index ?? "")
      : String(meta._index),
    id: meta._id === undefined || meta._id === null
      ? undefined
      : String(meta._id),
    source,
    version: toInteger(meta.version, "version"),
    versionType,
    ifSeqNo: toInteger(meta.if_seq_no, "if_seq_no"),
    ifPrimaryTerm: toInteger(meta.if_primary_term, "if_primary_term"),
    requireAlias: meta.require_alias === undefined
      ? (defaults.requireAlias ?? false)
      : meta.require_alias === true,
    requireDataStream: meta.require_data_stream === undefined
      ? (defaults.requireDataStream ?? false)
      : meta.require_data_stream === true,
  };
}

function toInteger(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isSafeInteger(number) && value !== "") return number;
  throw illegalArgument(`failed to parse parameter [${name}]: [${value}]`);
}

function problemsOf(operation: BulkOperation): string[] {
  const { op, index, id, version, versionType, ifSeqNo, ifPrimaryTerm } =
    operation;
  const problems: string[] = [];
  if (index === "") problems.push("index is missing");
  if (id === undefined && (op === "update" || op === "delete")) {
    problems.push("id is missing");
  }
  if (
    op === "create" && (versionType !== "internal" || version !== undefined)
  ) {
    problems.push(
      "create operations only support internal versioning. use index instead",
    );
  } else if (versionType === "internal" && version !== undefined) {
    problems.push(
      "internal versioning can not be used for optimistic concurrency " +
        "control. Please use `if_seq_no` and `if_primary_term` instead",
    );
  } else if (versionType !== "internal" && version === undefined) {
    problems.push(
      `illegal version value [-3] for version type [${versionType.toUpperCase()}]`,
    );
  } else if (version !== undefined && version < 0) {
    problems.push(
      `illegal version value [${version}] for version type ` +
        `[${versionType.toUpperCase()}]`,
    );
  } else if (id === undefined && version !== undefined) {
    problems.push("an id must be provided if version type or value are set");
  }
  if ((ifSeqNo === undefined) !== (ifPrimaryTerm === undefined)) {
    problems.push(
      ifSeqNo === undefined
        ? "ifSeqNo is unassigned, but primary term is " + `[${ifPrimaryTerm}]`
        : `ifSeqNo is set to [${ifSeqNo}], but primary term is [0]`,
    );
  }
  const bytes = id === undefined || id.length * 3 <= MAX_ID_BYTES
    ? 0
    : new TextEncoder().encode(id).length;
  if (bytes > MAX_ID_BYTES) {
    problems.push(
      `id [${id}] is too long, must be no longer than 512 bytes but was: ` +
        bytes,
    );
  }
  return problems;
}
