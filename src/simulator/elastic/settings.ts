import { illegalArgument } from "./errors.ts";
import { isObject, type JsonObject } from "./json.ts";

/** Index settings, flat: `index.refresh_interval` → `5s`. */
export type Settings = Map<string, string>;

const KNOWN =
  /^index\.(?:number_of_(?:shards|replicas|routing_shards)|refresh_interval|auto_expand_replicas|hidden|codec|mode|priority|gc_deletes|max_(?:result_window|inner_result_window|terms_count|regex_length|refresh_listeners|docvalue_fields_search|script_fields)|default_pipeline|final_pipeline|write\.wait_for_active_shards|query\.default_field|creation_date|uuid|version\..*|provided_name|mapping\..*|lifecycle\..*|blocks\..*|routing\..*|analysis\..*|sort\..*|translog\..*|merge\..*|search\..*|indexing\..*|highlight\..*|unassigned\..*|soft_deletes\..*|allocation\..*|similarity\..*|store\..*|format|verified_before_close)$/;

const TIME_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Flattens `settings` of a request; names may lack `index.`.
 *
 * @throws {ElasticError} 400 for a setting that does not exist.
 */
export function toSettings(body: unknown): Settings {
  const settings: Settings = new Map();
  if (!isObject(body)) return settings;
  flatten(body, "", settings);
  for (const name of settings.keys()) {
    if (KNOWN.test(name)) continue;
    throw illegalArgument(
      `unknown setting [${name}] please check that any required plugins are ` +
        "installed, or check the breaking changes documentation for removed " +
        "settings",
    );
  }
  readTime(settings, "index.refresh_interval");
  readTime(settings, "index.gc_deletes");
  return settings;
}

function flatten(body: JsonObject, prefix: string, settings: Settings): void {
  for (const [key, value] of Object.entries(body)) {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (isObject(value)) flatten(value, path, settings);
    else if (value !== null) {
      const name = path.startsWith("index.") ? path : `index.${path}`;
      settings.set(name, String(value));
    }
  }
}

/** Settings as nested JSON, as Elasticsearch answers them. */
export function settingsToJson(settings: Settings): JsonObject {
  const json: JsonObject = {};
  for (const [name, value] of settings) {
    let at = json;
    const parts = name.split(".");
    const last = parts.pop() ?? "";
    for (const part of parts) {
      const next = at[part];
      if (isObject(next)) at = next;
      else {
        const made: JsonObject = {};
        at[part] = made;
        at = made;
      }
    }
    at[last] = value;
  }
  return json;
}

/**
 * Milliseconds of a time setting; -1 means never, undefined not set.
 *
 * @throws {ElasticError} 400 for a text that is no time.
 */
export function readTime(
  settings: Settings,
  name: string,
): number | undefined {
  const text = settings.get(name);
  if (text === undefined) return undefined;
  if (text === "-1" || text === "0") return Number(text);
  const parts = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  if (parts !== null) {
    return Number(parts[1]) * (TIME_UNITS[parts[2] ?? ""] ?? 1);
  }
  throw illegalArgument(
    `failed to parse setting [${name}] with value [${text}] as a time value: ` +
      "unit is missing or unrecognized",
  );
}
