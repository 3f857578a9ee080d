import type { StoredKey } from "./keys.ts";

/** [Deno KV] Keys of one `getMany()`. */
const KEYS_PER_READ = 10;
/** About 64 keys at a time: more gains nothing. */
const READS_IN_FLIGHT = 6;

/** Reads the values of any number of keys, in their order. */
export async function readMany(
  kv: Deno.Kv,
  keys: readonly StoredKey[],
): Promise<unknown[]> {
  const values = new Array<unknown>(keys.length);
  let next = 0;
  const worker = async () => {
    while (next < keys.length) {
      const at = next;
      next += KEYS_PER_READ;
      const group = keys.slice(at, at + KEYS_PER_READ);
      const entries = await kv.getMany(group as Deno.KvKey[]);
      entries.forEach((entry, index) => {
        values[at + index] = entry.versionstamp === null
          ? undefined
          : entry.value;
      });
    }
  };
  await Promise.all(Array.from({ length: READS_IN_FLIGHT }, worker));
  return values;
}
