/**
 * Ids of OpenCTI's live stream: `<milliseconds>-<sequence>`. They order as two
 * integers, never as text.
 */

const EVENT_ID = /^(\d{1,15})-(\d{1,15})$/;

/** True for an id that a position can be made of. */
export function isEventId(id: string): boolean {
  return EVENT_ID.test(id);
}

/** The two integers, or `undefined` for any other text. */
function partsOf(id: string): [number, number] | undefined {
  const match = EVENT_ID.exec(id);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

/** Milliseconds since 1970 of the id; 0 for what is no id. */
export function idMs(id: string): number {
  return partsOf(id)?.[0] ?? 0;
}

/** Negative, zero or positive, as for `Array.sort`. What is no id is oldest. */
export function compareIds(left: string, right: string): number {
  if (left === right) return 0;
  const [leftMs, leftSequence] = partsOf(left) ?? [-1, 0];
  const [rightMs, rightSequence] = partsOf(right) ?? [-1, 0];
  return leftMs - rightMs || leftSequence - rightSequence;
}

/** The later of two ids. */
export function laterId(left: string, right: string): string {
  return compareIds(left, right) >= 0 ? left : right;
}

/** The id of that instant, moved by some milliseconds; never before 1970. */
export function idAt(ms: number, byMs = 0): string {
  return `${Math.max(0, Math.trunc(ms) + byMs)}-0`;
}

/**
 * A safe integer that orders as the id does: milliseconds * 1000 + sequence.
 * A sequence above 999 counts as 999: the platform would have to write more
 * than a thousand events in one millisecond.
 */
export function versionOf(id: string): number {
  const [ms, sequence] = partsOf(id) ?? [0, 0];
  return ms * 1000 + Math.min(sequence, 999);
}
