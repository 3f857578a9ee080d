import { prune, termsOf } from "./document_values.ts";
import { versionConflict } from "./errors.ts";
import type { Term } from "./field_type.ts";
import type { JsonObject } from "./json.ts";
import type { Mapping } from "./mapping.ts";
import { readTime, type Settings } from "./settings.ts";
import type { StoredDocument } from "./stored_document.ts";
import { TermIndex } from "./term_index.ts";

/** Under which condition a write is done. */
export interface WriteGuard {
  /** Fails if the document exists. */
  readonly create?: boolean;
  readonly version?: number | undefined;
  readonly versionType?: "internal" | "external" | "external_gte";
  readonly ifSeqNo?: number | undefined;
  readonly ifPrimaryTerm?: number | undefined;
}

/** What a write did. */
export interface WriteResult {
  readonly result: "created" | "updated" | "deleted" | "not_found" | "noop";
  readonly document: StoredDocument;
}

/** What an index is made of. */
export interface IndexOptions {
  readonly name: string;
  readonly uuid: string;
  readonly createdAt: number;
  readonly settings: Settings;
  readonly mapping: Mapping;
  /** Name of the data stream whose backing index this is. */
  readonly dataStream?: string | undefined;
  /** Undefined keeps whole sources, a list only these fields. */
  readonly keptFields?: readonly string[] | undefined;
}

/** How an alias points at an index. */
export interface AliasOptions {
  readonly is_write_index?: boolean;
  readonly is_hidden?: boolean;
  readonly filter?: JsonObject;
}

const DEFAULT_REFRESH_MS = 1000;
const DEFAULT_GC_DELETES_MS = 60_000;

/**
 * One concrete index. Reads by id see every write at once; searches see the
 * state of the last refresh, which comes at the index's refresh interval on
 * the given clock.
 */
export class StoredIndex {
  readonly name: string;
  readonly uuid: string;
  readonly createdAt: number;
  readonly settings: Settings;
  readonly mapping: Mapping;
  readonly dataStream: string | undefined;
  readonly aliases = new Map<string, AliasOptions>();
  readonly #keptFields: readonly string[] | undefined;
  readonly #live = new Map<string, StoredDocument>();
  readonly #searchable = new Map<string, StoredDocument>();
  readonly #dirty = new Set<string>();
  readonly #tombstones = new Map<string, number>();
  readonly #termIndexes = new Map<string, TermIndex>();
  #dirtySince = 0;
  #seqNo = 0;
  #refreshMs = DEFAULT_REFRESH_MS;
  #gcDeletesMs = DEFAULT_GC_DELETES_MS;

  constructor(options: IndexOptions) {
    this.name = options.name;
    this.uuid = options.uuid;
    this.createdAt = options.createdAt;
    this.settings = options.settings;
    this.mapping = options.mapping;
    this.dataStream = options.dataStream;
    this.#keptFields = options.keptFields;
    this.updateSettings(new Map());
  }

  /** Lays settings over the present ones. */
  updateSettings(changes: Settings): void {
    for (const [name, value] of changes) this.settings.set(name, value);
    this.#refreshMs = readTime(this.settings, "index.refresh_interval") ??
      DEFAULT_REFRESH_MS;
    this.#gcDeletesMs = readTime(this.settings, "index.gc_deletes") ??
      DEFAULT_GC_DELETES_MS;
  }

  /** Documents that exist now, searchable or not. */
  get size(): number {
    return this.#live.size - this.#tombstones.size;
  }

  /**
   * Writes a document.
   *
   * @throws {ElasticError} 409 `version_conflict_engine_exception`.
   */
  write(
    id: string,
    source: JsonObject,
    { guard = {}, now }: { guard?: WriteGuard; now: number },
  ): WriteResult {
    this.catchUp(now);
    const before = this.#known(id, now);
    const exists = before !== undefined && before.deletedAt === undefined;
    if (guard.create && exists) {
      const why = "document already exists (current version " +
        `[${before.version}])`;
      throw versionConflict({ id, index: this.name, uuid: this.uuid }, why);
    }
    const version = this.#nextVersion(id, before, guard);
    this.#tombstones.delete(id);
    const document: StoredDocument = {
      id,
      index: this.name,
      version,
      seqNo: this.#seqNo++,
      source: this.#keptFields === undefined
        ? source
        : prune(source, this.#keptFields),
    };
    this.#put(document, now);
    return { result: exists ? "updated" : "created", document };
  }

  /**
   * Deletes a document, or notes that there was none. The version is
   * remembered for `index.gc_deletes`.
   *
   * @throws {ElasticError} 409 `version_conflict_engine_exception`.
   */
  delete(
    id: string,
    { guard = {}, now }: { guard?: WriteGuard; now: number },
  ): WriteResult {
    this.catchUp(now);
    const before = this.#known(id, now);
    const version = this.#nextVersion(id, before, guard);
    const document: StoredDocument = {
      id,
      index: this.name,
      version,
      seqNo: this.#seqNo++,
      source: undefined,
      deletedAt: now,
    };
    this.#tombstones.delete(id);
    this.#tombstones.set(id, now);
    this.#put(document, now);
    const found = before !== undefined && before.deletedAt === undefined;
    return { result: found ? "deleted" : "not_found", document };
  }

  /** The document as it is now, refreshed or not. */
  get(id: string): StoredDocument | undefined {
    const document = this.#live.get(id);
    return document?.deletedAt === undefined ? document : undefined;
  }

  /** Every document as it is now. */
  *all(): Generator<StoredDocument> {
    for (const document of this.#live.values()) {
      if (document.deletedAt === undefined) yield document;
    }
  }

  /** Every document that a search sees at `now`. */
  searchable(now: number): ReadonlyMap<string, StoredDocument> {
    this.catchUp(now);
    return this.#searchable;
  }

  /** Searchable documents that hold one of the terms in a field. */
  *withTerms(
    path: string,
    terms: readonly Term[],
    now: number,
  ): Generator<StoredDocument> {
    this.catchUp(now);
    const index = this.#termIndex(path);
    const seen = new Set<StoredDocument>();
    for (const term of terms) {
      for (const document of index?.find(term) ?? []) {
        if (!seen.has(document)) yield document;
        seen.add(document);
      }
    }
  }

  #termIndex(path: string): TermIndex | undefined {
    const known = this.#termIndexes.get(path);
    if (known !== undefined) return known;
    const node = this.mapping.find(path);
    if (node === undefined) return undefined;
    const from = this.mapping.sourcePath(path);
    const index = new TermIndex((document) =>
      document.source === undefined ? [] : termsOf(document.source, node, from)
    );
    for (const document of this.#searchable.values()) index.add(document);
    this.#termIndexes.set(path, index);
    return index;
  }

  /** Makes every write so far searchable. */
  refresh(): void {
    for (const id of this.#dirty) {
      const before = this.#searchable.get(id);
      const after = this.get(id);
      if (before !== undefined) {
        for (const index of this.#termIndexes.values()) index.remove(before);
      }
      if (after === undefined) this.#searchable.delete(id);
      else {
        this.#searchable.set(id, after);
        for (const index of this.#termIndexes.values()) index.add(after);
      }
    }
    this.#dirty.clear();
  }

  /** Does the refresh that the interval asked for since the last call. */
  catchUp(now: number): void {
    if (this.#dirty.size === 0) return;
    const interval = this.#refreshMs;
    if (interval < 0) return;
    const tick = interval === 0
      ? now
      : now - ((now - this.createdAt) % interval);
    if (tick > this.#dirtySince || interval === 0) this.refresh();
  }

  /** Forgets deletes older than `index.gc_deletes`. */
  #known(id: string, now: number): StoredDocument | undefined {
    for (const [old, at] of this.#tombstones) {
      if (now - at < this.#gcDeletesMs) break;
      this.#tombstones.delete(old);
      this.#live.delete(old);
    }
    return this.#live.get(id);
  }

  #put(document: StoredDocument, now: number): void {
    this.#live.set(document.id, document);
    if (this.#dirty.size === 0) this.#dirtySince = now;
    this.#dirty.add(document.id);
  }

  #nextVersion(
    id: string,
    before: StoredDocument | undefined,
    guard: WriteGuard,
  ): number {
    const document = { id, index: this.name, uuid: this.uuid };
    if (guard.ifSeqNo !== undefined) {
      const required = `required seqNo [${guard.ifSeqNo}], primary term ` +
        `[${guard.ifPrimaryTerm}]. `;
      if (before === undefined || before.deletedAt !== undefined) {
        throw versionConflict(
          document,
          `${required}but no document was found`,
        );
      }
      if (before.seqNo !== guard.ifSeqNo || guard.ifPrimaryTerm !== 1) {
        throw versionConflict(
          document,
          `${required}current document has seqNo [${before.seqNo}] and ` +
            "primary term [1]",
        );
      }
    }
    if (guard.version === undefined) return (before?.version ?? 0) + 1;
    const current = before?.version;
    const gte = guard.versionType === "external_gte";
    if (current === undefined || guard.version > current) return guard.version;
    if (gte && guard.version === current) return guard.version;
    throw versionConflict(
      document,
      `current version [${current}] is ${
        gte ? "higher than" : "higher or equal to"
      } the one provided [${guard.version}]`,
    );
  }
}
