/**
 * What MISP makes of a value before it stores it, and what it refuses: MISP 2.5
 * `AttributeValidationTool`. Each gives the value as MISP will hold it, or
 * nothing where MISP would drop the attribute. Values come trimmed and are not
 * empty.
 */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";

/** Takes a trimmed value; undefined: MISP refuses it. */
export type ValueRule = (value: string) => string | undefined;

const MAX_AS = 4_294_967_295;

/** Any text. */
export function any(value: string): string {
  return value;
}

/** Text without a line break. */
export function line(value: string): string | undefined {
  return /[\r\n]/.test(value) ? undefined : value;
}

/** Exactly so many hexadecimal digits, in lower case. */
export function hex(digits: number): ValueRule {
  const form = new RegExp(`^[0-9a-f]{${digits}}$`);
  return (value) => matching(form, value.toLowerCase());
}

/** The same, of a certificate: colons between the digits go. */
export function fingerprint(digits: number): ValueRule {
  const digest = hex(digits);
  return (value) => digest(value.replaceAll(":", ""));
}

/** At least 40 hexadecimal digits: a code directory hash. */
export function cdhash(value: string): string | undefined {
  return matching(/^[0-9a-f]{40,}$/, value.toLowerCase());
}

/** `blocksize:hash:hash`. */
export function ssdeep(value: string): string | undefined {
  return matching(/^\d+:[0-9a-zA-Z/+]*:[0-9a-zA-Z/+]*$/, value);
}

/** A TLSH digest: at least 36 hexadecimal digits, `T` before them or not. */
export function tlsh(value: string): string | undefined {
  return matching(/^t?[0-9a-f]{36,}$/, value.toLowerCase());
}

/**
 * An address or a network. IPv6 is compressed; the prefix of a single address
 * goes, and a zone with it.
 */
export function ip(value: string): string | undefined {
  const [, address = "", prefix] =
    /^([^/%\s]+)(?:%[^/\s]*)?(?:\/(\d{1,3}))?$/.exec(refanged(value)) ?? [];
  const version = isIP(address);
  if (version === 0) return undefined;
  const bits = version === 4 ? 32 : 128;
  if (prefix !== undefined && Number(prefix) > bits) return undefined;
  const short = version === 4 ? address : compressed(address);
  return prefix === undefined || Number(prefix) === bits
    ? short
    : `${short}/${Number(prefix)}`;
}

/** A domain with a dot, in lower case and ASCII. */
export function domain(value: string): string | undefined {
  const name = refanged(value).toLowerCase().replace(/\.+/g, ".")
    .replace(/^\.|\.$/g, "");
  // deno-lint-ignore no-control-regex
  const ascii = /^[\u0000-\u007f]*$/.test(name) ? name : domainToASCII(name);
  return matching(/^[a-z0-9._-]+\.[a-z0-9-]{2,}$/, ascii);
}

/** `x@y.z` in lower case. */
export function email(value: string): string | undefined {
  const address = value.replace(/\[@\]|\[at\]/g, "@").toLowerCase();
  const [user = "", host = "", more] = address.split("@", 3);
  // A host that begins or ends in its only dot has none.
  const isSound = user !== "" && more === undefined && !/\s/.test(address) &&
    host.slice(1, -1).includes(".");
  return isSound ? address : undefined;
}

/** A URL in one line; MISP asks for no scheme here. */
export function url(value: string): string | undefined {
  return line(
    refanged(value.replace(/^(?:hxxp|hxtp|htxp|meow|h\[tt\]p)/i, "http"))
      .replaceAll("[hxxp://]", "http://").replaceAll("[:]", ":"),
  );
}

/** An absolute URL in ASCII whose host is a name or an address. */
export function link(value: string): string | undefined {
  const parsed = URL.parse(value);
  if (parsed === null || !/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) {
    return undefined;
  }
  const text = ASCII_LINE.test(value) ? value : parsed.href;
  return isHost(parsed.hostname) && ASCII_LINE.test(text) ? text : undefined;
}

const ASCII_LINE = /^[\x21-\x7e]+$/;

/** A name or an address, as PHP's `FILTER_VALIDATE_URL` has it. */
function isHost(host: string): boolean {
  if (host.startsWith("[")) return isIP(host.slice(1, -1)) === 6;
  const labels = host.replace(/\.$/, "").split(".");
  return host.length <= 253 &&
    labels.every((label) =>
      label.length <= 63 && /^[a-z0-9-]+$/i.test(label) && !/^-|-$/.test(label)
    );
}

/** 12 hexadecimal digits as `aa:bb:...`. */
export function mac(value: string): string | undefined {
  if (/[^0-9a-f:.\s-]/i.test(value)) return undefined;
  const digits = value.toLowerCase().replace(/[^0-9a-f]/g, "");
  return digits.length === 12 ? digits.match(/../g)?.join(":") : undefined;
}

/** The number of an autonomous system, `AS` before it or not. */
export function autonomousSystem(value: string): string | undefined {
  return wholeUpTo(MAX_AS, value.replace(/^as\s*/i, ""), 0);
}

/** A TCP or UDP port. */
export function port(value: string): string | undefined {
  return wholeUpTo(65_535, value, 1);
}

/** A count of bytes and the like. */
export function count(value: string): string | undefined {
  return matching(/^\d{1,19}$/, value);
}

/** A CVE number. */
export function cve(value: string): string | undefined {
  return matching(/^CVE-\d{4}-\d{4,}$/, value.toUpperCase());
}

/** A Bitcoin address of any of the three forms. */
export function btc(value: string): string | undefined {
  return matching(
    /^(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71})$/,
    value,
  );
}

/** Digits, with a plus for the international form. */
export function phone(value: string): string | undefined {
  const digits = value.replace(/^00/, "+").replace(/\(0\)/g, "")
    .replace(/[^+0-9]/g, "");
  return matching(/^\+?[0-9]+$/, digits);
}

/** A time, in the form in which MISP gives it back. */
export function datetime(value: string): string | undefined {
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) return undefined;
  const iso = new Date(ms).toISOString();
  return iso.length === 24 ? `${iso.slice(0, 23)}000+0000` : undefined;
}

/** Two parts in one line with exactly one `|` between them. */
export function pair(value: string): string | undefined {
  return matching(/^[^|\r\n]+\|[^|\r\n]+$/, value);
}

/** The name of a file, without the folders before it. */
export function attachmentName(value: string): string | undefined {
  const name = value.slice(
    Math.max(...["/", "\\"].map((separator) => value.lastIndexOf(separator))) +
      1,
  );
  return name === "" ? undefined : line(name);
}

function matching(form: RegExp, value: string): string | undefined {
  return form.test(value) ? value : undefined;
}

function wholeUpTo(
  most: number,
  value: string,
  least: number,
): string | undefined {
  if (!/^\d{1,10}$/.test(value)) return undefined;
  const number = Number(value);
  return number >= least && number <= most ? `${number}` : undefined;
}

/** Without what people write so that nobody opens it by chance. */
function refanged(value: string): string {
  return value.replace(/\[\.\]|\[dot\]|\(dot\)|\\\./g, ".");
}

/** RFC 5952, but that an IPv4 address within stays as it is. */
function compressed(address: string): string {
  const lower = address.toLowerCase();
  if (lower.includes(".")) return lower;
  return URL.parse(`http://[${lower}]`)?.hostname.slice(1, -1) ?? lower;
}
