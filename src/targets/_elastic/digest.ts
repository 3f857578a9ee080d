/** Short texts that say whether a stored document or rule is what it was. */
import { createHash } from "node:crypto";
import { isRecord, OCTI_EXTENSION } from "../../stix/object.ts";
import { record } from "./answer.ts";
import type { Json } from "./document.ts";

/**
 * What a document holds beside the state of its object, member by member from
 * the outside in: it differs between two correct copies.
 */
// deno-fmt-ignore
const PASSING_FIELDS: readonly (readonly string[])[] = [
  // Time of writing; `refresh_timestamps` moves the first.
  ["@timestamp"],
  ["event", "ingested"],
  // Of the event that was written last.
  ["opencti", "event_version"],
  // [OpenCTI] A label or reference that is added moves these in the database,
  // and not in the event that tells of it.
  ["threat", "indicator", "last_seen"],
  ["threat", "indicator", "modified_at"],
  ["threatintel", "opencti", "updated_at"],
  ["stix", "modified"],
  ["stix", "extensions", OCTI_EXTENSION, "updated_at"],
  ["stix", "extensions", OCTI_EXTENSION, "modified_at"],
  // Documents that are raw STIX.
  ["modified"],
  ["extensions", OCTI_EXTENSION, "updated_at"],
  ["extensions", OCTI_EXTENSION, "modified_at"],
];

/** Without a date of its own, an object expires some days after `modified`. */
const MOVING_EXPIRY = ["opencti", "expires_at"] as const;

/**
 * Digest of a document, blind to times of writing. Lists are compared as sets:
 * the platform gives labels and references in no fixed order.
 */
export function documentDigest(source: Json): string {
  const hasOwnExpiry = record(source.opencti).valid_until !== undefined;
  const fields = hasOwnExpiry
    ? PASSING_FIELDS
    : [...PASSING_FIELDS, MOVING_EXPIRY];
  return digestOf(fields.reduce((rest, path) => without(rest, path), source));
}

/** Digest of any JSON value: 32 hexadecimal digits. */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex")
    .slice(0, 32);
}

/** A copy without one member, however deep; the value itself stays whole. */
function without(source: Json, [name = "", ...rest]: readonly string[]): Json {
  if (!Object.hasOwn(source, name)) return source;
  const { [name]: member, ...others } = source;
  if (rest.length === 0) return others;
  return isRecord(member)
    ? { ...source, [name]: without(member, rest) }
    : source;
}

/** JSON text that is the same for every order of members and items. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(canonical).sort().join()}]`;
  }
  if (!isRecord(value)) return JSON.stringify(value) ?? "null";
  const members = Object.keys(value).sort()
    .filter((name) => value[name] !== undefined)
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join()}}`;
}
