import { deserialize, serialize } from "node:v8";
import { keyBytes, MAX_KEY_BYTES, type StoredKey } from "./keys.ts";

/** A value as it was when it was given; later changes do not reach it. */
export interface StoredValue {
  /** Size that Deno KV counts. */
  readonly bytes: number;
  /** A fresh copy. */
  copy(): unknown;
}

/** One write. Without `value` the key is deleted. */
export interface Mutation {
  readonly key: StoredKey;
  readonly value?: StoredValue;
}

/** [Deno KV] Longest value, in bytes of its V8 serialization. */
const MAX_VALUE_BYTES = 65_536;

/** [Deno KV] Limits of one atomic write. */
const MAX_MUTATIONS = 1_000;
const MAX_ATOMIC_BYTES = 819_200;
const MAX_ATOMIC_KEY_BYTES = 81_920;

/**
 * Takes a value for storing.
 *
 * @throws {RangeError} It is larger than 64 KiB when serialized.
 * @throws {TypeError} It cannot be serialized (a function, a symbol).
 */
export function toStored(value: unknown): StoredValue {
  // [Deno KV] Bytes are stored as they are.
  const serialized = value instanceof Uint8Array ? value : toBytes(value);
  const bytes = serialized.byteLength;
  if (bytes > MAX_VALUE_BYTES) {
    throw new RangeError(
      `the value has ${bytes} bytes, at most ${MAX_VALUE_BYTES} are stored`,
    );
  }
  return value instanceof Uint8Array
    ? { bytes, copy: () => value.slice() }
    : { bytes, copy: () => deserialize(serialized) };
}

function toBytes(value: unknown): Uint8Array {
  try {
    return serialize(value);
  } catch (cause) {
    throw new TypeError("the value cannot be serialized", { cause });
  }
}

/** @throws {RangeError} The key is too long. */
export function checkKey(key: StoredKey): void {
  const bytes = keyBytes(key);
  if (bytes > MAX_KEY_BYTES) {
    throw new RangeError(
      `the key has ${bytes} bytes, at most ${MAX_KEY_BYTES} are stored`,
    );
  }
}

/**
 * Commits groups of writes in their order: all in one atomic write where the
 * limits allow it, else in several, each group whole in one of them. A crash
 * leaves the effect of a number of first groups.
 *
 * A group must keep to the limits of one atomic write by itself.
 */
export async function commitInOrder(
  kv: Deno.Kv,
  groups: Iterable<readonly Mutation[]>,
): Promise<void> {
  for (const mutations of packed(groups)) {
    const atomic = kv.atomic();
    for (const { key, value } of mutations) {
      if (value === undefined) atomic.delete(key);
      else atomic.set(key, value.copy());
    }
    await atomic.commit();
  }
}

function* packed(
  groups: Iterable<readonly Mutation[]>,
): Generator<readonly Mutation[]> {
  let taken: Mutation[] = [];
  let size = { keys: 0, all: 0 };
  for (const group of groups) {
    const more = sizeOf(group);
    const isFull = taken.length + group.length > MAX_MUTATIONS ||
      size.keys + more.keys > MAX_ATOMIC_KEY_BYTES ||
      size.all + more.all > MAX_ATOMIC_BYTES;
    if (isFull && taken.length > 0) {
      yield taken;
      taken = [];
      size = { keys: 0, all: 0 };
    }
    taken.push(...group);
    size = { keys: size.keys + more.keys, all: size.all + more.all };
  }
  if (taken.length > 0) yield taken;
}

function sizeOf(group: readonly Mutation[]): { keys: number; all: number } {
  const size = { keys: 0, all: 0 };
  for (const { key, value } of group) {
    const bytes = keyBytes(key);
    size.keys += bytes;
    // [Deno KV] The limit of all bytes counts keys twice (measured, 2.9.6).
    size.all += 2 * bytes + (value?.bytes ?? 0);
  }
  return size;
}
