/**
 * How the values of indicators are spelled so that equal ones are equal texts.
 * Each takes a value as a pattern or an observable has it and gives the text
 * to send, or nothing where it is no value of its kind. Spaces around it are
 * cut; a control character or a line break anywhere refuses it.
 */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";

/** Gives the text to send, or nothing. */
export type Normalise = (value: string) => string | undefined;

/** C0, C1, DEL, line and paragraph separator, and text direction marks. */
const UNPRINTABLE =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** The value without spaces around it; nothing where it cannot be printed. */
export function printable(value: string): string | undefined {
  if (UNPRINTABLE.test(value)) return undefined;
  const trimmed = value.trim();
  return trimmed === "" ? undefined : trimmed;
}

interface Network {
  readonly version: 4 | 6;
  readonly address: string;
  readonly prefix: number;
}

/** Longest prefix per IP version. */
const BITS = { 4: 32, 6: 128 } as const;

function toNetwork(value: string): Network | undefined {
  const match = /^([^/%\s]+)(?:\/(\d{1,3}))?$/.exec(printable(value) ?? "");
  const address = match?.[1] ?? "";
  const version = isIP(address);
  if (version !== 4 && version !== 6) return undefined;
  const bits = BITS[version];
  const prefix = match?.[2] === undefined ? bits : Number(match[2]);
  if (prefix > bits) return undefined;
  return {
    version,
    address: version === 4 ? address : compressed(address),
    prefix,
  };
}

/** RFC 5952: lower case, the longest run of zeros as `::`. */
function compressed(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

/** One IPv4 address; `/32` is cut. A wider network gives nothing. */
export function ipv4(value: string): string | undefined {
  return addressOf(value, 4);
}

/** One IPv6 address as RFC 5952 spells it; `/128` is cut, a zone refused. */
export function ipv6(value: string): string | undefined {
  return addressOf(value, 6);
}

/** One address of either version. */
export function ip(value: string): string | undefined {
  return ipv4(value) ?? ipv6(value);
}

function addressOf(value: string, version: 4 | 6): string | undefined {
  const network = toNetwork(value);
  return network?.version === version && network.prefix === BITS[version]
    ? network.address
    : undefined;
}

/** A network wider than one address: its first address and the prefix. */
export function cidr(value: string): string | undefined {
  const network = toNetwork(value);
  if (network === undefined || network.prefix === BITS[network.version]) {
    return undefined;
  }
  const { version, address, prefix } = network;
  return `${
    version === 4 ? masked4(address, prefix) : masked6(address, prefix)
  }/${prefix}`;
}

function masked4(address: string, prefix: number): string {
  return address.split(".").map((part, at) =>
    Number(part) & (0xff00 >> Math.min(8, Math.max(0, prefix - at * 8))) & 0xff
  ).join(".");
}

function masked6(address: string, prefix: number): string {
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(8 - left.length - right.length).fill("0");
  const parts = [...left, ...zeros, ...right].map((part, at) => {
    const kept = Math.min(16, Math.max(0, prefix - at * 16));
    const mask = (0xffff0000 >>> kept) & 0xffff;
    return (Number.parseInt(part, 16) & mask).toString(16);
  });
  return compressed(parts.join(":"));
}

const MAX_NAME_CHARS = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * A domain: at least two labels, in lower case without the final dot; letters
 * beyond ASCII as Punycode (RFC 5890), since that is what is seen on the wire.
 */
export function domain(value: string): string | undefined {
  const name = hostname(value);
  if (name === undefined || !name.includes(".")) return undefined;
  // A last label of digits is an address, or nothing that is on the Internet.
  return /\.\d+$/.test(name) ? undefined : name;
}

/** A host name, a single label too. */
export function hostname(value: string): string | undefined {
  const text = printable(value)?.replace(/\.$/, "").toLowerCase() ?? "";
  // deno-lint-ignore no-control-regex
  const name = /^[\u0000-\u007f]*$/.test(text) ? text : domainToASCII(text);
  return name.length <= MAX_NAME_CHARS &&
      name.split(".").every((label) => LABEL.test(label))
    ? name
    : undefined;
}

/** Far above what browsers and proxies take. */
const MAX_URL_CHARS = 16_384;

/** A URL with scheme and host, otherwise as it is: case matters in a path. */
export function url(value: string): string | undefined {
  const text = printable(value);
  if (text === undefined || text.length > MAX_URL_CHARS) return undefined;
  if (/\s/.test(text)) return undefined;
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(text)) return undefined;
  return URL.canParse(text) ? text : undefined;
}

/** A mail address in lower case: no mail system in use tells cases apart. */
export function email(value: string): string | undefined {
  const match = /^([^\s@"(),:;<>[\]\\]{1,64})@([^@]+)$/.exec(
    printable(value) ?? "",
  );
  const host = domain(match?.[2] ?? "");
  return host === undefined
    ? undefined
    : `${match?.[1]?.toLowerCase()}@${host}`;
}

/** A MAC address of 48 bits: lower case, with colons. */
export function mac(value: string): string | undefined {
  const text = printable(value)?.toLowerCase() ?? "";
  const isMac = /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}$/
    .test(text) ||
    /^[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}$|^[0-9a-f]{12}$/.test(text);
  return isMac ? text.replace(/[:.-]/g, "").match(/../g)?.join(":") : undefined;
}

/** Hex digits per hash algorithm, by STIX's names. */
export const HASH_DIGITS = {
  "MD5": 32,
  "SHA-1": 40,
  "SHA-256": 64,
  "SHA-512": 128,
} as const;

/** An algorithm whose hashes tools take. */
export type HashAlgorithm = keyof typeof HASH_DIGITS;

/** Takes hashes of one algorithm: so many hex digits, in lower case. */
export function hashOf(algorithm: HashAlgorithm): Normalise {
  const digits = new RegExp(`^[0-9a-f]{${HASH_DIGITS[algorithm]}}$`);
  return (value) => {
    const text = printable(value)?.toLowerCase() ?? "";
    return digits.test(text) ? text : undefined;
  };
}

/** The algorithm of a hash by its number of hex digits. */
export function hashAlgorithmOf(value: string): HashAlgorithm | undefined {
  const names = Object.keys(HASH_DIGITS) as HashAlgorithm[];
  return names.find((name) => hashOf(name)(value) !== undefined);
}

/** A file name without folders. */
export function fileName(value: string): string | undefined {
  const text = printable(value);
  return text !== undefined && /^[^\\/]+$/.test(text) && !/^\.+$/.test(text)
    ? text
    : undefined;
}
