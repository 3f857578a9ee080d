/**
 * What a person wrote, as a value: one function per kind of setting. Each
 * throws `ConfigError` with what is wrong and the remedy.
 */
import { ConfigError } from "../errors.ts";
import { Secret } from "./secret.ts";

/** Limits of a whole number, both included. */
export interface IntegerLimits {
  readonly min?: number;
  readonly max?: number;
}

/** Limits of a text's length in characters, both included. */
export interface TextLimits {
  readonly min?: number;
  readonly max?: number;
}

/**
 * The text of a scalar setting, trimmed.
 *
 * @throws {ConfigError} It is missing, empty, a list or a block.
 */
export function scalarText(value: unknown): string {
  if (value === undefined || value === null) throw new ConfigError(MISSING);
  if (typeof value === "object") {
    throw new ConfigError("is a list or a block; give one value");
  }
  const text = String(value).trim();
  if (text === "") throw new ConfigError(MISSING);
  return text;
}

/** What is said of a value that is absent. The loader adds where to set it. */
export const MISSING = "is missing";

/** A value for a message, only if it is too short to be a usual secret. */
export function quoted(text: string): string {
  return text.length <= 24 ? JSON.stringify(text) : "this value";
}

const CONTROL = /\p{Cc}/u;

/** An http or https URL without credentials, query and fragment. */
export function readUrl(value: unknown): string {
  const parsed = parseUrl(scalarText(value), ["http:", "https:"]);
  if (parsed === undefined) {
    throw new ConfigError(
      "is not an http or https URL; write it like https://host.example:9200",
    );
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new ConfigError(
      "must not hold a user name or password; use the settings for those",
    );
  }
  if (parsed.search !== "" || parsed.hash !== "") {
    throw new ConfigError(
      'must not hold a query or fragment; cut it at the "?" or "#"',
    );
  }
  return parsed.origin + parsed.pathname.replace(/\/+$/, "");
}

const PROXY_SCHEMES = ["http:", "https:", "socks5:", "socks5h:"];

/** The URL of a proxy, with a scheme. */
export function readProxyUrl(value: unknown): string {
  const text = scalarText(value);
  const full = text.includes("://") ? text : `http://${text}`;
  if (parseUrl(full, PROXY_SCHEMES) === undefined) {
    throw new ConfigError(
      "is not the URL of a proxy; write it like http://proxy.example:3128",
    );
  }
  return full.replace(/\/+$/, "");
}

function parseUrl(text: string, schemes: readonly string[]): URL | undefined {
  if (CONTROL.test(text) || /\s/.test(text) || !text.includes("://")) {
    return undefined;
  }
  const parsed = URL.parse(text);
  if (parsed === null || parsed.hostname === "") return undefined;
  return schemes.includes(parsed.protocol) ? parsed : undefined;
}

/** A secret, which nothing prints. */
export function readSecret(value: unknown): Secret {
  scalarText(value);
  const text = String(value);
  if (CONTROL.test(text)) {
    throw new ConfigError(
      "holds a line break or control character; remove it",
    );
  }
  return new Secret(text);
}

/** One line of text, trimmed. */
export function readText(value: unknown, { min, max }: TextLimits): string {
  const text = scalarText(value);
  if (CONTROL.test(text)) {
    throw new ConfigError(
      "holds a line break or control character; remove it",
    );
  }
  if (text.length < (min ?? 0)) {
    throw new ConfigError(`is too short; use at least ${min} characters`);
  }
  if (text.length > (max ?? Infinity)) {
    throw new ConfigError(`is too long; use at most ${max} characters`);
  }
  return text;
}

/** One of some words, as it is spelled among them. */
export function readChoice<Word extends string>(
  value: unknown,
  words: readonly Word[],
): Word {
  const text = scalarText(value);
  const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
  if (found === undefined) {
    throw new ConfigError(
      `${quoted(text)} is not one of the choices; use ${words.join(", ")}`,
    );
  }
  return found;
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  1: true,
  false: false,
  no: false,
  off: false,
  0: false,
};

/** True or false, from any of their words. */
export function readBoolean(value: unknown): boolean {
  const text = scalarText(value);
  const word = text.toLowerCase();
  const result = Object.hasOwn(BOOLEANS, word) ? BOOLEANS[word] : undefined;
  if (result === undefined) {
    throw new ConfigError(
      `${quoted(text)} is neither true nor false; use one of them`,
    );
  }
  return result;
}

/** A whole number within limits. */
export function readInteger(value: unknown, limits: IntegerLimits): number {
  const text = scalarText(value);
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(number)) {
    throw new ConfigError(
      `${quoted(text)} is not a whole number; use digits alone`,
    );
  }
  const { min = -Infinity, max = Infinity } = limits;
  if (number < min || number > max) {
    throw new ConfigError(
      `${number} is out of range; use ${rangeText(limits)}`,
    );
  }
  return number === 0 ? 0 : number;
}

function rangeText({ min, max }: IntegerLimits): string {
  if (min === undefined) return `at most ${max}`;
  if (max === undefined) return `at least ${min}`;
  return `${min} to ${max}`;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  w: 7 * 24 * 3_600_000,
  d: 24 * 3_600_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
};

const LONGEST_MS = 3650 * 24 * 3_600_000;

/** Milliseconds of a span of time. */
export function readDuration(value: unknown): number {
  const text = scalarText(value).toLowerCase();
  const ms = durationMs(text);
  if (ms === undefined) {
    throw new ConfigError(
      `${quoted(text)} is not a duration; write it like 30s, 5m or 1h30m`,
    );
  }
  if (ms <= 0 || ms > LONGEST_MS) {
    throw new ConfigError(
      `${quoted(text)} is out of range; use more than 0 and at most 3650d`,
    );
  }
  return ms;
}

function durationMs(text: string): number | undefined {
  if (/^[+-]?\d+(\.\d+)?$/.test(text)) return wholeMs(Number(text) * 1000);
  if (!/^(\d+(\.\d+)?\s*[wdhms]\s*)+$/.test(text)) return undefined;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)\s*([wdhms])/g)) {
    total += Number(count) * (UNIT_MS[unit!] ?? NaN);
  }
  return wholeMs(total);
}

/** Rounded up, so that a tiny duration does not become none. */
function wholeMs(ms: number): number {
  return ms > 0 ? Math.ceil(ms) : ms;
}

/** The entries of a list or of text with commas. */
export function readCommaList(value: unknown): string[] {
  if (value === undefined || value === null) throw new ConfigError(MISSING);
  const entries = Array.isArray(value) ? value : scalarText(value).split(",");
  return entries.map((entry) => {
    if (typeof entry === "object" && entry !== null) {
      throw new ConfigError("holds a list or a block; give plain entries");
    }
    return String(entry ?? "").trim();
  }).filter((entry) => entry !== "");
}

/** True if the text holds at least one whole PEM block. */
export function holdsPem(text: string): boolean {
  return /-----BEGIN ([A-Z0-9 ]+)-----[^]*?-----END \1-----/.test(text);
}

/** Text that holds a PEM block. */
export function readPem(value: unknown): string {
  const text = scalarText(value);
  if (!holdsPem(text)) {
    throw new ConfigError(
      "holds no PEM block; convert the file to PEM",
    );
  }
  return text;
}

const ISO_DATE =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|z|[+-]\d{2}:?\d{2})?)?$/;

/** An ISO 8601 date with milliseconds, in UTC. */
export function readIsoDate(value: unknown): string {
  const text = scalarText(value);
  const ms = isoDateMs(text);
  if (ms === undefined) {
    throw new ConfigError(
      `${quoted(text)} is not an ISO 8601 date; ` +
        "write it like 2026-01-31 or 2026-01-31T08:00:00Z",
    );
  }
  return new Date(ms).toISOString();
}

function isoDateMs(text: string): number | undefined {
  const match = ISO_DATE.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = "00", minute = "00", second = "00"] = match;
  const fraction = (match[7] ?? "").padEnd(3, "0").slice(0, 3);
  const zone = (match[8] ?? "Z").toUpperCase();
  const offset = zone === "Z" || zone.includes(":")
    ? zone
    : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  const clock = `${hour}:${minute}:${second}.${fraction}`;
  const ms = Date.parse(`${year}-${month}-${day}T${clock}${offset}`);
  // Date.parse() reads 30 February as 1 March.
  const calendar = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return Number.isNaN(ms) || calendar.getUTCDate() !== Number(day)
    ? undefined
    : ms;
}

/** A UUID, spelled as it was given. */
export function readUuid(value: unknown): string {
  const text = scalarText(value);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    throw new ConfigError(
      "is not a UUID; make one, for example with uuidgen",
    );
  }
  return text;
}
