import { ElasticError } from "./errors.ts";
import { asList, isObject, type JsonObject } from "./json.ts";

const BOOL_KEYS = new Set([
  "filter",
  "must",
  "must_not",
  "should",
  "minimum_should_match",
  "boost",
  "_name",
]);
const RANGE_KEYS = new Set([
  "gt",
  "gte",
  "lt",
  "lte",
  "format",
  "time_zone",
  "relation",
  "boost",
  "_name",
]);
const FIELD_QUERIES = new Set([
  "term",
  "prefix",
  "wildcard",
  "match",
  "match_phrase",
  "range",
]);
const MAX_TERMS = 65_536;

function parsing(reason: string): ElasticError {
  return new ElasticError(400, "parsing_exception", reason, {
    extra: { line: 1, col: 1 },
  });
}

/**
 * Refuses a query whose form Elasticsearch would refuse, or that this
 * simulator does not know.
 *
 * @throws {ElasticError} 400 `parsing_exception`.
 */
export function checkQuery(query: unknown): void {
  if (!isObject(query)) {
    throw parsing("[_na] query malformed, must start with start_object");
  }
  const entries = Object.entries(query);
  const [name, body] = entries[0] ?? [];
  if (name === undefined) {
    throw new ElasticError(
      400,
      "illegal_argument_exception",
      "query malformed, empty clause found at [1:1]",
    );
  }
  if (entries.length > 1) {
    throw parsing(
      `[${name}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]`,
    );
  }
  const known = FIELD_QUERIES.has(name) || Object.hasOwn(CHECKS, name);
  if (!known) {
    throw new ElasticError(
      400,
      "parsing_exception",
      `unknown query [${name}]`,
      {
        extra: { line: 1, col: 1 },
        causedBy: {
          type: "named_object_not_found_exception",
          reason: `[1:1] unknown field [${name}]`,
        },
      },
    );
  }
  if (!isObject(body)) {
    throw parsing(
      `[${name}] query malformed, no start_object after query name`,
    );
  }
  if (FIELD_QUERIES.has(name)) checkFieldQuery(name, body);
  if (Object.hasOwn(CHECKS, name)) CHECKS[name]?.(body);
}

function checkFieldQuery(name: string, body: JsonObject): void {
  const [first, second] = Object.keys(body);
  if (first === undefined) throw parsing(`[${name}] query malformed, no field`);
  if (second !== undefined) {
    throw parsing(
      `[${name}] query doesn't support multiple fields, found [${first}] and ` +
        `[${second}]`,
    );
  }
  if (Array.isArray(body[first])) {
    throw parsing(`[${name}] query does not support array of values`);
  }
}

const CHECKS: Readonly<Record<string, (body: JsonObject) => void>> = {
  match_all: () => {},
  match_none: () => {},
  bool: checkBool,
  constant_score: (body) => checkQuery(body.filter),
  exists: (body) => {
    if (typeof body.field !== "string") {
      throw parsing("[exists] must be provided with a [field]");
    }
  },
  ids: (body) => {
    for (const key of Object.keys(body)) {
      if (key !== "values" && key !== "boost" && key !== "_name") {
        throw parsing(`[ids] unknown field [${key}]`);
      }
    }
  },
  terms: (body) => {
    const fields = Object.keys(body).filter((key) =>
      key !== "boost" && key !== "_name"
    );
    const values = body[fields[0] ?? ""];
    if (fields.length !== 1) {
      throw parsing("[terms] query does not support multiple fields");
    }
    if (!Array.isArray(values)) {
      throw parsing(
        `[terms] unknown token [VALUE_STRING] after [${fields[0]}]`,
      );
    }
    if (values.length > MAX_TERMS) {
      throw new ElasticError(
        400,
        "illegal_argument_exception",
        `The number of terms [${values.length}] used in the Terms Query ` +
          `request has exceeded the allowed maximum of [${MAX_TERMS}]. This ` +
          "maximum can be set by changing the [index.max_terms_count] index " +
          "level setting.",
      );
    }
  },
  range: (body) => {
    const bounds = Object.values(body)[0];
    if (!isObject(bounds)) {
      throw parsing(
        "[range] query malformed, no start_object after field name",
      );
    }
    for (const key of Object.keys(bounds)) {
      if (!RANGE_KEYS.has(key)) {
        throw parsing(`[range] query does not support [${key}]`);
      }
    }
  },
};

function checkBool(body: JsonObject): void {
  for (const [key, value] of Object.entries(body)) {
    if (!BOOL_KEYS.has(key)) {
      throw parsing(`[bool] query does not support [${key}]`);
    }
    if (["filter", "must", "must_not", "should"].includes(key)) {
      for (const clause of asList(value)) checkQuery(clause);
    }
  }
}
