/**
 * Replaces the documents of entities. The far side is the truth: nothing is
 * remembered per entity but a bit that says "written by this process".
 */
import { RejectedError, TransientError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import { isRecord } from "../../stix/object.ts";
import { type BulkOperation, sendOperations } from "./bulk.ts";
import type { ElasticClient } from "./client.ts";
import type { EcsDocument, Json } from "./document.ts";
import {
  FOREIGN_QUERY,
  type IndexSettings,
  type IndexState,
  setUpIndex,
} from "./index_set_up.ts";
import { SeenIds } from "./seen_ids.ts";
import type { Verdict } from "./verdict.ts";

/** Entities per query: far below the limit of 1,024 clauses. */
const ENTITIES_PER_QUERY = 250;
const MAX_HITS = 10_000;

/** What an entity may have beside the documents now given. */
export type Others =
  /** Look for them whatever is known. */
  | "always"
  /** Its documents may have had other ids. */
  | "likely"
  /** It has documents, but only with the ids now given. */
  | "same-ids"
  /** It is new. */
  | "none";

/** The state that an entity's documents have to have. */
export interface EntityWrite {
  /** `opencti_doc_id` of all its documents. */
  readonly docId: string;
  readonly version: number;
  /** Empty: it must have none. */
  readonly documents: readonly EcsDocument[];
  readonly others: Others;
}

/** What became of an entity's documents. */
export type EntityResult =
  | {
    readonly status: "done";
    /** Whether there was something to remove, where none is wanted. */
    readonly removed: boolean;
    /** The far side holds a newer state of the entity, which stays. */
    readonly superseded: boolean;
  }
  | Extract<Verdict, { status: "rejected" | "retry" }>;

const DONE = { status: "done", removed: false, superseded: false } as const;

/** Where and how documents are written. */
export interface WriterOptions extends IndexSettings {
  /** Operations per `_bulk` request. */
  readonly batchSize: number;
}

/** Writes the documents of entities to one index, alias or data stream. */
export class DocumentWriter {
  readonly #client: ElasticClient;
  readonly #options: WriterOptions;
  readonly #log: Log;
  readonly #written = new SeenIds();
  #state: IndexState | undefined;

  constructor(client: ElasticClient, options: WriterOptions, log: Log) {
    this.#client = client;
    this.#options = options;
    this.#log = log;
  }

  /** Makes the index ready and learns what it holds. May run again. */
  setUp(signal: AbortSignal): Promise<IndexState> {
    return this.#setUp(false, signal);
  }

  async #setUp(isStream: boolean, signal: AbortSignal): Promise<IndexState> {
    this.#state = await setUpIndex(this.#client, this.#options, {
      isStream: isStream || this.#state?.mode === "data_stream",
      log: this.#log,
      signal,
    });
    return this.#state;
  }

  /**
   * Looks whether documents of the former connector are left: once they are
   * gone, far fewer events have to look for others.
   */
  async recountForeign(signal: AbortSignal): Promise<void> {
    if (this.#state?.hasForeign !== true) return;
    const { name } = this.#options;
    const count = await this.#client.readCount(name, FOREIGN_QUERY, signal);
    this.#state = { ...this.#state, hasForeign: count !== 0 };
  }

  /**
   * Gives each entity the documents it has to have, and takes away all others
   * that are not newer. In the order of the entities, of which no two are the
   * same.
   *
   * @throws {LoginError | ConfigError} Nothing can be written.
   */
  async write(
    entities: readonly EntityWrite[],
    signal: AbortSignal,
  ): Promise<EntityResult[]> {
    const state = this.#state ?? await this.setUp(signal);
    const results = state.mode === "data_stream"
      ? await this.#append(entities, state, signal)
      : await this.#replace(entities, state, signal);
    for (const { docId, documents } of entities) {
      if (documents.length > 0) this.#written.add(docId);
    }
    await this.#heed(results, signal);
    return results;
  }

  /** An index takes writes over writes: new ones first, then the rest goes. */
  async #replace(
    entities: readonly EntityWrite[],
    state: IndexState,
    signal: AbortSignal,
  ): Promise<EntityResult[]> {
    const results = await this.#send(entities, (document, { version }) => ({
      action: "index",
      index: this.#options.name,
      id: document.id,
      version,
      source: document.source,
    }), signal);
    const concerned = entities.filter((entity, at) =>
      results[at]?.status !== "retry" && this.#hasOthers(entity, state)
    );
    const found = await this.#removeOthers(concerned, true, signal);
    return results.map((result, at) =>
      combined(result, found.get(entities[at]?.docId ?? ""))
    );
  }

  /**
   * A data stream takes only new documents: the old ones go first, and the
   * version is part of the id, so that a repeated event finds itself written.
   */
  async #append(
    entities: readonly EntityWrite[],
    state: IndexState,
    signal: AbortSignal,
  ): Promise<EntityResult[]> {
    const concerned = entities.filter((entity) =>
      this.#hasOthers(entity, state)
    );
    const found = await this.#removeOthers(concerned, false, signal);
    const ready = entities.filter(({ docId }) => {
      const removal = found.get(docId);
      return removal === undefined ||
        (removal.status === "done" && !removal.hasNewer);
    });
    const results = await this.#send(ready, (document, { version }) => ({
      action: "create",
      index: this.#options.name,
      id: `${document.id}-${version}`,
      source: document.source,
    }), signal);
    return entities.map((entity) => {
      const at = ready.indexOf(entity);
      const result = results[at] ?? DONE;
      return combined(result, found.get(entity.docId));
    });
  }

  async #send(
    entities: readonly EntityWrite[],
    toOperation: (
      document: EcsDocument,
      entity: EntityWrite,
    ) => BulkOperation,
    signal: AbortSignal,
  ): Promise<EntityResult[]> {
    const operations = entities.flatMap((entity) =>
      entity.documents.map((document) => toOperation(document, entity))
    );
    const verdicts = await sendOperations(this.#client, operations, {
      maxItems: this.#options.batchSize,
      signal,
    });
    let at = 0;
    return entities.map(({ documents }) => {
      const own = verdicts.slice(at, at += documents.length);
      return worst(own);
    });
  }

  /** Whether an entity may have documents that have to be looked for. */
  #hasOthers({ others, docId }: EntityWrite, state: IndexState): boolean {
    if (others === "always") return true;
    if (state.isEmpty && !this.#written.mayHave(docId)) return false;
    if (others === "likely" || state.hasForeign) return true;
    return others === "same-ids" && state.mode === "data_stream";
  }

  async #removeOthers(
    entities: readonly EntityWrite[],
    keepCurrent: boolean,
    signal: AbortSignal,
  ): Promise<Map<string, Removal>> {
    const found = new Map<string, Removal>();
    if (entities.length === 0) return found;
    try {
      // Queries see only what a refresh has made visible.
      await this.#client.refresh(this.#options.name, signal);
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
    const { name } = this.#options;
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
    await this.#client.deleteByQuery(name, anyOf(clauses), signal);
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
    const hits = await this.#client.search(this.#options.name, {
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

  /** Acts on what verdicts ask for, once for all of them. */
  async #heed(
    results: readonly EntityResult[],
    signal: AbortSignal,
  ): Promise<void> {
    const retries = results.filter((result) => result.status === "retry");
    const refused = retries.find(({ needs }) => needs === "rights");
    if (refused !== undefined) {
      this.#log.error(
        "Elasticsearch refuses writes: grant the key create_index, index, " +
          "delete, read, view_index_metadata and maintenance on the index",
        { index: this.#options.name, reason: refused.reason },
      );
    }
    const isStream = retries.some(({ needs }) => needs === "appending");
    if (isStream || retries.some(({ needs }) => needs === "set-up")) {
      await this.#setUp(isStream, signal);
    }
  }
}

/** What became of the documents an entity is not to have any more. */
type Removal =
  | {
    readonly status: "done";
    /** There were some, as far as they were looked for. */
    readonly isPresent: boolean;
    /** The far side holds a newer state of the entity. */
    readonly hasNewer: boolean;
  }
  | Extract<Verdict, { status: "retry" }>;

function combined(
  result: EntityResult,
  removal: Removal | undefined,
): EntityResult {
  if (result.status !== "done" || removal === undefined) return result;
  return removal.status === "retry" ? removal : {
    status: "done",
    removed: removal.isPresent,
    superseded: result.superseded || removal.hasNewer,
  };
}

/** One verdict for an entity: what has to be tried again comes first. */
function worst(verdicts: readonly Verdict[]): EntityResult {
  const retry = verdicts.find((verdict) => verdict.status === "retry");
  const rejected = verdicts.find((verdict) => verdict.status === "rejected");
  const superseded = verdicts.some(({ status }) => status === "superseded");
  return retry ?? rejected ?? { ...DONE, superseded };
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
