/**
 * The kinds of setting a configuration is made of.
 *
 * How the loader serves them, so that a target has nothing to do for it:
 *
 * - Values arrive as text, from the file as from the environment (a YAML
 *   `0123` stays `0123`); only `CONNECTOR_JSON_CONFIG` brings numbers and
 *   booleans. Use these fields, `z.string()` and `z.enum()`; not `z.number()`
 *   or `z.boolean()`, which refuse text.
 * - Empty text and null mean "not set": the key is absent when a schema sees
 *   the settings, so `.default()`, `.prefault()` and `.optional()` apply.
 * - A `secret()` called `token` may also be given as `token_file` (and its
 *   variable with `_FILE`): the loader reads the file and sets `token`.
 * - A `pemFile()` is a path in the configuration; the loader reads it, so the
 *   schema sees the PEM text and its output holds it. `x_cert` and `x_key`
 *   in one block must both be given or neither; the loader checks that too.
 * - `.default(value)` takes the result (`.default(90)`), `.prefault(text)` what
 *   a person would write (`.prefault("5m")`): use the latter where they differ.
 * - `.describe(text)` ends up in the JSON Schema and the example file, and
 *   `.meta({ examples: [value] })` in the latter.
 */
import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { Secret } from "./secret.ts";

export { Secret } from "./secret.ts";

/** A setting read from anything; its result is checked. */
export type Field<Output> = z.ZodType<Output, unknown>;

/** Settings the loader treats specially. */
export type FieldKind = "secret" | "pem" | "proxy";

const KINDS = z.registry<{ kind: FieldKind }>();

/** What `z.toJSONSchema()` prints for a field, beside its description. */
type FieldMeta = Readonly<Record<string, unknown>>;

/** A `${VAR}` may stand wherever text may. */
const REFERENCE = String.raw`\$\{`;

/**
 * Base URL of a service, http or https. A path prefix is kept, a slash at the
 * end is cut; credentials, query and fragment are refused.
 */
export function url(): Field<string> {
  return field(readUrl, {
    type: "string",
    pattern: `^(https?://|${REFERENCE})`,
  });
}

/**
 * URL of a proxy: http, https, socks5 or socks5h, credentials allowed.
 * Without a scheme it is http.
 */
export function proxyUrl(): Field<string> {
  return marked(field(readProxyUrl, { type: "string" }), "proxy");
}

/** A token, password or key: text without control characters. */
export function secret(): Field<Secret> {
  const schema = field(readSecret, { type: "string", writeOnly: true });
  return marked(schema, "secret");
}

/**
 * `true`, `yes`, `on`, `1` and `false`, `no`, `off`, `0`, in any case and with
 * spaces around. Empty text counts as not set.
 */
export function booleanField(): Field<boolean> {
  return field(readBoolean, {
    type: ["boolean", "string"],
    pattern:
      `^\\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|` +
      `[Oo][Nn]|[Oo][Ff][Ff]|[01])?\\s*$|${REFERENCE}`,
  });
}

/** Limits of a whole number, both included. */
export interface IntegerLimits {
  readonly min?: number;
  readonly max?: number;
}

/** A whole number, from a number or decimal text. */
export function integer(limits: IntegerLimits = {}): Field<number> {
  return field((value) => readInteger(value, limits), {
    type: ["integer", "string"],
    pattern: `^\\s*[+-]?[0-9]+\\s*$|${REFERENCE}`,
    ...(limits.min === undefined ? {} : { minimum: limits.min }),
    ...(limits.max === undefined ? {} : { maximum: limits.max }),
  });
}

/**
 * A span of time such as `5m`, `1h30m` or `2w`; a bare number is seconds.
 * More than zero, at most ten years. The result is in milliseconds.
 */
export function duration(): Field<number> {
  return field(readDuration, {
    type: ["number", "string"],
    exclusiveMinimum: 0,
    pattern: `^\\s*[0-9.]+\\s*([wdhms]\\s*([0-9.]+\\s*[wdhms]\\s*)*)?$|` +
      REFERENCE,
  });
}

/** A list, or text with commas; entries are trimmed, empty ones dropped. */
export function commaList(): Field<string[]> {
  return field(readCommaList, {
    type: ["array", "string"],
    items: { type: "string" },
  });
}

/**
 * Path of a PEM file (certificate, key or CA). The loader reads it: what the
 * schema sees, and gives, is the text.
 */
export function pemFile(): Field<string> {
  return marked(field(readPem, { type: "string" }), "pem");
}

/**
 * ISO 8601 date or date and time; without a zone it is UTC. The result is
 * `2026-01-31T00:00:00.000Z`.
 */
export function isoDate(): Field<string> {
  return field(readIsoDate, {
    type: "string",
    pattern: `^\\s*[0-9]{4}-[0-9]{2}-[0-9]{2}|${REFERENCE}`,
  });
}

/** A UUID of any version, spelled as it was given. */
export function uuid(): Field<string> {
  return field(readUuid, {
    type: "string",
    pattern: `^\\s*[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\\s*$|` +
      REFERENCE,
  });
}

/** Limits of a text's length in characters, both included. */
export interface TextLimits {
  readonly min?: number;
  readonly max?: number;
}

/** One line of text, trimmed. */
export function text(limits: TextLimits = {}): Field<string> {
  return field((value) => readText(value, limits), {
    type: "string",
    ...(limits.min === undefined ? {} : { minLength: limits.min }),
    ...(limits.max === undefined ? {} : { maxLength: limits.max }),
  });
}

/** One of some words, in any case and with spaces around. */
export function choice<const Word extends string>(
  words: readonly Word[],
): Field<Word> {
  return field((value) => readChoice(value, words), {
    type: "string",
    enum: words,
  });
}

/**
 * A setting of another form. `read` gets the value and throws `ConfigError`
 * with "what is wrong; the remedy", never quoting what might be a secret.
 * `meta` is its JSON Schema.
 */
export function field<Output>(
  read: (value: unknown) => Output,
  meta: FieldMeta,
): Field<Output> {
  // A check, not a transform: defaults and examples of a transform are left
  // out of a JSON Schema.
  const schema = z.unknown() as unknown as Field<Output>;
  return schema.check((payload) => {
    const value: unknown = payload.value;
    try {
      payload.value = read(value);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      payload.issues.push({
        code: "custom",
        message: error.message,
        input: value,
      });
    }
  }).meta(meta);
}

/** How the loader must treat a field, whatever it is wrapped in. */
export function fieldKind(schema: z.core.$ZodType): FieldKind | undefined {
  for (let inner: z.core.$ZodType | undefined = schema; inner !== undefined;) {
    const entry = KINDS.get(inner);
    if (entry !== undefined) return entry.kind;
    inner = unwrapped(inner);
  }
  return undefined;
}

/** The members of an object schema, whatever it is wrapped in. */
export function objectShape(
  schema: z.core.$ZodType,
): Readonly<Record<string, z.core.$ZodType>> | undefined {
  for (let inner: z.core.$ZodType | undefined = schema; inner !== undefined;) {
    if (inner instanceof z.ZodObject) return inner.shape;
    inner = unwrapped(inner);
  }
  return undefined;
}

/** True if the object takes keys beside those of its shape. */
export function isOpenObject(schema: z.core.$ZodType): boolean {
  for (let inner: z.core.$ZodType | undefined = schema; inner !== undefined;) {
    if (inner instanceof z.ZodObject) {
      const rest = inner.def.catchall;
      return rest !== undefined && !(rest instanceof z.ZodNever);
    }
    inner = unwrapped(inner);
  }
  return true;
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

function marked<Output>(
  schema: Field<Output>,
  kind: FieldKind,
): Field<Output> {
  KINDS.add(schema, { kind });
  return schema;
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const def = schema._zod.def as {
    innerType?: z.core.$ZodType;
    in?: z.core.$ZodType;
  };
  // z.preprocess() is a pipe that begins with a transform.
  if (def.in instanceof z.ZodTransform) {
    return (schema._zod.def as { out?: z.core.$ZodType }).out;
  }
  return def.innerType ?? def.in;
}

const CONTROL = /\p{Cc}/u;

function readUrl(value: unknown): string {
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

function readProxyUrl(value: unknown): string {
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

function readSecret(value: unknown): Secret {
  scalarText(value);
  const text = String(value);
  if (CONTROL.test(text)) {
    throw new ConfigError(
      "holds a line break or control character; remove it",
    );
  }
  return new Secret(text);
}

function readText(value: unknown, { min, max }: TextLimits): string {
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

function readChoice<Word extends string>(
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

function readBoolean(value: unknown): boolean {
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

function readInteger(value: unknown, limits: IntegerLimits): number {
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

function readDuration(value: unknown): number {
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

function readCommaList(value: unknown): string[] {
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

function readPem(value: unknown): string {
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

function readIsoDate(value: unknown): string {
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

function readUuid(value: unknown): string {
  const text = scalarText(value);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    throw new ConfigError(
      "is not a UUID; make one, for example with uuidgen",
    );
  }
  return text;
}
