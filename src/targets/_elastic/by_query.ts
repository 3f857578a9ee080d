/** `_delete_by_query` and `_update_by_query`. */
import type { Client } from "@elastic/elasticsearch";
import { TransientError } from "../../errors.ts";
import { countOf, list, reasonOf, record } from "./answer.ts";
import { type CallOptions, type ElasticCalls, SLOW_RETRY_MS } from "./calls.ts";
import type { Json } from "./document.ts";

/** They work through many documents. */
const BY_QUERY_TIMEOUT_MS = 120_000;
const MAX_CONFLICT_ROUNDS = 5;

/** What is changed by query, and where. */
export interface ByQuery {
  readonly calls: ElasticCalls;
  readonly index: string;
  readonly verb: "delete" | "update";
  /** Makes visible what changed meanwhile. */
  refresh(): Promise<void>;
}

/**
 * Runs the call, and again after a refresh while documents changed under it.
 *
 * @returns How many documents were changed.
 * @throws {TransientError} Refused, failed, or they keep changing.
 */
export async function runByQuery(
  { calls, index, verb, refresh }: ByQuery,
  run: (
    client: Client,
    options: CallOptions & { requestTimeout: number },
  ) => Promise<unknown>,
  signal: AbortSignal,
): Promise<number> {
  let done = 0;
  for (let round = 0; round < MAX_CONFLICT_ROUNDS; round++) {
    const answer = await calls.call(
      (client, options) =>
        run(client, { ...options, requestTimeout: BY_QUERY_TIMEOUT_MS }),
      [403, 404],
      signal,
    );
    const right = verb === "delete" ? "delete" : "index";
    calls.allow(answer, `${verb} by query`, `${right}, read or maintenance`);
    const result = record(answer.body);
    done += countOf(result[`${verb}d`]);
    assertNoFailures(result, `${verb} documents in "${index}"`);
    if (countOf(result.version_conflicts) === 0) return done;
    await refresh();
  }
  throw new TransientError(
    `Cannot ${verb} documents in "${index}": they keep changing`,
  );
}

function assertNoFailures(result: Json, what: string): void {
  const [failure] = list(result.failures);
  if (failure === undefined && result.timed_out !== true) return;
  const found = record(failure);
  const reason = reasonOf({
    error: found.cause ?? found.reason ?? "timed out",
  });
  throw new TransientError(`Cannot ${what}: ${reason}`, {
    status: countOf(found.status) || undefined,
    retryAfterMs: found.status === 403 ? SLOW_RETRY_MS : undefined,
  });
}
