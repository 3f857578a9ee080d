/**
 * Writes the documents of entities where they live. Documents of an entity may
 * lie in any index of a pattern: behind an alias that rolled over, or in the
 * index of another day. They are looked for and replaced there, so that there
 * is never a second copy. The far side is the truth: nothing is remembered per
 * entity but a bit that says "written by this process".
 */
import type { Log } from "../../observability/log.ts";
import { isRecord, text } from "../../stix/object.ts";
import { type BulkOperation, sendOperations } from "../_elastic/bulk.ts";
import type { ElasticClient, Hit } from "../_elastic/client.ts";
import {
  type EcsDocument,
  entityDocId,
  type Json,
} from "../_elastic/document.ts";
import type { EntityResult } from "../_elastic/entity_write.ts";
import { SeenIds } from "../_elastic/seen_ids.ts";
import type { Verdict } from "../_elastic/verdict.ts";
import {
  type IndexScope,
  type IndexState,
  readIndexState,
} from "./index_state.ts";

/** Entities per query: far below the limit of 1,024 clauses. */
const ENTITIES_PER_QUERY = 250;
const MAX_HITS = 10_000;
/** Operations per `_bulk` request. */
const BATCH_SIZE = 500;

/** The state that an entity's documents have to have. */
export interface PlacedWrite {
  /** The platform's id of the entity. */
  readonly internalId: string;
  readonly version: number;
  /** Of the event, milliseconds since 1970. */
  readonly at: number;
  /** Empty: it must have none. */
  readonly documents: readonly EcsDocument[];
  /** The platform has just made it. */
  readonly isNew: boolean;
}

/** Where documents are. */
export interface Places extends IndexScope {
  /** Where a document of that time goes that is nowhere yet. */
  newPlace(at: number): { index: string; requireAlias: boolean };
  /** Makes ready what a write needs, such as the index it names. */
  setUp(missing: readonly string[], signal: AbortSignal): Promise<void>;
}

/** Writes documents to their places. */
export class PlacedWriter {
  readonly #client: ElasticClient;
  readonly #places: Places;
  readonly #log: Log;
  readonly #written = new SeenIds();
  #state: IndexState | undefined;

  constructor(client: ElasticClient, places: Places, log: Log) {
    this.#client = client;
    this.#places = places;
    this.#log = log;
  }

  /** Makes the indices ready and learns what they hold. May run again. */
  async setUp(
    signal: AbortSignal,
    missing: readonly string[] = [],
  ): Promise<void> {
    await this.#places.setUp(missing, signal);
    this.#state ??= await readIndexState(this.#client, this.#places, signal);
  }

  /**
   * Gives each entity the documents it has to have, and takes away all others
   * that are not newer. In the order of the entities, of which no two are the
   * same.
   *
   * @param options `overNewer`: replaces also what counts as newer, such as
   *   what somebody edited.
   * @throws {LoginError | ConfigError} Nothing can be written.
   */
  async write(
    entities: readonly PlacedWrite[],
    signal: AbortSignal,
    { overNewer = false }: { overNewer?: boolean } = {},
  ): Promise<EntityResult[]> {
    if (this.#state === undefined) await this.setUp(signal);
    const known = overNewer
      ? entities
      : entities.filter((entity) => this.#mayHave(entity));
    const stored = await this.#find(known, signal);
    const jobs = entities.map((entity) => {
      const hits = stored.get(entity.internalId) ?? [];
      return this.#toJob(overNewer ? raised(entity, hits) : entity, hits);
    });
    for (const { internalId } of entities) {
      this.#written.add(entityDocId(internalId));
    }
    const operations = jobs.flatMap((job) => job.operations);
    const verdicts = await sendOperations(this.#client, operations, {
      maxItems: BATCH_SIZE,
      signal,
    });
    await this.#heed(operations, verdicts, signal);
    let at = 0;
    return jobs.map((job) =>
      toResult(job, verdicts.slice(at, at += job.operations.length))
    );
  }

  /** Whether an entity may have documents already. */
  #mayHave({ internalId, isNew, at }: PlacedWrite): boolean {
    if (this.#written.mayHave(entityDocId(internalId))) return true;
    const { isEmpty, hasForeign, newestAt } = this.#state as IndexState;
    if (isEmpty) return false;
    return !isNew || hasForeign || at <= newestAt;
  }

  /** The stored documents of entities, by the platform's id. */
  async #find(
    entities: readonly PlacedWrite[],
    signal: AbortSignal,
  ): Promise<Map<string, Hit[]>> {
    const found = new Map<string, Hit[]>();
    if (entities.length === 0) return found;
    // Queries see only what a refresh has made visible.
    await this.#client.refresh(this.#places.pattern, signal);
    const ids = entities.map(({ internalId }) => internalId);
    for (let at = 0; at < ids.length; at += ENTITIES_PER_QUERY) {
      const chunk = ids.slice(at, at + ENTITIES_PER_QUERY);
      for (const hit of await this.#search(chunk, signal)) {
        const id = entityOf(hit);
        const hits = found.get(id) ?? [];
        hits.push(hit);
        found.set(id, hits);
      }
    }
    return found;
  }

  async #search(ids: readonly string[], signal: AbortSignal): Promise<Hit[]> {
    const hits = await this.#client.search(this.#places.pattern, {
      query: this.#queryOf(ids),
      size: MAX_HITS,
      version: true,
      _source: ["opencti.internal_id", "threatintel.opencti.internal_id"],
      track_total_hits: false,
    }, signal);
    if (hits.length < MAX_HITS || ids.length === 1) return hits;
    const middle = Math.ceil(ids.length / 2);
    return [
      ...await this.#search(ids.slice(0, middle), signal),
      ...await this.#search(ids.slice(middle), signal),
    ];
  }

  #queryOf(values: readonly string[]): Json {
    const should: Json[] = [{ ids: { values } }];
    if (this.#places.hasEntityFields) {
      should.push(
        { terms: { "opencti.internal_id": values } },
        // The former connector's, and those that other hands wrote like it.
        { terms: { "threatintel.opencti.internal_id": values } },
      );
    }
    return { bool: { should, minimum_should_match: 1 } };
  }

  #toJob(entity: PlacedWrite, stored: readonly Hit[]): Job {
    const { version, documents, at } = entity;
    // Where something newer is stored, what is given here is old too.
    const hasNewer = stored.some((hit) => hit.version > version);
    const kept = new Set<Hit>();
    const writes = hasNewer ? [] : documents.map((document): BulkOperation => {
      const home = newest(stored.filter(({ id }) => id === document.id));
      if (home !== undefined) kept.add(home);
      const { index, requireAlias } = home === undefined
        ? this.#places.newPlace(at)
        : { index: home.index, requireAlias: false };
      return {
        action: "index",
        index,
        id: document.id,
        version,
        requireAlias,
        source: document.source,
      };
    });
    const removals = stored
      .filter((hit) => !kept.has(hit) && hit.version <= version)
      .map(({ index, id }): BulkOperation => ({
        action: "delete",
        index,
        id,
        version,
      }));
    return {
      operations: [...writes, ...removals],
      hasNewer,
      removed: documents.length === 0 && removals.length > 0,
    };
  }

  /** Acts on what verdicts ask for, once for all of them. */
  async #heed(
    operations: readonly BulkOperation[],
    verdicts: readonly Verdict[],
    signal: AbortSignal,
  ): Promise<void> {
    const missing = new Set<string>();
    let refused: string | undefined;
    for (const [at, verdict] of verdicts.entries()) {
      if (verdict.status !== "retry") continue;
      const operation = operations[at];
      if (verdict.needs === "rights") refused ??= verdict.reason;
      else if (verdict.needs !== undefined && operation?.action === "index") {
        missing.add(operation.index);
      }
    }
    if (refused !== undefined) {
      this.#log.error(
        "Elasticsearch refuses writes: grant create_index, index, delete, " +
          "read, view_index_metadata and maintenance on the indices",
        { pattern: this.#places.pattern, reason: refused },
      );
    }
    if (missing.size > 0) await this.setUp(signal, [...missing]);
  }
}

/** What has to be done for one entity. */
interface Job {
  readonly operations: readonly BulkOperation[];
  /** The far side holds a newer state, which stays. */
  readonly hasNewer: boolean;
  /** There is something to remove, and nothing is wanted. */
  readonly removed: boolean;
}

function toResult(
  { hasNewer, removed }: Job,
  verdicts: readonly Verdict[],
): EntityResult {
  const retry = verdicts.find((verdict) => verdict.status === "retry");
  const rejected = verdicts.find((verdict) => verdict.status === "rejected");
  const superseded = hasNewer ||
    verdicts.some(({ status }) => status === "superseded");
  return retry ?? rejected ?? { status: "done", removed, superseded };
}

/** The same under a version that no stored document exceeds. */
function raised(entity: PlacedWrite, stored: readonly Hit[]): PlacedWrite {
  const versions = stored.map((hit) => hit.version);
  return { ...entity, version: Math.max(entity.version, ...versions) };
}

/** The copy that counts, where the former connector left several. */
function newest(hits: readonly Hit[]): Hit | undefined {
  return hits.toSorted((a, b) =>
    a.version - b.version || (a.index < b.index ? -1 : 1)
  ).at(-1);
}

/** The platform's id of the entity that a document belongs to. */
export function entityOf(
  { id, source }: Pick<Hit, "id" | "source">,
): string {
  const { opencti, threatintel } = source;
  const former = isRecord(threatintel) ? threatintel.opencti : undefined;
  const named = [opencti, former].map((block) =>
    isRecord(block) ? text(block.internal_id) : undefined
  );
  return named.find((name) => name !== undefined) ?? id;
}
