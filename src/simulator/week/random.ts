/**
 * A small deterministic random number generator (sfc32, state filled by
 * splitmix32). The same seed gives the same numbers on every machine; not for
 * secrets.
 *
 * @see {@link https://pracrand.sourceforge.net/RNG_engines.txt}
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    const whole = Number.isFinite(seed) ? Math.trunc(seed) : 0;
    const low = whole >>> 0;
    const high = Math.floor(whole / 2 ** 32) >>> 0;
    this.#a = scramble(low);
    this.#b = scramble(high ^ 0x9e3779b9);
    this.#c = scramble(low ^ 0x85ebca6b);
    for (let round = 0; round < 12; round++) this.#next();
  }

  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /** A number from 0 up to, but not, 1. */
  fraction(): number {
    return this.#next() / 2 ** 32;
  }

  /** True in `probability` of the cases. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** @throws {RangeError} If there is nothing to pick from. */
  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError("Cannot pick from nothing");
    return items[this.int(0, items.length - 1)] as Item;
  }

  /** Up to `count` different items, in their own order. */
  sample<Item>(items: readonly Item[], count: number): Item[] {
    let wanted = Math.min(count, items.length);
    return items.filter((_, index) => {
      const taken = this.fraction() * (items.length - index) < wanted;
      if (taken) wanted--;
      return taken;
    });
  }

  /** Lower-case hexadecimal digits. */
  hex(digits: number): string {
    let text = "";
    while (text.length < digits) {
      text += this.#next().toString(16).padStart(8, "0");
    }
    return text.slice(0, digits);
  }

  /** A UUID of version 4. */
  uuid(): string {
    const hex = this.hex(32);
    const variant = "89ab"[parseInt(hex[16] as string, 16) & 3];
    return [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `4${hex.slice(13, 16)}`,
      `${variant}${hex.slice(17, 20)}`,
      hex.slice(20),
    ].join("-");
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum | 0;
    return sum >>> 0;
  }
}

function scramble(value: number): number {
  let mixed = (value + 0x9e3779b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}
