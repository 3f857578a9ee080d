/** STIX 2.1 `hash-algorithm-ov`, and what OpenCTI and MISP add to it. */
const ALGORITHMS = [
  ...["MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512"],
  ...["SHA3-224", "SHA3-256", "SHA3-384", "SHA3-512"],
  ...["SSDEEP", "TLSH", "IMPHASH", "CDHASH", "RIPEMD-160", "WHIRLPOOL"],
];

const BY_BARE_NAME: ReadonlyMap<string, string> = new Map(
  ALGORITHMS.map((name) => [bare(name), name]),
);

/**
 * STIX's spelling of a hash algorithm: "sha256", "SHA_256" are "SHA-256". A
 * name that is unknown stays as it is.
 */
export function hashAlgorithm(name: string): string {
  return BY_BARE_NAME.get(bare(name)) ?? name;
}

function bare(name: string): string {
  return name.replace(/[-_ ]/g, "").toLowerCase();
}
