/** A parsed JSON object, nothing known of its members. */
export type JsonObject = Record<string, unknown>;

/** True for a JSON object: neither null nor a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Deep merge of JSON objects; `over` wins, lists are replaced whole. */
export function mergeDeep(base: JsonObject, over: JsonObject): JsonObject {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isObject(before) && isObject(value)
      ? mergeDeep(before, value)
      : value;
  }
  return merged;
}

/** The value as a list: undefined and null give none, a scalar gives one. */
export function asList(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
