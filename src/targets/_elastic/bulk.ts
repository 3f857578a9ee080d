/** Many operations → few `_bulk` requests, and a verdict for each. */
import { ConfigError, TransientError } from "../../errors.ts";
import { isRecord } from "../../stix/object.ts";
import { reasonOf } from "./answer.ts";
import { SLOW_RETRY_MS } from "./calls.ts";
import type { ElasticClient } from "./client.ts";
import type { Json } from "./document.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

const MAX_REQUEST_BYTES = 5_000_000;
/** Requests under way at once: more only makes the cluster answer 429. */
const CONCURRENCY = 3;
/** Field that a document can do without when it is too large. */
const SPARE_FIELD = "stix";

/** One line pair of a `_bulk` body. No two in a call name the same document. */
export interface BulkOperation {
  readonly action: "index" | "create" | "delete";
  readonly index: string;
  readonly id: string;
  /** External version: an older write never replaces a newer one. */
  readonly version?: number | undefined;
  /** The name must be an alias: nothing may create an index of that name. */
  readonly requireAlias?: boolean | undefined;
  /** Absent for a delete. */
  readonly source?: Json | undefined;
}

/** How operations are sent. */
export interface BulkOptions {
  /** Operations per request, at most. */
  readonly maxItems: number;
  /** Bytes per request, at most; a larger operation goes alone. */
  readonly maxBytes?: number;
  readonly signal: AbortSignal;
}

/** An operation, its place in the call, and its lines. */
interface Packed {
  readonly operation: BulkOperation;
  readonly place: number;
  readonly bytes: Uint8Array;
}

/**
 * Sends operations and says what became of each, in the same order.
 *
 * A request that is too large is halved; one that is refused as a whole is
 * halved until the operation at fault is alone. A document too large by itself
 * is tried without its raw copy. After a request that failed for now, nothing
 * more is sent and the rest is to be retried.
 *
 * @throws {LoginError | ConfigError} No operation can succeed.
 */
export async function sendOperations(
  client: ElasticClient,
  operations: readonly BulkOperation[],
  options: BulkOptions,
): Promise<Verdict[]> {
  const job: Job = { client, options, verdicts: [], pause: undefined };
  const requests = packed(operations, options);
  const workers = Array.from({ length: CONCURRENCY }, async () => {
    for (const request of requests) await sendRequest(job, request);
  });
  const ends = await Promise.allSettled(workers);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return Array.from(job.verdicts);
}

interface Job {
  readonly client: ElasticClient;
  readonly options: BulkOptions;
  readonly verdicts: Verdict[];
  /** Set once the cluster asked for patience. */
  pause: Verdict | undefined;
}

/** Fills requests in order; each is built when a worker is free for it. */
function* packed(
  operations: readonly BulkOperation[],
  { maxItems, maxBytes = MAX_REQUEST_BYTES }: BulkOptions,
): Generator<Packed[]> {
  let request: Packed[] = [];
  let size = 0;
  for (const [place, operation] of operations.entries()) {
    const bytes = linesOf(operation);
    const isFull = request.length >= maxItems ||
      size + bytes.length > maxBytes;
    if (isFull && request.length > 0) {
      yield request;
      request = [];
      size = 0;
    }
    request.push({ operation, place, bytes });
    size += bytes.length;
  }
  if (request.length > 0) yield request;
}

const encoder = new TextEncoder();

function linesOf(operation: BulkOperation): Uint8Array {
  const { action, index, id, version, requireAlias, source } = operation;
  const head = {
    [action]: {
      _index: index,
      _id: id,
      ...(version === undefined
        ? {}
        : { version, version_type: "external_gte" }),
      ...(requireAlias ? { require_alias: true } : {}),
    },
  };
  const lines = source === undefined ? [head] : [head, source];
  return encoder.encode(
    lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
  );
}

async function sendRequest(
  job: Job,
  request: readonly Packed[],
): Promise<void> {
  if (job.pause !== undefined) return settle(job, request, job.pause);
  try {
    const { client, options: { signal } } = job;
    const answer = await client.sendBulk(joined(request), signal);
    switch (answer.status) {
      case 400:
      case 413:
        return await divide(job, request, answer.status, bodyOf(answer.text));
      case 403:
        return settle(job, request, {
          status: "retry",
          reason: reasonOf(bodyOf(answer.text)),
          afterMs: SLOW_RETRY_MS,
          needs: "rights",
        });
      case 404:
        throw new ConfigError(
          'Elasticsearch knows no "_bulk": the configured address leads to ' +
            "another server",
        );
      default:
        readItems(job, request, answer.json());
    }
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
    job.pause = {
      status: "retry",
      reason: error.message,
      afterMs: error.retryAfterMs,
    };
    settle(job, request, job.pause);
  }
}

function readItems(
  job: Job,
  request: readonly Packed[],
  answer: unknown,
): void {
  const items = isRecord(answer) && Array.isArray(answer.items)
    ? answer.items
    : [];
  if (items.length !== request.length) {
    throw new TransientError(
      `Elasticsearch answers ${items.length} items to ${request.length} ` +
        "operations",
    );
  }
  // [spec] Items come back in the order of the operations.
  for (const [at, { place }] of request.entries()) {
    job.verdicts[place] = verdictOf(items[at]);
  }
}

/** Halves a refused request; alone, an operation gets its verdict. */
async function divide(
  job: Job,
  request: readonly Packed[],
  status: number,
  body: unknown,
): Promise<void> {
  const [first] = request;
  if (request.length > 1) {
    const middle = Math.ceil(request.length / 2);
    await sendRequest(job, request.slice(0, middle));
    await sendRequest(job, request.slice(middle));
  } else if (status === 413 && first?.operation.source?.[SPARE_FIELD]) {
    await sendRequest(job, [lightened(first)]);
  } else {
    settle(job, request, {
      status: "rejected",
      reason: status === 413
        ? "the document is larger than the cluster takes in one request"
        : reasonOf(body),
      httpStatus: status,
    });
  }
}

function lightened({ operation, place }: Packed): Packed {
  const { [SPARE_FIELD]: _spare, ...source } = operation.source ?? {};
  const light = { ...operation, source };
  return { operation: light, place, bytes: linesOf(light) };
}

function settle(job: Job, request: readonly Packed[], verdict: Verdict): void {
  for (const { place } of request) job.verdicts[place] = verdict;
}

function joined(request: readonly Packed[]): Uint8Array<ArrayBuffer> {
  const size = request.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const body = new Uint8Array(size);
  let at = 0;
  for (const { bytes } of request) {
    body.set(bytes, at);
    at += bytes.length;
  }
  return body;
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { error: text };
  }
}
