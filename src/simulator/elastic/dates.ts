/**
 * Dates as Elasticsearch reads them: `strict_date_optional_time`,
 * `epoch_millis`, `epoch_second`, and date math for queries.
 */

const ISO =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(?:(\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?)?)?$/;
const INTEGER = /^-?\d{1,18}$/;
const DAY_MS = 86_400_000;

/** The formats a `date` field may name in this simulator. */
export const DATE_FORMATS: ReadonlySet<string> = new Set([
  "strict_date_optional_time",
  "strict_date_optional_time_nanos",
  "date_optional_time",
  "strict_date_time",
  "date_time",
  "strict_date",
  "date",
  "epoch_millis",
  "epoch_second",
  "yyyy-MM-dd",
]);

/** What a `date` field accepts when its mapping names no format. */
export const DEFAULT_DATE_FORMAT = "strict_date_optional_time||epoch_millis";

/** How a date text is completed where it is short. */
export interface DateReading {
  /** `||`-separated names of `DATE_FORMATS`. */
  format?: string | undefined;
  /** Missing parts become the latest instant: for `gt` and `lte`. */
  roundUp?: boolean;
}

/** Epoch milliseconds of a document's or query's date, or undefined. */
export function parseDate(
  value: unknown,
  { format = DEFAULT_DATE_FORMAT, roundUp = false }: DateReading = {},
): number | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const text = String(value);
  for (const name of format.split("||")) {
    const millis = parseWith(name, text, roundUp);
    if (millis !== undefined) return millis;
  }
  return undefined;
}

function parseWith(
  format: string,
  text: string,
  roundUp: boolean,
): number | undefined {
  if (format === "epoch_millis") {
    return INTEGER.test(text) ? Number(text) : undefined;
  }
  if (format === "epoch_second") {
    return INTEGER.test(text) ? Number(text) * 1000 : undefined;
  }
  return parseIso(text, roundUp);
}

/** Epoch milliseconds of a `strict_date_optional_time` text. */
export function parseIso(text: string, roundUp = false): number | undefined {
  const parts = ISO.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = parts;
  const last = roundUp ? lastOf(Number(year), month) : undefined;
  const fields = [
    Number(year),
    month === undefined ? (last?.month ?? 1) : Number(month),
    day === undefined ? (last?.day ?? 1) : Number(day),
    hour === undefined ? (roundUp ? 23 : 0) : Number(hour),
    minute === undefined ? (roundUp ? 59 : 0) : Number(minute),
    second === undefined ? (roundUp ? 59 : 0) : Number(second),
  ] as const;
  if (!inRange(fields)) return undefined;
  const millis = fraction === undefined
    ? (roundUp ? 999 : 0)
    : Number(fraction.padEnd(3, "0").slice(0, 3));
  const [y, mo, d, h, mi, s] = fields;
  return Date.UTC(y, mo - 1, d, h, mi, s, millis) - zoneMillis(zone);
}

function inRange(
  [year, month, day, hour, minute, second]: readonly [
    number,
    number,
    number,
    number,
    number,
    number,
  ],
): boolean {
  return month >= 1 && month <= 12 && day >= 1 &&
    day <= daysIn(year, month) && hour <= 23 && minute <= 59 && second <= 59;
}

function lastOf(
  year: number,
  month: string | undefined,
): { month: number; day: number } {
  const last = month === undefined ? 12 : Number(month);
  return { month: last, day: daysIn(year, last) };
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function zoneMillis(zone: string | undefined): number {
  if (zone === undefined || zone === "Z") return 0;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (zone[0] === "-" ? -1 : 1) * minutes * 60_000;
}

/** How a date of a query is read. */
export interface DateMathReading extends DateReading {
  /** Epoch milliseconds of `now`. */
  now: number;
}

/**
 * Epoch milliseconds of a date with math, such as `now-30d/d` or
 * `2026-01-01||+1M`; undefined when it cannot be read.
 */
export function parseDateMath(
  value: unknown,
  { now, format, roundUp = false }: DateMathReading,
): number | undefined {
  if (typeof value !== "string") return parseDate(value, { format, roundUp });
  if (value.startsWith("now")) return applyMath(now, value.slice(3), roundUp);
  const bar = value.indexOf("||");
  if (bar === -1) return parseDate(value, { format, roundUp });
  const anchor = parseDate(value.slice(0, bar), { format });
  if (anchor === undefined) return undefined;
  return applyMath(anchor, value.slice(bar + 2), roundUp);
}

/** Applies `+1d-2h/d`; undefined when the text is not date math. */
export function applyMath(
  start: number,
  math: string,
  roundUp = false,
): number | undefined {
  if (!/^(?:[+-]\d*[yMwdhHms]|\/[yMwdhHms])*$/.test(math)) return undefined;
  let at = start;
  for (const [, sign, count, unit, floor] of stepsOf(math)) {
    if (floor !== undefined) at = roundTo(at, floor, roundUp);
    else at = add(at, Number(`${sign}${count || "1"}`), unit ?? "d");
  }
  return at;
}

function stepsOf(math: string): IterableIterator<RegExpExecArray> {
  return math.matchAll(/([+-])(\d*)([yMwdhHms])|\/([yMwdhHms])/g);
}

const UNIT_MS: Readonly<Record<string, number>> = {
  w: 7 * DAY_MS,
  d: DAY_MS,
  h: 3_600_000,
  H: 3_600_000,
  m: 60_000,
  s: 1000,
};

function add(at: number, count: number, unit: string): number {
  const millis = UNIT_MS[unit];
  if (millis !== undefined) return at + count * millis;
  const date = new Date(at);
  const months = unit === "y" ? count * 12 : count;
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const last = daysIn(date.getUTCFullYear(), date.getUTCMonth() + 1);
  date.setUTCDate(Math.min(day, last));
  return date.getTime();
}

function roundTo(at: number, unit: string, up: boolean): number {
  const floor = floorTo(at, unit);
  return up ? add(floor, 1, unit) - 1 : floor;
}

function floorTo(at: number, unit: string): number {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  if (unit === "y") return Date.UTC(year, 0);
  if (unit === "M") return Date.UTC(year, month);
  if (unit === "w") {
    const midnight = Date.UTC(year, month, date.getUTCDate());
    return midnight - ((date.getUTCDay() + 6) % 7) * DAY_MS;
  }
  const millis = UNIT_MS[unit] ?? DAY_MS;
  return Math.floor(at / millis) * millis;
}
