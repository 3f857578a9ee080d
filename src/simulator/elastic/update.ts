import { ElasticError, illegalArgument, validationFailed } from "./errors.ts";
import { isObject, type JsonObject, mergeDeep } from "./json.ts";
import type { StoredIndex } from "./stored_index.ts";

const UPDATE_KEYS = new Set([
  "doc",
  "upsert",
  "doc_as_upsert",
  "detect_noop",
  "script",
  "scripted_upsert",
  "_source",
  "if_seq_no",
  "if_primary_term",
]);

/**
 * The source that an update makes; undefined if it changes nothing.
 *
 * @throws {ElasticError} 404 `document_missing_exception`, 400 for a body
 * that is not an update.
 */
export function updatedSource(
  index: StoredIndex,
  id: string,
  body: JsonObject,
): JsonObject | undefined {
  for (const key of Object.keys(body)) {
    if (UPDATE_KEYS.has(key)) continue;
    throw new ElasticError(
      400,
      "x_content_parse_exception",
      `[1:2] [UpdateRequest] unknown field [${key}]`,
    );
  }
  const { doc, upsert, script } = body;
  if (doc === undefined && script === undefined) {
    throw validationFailed("script or doc is missing");
  }
  const before = index.get(id)?.source;
  if (before === undefined) {
    const first = body.doc_as_upsert === true ? doc : upsert;
    if (isObject(first)) return first;
    throw new ElasticError(
      404,
      "document_missing_exception",
      `[${id}]: document missing`,
      { extra: { index_uuid: index.uuid, shard: "0", index: index.name } },
    );
  }
  const after = script !== undefined
    ? compileScript(script)(before)
    : mergeDeep(before, isObject(doc) ? doc : {});
  if (body.detect_noop === false || script !== undefined) return after;
  return JSON.stringify(after) === JSON.stringify(before) ? undefined : after;
}

const STATEMENT =
  /^ctx\._source((?:\.[A-Za-z_]\w*|\[(?:'[^']+'|"[^"]+")\])+)\s*=\s*params\.([A-Za-z_]\w*)$/;

/**
 * Compiles the scripts that this simulator takes: assignments of parameters
 * to field paths, such as `ctx._source['@timestamp'] = params.now`.
 *
 * @throws {ElasticError} 400 `script_exception` for any other script.
 */
export function compileScript(
  script: unknown,
): (source: JsonObject) => JsonObject {
  const body = typeof script === "string" ? { source: script } : script;
  if (!isObject(body) || typeof body.source !== "string") {
    throw illegalArgument("must specify either [source] for an inline script");
  }
  if ((body.lang ?? "painless") !== "painless") {
    throw illegalArgument(`script_lang not supported [${body.lang}]`);
  }
  const params = isObject(body.params) ? body.params : {};
  const steps = body.source.split(";").map((text) => text.trim())
    .filter((text) => text !== "").map((text) => toStep(text, params));
  return (source) => steps.reduce((made, step) => step(made), source);
}

function toStep(
  text: string,
  params: JsonObject,
): (source: JsonObject) => JsonObject {
  const [, path, name = ""] = STATEMENT.exec(text) ?? [];
  if (path === undefined) {
    throw new ElasticError(400, "script_exception", "compile error", {
      extra: { script: text, lang: "painless" },
      causedBy: {
        type: "illegal_argument_exception",
        reason: "the simulator takes assignments of params to ctx._source only",
      },
    });
  }
  const names = [...path.matchAll(/\.(\w+)|\[['"]([^'"]+)['"]\]/g)]
    .map(([, plain, quoted]) => plain ?? quoted ?? "");
  return (source) => withValue(source, names, params[name] ?? null);
}

function withValue(
  source: JsonObject,
  [first = "", ...rest]: readonly string[],
  value: unknown,
): JsonObject {
  if (rest.length === 0) return { ...source, [first]: value };
  const below = source[first];
  return {
    ...source,
    [first]: withValue(isObject(below) ? below : {}, rest, value),
  };
}
