import { compareEventIds, type EventId } from "./event_id.ts";
import type { StreamView } from "./view.ts";
import type { Frame } from "./wire.ts";

/** One entry of the platform's stream: what each connection gets of it. */
export interface LogEntry {
  readonly id: EventId;
  /**
   * The frames this connection gets: dependencies first, the main frame last;
   * none where its filter or its options hide the entry. Remembers in the
   * view what was sent, so it is called once per connection, in order.
   */
  frames(view: StreamView): readonly Frame[];
}

/** The platform's stream, read as `XREAD COUNT` reads Redis. */
export interface StreamLog {
  /** Oldest and newest entry that is held; absent when there is none. */
  readonly firstId: EventId | undefined;
  readonly lastId: EventId | undefined;
  readonly size: number;
  /** At most `limit` entries whose id is greater than `after`, in order. */
  read(after: EventId, limit: number): readonly LogEntry[];
}

/**
 * A log in memory, which changes are appended to; it may continue another
 * log that does not change, such as a synthetic one.
 */
export class MemoryLog implements StreamLog {
  #entries: LogEntry[] = [];
  #base: StreamLog | undefined;

  constructor(base?: StreamLog) {
    this.#base = base;
  }

  get firstId(): EventId | undefined {
    return this.#base?.firstId ?? this.#entries[0]?.id;
  }

  get lastId(): EventId | undefined {
    return this.#entries.at(-1)?.id ?? this.#base?.lastId;
  }

  get size(): number {
    return (this.#base?.size ?? 0) + this.#entries.length;
  }

  read(after: EventId, limit: number): readonly LogEntry[] {
    const old = this.#base?.read(after, limit) ?? [];
    if (old.length >= limit) return old;
    const start = this.#indexAfter(after);
    const own = this.#entries.slice(start, start + limit - old.length);
    return old.length === 0 ? own : [...old, ...own];
  }

  /** @throws {RangeError} If the id is not greater than the last one. */
  append(entry: LogEntry): void {
    const last = this.lastId;
    if (last !== undefined && compareEventIds(entry.id, last) <= 0) {
      throw new RangeError("event ids must increase");
    }
    this.#entries.push(entry);
  }

  /** Drops every entry older than the id, as the retention does. */
  trimBefore(id: EventId): void {
    if (this.#base !== undefined) {
      const base = this.#base;
      this.#base = trimmedLog(base, id);
    }
    const keep = this.#entries.findIndex((entry) =>
      compareEventIds(entry.id, id) >= 0
    );
    this.#entries = keep < 0 ? [] : this.#entries.slice(keep);
  }

  /** Drops everything: a wiped Redis. */
  clear(): void {
    this.#base = undefined;
    this.#entries = [];
  }

  #indexAfter(id: EventId): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && compareEventIds(entry.id, id) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}

/** What is left of a log that cannot drop entries itself. */
function trimmedLog(log: StreamLog, from: EventId): StreamLog | undefined {
  const before: EventId = from.seq > 0
    ? { ms: from.ms, seq: from.seq - 1 }
    : { ms: from.ms - 1, seq: Number.MAX_SAFE_INTEGER };
  const first = log.read(before, 1)[0];
  if (first === undefined) return undefined;
  return {
    firstId: first.id,
    lastId: log.lastId,
    size: log.size,
    read: (after, limit) =>
      log.read(compareEventIds(after, before) < 0 ? before : after, limit),
  };
}
