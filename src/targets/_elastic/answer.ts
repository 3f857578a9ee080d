import { isRecord, text } from "../../stix/object.ts";
import type { Json } from "./document.ts";

/** Type and reason of an Elasticsearch error, in at most 500 characters. */
export function reasonOf(body: unknown): string {
  const error = record(body).error;
  if (!isRecord(error)) return (text(error) ?? "no reason given").slice(0, 500);
  const cause = record(error.caused_by);
  const parts = [error.type, error.reason, cause.reason].map(text)
    .filter((part) => part !== undefined);
  return parts.join(": ").slice(0, 500) || "no reason given";
}

/** True if a list holds an object of that name. */
export function hasNamed(value: unknown, name: string): boolean {
  return list(value).some((item) => record(item).name === name);
}

/** The object, or an empty one. */
export function record(value: unknown): Json {
  return isRecord(value) ? value : {};
}

/** The list, or an empty one. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The number, or 0. */
export function countOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** The type of a field in a mapping, by its full path. */
export function typeAt(mappings: unknown, field: string): string | undefined {
  let place = record(mappings);
  for (const name of field.split(".")) {
    place = record(record(place.properties)[name]);
  }
  return text(place.type);
}
