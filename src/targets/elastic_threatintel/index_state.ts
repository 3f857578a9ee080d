import { isRecord } from "../../stix/object.ts";
import type { ElasticClient } from "../_elastic/client.ts";
import { FOREIGN_QUERY } from "../_elastic/index_set_up.ts";

/** What the indices held when this process began. */
export interface IndexState {
  readonly isEmpty: boolean;
  /** They hold documents of the former connector. */
  readonly hasForeign: boolean;
  /** Newest event that is in; a later one cannot be. Milliseconds. */
  readonly newestAt: number;
}

/** Which indices, and how their documents are told apart. */
export interface IndexScope {
  /** All indices of this target, as a pattern. */
  readonly pattern: string;
  /** Whether documents say which entity they belong to; else their id does. */
  readonly hasEntityFields: boolean;
}

/** Looks at all documents behind a pattern. */
export async function readIndexState(
  client: ElasticClient,
  scope: IndexScope,
  signal: AbortSignal,
): Promise<IndexState> {
  const { pattern, hasEntityFields } = scope;
  await client.refresh(pattern, signal);
  const count = await client.readCount(pattern, { match_all: {} }, signal);
  const foreign = count === 0 || !hasEntityFields
    ? 0
    : await client.readCount(pattern, FOREIGN_QUERY, signal);
  return {
    isEmpty: count === 0,
    hasForeign: foreign !== 0,
    newestAt: count === 0 ? 0 : await readNewest(client, scope, signal),
  };
}

async function readNewest(
  client: ElasticClient,
  { pattern, hasEntityFields }: IndexScope,
  signal: AbortSignal,
): Promise<number> {
  const [field, type] = hasEntityFields
    ? ["opencti.event_version", "long"] as const
    : ["@timestamp", "date"] as const;
  const [hit] = await client.search(pattern, {
    size: 1,
    sort: [{ [field]: { order: "desc", unmapped_type: type } }],
    _source: [field],
    track_total_hits: false,
  }, signal);
  const { opencti, "@timestamp": timestamp } = hit?.source ?? {};
  const version = isRecord(opencti) ? opencti.event_version : undefined;
  // A version is the time in milliseconds, times a thousand.
  return typeof version === "number"
    ? version / 1000
    : Date.parse(`${timestamp}`) || 0;
}
