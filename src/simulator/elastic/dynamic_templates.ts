import { parseIso } from "./dates.ts";
import { asList, isObject, type JsonObject } from "./json.ts";
import { mapperProblem } from "./field_parameters.ts";
import { patternTest } from "./names.ts";

/** One entry of `dynamic_templates`. */
export interface DynamicTemplate {
  readonly mapping: JsonObject;
  /** True if the template applies to a new field. */
  fits(field: { path: string; name: string; type: JsonType }): boolean;
}

/** How a new field's JSON value is seen. */
export type JsonType =
  | "string"
  | "long"
  | "double"
  | "boolean"
  | "date"
  | "object";

const KEYS = new Set([
  "match",
  "unmatch",
  "match_mapping_type",
  "unmatch_mapping_type",
  "path_match",
  "path_unmatch",
  "match_pattern",
  "mapping",
  "runtime",
]);

/**
 * Reads `dynamic_templates`.
 *
 * @throws {ElasticError} 400 for a malformed entry.
 */
export function toDynamicTemplates(value: unknown): DynamicTemplate[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    throw mapperProblem(
      "Dynamic template syntax error. An array of named objects is expected.",
    );
  }
  return value.map(toDynamicTemplate);
}

function toDynamicTemplate(entry: unknown): DynamicTemplate {
  const [name, body] = isObject(entry) ? Object.entries(entry)[0] ?? [] : [];
  if (name === undefined || !isObject(body) || !isObject(body.mapping)) {
    throw mapperProblem(
      "A dynamic template must be defined with a name and a mapping",
    );
  }
  for (const key of Object.keys(body)) {
    if (!KEYS.has(key)) {
      throw mapperProblem(
        `Illegal dynamic template parameter: [${key}]`,
      );
    }
  }
  const types = asList(body.match_mapping_type).map(String);
  const conditions = [
    anyOf(body.match, body.match_pattern === "regex"),
    anyOf(body.path_match, false),
  ];
  const exceptions = [
    anyOf(body.unmatch, false),
    anyOf(body.path_unmatch, false),
  ];
  return {
    mapping: body.mapping,
    fits: ({ path, name: field, type }) =>
      (types.length === 0 || types.includes("*") || types.includes(type)) &&
      !asList(body.unmatch_mapping_type).includes(type) &&
      conditions.every((test, at) => test?.(at === 0 ? field : path) ?? true) &&
      !exceptions.some((test, at) => test?.(at === 0 ? field : path) ?? false),
  };
}

function anyOf(
  patterns: unknown,
  regexp: boolean,
): ((name: string) => boolean) | undefined {
  const tests = asList(patterns).map((pattern) => {
    if (!regexp) return patternTest(String(pattern));
    const whole = new RegExp(`^(?:${pattern})$`);
    return (name: string) => whole.test(name);
  });
  if (tests.length === 0) return undefined;
  return (name) => tests.some((test) => test(name));
}

/** How a new field's first value is seen; undefined for null. */
export function jsonTypeOf(
  value: unknown,
  dateDetection: boolean,
): JsonType | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number") {
    return Number.isInteger(value) ? "long" : "double";
  }
  if (typeof value !== "string") return "object";
  return dateDetection && looksLikeDate(value) ? "date" : "string";
}

function looksLikeDate(value: string): boolean {
  // [Elasticsearch] A bare number is never taken for a date.
  if (/^[+-]?\d+(\.\d+)?$/.test(value)) return false;
  return parseIso(value) !== undefined ||
    /^\d{4}\/\d{2}\/\d{2}( \d{2}:\d{2}:\d{2})?( [+-]\d{4}| Z)?$/.test(value);
}

/** Mapping of a new field that no dynamic template covers. */
export const DEFAULT_DYNAMIC: Readonly<Record<JsonType, JsonObject>> = {
  string: {
    type: "text",
    fields: { keyword: { type: "keyword", ignore_above: 256 } },
  },
  long: { type: "long" },
  double: { type: "float" },
  boolean: { type: "boolean" },
  date: { type: "date" },
  object: { type: "object" },
};
