import { isRecord } from "../../stix/object.ts";
import type { ElasticClient } from "./client.ts";

/** Ids per query: far below the limit of 1,024 clauses. */
const IDS_PER_QUERY = 500;
const MAX_HITS = 10_000;

/**
 * The highest version that entities have in an index, by `opencti_doc_id`: of
 * the document as Elasticsearch counts it, or in its field. A document that
 * somebody edited counts on from its former version.
 */
export async function newestVersions(
  elastic: ElasticClient,
  index: string,
  docIds: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const newest = new Map<string, number>();
  if (docIds.length === 0) return newest;
  await elastic.refresh(index, signal);
  for (let at = 0; at < docIds.length; at += IDS_PER_QUERY) {
    const hits = await elastic.search(index, {
      query: {
        terms: { opencti_doc_id: docIds.slice(at, at + IDS_PER_QUERY) },
      },
      size: MAX_HITS,
      version: true,
      _source: ["opencti_doc_id", "opencti.event_version"],
      track_total_hits: false,
    }, signal);
    for (const { source, version } of hits) {
      const docId = `${source.opencti_doc_id}`;
      const { event_version: field } = isRecord(source.opencti)
        ? source.opencti
        : {};
      const highest = Math.max(
        newest.get(docId) ?? 0,
        version,
        typeof field === "number" && Number.isSafeInteger(field) ? field : 0,
      );
      newest.set(docId, highest);
    }
  }
  return newest;
}
