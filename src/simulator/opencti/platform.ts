import { internalId, type StixObject } from "../../stix/object.ts";
import type { Change } from "../change.ts";
import { ChangeEntry } from "./change_entry.ts";
import { Connectors } from "./connectors.ts";
import {
  createdDocument,
  mergedDocument,
  updatedDocument,
} from "./documents.ts";
import { type EventId, formatEventId, nextEventId } from "./event_id.ts";
import { changePayload, type ChangeRecord } from "./envelope.ts";
import { matchesFilters, parseFilters } from "./filters.ts";
import { derivedId } from "./identifiers.ts";
import { type LogEntry, MemoryLog, type StreamLog } from "./log.ts";
import { ObjectTable } from "./objects.ts";
import { References } from "./references.ts";
import { connectorUser, type PlatformUser } from "./user.ts";
import type { Collection } from "./view.ts";
import { Vocabularies } from "./vocabularies.ts";
import type { StreamBounds } from "./wire.ts";

/** A live stream collection to offer. */
export interface CollectionOptions {
  /** Default: an id derived from the name. */
  readonly id?: string;
  readonly name?: string;
  /** JSON text of a `FilterGroup`; shown, and obeyed unless `matches` is. */
  readonly filters?: string;
  readonly matches?: (object: StixObject) => boolean;
  /** Default true; false answers 410. */
  readonly live?: boolean;
  /** Default false. */
  readonly public?: boolean;
}

/** What a simulated platform is made of. */
export interface PlatformOptions {
  /** The platform's clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** The filter of the first collection; default everything. */
  readonly matches?: (object: StixObject) => boolean;
  /** JSON text of that filter. */
  readonly filters?: string;
  /** Bearer token of the one user. Default "simulated-token". */
  readonly token?: string;
  /** Id of the first collection. */
  readonly streamId?: string;
  /** Version that is simulated. Default "6.9.17". */
  readonly version?: string;
  readonly user?: PlatformUser;
  /** Entries the stream holds already: a recording, synthetic load. */
  readonly log?: StreamLog;
  /** Oldest event of the untrimmed stream. Default 30 days ago. */
  readonly firstId?: EventId;
  /** `user_id` of changes made by people. */
  readonly analystId?: string;
}

const RETENTION_MS = 30 * 86_400_000;

/**
 * A simulated OpenCTI platform: its database, its stream, its collections and
 * what the GraphQL operations read and write. No I/O; `server.ts` serves it.
 */
export class Platform {
  readonly objects = new ObjectTable();
  readonly connectors = new Connectors(() => this.now());
  readonly references = new References();
  readonly vocabularies = new Vocabularies();
  readonly collections = new Map<string, Collection>();
  /** What `stixBundlePush` was given, newest last, at most 1,000. */
  readonly bundles: { connectorId: string; bundle: string }[] = [];
  readonly user: PlatformUser;
  readonly version: string;
  /** Id of the first collection. */
  readonly streamId: string;
  readonly #log: MemoryLog;
  readonly #options: PlatformOptions;
  readonly #listeners = new Set<() => void>();
  #token: string;
  #oldest: EventId;
  #idOffsetMs = 0;
  #connectionsEnd = 0;

  constructor(options: PlatformOptions) {
    this.#options = options;
    this.#token = options.token ?? "simulated-token";
    this.version = options.version ?? "6.9.17";
    this.user = options.user ?? connectorUser();
    this.#log = new MemoryLog(options.log);
    this.#oldest = options.firstId ??
      { ms: options.now() - RETENTION_MS, seq: 0 };
    this.streamId = this.addCollection({
      id: options.streamId ?? derivedId("collection", "default"),
      name: "Relay",
      ...(options.filters === undefined ? {} : { filters: options.filters }),
      ...(options.matches === undefined ? {} : { matches: options.matches }),
    }).id;
  }

  /** The platform's clock: never behind its own stream. */
  now(): number {
    const last = this.#log.lastId?.ms ?? 0;
    return Math.max(this.#options.now(), last - this.#idOffsetMs);
  }

  get token(): string {
    return this.#token;
  }

  /** A new token; whoever uses the former one loses access at once. */
  set token(token: string) {
    this.#token = token;
    this.notify();
  }

  get log(): StreamLog {
    return this.#log;
  }

  /** Adds a collection, open to the user and started. */
  addCollection(options: CollectionOptions): Collection {
    const name = options.name ?? "Collection";
    const filters = options.filters ??
      '{"mode":"and","filters":[],"filterGroups":[]}';
    const group = parseFilters(filters);
    const collection: Collection = {
      id: options.id ?? derivedId("collection", name),
      name,
      description: "",
      filters,
      matches: options.matches ??
        ((object) => matchesFilters(group, object, this.objects)),
      live: options.live ?? true,
      public: options.public ?? false,
      allowed: true,
    };
    this.collections.set(collection.id, collection);
    return collection;
  }

  /** Starts or stops a collection; its open streams end cleanly. */
  setLive(live: boolean, streamId = this.streamId): void {
    const collection = this.collections.get(streamId);
    if (collection !== undefined) collection.live = live;
    this.notify();
  }

  /**
   * Does to the database what a person or a connector does, and writes it to
   * the stream under the change's time. Returns the event's id.
   *
   * @throws {Error} For an object that is not there, or is there already.
   */
  apply(change: Change, author: { userId?: string } = {}): string {
    if (!Number.isFinite(change.at)) throw new Error("change.at is no time");
    const userId = author.userId ?? this.#options.analystId ??
      derivedId("user", "analyst");
    const record = this.#write(change);
    const id = this.nextId(change.at);
    this.append(
      new ChangeEntry(id, {
        ...record,
        payload: changePayload(record, {
          table: this.objects,
          version: this.version,
          at: change.at,
          userId,
          browser: author.userId === undefined,
        }),
      }),
    );
    if (record.name === "delete") {
      this.objects.remove(internalId(record.object));
    }
    for (const source of record.sources ?? []) {
      this.objects.remove(internalId(source));
    }
    return formatEventId(id);
  }

  /** Writes an entry of any kind to the stream and wakes the connections. */
  append(entry: LogEntry): void {
    this.#log.append(entry);
    this.notify();
  }

  /** The id the next entry gets when it is written at this time. */
  nextId(at: number): EventId {
    return nextEventId(Math.trunc(at) + this.#idOffsetMs, this.#log.lastId);
  }

  /** The id of "now" that heartbeats of an idle stream invent. */
  inventedId(): EventId {
    return { ms: Math.trunc(this.now()) + this.#idOffsetMs, seq: 0 };
  }

  /** What `connected` says about the global stream. */
  bounds(): StreamBounds {
    const first = this.#log.firstId;
    const firstId = first !== undefined && first.ms < this.#oldest.ms
      ? first
      : this.#oldest;
    const lastId = this.#log.lastId ?? firstId;
    return { firstId, lastId, size: this.#log.size };
  }

  /** Drops what is older than the time: an older `from` starts there. */
  trimBefore(id: EventId): void {
    this.#log.trimBefore(id);
    this.#oldest = this.#log.firstId ?? id;
  }

  /**
   * The Redis stream is lost and ids begin anew, shifted by the offset
   * (negative: lower than before); the database keeps its objects. Open
   * streams end, as on a restart.
   */
  restartWithNewIdRange(options: { offsetMs: number }): void {
    this.#log.clear();
    this.#idOffsetMs += options.offsetMs;
    this.#oldest = this.inventedId();
    this.endConnections();
  }

  /** Ends every open stream cleanly, as a restart of the platform does. */
  endConnections(): void {
    this.#connectionsEnd++;
    this.notify();
  }

  /** Rises each time the open streams have to end. */
  get connectionsEnd(): number {
    return this.#connectionsEnd;
  }

  /** Calls the listener after each change; the result stops that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  notify(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Changes the database; sources and deleted objects are still in it. */
  #write(change: Change): ChangeRecord {
    switch (change.op) {
      case "create": {
        const object = createdDocument(change.object, change.at);
        for (const id of [internalId(object), object.id]) {
          if (this.objects.get(id) !== undefined) {
            throw new Error(`object "${id}" already exists`);
          }
        }
        this.objects.put(object, change.at);
        return { name: "create", object };
      }
      case "update": {
        const before = this.#existing(internalId(change.object));
        const object = updatedDocument(before, change.object, change.at);
        if (object.id !== before.id) this.objects.repoint(before.id, object.id);
        this.objects.put(object, change.at);
        const { message } = change;
        return { name: "update", before, object, message };
      }
      case "delete":
        return { name: "delete", object: this.#existing(change.internalId) };
      case "merge": {
        const before = this.#existing(change.into);
        const sources = change.sources.map((id) => this.#existing(id));
        const object = mergedDocument(before, sources, change.at);
        for (const source of sources) {
          this.objects.repoint(source.id, object.id);
        }
        this.objects.put(object, change.at);
        return { name: "merge", before, object, sources };
      }
    }
  }

  #existing(id: string): StixObject {
    const row = this.objects.get(id);
    if (row === undefined) throw new Error(`object "${id}" does not exist`);
    return row.object;
  }
}
