/**
 * Replaces the documents of entities. The far side is the truth: nothing is
 * remembered per entity but a bit that says "written by this process".
 */
import type { Log } from "../../observability/log.ts";
import { type BulkOperation, sendOperations } from "./bulk.ts";
import type { ElasticClient } from "./client.ts";
import type { EcsDocument } from "./document.ts";
import type { EntityResult, EntityWrite } from "./entity_write.ts";
import {
  FOREIGN_QUERY,
  type IndexSettings,
  type IndexState,
  setUpIndex,
} from "./index_set_up.ts";
import { OtherDocuments, type Removal } from "./other_documents.ts";
import { SeenIds } from "./seen_ids.ts";
import type { Verdict } from "./verdict.ts";

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
  readonly #others: OtherDocuments;
  readonly #log: Log;
  readonly #written = new SeenIds();
  #state: IndexState | undefined;

  constructor(client: ElasticClient, options: WriterOptions, log: Log) {
    this.#client = client;
    this.#options = options;
    this.#others = new OtherDocuments(client, options.name);
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
    const found = await this.#others.remove(concerned, true, signal);
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
    const found = await this.#others.remove(concerned, false, signal);
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
