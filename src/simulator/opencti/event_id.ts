/** A position of the Redis stream: `<milliseconds>-<sequence>`. */
export interface EventId {
  /** Milliseconds since 1970. */
  readonly ms: number;
  /** Counts the events of one millisecond, from 0. */
  readonly seq: number;
}

/** The beginning: before every event. */
export const ZERO_ID: EventId = { ms: 0, seq: 0 };

/** Reads `<milliseconds>-<sequence>`; anything else yields nothing. */
export function parseEventId(text: string): EventId | undefined {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(text);
  if (match === null) return undefined;
  return { ms: Number(match[1]), seq: Number(match[2]) };
}

/** Negative, zero or positive, as for `Array.prototype.sort`. */
export function compareEventIds(a: EventId, b: EventId): number {
  return a.ms - b.ms || a.seq - b.seq;
}

/** The id as the wire carries it. */
export function formatEventId(id: EventId): string {
  return `${id.ms}-${id.seq}`;
}

/**
 * The id of a new entry, as Redis gives it: the clock's millisecond, or the
 * last entry's with the next sequence number where the clock is not ahead.
 */
export function nextEventId(ms: number, last: EventId | undefined): EventId {
  if (last === undefined || ms > last.ms) return { ms, seq: 0 };
  return { ms: last.ms, seq: last.seq + 1 };
}
