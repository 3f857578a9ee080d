import { termsOf, valuesAt } from "./document_values.ts";
import { illegalArgument } from "./errors.ts";
import type { Term } from "./field_type.ts";
import { tokensOf } from "./field_types.ts";
import { asList, isObject, type JsonObject } from "./json.ts";
import { wildcardTest } from "./names.ts";
import {
  type CompiledQuery,
  compileWith,
  type QueryScope,
  queryTerm,
  shardFailure,
} from "./query_parts.ts";
import { checkQuery } from "./query_syntax.ts";
import { compileIds, compileTerms } from "./query_terms.ts";

/**
 * Compiles a query of the supported part of the query language: match_all,
 * match_none, term, terms, match, match_phrase, range, bool, constant_score,
 * ids, exists, prefix and wildcard.
 *
 * @throws {ElasticError} 400 for anything else, and for values that do not
 * fit the field.
 */
export function compileQuery(query: unknown, scope: QueryScope): CompiledQuery {
  if (query === undefined) return { test: () => true };
  checkQuery(query);
  return compile(query as JsonObject, scope);
}

function compile(query: JsonObject, scope: QueryScope): CompiledQuery {
  const [name = "", body = {}] = Object.entries(query)[0] ?? [];
  const maker = Object.hasOwn(COMPILERS, name) ? COMPILERS[name] : undefined;
  if (maker === undefined || !isObject(body)) return { test: () => false };
  return maker(body, scope);
}

type Compiler = (body: JsonObject, scope: QueryScope) => CompiledQuery;

const COMPILERS: Readonly<Record<string, Compiler>> = {
  match_all: () => ({ test: () => true }),
  match_none: () => ({ test: () => false, candidates: () => [] }),
  bool: compileBool,
  constant_score: (body, scope) => compile(body.filter as JsonObject, scope),
  ids: compileIds,
  exists: compileExists,
  term: (body, scope) => {
    const { field, value } = fieldAndValue(body, "value");
    return compileTerms(field, [value], scope);
  },
  terms: (body, scope) => {
    const [field = "", values] =
      Object.entries(body).find(([key]) =>
        key !== "boost" && key !== "_name"
      ) ?? [];
    return compileTerms(field, asList(values), scope);
  },
  match: compileMatch,
  match_phrase: compileMatch,
  range: compileRange,
  prefix: (body, scope) => {
    const { field, value, options } = fieldAndValue(body, "value");
    const fold = foldOf(options);
    const start = fold(String(value));
    return compileText(field, scope, (term) => fold(term).startsWith(start));
  },
  wildcard: (body, scope) => {
    const { field, value, options } = fieldAndValue(body, "value", "wildcard");
    const fold = foldOf(options);
    const test = wildcardTest(fold(String(value)));
    return compileText(field, scope, (term) => test(fold(term)));
  },
};

function foldOf(options: JsonObject): (text: string) => string {
  return options.case_insensitive === true
    ? (text) => text.toLowerCase()
    : (text) => text;
}

function fieldAndValue(
  body: JsonObject,
  ...valueKeys: string[]
): { field: string; value: unknown; options: JsonObject } {
  const [field = "", inner] = Object.entries(body)[0] ?? [];
  if (!isObject(inner)) return { field, value: inner, options: {} };
  const key = valueKeys.find((candidate) => inner[candidate] !== undefined);
  return {
    field,
    value: key === undefined ? undefined : inner[key],
    options: inner,
  };
}

function compileBool(body: JsonObject, scope: QueryScope): CompiledQuery {
  const clauses = (key: string) =>
    asList(body[key]).map((clause) => compile(clause as JsonObject, scope));
  const required = [...clauses("filter"), ...clauses("must")];
  const refused = clauses("must_not");
  const wanted = clauses("should");
  const least = minimumShouldMatch(
    body.minimum_should_match,
    wanted.length,
    required.length === 0,
  );
  const anchor = required.find((clause) => clause.candidates !== undefined);
  return {
    test: (document) =>
      required.every((clause) => clause.test(document)) &&
      !refused.some((clause) => clause.test(document)) &&
      (least === 0 ||
        wanted.filter((clause) => clause.test(document)).length >= least),
    candidates: anchor?.candidates,
  };
}

function minimumShouldMatch(
  value: unknown,
  count: number,
  alone: boolean,
): number {
  if (count === 0) return 0;
  if (value === undefined) return alone ? 1 : 0;
  const text = String(value);
  const number = parseInt(text, 10);
  const least = text.endsWith("%") ? Math.floor(count * number / 100) : number;
  return least < 0 ? count + least : least;
}

function compileExists(body: JsonObject, { index }: QueryScope): CompiledQuery {
  const path = String(body.field);
  const node = index.mapping.find(path);
  const from = index.mapping.sourcePath(path);
  return {
    test: ({ source }) => {
      if (source === undefined) return false;
      if (node !== undefined) {
        return node.type.name === "ip_range"
          ? valuesAt(source, from).length > 0
          : termsOf(source, node, from).length > 0;
      }
      return index.mapping.isObjectPath(path) &&
        valuesAt(source, path).length > 0;
    },
  };
}

function compileText(
  field: string,
  scope: QueryScope,
  test: (term: string) => boolean,
): CompiledQuery {
  const node = scope.index.mapping.find(field);
  if (node === undefined) return { test: () => false };
  if (!["keyword", "wildcard", "text", "flattened"].includes(node.type.name)) {
    throw shardFailure(
      "query_shard_exception",
      "Can only use prefix and wildcard queries on keyword, text and wildcard " +
        `fields - not on [${field}] which is of type [${node.definition.type}]`,
    );
  }
  return compileWith(node, scope, (term) => test(String(term)));
}

function compileMatch(body: JsonObject, scope: QueryScope): CompiledQuery {
  const { field, value } = fieldAndValue(body, "query");
  const node = scope.index.mapping.find(field);
  if (node?.type.name !== "text") return compileTerms(field, [value], scope);
  const wanted = new Set(tokensOf(String(value)));
  return compileWith(node, scope, (term) => wanted.has(String(term)));
}

const COMPARE: Readonly<
  Record<
    string,
    { roundUp: boolean; holds: (term: Term, bound: Term) => boolean }
  >
> = {
  gte: { roundUp: false, holds: (term, bound) => term >= bound },
  gt: { roundUp: true, holds: (term, bound) => term > bound },
  lte: { roundUp: true, holds: (term, bound) => term <= bound },
  lt: { roundUp: false, holds: (term, bound) => term < bound },
};

function compileRange(body: JsonObject, scope: QueryScope): CompiledQuery {
  const [field = "", bounds] = Object.entries(body)[0] ?? [];
  const node = scope.index.mapping.find(field);
  if (node === undefined || !isObject(bounds)) return { test: () => false };
  if (node.type.name === "ip_range") {
    throw illegalArgument("range queries on [ip_range] are not simulated");
  }
  const tests: ((term: Term) => boolean)[] = [];
  for (const [key, { roundUp, holds }] of Object.entries(COMPARE)) {
    const value = bounds[key];
    if (value === undefined || value === null) continue;
    const bound = queryTerm(node, value, scope, roundUp);
    tests.push((term) => holds(term, bound));
  }
  return compileWith(node, scope, (term) => tests.every((test) => test(term)));
}
