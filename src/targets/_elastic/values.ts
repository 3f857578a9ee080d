/**
 * How single values become ECS values. Each takes what STIX has and gives the
 * value to write, or nothing when it cannot be written: a wrong type in an
 * event must cost one field, not the document.
 */
import { isIP } from "node:net";
import { isRecord } from "../../stix/object.ts";

/** Longest network prefix per IP version. */
const PREFIX_BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** Non-empty text as it is; a number as text. */
export function keyword(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return `${value}`;
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Text in lower case. */
export function lower(value: unknown): string | undefined {
  return keyword(value)?.toLowerCase();
}

/** A finite number. */
export function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value)
    ? value
    : undefined;
}

/** A whole number that a `long` field takes, also from its digits. */
export function whole(value: unknown): number | undefined {
  const digits = typeof value === "string" && /^\d{1,15}$/.test(value)
    ? Number(value)
    : value;
  return Number.isSafeInteger(digits) ? digits as number : undefined;
}

/** A TCP or UDP port. */
export function port(value: unknown): number | undefined {
  const found = whole(value);
  return found !== undefined && found >= 0 && found <= 65_535
    ? found
    : undefined;
}

/** The number of an autonomous system, with or without `AS` before it. */
export function systemNumber(value: unknown): number | undefined {
  const digits = typeof value === "string" ? value.replace(/^as/i, "") : value;
  const found = whole(digits);
  return found !== undefined && found >= 0 ? found : undefined;
}

/**
 * An ISO 8601 date in UTC with milliseconds. Elasticsearch refuses the whole
 * document when a `date` field holds anything else.
 */
export function instant(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) return undefined;
  const iso = new Date(ms).toISOString();
  // Years beyond 9999 get a sign, which `strict_date_optional_time` refuses.
  return iso.length === 24 ? iso : undefined;
}

interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly isHost: boolean;
}

function toNetwork(value: unknown): Network | undefined {
  if (typeof value !== "string") return undefined;
  const match = /^\s*([^/%\s]+)(?:%[^/\s]*)?(?:\/(\d{1,3}))?\s*$/.exec(value);
  const address = match?.[1] ?? "";
  const bits = PREFIX_BITS[isIP(address)];
  if (bits === undefined) return undefined;
  const prefix = match?.[2] === undefined ? bits : Number(match[2]);
  return prefix > bits
    ? undefined
    : { address: address.toLowerCase(), prefix, isHost: prefix === bits };
}

/**
 * One IP address: `/32` or `/128` and a zone id are cut. A wider network gives
 * nothing, because the `ip` type refuses it.
 */
export function address(value: unknown): string | undefined {
  const network = toNetwork(value);
  return network?.isHost ? network.address : undefined;
}

/** A network wider than one address, in CIDR notation. */
export function network(value: unknown): string | undefined {
  const found = toNetwork(value);
  return found !== undefined && !found.isHost
    ? `${found.address}/${found.prefix}`
    : undefined;
}

/** A host name in lower case without its final dot. */
export function domain(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  return keyword(value.trim().toLowerCase().replace(/\.$/, ""));
}

/** A MAC address as `00-00-5E-00-53-23`, the ECS form. */
export function macAddress(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const digits = value.replace(/[^0-9a-f]/gi, "").toUpperCase();
  return digits.length === 12 || digits.length === 16
    ? digits.match(/../g)?.join("-")
    : keyword(value.trim());
}

/** What follows the last dot of a file name or URL path. */
export function extensionOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  return /[^./\\]\.([0-9A-Za-z]{1,16})$/.exec(value)?.[1];
}

/** Registry hives and their short names. */
const HIVES: Readonly<Record<string, string>> = {
  HKEY_LOCAL_MACHINE: "HKLM",
  HKEY_CURRENT_USER: "HKCU",
  HKEY_CLASSES_ROOT: "HKCR",
  HKEY_USERS: "HKU",
  HKEY_CURRENT_CONFIG: "HKCC",
};

const SHORT_HIVES = new Set(Object.values(HIVES));

function splitKey(value: unknown): { hive?: string; key?: string } {
  if (typeof value !== "string") return {};
  const path = value.replace(/^\\+|\\+$/g, "");
  const cut = path.indexOf("\\");
  const first = (cut < 0 ? path : path.slice(0, cut)).toUpperCase();
  const hive = HIVES[first] ?? (SHORT_HIVES.has(first) ? first : undefined);
  if (hive === undefined) return path === "" ? {} : { key: path };
  return cut < 0 ? { hive } : { hive, key: path.slice(cut + 1) };
}

/** The hive of a registry key, abbreviated: `HKLM`. */
export function hive(value: unknown): string | undefined {
  return splitKey(value).hive;
}

/** A registry key without its hive. */
export function keyBelowHive(value: unknown): string | undefined {
  return splitKey(value).key;
}

/** Short hive, key and value name in one path. */
export function registryPath(
  value: unknown,
  source: Readonly<Record<string, unknown>>,
): string | undefined {
  const { hive, key } = splitKey(value);
  const item = isRecord(source.value) ? keyword(source.value.name) : undefined;
  const parts = [hive, key, item].filter((part) => part !== undefined);
  return keyword(parts.join("\\"));
}

/** The text as a list of one, for fields that ECS wants as lists. */
export function listed(value: unknown): string[] | undefined {
  const found = keyword(value);
  return found === undefined ? undefined : [found];
}

/** The non-empty texts of a list. */
export function texts(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const found = value.map(keyword).filter((item) => item !== undefined);
  return found.length === 0 ? undefined : found;
}

/** A certificate's serial number: upper-case hexadecimal, no separators. */
export function serialNumber(value: unknown): string | undefined {
  return keyword(
    keyword(value)?.replace(/^0x/i, "").replace(/[\s:-]/g, "").toUpperCase(),
  );
}

/** The common names in a distinguished name of either spelling. */
export function commonNames(value: unknown): string[] | undefined {
  if (typeof value !== "string") return undefined;
  const parts = value.startsWith("/")
    ? value.split("/")
    : value.match(/(?:\\.|[^,\\])+/gs) ?? [];
  const names = parts
    .map((part) => /^\s*CN\s*=\s*(.*?)\s*$/is.exec(part)?.[1])
    .filter((name) => name !== undefined && name !== "") as string[];
  return names.length === 0 ? undefined : names;
}

/** Subject alternative names, without the word that says their kind. */
export function alternativeNames(value: unknown): string[] | undefined {
  if (typeof value !== "string") return undefined;
  return texts(
    value.split(",").map((name) =>
      name.trim().replace(/^(?:DNS|IP(?: Address)?|URI|email)\s*:\s*/i, "")
    ),
  );
}

/** STIX confidence 0-100 as the word ECS wants. */
export function confidenceWord(value: unknown): string {
  const found = number(value);
  if (found === undefined) return "Not Specified";
  // The bands of Elastic's own OpenCTI integration.
  if (found <= 0) return "None";
  if (found < 30) return "Low";
  return found < 70 ? "Medium" : "High";
}
