import { DATE_FORMATS } from "./dates.ts";
import { ElasticError } from "./errors.ts";
import type { JsonObject } from "./json.ts";

const COMMON = [
  "type",
  "meta",
  "fields",
  "copy_to",
  "doc_values",
  "store",
  "index",
];

/** Parameters per field type, beside `COMMON`. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  keyword: [
    "ignore_above",
    "null_value",
    "norms",
    "normalizer",
    "eager_global_ordinals",
    "index_options",
    "similarity",
    "split_queries_on_whitespace",
    "boost",
    "time_series_dimension",
  ],
  constant_keyword: ["value"],
  wildcard: ["ignore_above", "null_value"],
  text: [
    "analyzer",
    "search_analyzer",
    "search_quote_analyzer",
    "norms",
    "fielddata",
    "fielddata_frequency_filter",
    "index_options",
    "index_phrases",
    "index_prefixes",
    "position_increment_gap",
    "similarity",
    "term_vector",
    "eager_global_ordinals",
    "boost",
  ],
  match_only_text: [],
  ip: ["null_value", "ignore_malformed", "time_series_dimension"],
  ip_range: ["coerce"],
  date: ["format", "locale", "null_value", "ignore_malformed"],
  date_nanos: ["format", "locale", "null_value", "ignore_malformed"],
  boolean: ["null_value", "ignore_malformed"],
  scaled_float: ["scaling_factor", "coerce", "ignore_malformed", "null_value"],
  flattened: [
    "depth_limit",
    "ignore_above",
    "null_value",
    "eager_global_ordinals",
    "index_options",
    "similarity",
    "split_queries_on_whitespace",
  ],
  binary: [],
  geo_point: ["ignore_malformed", "ignore_z_value", "null_value"],
};
const NUMBERS = [
  "coerce",
  "ignore_malformed",
  "null_value",
  "time_series_metric",
  "time_series_dimension",
];
/** @throws {ElasticError} 400 for a parameter the field type lacks. */
export function checkParameters(name: string, definition: JsonObject): void {
  const type = String(definition.type);
  const known = [...COMMON, ...(PARAMETERS[type] ?? NUMBERS)];
  for (const key of Object.keys(definition)) {
    if (!known.includes(key)) {
      throw mapperProblem(
        `unknown parameter [${key}] on mapper [${name}] of type [${type}]`,
      );
    }
  }
  if (typeof definition.format === "string") {
    for (const format of definition.format.split("||")) {
      if (!DATE_FORMATS.has(format)) {
        throw mapperProblem(
          `Invalid format: [${format}]: unknown to this simulator`,
        );
      }
    }
  }
}

/** 400 `mapper_parsing_exception`. */
export function mapperProblem(reason: string): ElasticError {
  return new ElasticError(400, "mapper_parsing_exception", reason);
}
