import { isIP, isIPv6 } from "node:net";
import { ConfigError } from "../errors.ts";

/** An IPv4 or IPv6 address as a number. */
export interface Address {
  readonly value: bigint;
  /** 32 or 128. */
  readonly bits: number;
}

/** Reads an address; `undefined` for anything else. */
export function parseAddress(text: string): Address | undefined {
  switch (isIP(text)) {
    case 4:
      return { value: numberOf(text.split("."), 10, 8n), bits: 32 };
    case 6:
      return { value: numberOf(groupsOf(text), 16, 16n), bits: 128 };
    default:
      return undefined;
  }
}

/** Networks that are looked up by an address in at most 129 steps. */
export class AddressRanges {
  /** `<bits>/<prefix length>` to the prefixes of that length. */
  readonly #prefixes = new Map<string, Set<bigint>>();

  /**
   * Adds an address, or a network such as `10.0.0.0/8`. False: it is neither.
   *
   * @throws {ConfigError} It is a network, and its mask is wrong.
   */
  add(entry: string): boolean {
    const [base = "", mask, ...rest] = entry.split("/");
    const address = parseAddress(base);
    if (address === undefined || rest.length > 0) return false;
    const { bits, value } = address;
    const length = mask === undefined ? bits : Number(mask);
    if (
      mask === "" || !Number.isInteger(length) || length < 0 || length > bits
    ) {
      throw new ConfigError(
        `Cannot read "${entry}" of the exclusion list: its mask is none of ` +
          `0 to ${bits}; write it like 10.0.0.0/8`,
      );
    }
    const key = `${bits}/${length}`;
    const prefixes = this.#prefixes.get(key) ?? new Set();
    this.#prefixes.set(key, prefixes.add(prefixOf(value, bits, length)));
    return true;
  }

  /** Whether an address, or all of a network, lies in one of the ranges. */
  covers(text: string): boolean {
    if (this.#prefixes.size === 0) return false;
    const [base = "", mask] = text.split("/");
    const address = parseAddress(base);
    if (address === undefined) return false;
    const { bits, value } = address;
    const own = mask === undefined ? bits : Number(mask);
    for (let length = 0; length <= Math.min(own, bits); length++) {
      const prefixes = this.#prefixes.get(`${bits}/${length}`);
      if (prefixes?.has(prefixOf(value, bits, length))) return true;
    }
    return false;
  }
}

function prefixOf(value: bigint, bits: number, length: number): bigint {
  return value >> BigInt(bits - length);
}

function numberOf(
  parts: readonly string[],
  radix: number,
  width: bigint,
): bigint {
  return parts.reduce(
    (sum, part) => (sum << width) | BigInt(parseInt(part || "0", radix)),
    0n,
  );
}

/** The eight groups of an IPv6 address, whatever it leaves out. */
function groupsOf(text: string): string[] {
  const [plain = ""] = text.split("%");
  // The last 32 bits may be written as an IPv4 address.
  const v4 = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(plain);
  const hex = (high = "0", low = "0") =>
    (Number(high) * 256 + Number(low)).toString(16);
  const address = v4 === null
    ? plain
    : `${v4[1]}${hex(v4[2], v4[3])}:${hex(v4[4], v4[5])}`;
  if (!isIPv6(address)) return [];
  const [left = "", right] = address.split("::");
  const before = left === "" ? [] : left.split(":");
  if (right === undefined) return before;
  const after = right === "" ? [] : right.split(":");
  const missing = Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array<string>(missing).fill("0"), ...after];
}
