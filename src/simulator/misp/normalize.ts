import { normalizeIp } from "./address.ts";
import { isDomain } from "./value_checks.ts";

const NETWORK = "ip-dst ip-src domain|ip domain hostname";

/**
 * What MISP rewrites in values that were made harmless, per type.
 * Source: MISP 2.5 `ComplexTypeTool`.
 */
// deno-fmt-ignore
const REFANG: readonly (readonly [RegExp, string, string])[] = [
  // from                                    to         types
  [/^(hxxp|hxtp|htxp|meow|h\[tt\]p)/i,       "http",    "link url"],
  [/\[\.\]|\[dot\]|\(dot\)|\\\./g,           ".",       `link url ${NETWORK}`],
  [/\.+/g,                                   ".",       NETWORK],
  [/\[hxxp:\/\/\]/g,                         "http://", "link url"],
  [/\[@\]|\[at\]/g,                          "@",       "email email-src email-dst"],
  [/\[:\]/g,                                 ":",       "url link"],
];

type Change = (value: string) => string;

const lower: Change = (value) => value.toLowerCase();
const upper: Change = (value) => value.toUpperCase();
const hashOfFile: Change = (value) => {
  const bar = value.indexOf("|");
  return bar === -1
    ? value
    : value.slice(0, bar) + value.slice(bar).toLowerCase();
};
const phone: Change = (value) =>
  value.replace(/^00/, "+").replaceAll("(0)", "").replace(/[^+0-9]+/g, "");
const digits: Change = (value) => value.replace(/[^0-9]+/g, "");
const account: Change = (value) =>
  value.toUpperCase().replace(/[^0-9A-Z]+/g, "");
const fingerprint: Change = (value) => value.replaceAll(":", "").toLowerCase();
const number: Change = (value) => value.toUpperCase().replaceAll("–", "-");
const mac: Change = (value) =>
  value.toLowerCase().replace(/[.: -]/g, "").replace(/(..)(?=.)/g, "$1:");
const truth: Change = (value) =>
  ["", "0", "false"].includes(value.trim().toLowerCase()) ? "0" : "1";

/** What MISP makes of a value before it judges it. Source: MISP 2.5.34. */
// deno-fmt-ignore
const CHANGES: readonly (readonly [string, Change])[] = [
  ["ip-src ip-dst",                                                                    normalizeIp],
  ["md5 sha1 sha224 sha256 sha384 sha512 sha512/224 sha512/256",                       lower],
  ["sha3-224 sha3-256 sha3-384 sha3-512 ja3-fingerprint-md5 jarm-fingerprint",         lower],
  ["hassh-md5 hasshserver-md5 hostname pehash authentihash vhash imphash telfhash",    lower],
  ["tlsh anonymised cdhash dom-hash",                                                  lower],
  ["email email-src email-dst target-email whois-registrant-email",                    lower],
  ["domain",                                                                           toDomain],
  ["domain|ip",                                                                        toDomainAndIp],
  ["filename|md5 filename|sha1 filename|imphash filename|sha224 filename|sha256",      hashOfFile],
  ["filename|sha384 filename|sha512 filename|sha512/224 filename|sha512/256",          hashOfFile],
  ["filename|sha3-224 filename|sha3-256 filename|sha3-384 filename|sha3-512",          hashOfFile],
  ["filename|authentihash filename|vhash filename|pehash filename|tlsh",               hashOfFile],
  ["http-method hex",                                                                  upper],
  ["vulnerability weakness",                                                           number],
  ["cc-number bin",                                                                    digits],
  ["iban bic",                                                                         account],
  ["prtn whois-registrant-phone phone-number",                                         phone],
  ["x509-fingerprint-md5 x509-fingerprint-sha1 x509-fingerprint-sha256",               fingerprint],
  ["ip-dst|port ip-src|port",                                                          toIpAndPort],
  ["mac-address mac-eui-64",                                                           mac],
  ["hostname|port",                                                                    (value) => lower(value).replaceAll(":", "|")],
  ["boolean",                                                                          truth],
  ["datetime",                                                                         toDatetime],
  ["AS",                                                                               toNumberOfAs],
];

const CHANGE_OF: ReadonlyMap<string, Change> = new Map(
  CHANGES.flatMap(([types, change]) =>
    types.split(" ").map((type) => [type, change] as const)
  ),
);

/**
 * The value as MISP stores it: refanged, trimmed, in the type's own spelling,
 * every character beyond the basic plane replaced by `?`.
 */
export function normalizeValue(type: string, value: string): string {
  let text = value.trim();
  for (const [from, to, types] of REFANG) {
    if (types.split(" ").includes(type)) text = text.replace(from, to);
  }
  text = text.replace(/[\u{10000}-\u{10FFFF}]/gu, "?");
  return CHANGE_OF.get(type)?.(text) ?? text;
}

function toDomain(value: string): string {
  const text = value.toLowerCase().replace(/^\.+|\.+$/g, "");
  return isDomain(text) ? text : punycode(text);
}

function toDomainAndIp(value: string): string {
  const [domain = "", ip] = value.toLowerCase().split("|");
  return ip === undefined ? domain : `${toDomain(domain)}|${normalizeIp(ip)}`;
}

function punycode(domain: string): string {
  return /\P{ASCII}/u.test(domain) && !/[\s/?#@:]/.test(domain)
    ? URL.parse(`http://${domain}`)?.hostname ?? domain
    : domain;
}

/** `1.2.3.4:80` and the many ways to write a port behind IPv6. */
function toIpAndPort(value: string): string {
  const parts = value.split(":").length > 2
    ? portBehindIpv6(value)
    : value.includes(":")
    ? value.split(":")
    : value.split("|");
  const [ip = "", port] = parts;
  return port === undefined ? value : `${normalizeIp(ip)}|${port}`;
}

function portBehindIpv6(value: string): string[] {
  const bracketed = /^\[(.*)\]:(.*)$/.exec(value);
  if (bracketed !== null) return bracketed.slice(1);
  const mark = ["|", ".", " port ", "p", "#"].find((mark) =>
    value.includes(mark)
  );
  if (mark !== undefined) return value.split(mark);
  const last = value.lastIndexOf(":");
  return [value.slice(0, last), value.slice(last + 1)];
}

/** `2024-01-01T00:00:00.000000+0000`; what is no date stays as it is. */
function toDatetime(value: string): string {
  const zoned = /[zZ]|[+-]\d\d:?\d\d$/.test(value) || !/\d:\d/.test(value);
  const ms = Date.parse(zoned ? value : `${value}Z`);
  return Number.isNaN(ms)
    ? value
    : new Date(ms).toISOString().replace("Z", "000+0000");
}

/** `AS64512` and `1.10` (asdot) become the number alone. */
function toNumberOfAs(value: string): string {
  const text = value.replace(/^as/i, "");
  const dotted = /^(\d+)\.(\d+)$/.exec(text);
  return dotted === null
    ? text
    : String(Number(dotted[1]) * 65_536 + Number(dotted[2]));
}
