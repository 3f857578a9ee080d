import { isRecord } from "../../stix/object.ts";

/** Hash algorithms with a field of their own, by their name without signs. */
const HASH_FIELDS = new Set([
  "md5",
  "sha1",
  "sha256",
  "sha384",
  "sha512",
  "ssdeep",
  "tlsh",
  "cdhash",
  "imphash",
]);

/** Their values tell upper from lower case. */
const CASED_HASHES = new Set(["ssdeep", "tlsh"]);

/** Hashes by algorithm in plain spelling: `SHA-256` and `sha_256` are one. */
function hashTable(value: unknown): Map<string, string> {
  const table = new Map<string, string>();
  if (!isRecord(value)) return table;
  for (const [name, hash] of Object.entries(value)) {
    const algorithm = name.replace(/[-_]/g, "").toLowerCase();
    if (typeof hash !== "string" || hash === "") continue;
    table.set(
      algorithm,
      CASED_HASHES.has(algorithm) ? hash : hash.toLowerCase(),
    );
  }
  return table;
}

/** Reads one algorithm out of STIX `hashes`. */
export function hash(algorithm: string): (value: unknown) => unknown {
  if (!HASH_FIELDS.has(algorithm)) throw new RangeError(algorithm);
  return (value) => hashTable(value).get(algorithm);
}

/** Every hash, whatever its algorithm. */
export function allHashes(value: unknown): string[] {
  return [...hashTable(value).values()];
}

/** The hash that names a file best: SHA-256, SHA-1, MD5, SHA-512, any. */
export function bestHash(value: unknown): string | undefined {
  const table = hashTable(value);
  return table.get("sha256") ?? table.get("sha1") ?? table.get("md5") ??
    table.get("sha512") ?? table.values().next().value;
}
