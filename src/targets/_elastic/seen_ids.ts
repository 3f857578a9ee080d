/**
 * Remembers which entities were written, in 4 MiB whatever their number: a
 * Bloom filter. It never forgets one; with a million entities it takes one in
 * 6,000 others for seen, which costs a needless look and nothing else.
 */
export class SeenIds {
  readonly #bits = new Uint8Array(1 << 22);

  /** @param id SHA-256 as hex: its digits are the hashes. */
  add(id: string): void {
    for (const bit of bitsOf(id)) {
      this.#bits[bit >>> 3]! |= 1 << (bit & 7);
    }
  }

  /** False: it was certainly never added. */
  mayHave(id: string): boolean {
    return bitsOf(id).every((bit) =>
      (this.#bits[bit >>> 3]! & (1 << (bit & 7))) !== 0
    );
  }
}

/** Four numbers of 25 bits each. */
function bitsOf(id: string): number[] {
  return [0, 8, 16, 24].map((at) =>
    Number.parseInt(id.slice(at, at + 8), 16) >>> 7
  );
}
