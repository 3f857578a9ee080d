import type { JsonObject } from "./json.ts";

/** What an Elasticsearch error carries beside status, type and reason. */
export interface ElasticErrorOptions {
  /** Members beside type and reason: `index`, `index_uuid`, `header`. */
  extra?: JsonObject;
  causedBy?: JsonObject;
  /** Response headers. */
  headers?: Record<string, string>;
}

/** An error as Elasticsearch answers it, for a request or for a bulk item. */
export class ElasticError extends Error {
  override name = "ElasticError";
  readonly status: number;
  readonly type: string;
  readonly extra: JsonObject;
  readonly causedBy: JsonObject | undefined;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    type: string,
    reason: string,
    options: ElasticErrorOptions = {},
  ) {
    super(reason);
    this.status = status;
    this.type = type;
    this.extra = options.extra ?? {};
    this.causedBy = options.causedBy;
    this.headers = options.headers ?? {};
  }

  /** The `error` object of a bulk item or of `caused_by`. */
  toItem(): JsonObject {
    const item = { type: this.type, reason: this.message, ...this.extra };
    return this.causedBy === undefined
      ? item
      : { ...item, caused_by: this.causedBy };
  }

  /** The body of a whole answer. */
  toBody(): JsonObject {
    const root = { type: this.type, reason: this.message, ...this.extra };
    return {
      error: { root_cause: [root], ...this.toItem() },
      status: this.status,
    };
  }
}

/** 400 with one of the common types. */
export function illegalArgument(reason: string): ElasticError {
  return new ElasticError(400, "illegal_argument_exception", reason);
}

/** 400 `action_request_validation_exception`; problems are numbered. */
export function validationFailed(...problems: string[]): ElasticError {
  const list = problems.map((text, at) => `${at + 1}: ${text};`).join("");
  return new ElasticError(
    400,
    "action_request_validation_exception",
    `Validation Failed: ${list}`,
  );
}

/** 404 `index_not_found_exception`. */
export function indexNotFound(name: string, why?: string): ElasticError {
  const reason = `no such index [${name}]${why === undefined ? "" : why}`;
  return new ElasticError(404, "index_not_found_exception", reason, {
    extra: {
      "resource.type": "index_or_alias",
      "resource.id": name,
      index_uuid: "_na_",
      index: name,
    },
  });
}

/** 409 `version_conflict_engine_exception` of one document. */
export function versionConflict(
  document: { id: string; index: string; uuid: string },
  why: string,
): ElasticError {
  return new ElasticError(
    409,
    "version_conflict_engine_exception",
    `[${document.id}]: version conflict, ${why}`,
    {
      extra: { index_uuid: document.uuid, shard: "0", index: document.index },
    },
  );
}
