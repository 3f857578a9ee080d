import { asList, isObject, type JsonObject } from "./json.ts";
import { patternTest } from "./names.ts";

/** Applies `_source` of a search or read: a list, a pattern, or in/excludes. */
export function selectSource(source: JsonObject, filter: unknown): JsonObject {
  if (filter === undefined || filter === true) return source;
  const given = isObject(filter) ? filter : { includes: filter };
  const includes = asList(given.includes ?? given.include).map(String);
  const excludes = asList(given.excludes ?? given.exclude).map(String);
  if (includes.length === 0 && excludes.length === 0) return source;
  const wanted = includes.map(subtreeTest);
  const unwanted = excludes.map(subtreeTest);
  return pick(
    source,
    "",
    (path) =>
      (wanted.length === 0 || wanted.some((test) => test(path))) &&
      !unwanted.some((test) => test(path)),
  );
}

/** A path is chosen by a pattern for itself or for an object around it. */
function subtreeTest(pattern: string): (path: string) => boolean {
  const own = patternTest(pattern);
  const below = patternTest(`${pattern}.*`);
  return (path) => own(path) || below(path);
}

function pick(
  source: JsonObject,
  prefix: string,
  wanted: (path: string) => boolean,
): JsonObject {
  const picked: JsonObject = {};
  for (const [key, value] of Object.entries(source)) {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    const kept = pickValue(value, path, wanted);
    if (kept !== undefined) picked[key] = kept;
  }
  return picked;
}

function pickValue(
  value: unknown,
  path: string,
  wanted: (path: string) => boolean,
): unknown {
  if (isObject(value)) {
    const inner = pick(value, path, wanted);
    return Object.keys(inner).length > 0 || wanted(path) ? inner : undefined;
  }
  if (Array.isArray(value) && value.some(isObject)) {
    const inner = value.map((element) => pickValue(element, path, wanted))
      .filter((element) => element !== undefined);
    return inner.length > 0 ? inner : undefined;
  }
  return wanted(path) ? value : undefined;
}

/**
 * Applies `filter_path` to an answer: comma-separated paths, `*` for one
 * name, `**` for any number, `-` to leave out.
 */
export function filterPath(body: unknown, filter: string): unknown {
  const paths = filter.split(",").map((path) => path.trim());
  const included = paths.filter((path) => !path.startsWith("-"));
  const excluded = paths.filter((path) => path.startsWith("-"))
    .map((path) => path.slice(1));
  let result: unknown = body;
  if (included.length > 0) {
    result = keep(body, included.map((path) => path.split("."))) ?? {};
  }
  for (const path of excluded) result = drop(result, [path.split(".")]);
  return result;
}

type Paths = readonly (readonly string[])[];

/** The paths that go on below a member; empty list entries end there. */
function below(paths: Paths, key: string): string[][] {
  return paths.flatMap(([first = "", ...rest]) => {
    if (first === "**") return [[first, ...rest], ...below([rest], key)];
    return patternTest(first)(key) ? [rest] : [];
  });
}

function keep(value: unknown, paths: Paths): unknown {
  if (paths.some((path) => path.length === 0)) return value;
  if (Array.isArray(value)) {
    const kept = value.map((element) => keep(element, paths))
      .filter((element) => element !== undefined);
    return kept.length > 0 ? kept : undefined;
  }
  if (!isObject(value)) return undefined;
  const kept: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    const inner = keep(member, below(paths, key));
    if (inner !== undefined) kept[key] = inner;
  }
  return Object.keys(kept).length > 0 ? kept : undefined;
}

function drop(value: unknown, paths: Paths): unknown {
  if (Array.isArray(value)) return value.map((element) => drop(element, paths));
  if (!isObject(value)) return value;
  const rest: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    const inner = below(paths, key);
    if (inner.some((path) => path.length === 0)) continue;
    rest[key] = drop(member, inner);
  }
  return rest;
}
