/** The documents that an entity has beside those it has to have. */
import { RejectedError, TransientError } from "../../errors.ts";
import { isRecord } from "../../stix/object.ts";
import type { ElasticClient } from "./client.ts";
import type { Json } from "./document.ts";
import type { EntityWrite } from "./entity_write.ts";
import type { Verdict } from "./verdict.ts";

/** Entities per query: far below the limit of 1,024 clauses. */
const ENTITIES_PER_QUERY = 250;
const MAX_HITS = 10_000;

/** What became of the documents an entity is not to have any more. */
export type Removal =
  | {
    readonly status: "done";
    /** There were some, as far as they were looked for. */
    readonly isPresent: boolean;
    /** The far side holds a newer state of the entity. */
    readonly hasNewer: boolean;
  }
  | Extract<Verdict, { status: "retry" }>;

/** Finds and removes such documents in one index, alias or data stream. */
export class OtherDocuments {
  readonly #client: ElasticClient;
  readonly #index: string;

  constructor(client: ElasticClient, index: string) {
    this.#client = client;
    this.#index = index;
  }

  /**
   * Removes what entities are not to have any more, by id of the entity.
   *
   * @param keepCurrent The documents now given stay.
   */
  async remove(
    entities: readonly EntityWrite[],
    keepCurrent: boolean,
    signal: AbortSignal,
  ): Promise<Map<string, Removal>> {
    const found = new Map<string, Removal>();
    if (entities.length === 0) return found;
    try {
      // Queries see only what a refresh has made visible.
      await this.#client.refresh(this.#index, signal);
      for (let at = 0; at < entities.length; at += ENTITIES_PER_QUERY) {
        const chunk = entities.slice(at, at + ENTITIES_PER_QUERY);
        await this.#removeChunk(chunk, keepCurrent, found, signal);
      }
    } catch (error) {
      const verdict = toRetry(error);
      for (const { docId } of entities) {
        if (!found.has(docId)) found.set(docId, verdict);
      }
    }
    return found;
  }

  async #removeChunk(
    entities: readonly EntityWrite[],
    keepCurrent: boolean,
    found: Map<string, Removal>,
    signal: AbortSignal,
  ): Promise<void> {
    const stored = await this.#readStored(entities, signal);
    const removals = new Map<string, Removal>();
    const clauses = entities.map((entity) => {
      const versions = stored.get(entity.docId) ?? [];
      const hasNewer = versions.some((version) => version > entity.version);
      const isPresent = versions.some((version) => version <= entity.version);
      removals.set(entity.docId, { status: "done", isPresent, hasNewer });
      // Where something newer is stored, what was just written is old too.
      return othersOf(entity, keepCurrent && !hasNewer);
    });
    await this.#client.deleteByQuery(this.#index, anyOf(clauses), signal);
    for (const [docId, removal] of removals) found.set(docId, removal);
  }

  /**
   * Versions of the stored documents that matter: the newer ones, and all of
   * an entity that is to have none. Foreign documents count as version 0.
   */
  async #readStored(
    entities: readonly EntityWrite[],
    signal: AbortSignal,
  ): Promise<Map<string, number[]>> {
    const clauses = entities.map(({ docId, version, documents }) =>
      allOf([
        { term: { opencti_doc_id: docId } },
        ...(documents.length === 0
          ? []
          : [{ range: { "opencti.event_version": { gt: version } } }]),
      ])
    );
    const hits = await this.#client.search(this.#index, {
      query: anyOf(clauses),
      size: MAX_HITS,
      _source: ["opencti_doc_id", "opencti.event_version"],
      track_total_hits: false,
    }, signal);
    const stored = new Map<string, number[]>();
    for (const { source } of hits) {
      const docId = `${source.opencti_doc_id}`;
      const { event_version: version } = isRecord(source.opencti)
        ? source.opencti
        : {};
      const versions = stored.get(docId) ?? [];
      versions.push(typeof version === "number" ? version : 0);
      stored.set(docId, versions);
    }
    return stored;
  }
}

/** The entity's documents up to its version, without the current ones. */
function othersOf(entity: EntityWrite, keepCurrent: boolean): Json {
  const { docId, version, documents } = entity;
  const values = documents.map(({ id }) => id);
  return allOf([
    { term: { opencti_doc_id: docId } },
    anyOf([
      { range: { "opencti.event_version": { lte: version } } },
      { bool: { must_not: [{ exists: { field: "opencti.event_version" } }] } },
    ]),
  ], keepCurrent && values.length > 0 ? [{ ids: { values } }] : []);
}

function allOf(filter: Json[], mustNot: Json[] = []): Json {
  const without = mustNot.length === 0 ? {} : { must_not: mustNot };
  return { bool: { filter, ...without } };
}

function anyOf(should: Json[]): Json {
  return { bool: { should, minimum_should_match: 1 } };
}

function toRetry(error: unknown): Extract<Verdict, { status: "retry" }> {
  if (error instanceof TransientError) {
    return {
      status: "retry",
      reason: error.message,
      afterMs: error.retryAfterMs,
    };
  }
  // A query of ours that the cluster refuses says nothing about an entity.
  if (error instanceof RejectedError) {
    return { status: "retry", reason: error.message };
  }
  throw error;
}
