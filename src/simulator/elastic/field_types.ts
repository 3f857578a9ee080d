import { isAddress, parseAddress, parseCidr } from "./addresses.ts";
import { DEFAULT_DATE_FORMAT, parseDate, parseDateMath } from "./dates.ts";
import {
  type Definition,
  displayed,
  type FieldType,
  scalarText,
  type Term,
  ValueProblem,
} from "./field_type.ts";
import { isObject } from "./json.ts";
import { realNumber, wholeNumber } from "./number_types.ts";

/** Lucene's limit of one term, in bytes of UTF-8. */
const MAX_TERM_BYTES = 32_766;
const utf8 = new TextEncoder();

type Maker = (path: string, definition: Definition) => FieldType;

/** Field types by the name used in mappings. */
export const FIELD_TYPES: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ["keyword", keyword],
  ["constant_keyword", keyword],
  ["wildcard", wildcard],
  ["text", text],
  ["match_only_text", text],
  ["ip", ip],
  ["ip_range", ipRange],
  ["date", date],
  ["date_nanos", date],
  ["boolean", boolean],
  ["byte", wholeNumber],
  ["short", wholeNumber],
  ["integer", wholeNumber],
  ["long", wholeNumber],
  ["unsigned_long", wholeNumber],
  ["float", realNumber],
  ["double", realNumber],
  ["half_float", realNumber],
  ["scaled_float", realNumber],
  ["flattened", flattened],
  ["binary", binary],
  ["geo_point", geoPoint],
]);

function stringType(
  name: string,
  check: (value: string) => void,
  terms: (value: string) => readonly Term[],
): FieldType {
  return {
    name,
    takesObjects: false,
    check: (value) => check(scalarText(value)),
    terms: (value) => terms(String(value)),
    queryTerm: (value) => String(value),
  };
}

function keyword(path: string, definition: Definition): FieldType {
  const limit = Number(definition.ignore_above ?? 2147483647);
  const indexed = definition.index !== false;
  return stringType(
    "keyword",
    (value) => {
      // A UTF-16 unit is at most three bytes: short values need no encoding.
      if (value.length * 3 <= MAX_TERM_BYTES || value.length > limit) return;
      const bytes = utf8.encode(value);
      if (bytes.length > MAX_TERM_BYTES && indexed) {
        throw immenseTerm(path, bytes);
      }
    },
    (value) => indexed && value.length <= limit ? [value] : [],
  );
}

function immenseTerm(path: string, bytes: Uint8Array): ValueProblem {
  const got = `bytes can be at most ${MAX_TERM_BYTES} in length; got ` +
    bytes.length;
  return new ValueProblem(
    "illegal_argument_exception",
    `Document contains at least one immense term in field="${path}" (whose ` +
      `UTF8 encoding is longer than the max length ${MAX_TERM_BYTES}), all ` +
      "of which were skipped. Please correct the analyzer to not produce " +
      "such terms. The prefix of the first immense term is: " +
      `'[${bytes.subarray(0, 30).join(", ")}]...'`,
    { caused_by: { type: "max_bytes_length_exceeded_exception", reason: got } },
  );
}

function wildcard(_path: string, definition: Definition): FieldType {
  const limit = Number(definition.ignore_above ?? 2147483647);
  return stringType(
    "wildcard",
    () => {},
    (value) => value.length <= limit ? [value] : [],
  );
}

function text(): FieldType {
  return {
    name: "text",
    takesObjects: false,
    check: (value) => void scalarText(value),
    terms: (value) => tokensOf(String(value)),
    queryTerm: (value) => String(value),
  };
}

/** The standard analyzer, near enough: runs of letters and digits. */
export function tokensOf(value: string): string[] {
  return value.toLowerCase().match(/[\p{L}\p{N}_]+(?:[.'][\p{L}\p{N}_]+)*/gu) ??
    [];
}

function ip(): FieldType {
  const read = (value: unknown): string => {
    const literal = scalarText(value);
    if (!isAddress(literal)) throw notAnAddress(literal);
    return literal;
  };
  const term = (value: unknown): bigint => parseAddress(read(value)) ?? 0n;
  return {
    name: "ip",
    takesObjects: false,
    check: (value) => void read(value),
    terms: (value) => [term(value)],
    queryTerm: term,
  };
}

function notAnAddress(literal: string): ValueProblem {
  return new ValueProblem(
    "illegal_argument_exception",
    `'${literal}' is not an IP string literal.`,
  );
}

function ipRange(): FieldType {
  return {
    name: "ip_range",
    takesObjects: true,
    check: (value) => {
      if (isObject(value)) {
        for (const bound of Object.values(value)) {
          if (bound !== null && !isAddress(String(bound))) {
            throw notAnAddress(String(bound));
          }
        }
      } else if (parseCidr(String(value)) === undefined) {
        throw new ValueProblem(
          "illegal_argument_exception",
          `Expected [ip/prefix] but was [${value}]`,
        );
      }
    },
    terms: () => [],
    queryTerm: (value) => ip().queryTerm(value, 0),
  };
}

function date(_path: string, definition: Definition): FieldType {
  const format = typeof definition.format === "string"
    ? definition.format
    : DEFAULT_DATE_FORMAT;
  const problem = (value: unknown) =>
    new ValueProblem(
      "illegal_argument_exception",
      `failed to parse date field [${value}] with format [${format}]`,
      {
        caused_by: {
          type: "date_time_parse_exception",
          reason: "Failed to parse with all enclosed parsers",
        },
      },
    );
  const read = (value: unknown): number => {
    const millis = parseDate(value, { format });
    if (millis === undefined) throw problem(displayed(value));
    return millis;
  };
  return {
    name: "date",
    takesObjects: false,
    check: (value) => void read(value),
    terms: (value) => [read(value)],
    queryTerm: (value, now, roundUp = false) => {
      const millis = parseDateMath(value, { now, format, roundUp });
      if (millis === undefined) throw problem(displayed(value));
      return millis;
    },
  };
}

function boolean(): FieldType {
  const read = (value: unknown): string => {
    if (value === true || value === "true") return "true";
    if (value === false || value === "false" || value === "") return "false";
    throw new ValueProblem(
      "illegal_argument_exception",
      `Failed to parse value [${displayed(value)}] as only [true] or [false] ` +
        "are allowed.",
    );
  };
  return {
    name: "boolean",
    takesObjects: false,
    check: (value) => void read(value),
    terms: (value) => [read(value)],
    queryTerm: read,
  };
}

function flattened(_path: string, definition: Definition): FieldType {
  const limit = Number(definition.ignore_above ?? 2147483647);
  return {
    name: "flattened",
    takesObjects: true,
    check: (value) => {
      if (!isObject(value)) {
        throw new ValueProblem(
          "parsing_exception",
          "Failed to parse object: expecting token of type [START_OBJECT] " +
            "but found [VALUE_STRING]",
        );
      }
    },
    terms: (value) =>
      leavesOf(value).map(String).filter((leaf) => leaf.length <= limit),
    queryTerm: (value) => String(value),
  };
}

function leavesOf(value: unknown): unknown[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  if (isObject(value)) return Object.values(value).flatMap(leavesOf);
  return [value];
}

function binary(): FieldType {
  return stringType("binary", () => {}, () => []);
}

function geoPoint(): FieldType {
  return {
    name: "geo_point",
    takesObjects: true,
    check: () => {},
    terms: () => [],
    queryTerm: (value) => String(value),
  };
}
