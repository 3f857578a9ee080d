import {
  extension,
  isRecord,
  OCTI_EXTENSION,
  scoProperty,
  type StixObject,
  strings,
  text,
} from "../../stix/object.ts";
import { entityType } from "./kinds.ts";
import { isRelation, type ObjectTable } from "./objects.ts";

/** One line of `context.changes`: labels and display names, for humans. */
export interface DisplayedChange {
  readonly field: string;
  readonly previous: readonly unknown[];
  readonly new: readonly unknown[];
  readonly added?: readonly unknown[];
  readonly removed?: readonly unknown[];
}

/** The name a person sees for an object. */
export function representative(object: StixObject, table: ObjectTable): string {
  if (object.type === "relationship") {
    return `${named(object.source_ref, table)} ➡️ ${
      named(object.target_ref, table)
    }`;
  }
  if (object.type === "sighting") {
    const where = strings(object.where_sighted_refs)[0];
    return `${named(object.sighting_of_ref, table)} ➡️ ${named(where, table)}`;
  }
  return firstText([
    firstHash(object),
    object.type === "email-message" ? object.body : undefined,
    object.type === "marking-definition" ? object.definition : undefined,
    object.name,
    object.value,
    object.path,
    object.key,
    object.account_login,
    object.pid,
    object.dst_port,
    object.fingerprint_sha256,
    object.source_name,
    object.phase_name,
    object.subject,
    object.id,
  ]);
}

/** The sentence of a creation, a deletion or a merge. */
export function changeMessage(
  verb: "creates" | "deletes",
  object: StixObject,
  table: ObjectTable,
): string {
  if (!isRelation(object)) {
    const type = entityType(object) === "StixFile"
      ? "File"
      : entityType(object);
    return `${verb} a ${type} \`${representative(object, table)}\``;
  }
  const [from, to] = object.type === "relationship"
    ? [object.source_ref, object.target_ref]
    : [object.sighting_of_ref, strings(object.where_sighted_refs)[0]];
  return `${verb} the relation ${entityType(object)} from ${
    endWithType(from, table)
  } to ${endWithType(to, table)}`;
}

/** The sentence of a merge. */
export function mergeMessage(
  target: StixObject,
  sources: readonly StixObject[],
  table: ObjectTable,
): string {
  const names = sources.map((source) => `\`${representative(source, table)}\``)
    .join(", ");
  return `merges ${entityType(target)} ${names} in \`${
    representative(target, table)
  }\``;
}

/** Label of a field, and whether its values are references. */
// deno-fmt-ignore
const FIELDS: readonly (readonly [string, string])[] = [
  // property            label in the platform
  ["name",                "Name"],
  ["pattern",             "Pattern"],
  ["revoked",             "Revoked"],
  ["score",               "Score"],
  ["detection",           "Is detected"],
  ["valid_from",          "Valid from"],
  ["valid_until",         "Valid until"],
  ["description",         "Description"],
  ["confidence",          "Confidence level"],
  ["severity",            "Severity"],
  ["priority",            "Priority"],
  ["created_by_ref",      "Author"],
  ["object_refs",         "Contains"],
  ["object_marking_refs", "Markings"],
  ["labels",              "Label"],
  ["external_references", "External reference"],
  ["kill_chain_phases",   "Kill chain phase"],
  ["indicator_types",     "Indicator types"],
  ["report_types",        "Report types"],
];

/** What differs between two documents, as the platform words it. */
export function displayedChanges(
  before: StixObject,
  after: StixObject,
  table: ObjectTable,
): DisplayedChange[] {
  return FIELDS.flatMap(([property, field]) => {
    const old = valueOf(before, property);
    const now = valueOf(after, property);
    if (JSON.stringify(old) === JSON.stringify(now)) return [];
    const previous = displayed(old, table);
    const next = displayed(now, table);
    if (!Array.isArray(old) && !Array.isArray(now)) {
      return [{ field, previous, new: next }];
    }
    return [{
      field,
      previous,
      new: next,
      added: missing(next, previous),
      removed: missing(previous, next),
    }];
  });
}

/** The sentence of an update. */
export function updateMessage(changes: readonly DisplayedChange[]): string {
  const parts = changes.map((change) => {
    const added = change.added ?? [];
    if (change.added === undefined) {
      return `replaces ${quoted(change.new)} in \`${change.field}\``;
    }
    return added.length > 0
      ? `adds ${quoted(added)} in \`${change.field}\``
      : `removes ${quoted(change.removed ?? [])} in \`${change.field}\``;
  });
  if (parts.length === 0) return "updates the entity";
  const more = parts.length - 3;
  const first = parts.slice(0, 3)
    .map((part, index) => index === 0 ? part : part.replace("replaces ", ""))
    .join(" - ");
  return more > 0 ? `${first} and ${more} more operations` : first;
}

function valueOf(object: StixObject, property: string): unknown {
  if (property === "score" || property === "detection") {
    return extension(object, OCTI_EXTENSION)[property] ??
      scoProperty(object, property);
  }
  if (property === "labels" || property === "description") {
    return scoProperty(object, property);
  }
  return object[property];
}

function displayed(value: unknown, table: ObjectTable): unknown[] {
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? value : [value];
  return list.map((item) => {
    if (typeof item === "string") return named(item, table);
    if (!isRecord(item)) return item;
    const source = text(item.source_name);
    const external = text(item.external_id);
    if (source === undefined) return text(item.phase_name) ?? "";
    return external === undefined ? source : `${source} (${external})`;
  });
}

function named(ref: unknown, table: ObjectTable): string {
  if (typeof ref !== "string") return "Unknown";
  const row = table.get(ref);
  return row === undefined || isRelation(row.object) && !ref.includes("--")
    ? ref
    : representative(row.object, table);
}

function endWithType(ref: unknown, table: ObjectTable): string {
  const row = typeof ref === "string" ? table.get(ref) : undefined;
  const type = row === undefined ? "Unknown" : entityType(row.object);
  return `\`${named(ref, table)}\` (${type})`;
}

function firstHash(object: StixObject): unknown {
  if (!isRecord(object.hashes)) return undefined;
  const { "SHA-256": sha256, "SHA-1": sha1, MD5: md5 } = object.hashes;
  return sha256 ?? sha1 ?? md5;
}

function firstText(values: readonly unknown[]): string {
  const found = values.find((value) =>
    typeof value === "string" && value !== "" || typeof value === "number"
  );
  return String(found);
}

function missing(list: readonly unknown[], from: readonly unknown[]) {
  return list.filter((item) => !from.includes(item));
}

function quoted(values: readonly unknown[]): string {
  return values.map((value) => `\`${String(value)}\``).join(", ");
}
