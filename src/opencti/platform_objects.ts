/** All objects of a live stream as they are now, and what changes after. */
import { LoginError, RejectedError } from "../errors.ts";
import {
  extension,
  internalId,
  OCTI_EXTENSION,
  type StixObject,
} from "../stix/object.ts";
import type { PlatformClient } from "./client.ts";
import { Collection, type CollectionOptions } from "./collection.ts";
import { connect } from "./connection.ts";
import type { Position, StreamEvent } from "./event.ts";
import { compareIds, idAt, idMs, isEventId } from "./event_id.ts";
import type { StreamScope } from "./scope.ts";
import { readOnce } from "./read_once.ts";
import type { StreamOptions } from "./stream_options.ts";

/** What is read, and how. */
export interface PlatformObjectsOptions {
  readonly platform: PlatformClient;
  readonly stream: StreamOptions;
  readonly scope: StreamScope;
  /** `StreamInfo.filters`. */
  readonly filters: string;
  /**
   * Types of objects that are asked of the database; "whole-stream": of the
   * stream, which alone gives everything. Absent: all that is in a list.
   */
  readonly types?: WantedTypes | "whole-stream";
  /** Where a program that follows the stream stands. */
  readonly follower?: Position | undefined;
  readonly backoff: CollectionOptions["backoff"];
  readonly pageSize?: number;
}

/** Types of objects, as OpenCTI spells them. */
interface WantedTypes {
  readonly entities: readonly string[];
  readonly relationships: readonly string[];
}

/** [OpenCTI] The abstract types of all that its lists give. */
const LISTED: WantedTypes = {
  entities: ["Stix-Core-Object"],
  relationships: ["stix-core-relationship"],
};

/** `recover` in the platform's future would lose events. */
const MARGIN_MS = 60_000;
/** [versionOf] The highest sequence that a version tells apart. */
const LAST_SEQUENCE = 999;
const PAGE_SIZE = 500;
/** Single objects read at once. */
const PARALLEL_READS = 4;

/**
 * What OpenCTI holds of a live stream. Read out of its database by the
 * stream's own filter; where the platform cannot be asked that, the stream
 * itself is made to recover all of it.
 */
export class PlatformObjects {
  /** Everything up to here is in what `all()` gives. */
  readonly position: Position;
  readonly #options: PlatformObjectsOptions;
  readonly #collection: Collection | undefined;
  /** Where `changes()` goes on. */
  #next: Position;
  #usesStream: boolean;
  /**
   * Of the objects' events: above every event before, not above the next. By
   * the stream's ids and not by a clock, which may be ahead of theirs.
   */
  readonly #version: number;

  private constructor(
    options: PlatformObjectsOptions,
    position: Position,
    next: Position,
  ) {
    const { backoff, filters, follower, platform, stream } = options;
    const { types = LISTED } = options;
    this.#options = options;
    this.#version = Math.max(
      idMs(position.from) * 1000 + LAST_SEQUENCE,
      follower?.versionFloor ?? 0,
    );
    this.position = position;
    this.#next = next;
    this.#usesStream = types === "whole-stream";
    this.#collection = types === "whole-stream" ? undefined : new Collection({
      graphql: platform.graphql,
      filters,
      ...types,
      withInferences: stream.withInferences,
      version: this.#version,
      backoff,
      log: stream.log,
      pageSize: options.pageSize ?? PAGE_SIZE,
    });
  }

  /** Takes note of where the stream stands, before anything is read. */
  static async open(
    options: PlatformObjectsOptions,
    signal: AbortSignal,
  ): Promise<PlatformObjects> {
    const { follower, stream } = options;
    const now = { from: idAt(stream.platformNow()) };
    const connection = await connect(stream, now, signal);
    const { newestId, oldestId } = connection;
    await connection.close();
    if (!isEventId(newestId)) return new PlatformObjects(options, now, now);
    const position = {
      from: newestId,
      lastEventId: newestId,
      ...(follower?.versionFloor === undefined
        ? {}
        : { versionFloor: follower.versionFloor }),
    };
    // What a follower has not settled yet is as good as changed meanwhile.
    const isBehind = follower !== undefined &&
      follower.recoverUntil === undefined &&
      compareIds(follower.from, newestId) < 0;
    const from = isBehind ? follower.from : newestId;
    const isTrimmed = isEventId(oldestId) && compareIds(from, oldestId) < 0;
    return new PlatformObjects(options, position, {
      from: isTrimmed ? oldestId : from,
    });
  }

  /** How the objects are read. */
  get source(): "database" | "stream" {
    return this.#usesStream ? "stream" : "database";
  }

  /**
   * All objects, page by page. One that comes twice was changed meanwhile: the
   * last counts, and a delete says that it is gone.
   *
   * @throws {TransientError} The platform fails, or refuses both ways.
   */
  async *all(signal: AbortSignal): AsyncGenerator<readonly StreamEvent[]> {
    yield* this.#askedOrRecovered(
      (collection) => collection.all(signal),
      (page) => page,
      signal,
    );
  }

  /** Ids of all objects, page by page. */
  async *ids(signal: AbortSignal): AsyncGenerator<readonly string[]> {
    yield* this.#askedOrRecovered(
      (collection) => collection.ids(signal),
      (page) =>
        page.filter(({ action }) => action !== "delete")
          .map(({ internalId }) => internalId),
      signal,
    );
  }

  /** Pages out of the database; where that is refused, out of the stream. */
  async *#askedOrRecovered<Page>(
    ask: (collection: Collection) => AsyncIterable<Page>,
    toPage: (events: readonly StreamEvent[]) => Page,
    signal: AbortSignal,
  ): AsyncGenerator<Page> {
    if (this.#collection !== undefined) {
      let pages = 0;
      try {
        for await (const page of ask(this.#collection)) {
          pages++;
          yield page;
        }
        return;
      } catch (error) {
        if (pages > 0 || !isRefusal(error)) throw error;
        this.#options.stream.log.warn(
          "OpenCTI cannot be asked what the stream's filter matches: the " +
            "stream is read from its beginning instead",
          { reason: error.message },
        );
      }
    }
    for await (const page of this.#recovered(signal)) yield toPage(page);
  }

  /** Those of these objects that belong to the stream, as they are now. */
  async some(
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<StreamEvent[]> {
    if (!this.#usesStream && this.#collection !== undefined) {
      try {
        return await this.#collection.some(ids, signal);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        this.#usesStream = true;
      }
    }
    const events: StreamEvent[] = [];
    for (let at = 0; at < ids.length; at += PARALLEL_READS) {
      const chunk = ids.slice(at, at + PARALLEL_READS);
      const objects = await Promise.all(
        chunk.map((id) => this.#options.platform.readObject(id, signal)),
      );
      // Merged into another one, it is that one which is found.
      const found = objects.filter((object, index) =>
        object !== undefined && internalId(object) === chunk[index]
      );
      events.push(...found.map((object) => this.#toEvent(object!)));
    }
    const outside = await this.#options.scope.outside(events, signal);
    return events.filter((event) => !outside.has(event));
  }

  /**
   * What the stream tells of changes since the follower's position, or since
   * the last call; updates of what is not in the stream are deletes.
   */
  async *changes(signal: AbortSignal): AsyncGenerator<readonly StreamEvent[]> {
    yield* this.#read(this.#next, signal);
  }

  async *#recovered(
    signal: AbortSignal,
  ): AsyncGenerator<readonly StreamEvent[]> {
    this.#usesStream = true;
    const { stream } = this.#options;
    const until = stream.platformNow() - MARGIN_MS;
    const recoverUntil = new Date(until).toISOString();
    yield* this.#read({ from: "0-0", recoverUntil }, signal);
  }

  async *#read(
    start: Position,
    signal: AbortSignal,
  ): AsyncGenerator<readonly StreamEvent[]> {
    const { stream } = this.#options;
    const reached = (position: Position) => void (this.#next = position);
    for await (const page of readOnce(stream, { start, reached }, signal)) {
      yield await this.#inside(page, signal);
    }
  }

  /** What does not belong to the stream is as good as deleted. */
  async #inside(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<readonly StreamEvent[]> {
    const outside = await this.#options.scope.outside(events, signal);
    return events.map((event) =>
      outside.has(event) ? { ...event, action: "delete" } : event
    );
  }

  #toEvent(object: StixObject): StreamEvent {
    const { updated_at: at } = extension(object, OCTI_EXTENSION);
    return {
      id: idAt(Date.parse(`${at ?? object.modified}`) || 0),
      version: this.#version,
      // Where the platform does not say what matches, it is taken as it is.
      action: "update",
      cause: "recovered",
      internalId: internalId(object),
      object,
      bytes: 0,
      unsure: true,
    };
  }
}

/** The query is refused for good: a filter key, or a capability. */
function isRefusal(error: unknown): error is Error {
  return error instanceof RejectedError ||
    (error instanceof LoginError && error.status === 403);
}
