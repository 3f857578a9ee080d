/** Short texts that stand for what was written, remembered in the state. */
import { createHash } from "node:crypto";

/** Bytes of one mark; two of a million are equal once in 37 million cases. */
const MARK_BYTES = 8;
/** Marks of one row of the state: below its 64 KiB. */
const MARKS_PER_ROW = 8_000;

/** A mark over some texts. */
export function markOf(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest()
    .subarray(0, MARK_BYTES).toString("hex");
}

/**
 * That we put this tag on this element.
 *
 * @param owner UUID of the attribute, or "" for the event.
 */
export function tagMark(owner: string, name: string): string {
  return markOf("tag", owner, name.toLowerCase());
}

/** That we sent this sighting. */
export function sightingMark(uuid: string): string {
  return markOf("sighting", uuid);
}

/** Marks as rows of bytes, sorted. */
export function packMarks(marks: ReadonlySet<string>): Uint8Array[] {
  const sorted = [...marks].sort();
  const rows: Uint8Array[] = [];
  for (let at = 0; at < sorted.length; at += MARKS_PER_ROW) {
    rows.push(
      Uint8Array.fromHex(sorted.slice(at, at + MARKS_PER_ROW).join("")),
    );
  }
  return rows;
}

/** The marks of such rows. */
export function unpackMarks(rows: readonly Uint8Array[]): Set<string> {
  const marks = new Set<string>();
  for (const row of rows) {
    const text = row.toHex();
    for (let at = 0; at < text.length; at += 2 * MARK_BYTES) {
      marks.add(text.slice(at, at + 2 * MARK_BYTES));
    }
  }
  return marks;
}
