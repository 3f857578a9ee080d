/** Names of indices with date math, as Elasticsearch has them. */
import { ConfigError } from "../../errors.ts";
import { type Field, field, scalarText } from "../../config/fields.ts";
import { checkIndexName } from "../_elastic/index_name.ts";

/** `{now/d}`, `{now-1M/M{yyyy.MM|+02:00}}`: math, format, zone. */
const EXPRESSION =
  /\{now((?:[+-]\d+[yMwdhHms]|\/[yMwdhHms])*)(?:\{([^{}|]*)(?:\|([^{}|]*))?\})?\}/g;
const STEP = /([+-]\d+|\/)([yMwdhHms])/g;
const DEFAULT_FORMAT = "yyyy.MM.dd";

/** A name with date math, without angle brackets. */
export function dateMathName(): Field<string> {
  return field(readDateMathName, { type: "string" });
}

/** The part of a name with date math: checked behind a stand-in. */
export function dateMathSuffix(): Field<string> {
  return field((value) => {
    const suffix = scalarText(value);
    readDateMathName(`x-${suffix}`);
    return suffix;
  }, { type: "string" });
}

/**
 * The name at a time, milliseconds since 1970: `{now/d}` is that day in UTC,
 * or in the zone that the expression names.
 *
 * @see {@link https://www.elastic.co/docs/reference/elasticsearch/rest-apis/api-conventions#api-date-math-index-names}
 */
export function renderName(name: string, at: number): string {
  return name.replace(
    EXPRESSION,
    (_all, math: string, format = DEFAULT_FORMAT, zone = "") => {
      const offset = offsetMs(zone) ?? 0;
      return formatted(calculated(at + offset, math), format);
    },
  );
}

function readDateMathName(value: unknown): string {
  const name = scalarText(value).replace(/^<(.*)>$/, "$1");
  for (const [, , format = "", zone = ""] of name.matchAll(EXPRESSION)) {
    const unknown = format.replace(TOKEN, "").match(/[A-Za-z]/)?.[0];
    if (unknown !== undefined) {
      throw new ConfigError(
        `has "${unknown}" in a date format; use yyyy, MM, dd, HH, mm and ss`,
      );
    }
    if (offsetMs(zone) === undefined) {
      throw new ConfigError(
        "has a time zone that is not known; write it like +02:00, or UTC",
      );
    }
  }
  const rendered = renderName(name, 0);
  if (/[{}]/.test(rendered)) {
    throw new ConfigError(
      "holds a brace that is no date math; write it like {now/d}",
    );
  }
  checkIndexName(rendered);
  return name;
}

/** Minutes east of UTC as milliseconds; nothing for what is no offset. */
function offsetMs(zone: string): number | undefined {
  if (["", "UTC", "GMT", "Z"].includes(zone.toUpperCase())) return 0;
  const match = /^([+-])(\d{1,2}):?(\d{2})$/.exec(zone);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === "-" ? -1 : 1) * minutes * 60_000;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  w: 7 * 86_400_000,
  d: 86_400_000,
  h: 3_600_000,
  H: 3_600_000,
  m: 60_000,
  s: 1000,
};

function calculated(at: number, math: string): Date {
  let date = new Date(at);
  for (const [, step = "", unit = ""] of math.matchAll(STEP)) {
    date = step === "/"
      ? roundedDown(date, unit)
      : moved(date, Number(step), unit);
  }
  return date;
}

function moved(date: Date, count: number, unit: string): Date {
  const ms = UNIT_MS[unit];
  if (ms !== undefined) return new Date(date.getTime() + count * ms);
  const months = unit === "y" ? 12 * count : count;
  const result = new Date(date);
  result.setUTCDate(1);
  result.setUTCMonth(result.getUTCMonth() + months);
  // The 31st a month later is the last of that month.
  const last = new Date(result);
  last.setUTCMonth(last.getUTCMonth() + 1, 0);
  result.setUTCDate(Math.min(date.getUTCDate(), last.getUTCDate()));
  return result;
}

function roundedDown(date: Date, unit: string): Date {
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  if (unit === "y") return new Date(Date.UTC(year, 0));
  if (unit === "M") return new Date(Date.UTC(year, month));
  const ms = UNIT_MS[unit] ?? 1;
  // Weeks begin on a Monday; 1970 began on a Thursday.
  const shift = unit === "w" ? 3 * 86_400_000 : 0;
  const at = date.getTime() + shift;
  return new Date(Math.floor(at / ms) * ms - shift);
}

const TOKEN = /yyyy|uuuu|YYYY|yy|MM|dd|DD|HH|mm|ss/g;

function formatted(date: Date, format: string): string {
  const iso = date.toISOString();
  const parts: Readonly<Record<string, string>> = {
    yyyy: iso.slice(0, 4),
    uuuu: iso.slice(0, 4),
    // What the former connector wrote for the year and day of a date.
    YYYY: iso.slice(0, 4),
    yy: iso.slice(2, 4),
    MM: iso.slice(5, 7),
    dd: iso.slice(8, 10),
    DD: iso.slice(8, 10),
    HH: iso.slice(11, 13),
    mm: iso.slice(14, 16),
    ss: iso.slice(17, 19),
  };
  return format.replace(TOKEN, (token) => parts[token] ?? token);
}
