import type { FieldNode } from "./mapping_tree.ts";
import type { Term } from "./field_type.ts";
import { isObject, type JsonObject } from "./json.ts";

/**
 * The values of a document at a path, lists flattened, nulls left out. Finds
 * them under nested objects and under keys that contain dots.
 */
export function valuesAt(source: JsonObject, path: string): unknown[] {
  const values: unknown[] = [];
  collect(source, path, values);
  return values;
}

function collect(value: unknown, path: string, values: unknown[]): void {
  if (Array.isArray(value)) {
    for (const element of value) collect(element, path, values);
    return;
  }
  if (!isObject(value)) return;
  if (path in value) leaves(value[path], values);
  for (
    let dot = path.indexOf(".");
    dot !== -1;
    dot = path.indexOf(".", dot + 1)
  ) {
    const key = path.slice(0, dot);
    if (key in value) collect(value[key], path.slice(dot + 1), values);
  }
}

function leaves(value: unknown, values: unknown[]): void {
  if (value === null || value === undefined) return;
  if (Array.isArray(value)) {
    for (const element of value) leaves(element, values);
  } else values.push(value);
}

/** The terms under which a document is found in one field. */
export function termsOf(
  source: JsonObject,
  node: FieldNode,
  path: string,
): Term[] {
  const terms: Term[] = [];
  for (const value of valuesAt(source, path)) {
    if (isObject(value) && !node.type.takesObjects) continue;
    terms.push(...node.type.terms(value));
  }
  return terms;
}

/** A source reduced to the named fields, by their dotted paths. */
export function prune(
  source: JsonObject,
  fields: readonly string[],
): JsonObject {
  const kept: JsonObject = {};
  for (const field of fields) {
    let value: unknown = source;
    for (const name of field.split(".")) {
      value = (value as JsonObject | undefined)?.[name];
    }
    if (value !== undefined) kept[field] = value;
  }
  return kept;
}
