/** Work that no event asks for: expiry, and keeping documents fresh. */
import { sleep } from "../../backoff.ts";
import { isRecord, text } from "../../stix/object.ts";
import type { ElasticClient } from "../_elastic/client.ts";
import type { Json } from "../_elastic/document.ts";
import type { DocumentWriter } from "../_elastic/document_writer.ts";
import { deleteExpired, expiredAt, MAX_CHANGES } from "../_elastic/expiry.ts";
import type { RuleKeeper } from "./rule_keeper.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Elastic's prebuilt match rules read documents of the last 30 days. */
const STALE_AFTER_DAYS = 20;
/** Expired rule documents read at once. */
const PAGE_SIZE = 1000;

/** What upkeep works on. */
export interface Upkeep {
  readonly elastic: ElasticClient;
  readonly index: string;
  readonly writer: DocumentWriter;
  /** Absent: there are no rules. */
  readonly rules: RuleKeeper | undefined;
  /** Whether old documents get a new `@timestamp`. */
  readonly refreshTimestamps: boolean;
  now(): number;
}

/**
 * Removes what expired, now and every hour, and refreshes documents, now and
 * every day, until `signal` is aborted. Expiry by time alone sends no event.
 */
export async function keepUp(
  upkeep: Upkeep,
  signal: AbortSignal,
): Promise<void> {
  try {
    await keepUpForever(upkeep, signal);
  } catch (error) {
    // Being stopped in the middle of a call is a proper end.
    if (!signal.aborted) throw error;
  }
}

async function keepUpForever(
  upkeep: Upkeep,
  signal: AbortSignal,
): Promise<void> {
  let refreshedAt = -Infinity;
  while (!signal.aborted) {
    await purgeExpired(upkeep, signal);
    await upkeep.writer.recountForeign(signal);
    if (upkeep.refreshTimestamps && upkeep.now() - refreshedAt >= DAY_MS) {
      refreshedAt = upkeep.now();
      await refreshTimestamps(upkeep, signal);
    }
    await sleep(HOUR_MS, signal).catch(() => {});
  }
}

/**
 * Switches off the rules of expired indicators, then removes the documents.
 *
 * @returns How many documents were removed.
 */
async function purgeExpired(
  upkeep: Upkeep,
  signal: AbortSignal,
): Promise<number> {
  const { elastic, index } = upkeep;
  const expired = expiredAt(upkeep.now());
  await elastic.refresh(index, signal);
  const removed = await disableExpiredRules(upkeep, expired, signal);
  return removed + await deleteExpired(elastic, index, expired, signal);
}

async function disableExpiredRules(
  { elastic, index, rules, now }: Upkeep,
  expired: Json,
  signal: AbortSignal,
): Promise<number> {
  if (rules === undefined) return 0;
  let removed = 0;
  const isQuery = { term: { "threat.indicator.type": "query" } };
  for (let found = PAGE_SIZE; found >= PAGE_SIZE;) {
    const hits = await elastic.search(index, {
      query: { bool: { filter: [expired, isQuery] } },
      size: PAGE_SIZE,
      _source: ["opencti.internal_id"],
      track_total_hits: false,
    }, signal);
    found = hits.length;
    for (const { source } of hits) {
      const { internal_id: id } = isRecord(source.opencti)
        ? source.opencti
        : {};
      const platformId = text(id);
      if (platformId === undefined) continue;
      await rules.expire(platformId, now(), signal);
    }
    // Only those whose rule is off: the next page starts where they were.
    const values = hits.map(({ id }) => id);
    if (values.length === 0) break;
    const query = { bool: { filter: [expired, { ids: { values } }] } };
    removed += await elastic.deleteByQuery(index, query, signal);
  }
  return removed;
}

/**
 * Gives documents that get too old for match rules the present as
 * `@timestamp`. Raises `_version` by one, which no event version notices.
 *
 * @returns How many documents were changed.
 */
async function refreshTimestamps(
  { elastic, index, now }: Upkeep,
  signal: AbortSignal,
): Promise<number> {
  const at = now();
  const before = new Date(at - STALE_AFTER_DAYS * DAY_MS).toISOString();
  let changed = 0;
  for (let last = MAX_CHANGES; last >= MAX_CHANGES;) {
    last = await elastic.updateByQuery(index, {
      query: {
        bool: {
          filter: [
            { range: { "@timestamp": { lt: before } } },
            { exists: { field: "opencti.event_version" } },
          ],
        },
      },
      script: {
        lang: "painless",
        source: "ctx._source['@timestamp'] = params.now",
        params: { now: new Date(at).toISOString() },
      },
      max_docs: MAX_CHANGES,
    }, signal);
    changed += last;
  }
  return changed;
}
