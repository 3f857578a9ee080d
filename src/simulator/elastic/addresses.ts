/** Addresses of the `ip` and `ip_range` field types, as 128 bit numbers. */

const V4_MAPPED = 0xffff00000000n;

/** First and last address, both included. */
export interface AddressRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** IPv4 (as `::ffff:a.b.c.d`) or IPv6 as a number; undefined if neither. */
export function parseAddress(text: string): bigint | undefined {
  if (text.includes(":")) return parseV6(text);
  const four = parseV4(text);
  return four === undefined ? undefined : V4_MAPPED | four;
}

/** True when `parseAddress` would give a number; quick for IPv4. */
export function isAddress(text: string): boolean {
  return text.includes(":")
    ? parseV6(text) !== undefined
    : parseV4(text) !== undefined;
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    // [Elasticsearch] InetAddresses refuses a leading zero.
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) {
      return undefined;
    }
    value = value * 256 + Number(part);
  }
  return BigInt(value);
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? "");
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? "") : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [at, part] of parts.entries()) {
    const four = part.includes(".") && at === parts.length - 1
      ? parseV4(part)
      : undefined;
    if (four !== undefined) {
      groups.push(Number(four >> 16n), Number(four & 0xffffn));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** The addresses of `a.b.c.d/n` or `x::y/n`; undefined if it is neither. */
export function parseCidr(text: string): AddressRange | undefined {
  const [address = "", prefix = "", ...rest] = text.split("/");
  const value = parseAddress(address);
  if (value === undefined || rest.length > 0 || !/^\d{1,3}$/.test(prefix)) {
    return undefined;
  }
  const four = !address.includes(":");
  if (Number(prefix) > (four ? 32 : 128)) return undefined;
  const free = BigInt((four ? 32 : 128) - Number(prefix));
  const from = (value >> free) << free;
  return { from, to: from + (1n << free) - 1n };
}
