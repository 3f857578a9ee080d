/** Removes documents whose time is over: expiry sends no event. */
import type { ElasticClient } from "./client.ts";
import type { Json } from "./document.ts";

/** Documents changed per call, so that no call outlasts its time limit. */
export const MAX_CHANGES = 10_000;

/** The documents that are expired at a time, milliseconds since 1970. */
export function expiredAt(now: number): Json {
  const lte = new Date(now).toISOString();
  return { range: { "opencti.expires_at": { lte } } };
}

/**
 * Deletes the documents that a query of `expiredAt()` finds, which are those
 * that a refresh has made visible.
 *
 * @returns How many.
 */
export async function deleteExpired(
  elastic: ElasticClient,
  index: string,
  expired: Json,
  signal: AbortSignal,
): Promise<number> {
  let removed = 0;
  for (let last = MAX_CHANGES; last >= MAX_CHANGES;) {
    last = await elastic.deleteByQuery(index, expired, signal, MAX_CHANGES);
    removed += last;
  }
  return removed;
}
