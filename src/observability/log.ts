import { type Mask, maskOf } from "./mask.ts";
import { plain } from "./plain_text.ts";

/** Levels, least to most serious. `off` is for tests. */
export const LOG_LEVELS = ["debug", "info", "warn", "error", "off"] as const;
/** How serious a line is, or how serious it must be to be written. */
export type LogLevel = typeof LOG_LEVELS[number];

/** Facts of a log line: one flat object, values as they should be printed. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Writes one structured line per thing that happened. INFO: an action
 * finished. WARN: odd, nothing lost. ERROR: data lost or a person is needed.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds these fields to every line. */
  with(fields: LogFields): Log;
}

/** How and where lines are written. */
export interface LogOptions {
  readonly level: LogLevel;
  /** `text` for people, `json` for machines: one object per line. */
  readonly format: "text" | "json";
  /** Takes one line, newline included. */
  write(line: string): void;
  /** Milliseconds since 1970. */
  now(): number;
  /** Texts that must never appear: each is printed as `***`. */
  readonly secrets?: readonly string[];
}

/** A line is for reading: what is longer is cut. */
const MAX_VALUE_CHARS = 2000;

/** Makes a log. Values from the outside cannot break out of their line. */
export function createLog(options: LogOptions): Log {
  const mask = maskOf(options.secrets ?? []);
  return childLog(options, {}, mask);
}

/** A log that writes nothing. */
export function silentLog(): Log {
  return createLog({
    level: "off",
    format: "text",
    write: () => {},
    now: () => 0,
  });
}

function childLog(
  options: LogOptions,
  bound: LogFields,
  mask: Mask,
): Log {
  const threshold = LOG_LEVELS.indexOf(options.level);
  const lineOf = options.format === "json" ? jsonLine : textLine;
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (LOG_LEVELS.indexOf(level) < threshold) return;
    const time = new Date(options.now()).toISOString();
    const all = maskedFields({ ...bound, ...fields }, mask);
    options.write(`${lineOf(time, level, mask(message), all)}\n`);
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => childLog(options, { ...bound, ...fields }, mask),
  };
}

/** Masks before anything is escaped, so that no form of a secret is missed. */
function maskedFields(
  fields: LogFields,
  mask: Mask,
): LogFields {
  const walk = (value: unknown): unknown => {
    if (typeof value === "string") return mask(value);
    if (typeof value === "bigint") return String(value);
    if (value instanceof Error) return mask(value.message);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, walk(inner)]),
    );
  };
  return walk(fields) as LogFields;
}

function jsonLine(
  time: string,
  level: LogLevel,
  message: string,
  fields: LogFields,
): string {
  return JSON.stringify(
    { time, level, message, ...fields },
    (_key, value) => typeof value === "string" ? cut(value) : value,
  );
}

function textLine(
  time: string,
  level: LogLevel,
  message: string,
  fields: LogFields,
): string {
  const { target, ...rest } = fields;
  const prefix = target === undefined ? "" : `${printable(target)}: `;
  const pairs = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${printable(value)}`);
  return `${time} ${level.toUpperCase().padEnd(5)} ${prefix}${plain(message)}${
    pairs.join("")
  }`;
}

/** Bare where it is one plain word, else quoted with everything escaped. */
function printable(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") {
    return String(value);
  }
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
  return /^[\w.:/@+-]+$/.test(text)
    ? cut(text)
    : plain(JSON.stringify(cut(text)));
}

function cut(text: string): string {
  return text.length <= MAX_VALUE_CHARS
    ? text
    : `${text.slice(0, MAX_VALUE_CHARS)}... (${text.length} characters)`;
}
