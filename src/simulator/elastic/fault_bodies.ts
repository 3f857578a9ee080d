import type { BulkOperation } from "./bulk_request.ts";
import {
  answerBefore,
  type FaultAnswer,
  jsonAnswer,
  STATUS_TEXTS,
} from "../server/fault_bodies.ts";
import { ElasticError } from "./errors.ts";

/** The bulk item errors that `Faults.items()` knows by name. */
export type ItemErrorName =
  | "rejected"
  | "unavailable"
  | "timeout"
  | "forbidden"
  | "flood-stage"
  | "flood-stage-old"
  | "parsing"
  | "strict"
  | "mapping-limit"
  | "no-index";

type Maker = (operation: BulkOperation) => ElasticError;

/** Item errors as real clusters give them. */
export const ITEM_ERRORS: Readonly<Record<ItemErrorName, Maker>> = {
  rejected: () =>
    new ElasticError(
      429,
      "es_rejected_execution_exception",
      "rejected execution of coordinating operation [coordinating_and_primary_" +
        "bytes=0, replica_bytes=0, all_bytes=0, coordinating_operation_bytes=" +
        "108976, max_coordinating_and_primary_bytes=53687091]",
    ),
  unavailable: ({ index }) =>
    new ElasticError(
      503,
      "unavailable_shards_exception",
      `[${index}][0] primary shard is not active Timeout: [1m], request: ` +
        `[BulkShardRequest [[${index}][0]] containing [1] requests]`,
    ),
  timeout: () =>
    new ElasticError(
      503,
      "process_cluster_event_timeout_exception",
      "failed to process cluster event (put-mapping) within 30s",
    ),
  forbidden: ({ index }) =>
    new ElasticError(
      403,
      "security_exception",
      "action [indices:data/write/bulk[s]] is unauthorized for API key id " +
        `[relay-key] of user [elastic] on indices [${index}], this action is ` +
        "granted by the index privileges [create_doc,create,delete,index,write,all]",
    ),
  "flood-stage": ({ index }) => blocked(429, index),
  "flood-stage-old": ({ index }) => blocked(403, index),
  parsing: () =>
    new ElasticError(
      400,
      "document_parsing_exception",
      "[1:20] failed to parse field [threat.indicator.ip] of type [ip]",
      {
        causedBy: {
          type: "illegal_argument_exception",
          reason: "'192.0.2.0/24' is not an IP string literal.",
        },
      },
    ),
  strict: () =>
    new ElasticError(
      400,
      "strict_dynamic_mapping_exception",
      "[1:2] mapping set to strict, dynamic introduction of [stix] within " +
        "[_doc] is not allowed",
    ),
  "mapping-limit": () =>
    new ElasticError(
      400,
      "illegal_argument_exception",
      "Limit of total fields [1000] has been exceeded while adding new fields [1]",
    ),
  "no-index": ({ index }) =>
    new ElasticError(
      404,
      "index_not_found_exception",
      `no such index [${index}]`,
      {
        extra: { index_uuid: "_na_", index },
      },
    ),
};

function blocked(status: number, index: string): ElasticError {
  const what = status === 429 ? "TOO_MANY_REQUESTS/12" : "FORBIDDEN/12";
  return new ElasticError(
    status,
    "cluster_block_exception",
    `index [${index}] blocked by: [${what}/disk usage exceeded flood-stage ` +
      "watermark, index has read-only-allow-delete block];",
  );
}

/** Types and reasons of whole-request errors, by status. */
const ELASTIC_ERRORS: Readonly<Record<number, readonly [string, string]>> = {
  401: [
    "security_exception",
    "unable to authenticate with provided credentials and anonymous access is not allowed for this request",
  ],
  403: [
    "security_exception",
    "action [indices:data/write/bulk] is unauthorized for API key id [relay-key] of user [elastic]",
  ],
  408: ["timeout_exception", "request timed out"],
  429: [
    "es_rejected_execution_exception",
    "rejected execution of coordinating operation",
  ],
  500: ["null_pointer_exception", "Cannot invoke method on a null value"],
  503: [
    "cluster_block_exception",
    "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];",
  ],
};

/** Body of a faulty answer, as Elasticsearch or a proxy before it gives it. */
export function elasticsearchFault(status: number): FaultAnswer {
  const [type, reason] = ELASTIC_ERRORS[status] ??
    ["illegal_argument_exception", "scripted fault"];
  return answerBefore(status) ??
    jsonAnswer(new ElasticError(status, type, reason).toBody());
}

/** Body of a faulty answer, as Kibana or a proxy before it gives it. */
export function kibanaFault(status: number): FaultAnswer {
  if (status === 503) {
    return {
      body: "Kibana server is not ready yet",
      contentType: "text/plain; charset=utf-8",
    };
  }
  const error = STATUS_TEXTS[status] ?? "Error";
  return answerBefore(status) ??
    jsonAnswer({ statusCode: status, error, message: error });
}
