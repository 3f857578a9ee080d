import { v5 } from "uuid";
import type { StixObject } from "../../stix/object.ts";

/** Namespace of the deterministic ids of STIX 2.1 §2.9. */
const NAMESPACE = "00abedb4-aa42-466c-9c01-fed23315a9b7";

/**
 * The standard id of an object: a UUIDv5 over the canonical JSON of its
 * identifying fields. Source: OpenCTI `schema/identifier.js`.
 */
export function standardId(
  type: string,
  fields: Readonly<Record<string, string>>,
): string {
  const sorted = Object.entries(fields).sort(([a], [b]) => a < b ? -1 : 1);
  const text = JSON.stringify(Object.fromEntries(sorted));
  return `${type}--${v5(text, NAMESPACE)}`;
}

/** An internal id made of what names a thing: the same in every run. */
export function derivedId(...parts: string[]): string {
  return v5(JSON.stringify(parts), NAMESPACE);
}

/**
 * The standard id an edited object gets: another pattern means another id.
 * Other types keep the id the change came with.
 */
export function idAfterUpdate(before: StixObject, after: StixObject): string {
  const edited = after.type === "indicator" && after.id === before.id &&
    typeof after.pattern === "string" && after.pattern !== before.pattern;
  return edited
    ? standardId("indicator", { pattern: String(after.pattern) })
    : after.id;
}
