import { Buffer } from "node:buffer";

/** A key as it is stored; of the kinds that Deno KV knows, we use two. */
export type StoredKey = readonly (string | number)[];

/**
 * Every key of the state file is made here. `name` is the target's name.
 * Prefixes are short because one atomic write holds 81,920 bytes of keys.
 *
 * | key                       | value                                        |
 * | ------------------------- | -------------------------------------------- |
 * | `format`                  | version of this table, a number              |
 * | `t`, name, `c`            | checkpoint: the position                     |
 * | `t`, name, `m`            | what was saved beside it: counters           |
 * | `t`, name, `r`, …         | a row of the target, under the target's key  |
 * | `t`, name, `d`, id        | dead letter without its payload              |
 * | `t`, name, `e`, digest    | id of the dead letter of an event and object |
 * | `t`, name, `p`, id, index | payload of a dead letter, at most 60 KB each |
 * | `t`, name, `x`, id        | the payload under this id belongs to nothing |
 * | `t`, name, `o`, object    | ledger: what became of the object            |
 * | `t`, name, `h`            | objects held by type, and newest version     |
 * | `t`, name, `b`            | delete budget: recent deletes, pause         |
 */
// deno-fmt-ignore
export const keys = {
  format:     (): StoredKey => ["format"],
  targets:    (): StoredKey => ["t"],
  checkpoint: (name: string): StoredKey => ["t", name, "c"],
  meta:       (name: string): StoredKey => ["t", name, "m"],
  rows:       (name: string): StoredKey => ["t", name, "r"],
  letters:    (name: string): StoredKey => ["t", name, "d"],
  letter:     (name: string, id: string): StoredKey => ["t", name, "d", id],
  letterOf:   (name: string, digest: string): StoredKey => ["t", name, "e", digest],
  payload:    (name: string, id: string): StoredKey => ["t", name, "p", id],
  chunk:      (name: string, id: string, index: number): StoredKey => ["t", name, "p", id, index],
  orphans:    (name: string): StoredKey => ["t", name, "x"],
  orphan:     (name: string, id: string): StoredKey => ["t", name, "x", id],
  objects:    (name: string): StoredKey => ["t", name, "o"],
  object:     (name: string, id: string): StoredKey => ["t", name, "o", id],
  tally:      (name: string): StoredKey => ["t", name, "h"],
  budget:     (name: string): StoredKey => ["t", name, "b"],
} as const;

/** Version of the table above. A file with a newer one is refused. */
export const FORMAT = 1;

/** [Deno KV] Longest key, in bytes of its encoding. */
export const MAX_KEY_BYTES = 2_048;

/**
 * Bytes of a key as Deno KV encodes it: a string is its UTF-8 between two
 * bytes, U+0000 counting twice, and a number takes nine.
 */
export function keyBytes(key: StoredKey): number {
  let bytes = 0;
  for (const part of key) {
    bytes += typeof part === "number"
      ? 9
      : 2 + Buffer.byteLength(part) + (part.split("\0").length - 1);
  }
  return bytes;
}

/** Text that is the same for equal keys and for no others. */
export function keyText(key: StoredKey): string {
  return JSON.stringify(
    key.map((part) => typeof part === "number" ? [String(part)] : part),
  );
}

/** Order in which Deno KV lists keys: strings by their UTF-8, then numbers. */
export function compareKeys(a: StoredKey, b: StoredKey): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compareParts(a[at]!, b[at]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareParts(a: string | number, b: string | number): number {
  if (typeof a === "number") return typeof b === "number" ? a - b : 1;
  if (typeof b === "number") return -1;
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
