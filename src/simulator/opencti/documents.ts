import {
  extension,
  isRecord,
  OCTI_EXTENSION,
  type StixObject,
} from "../../stix/object.ts";
import { derivedId, idAfterUpdate } from "./identifiers.ts";
import { categoryOf, entityType } from "./kinds.ts";

/**
 * Edits of these members leave `modified` and `updated_at` of the event where
 * they were: they are references in the platform's database.
 */
const REFERENCE_MEMBERS: ReadonlySet<string> = new Set([
  "external_references",
  "kill_chain_phases",
  "labels",
  "object_marking_refs",
  "object_refs",
]);

/** The same, inside the platform's extension. */
const REFERENCE_EXTENSION_MEMBERS: ReadonlySet<string> = new Set([
  "granted_refs",
  "granted_refs_ids",
  "labels_ids",
]);

/** The time of an object's last edit, from its own document. */
export function updatedAtOf(object: StixObject): number | undefined {
  const octi = extension(object, OCTI_EXTENSION);
  const at = Date.parse(String(octi.updated_at ?? object.modified));
  return Number.isFinite(at) ? at : undefined;
}

/** A new document: what the platform adds to what it was given. */
export function createdDocument(object: StixObject, at: number): StixObject {
  const octi = extension(object, OCTI_EXTENSION);
  const now = new Date(at).toISOString();
  const domain = categoryOf(object) !== "observable";
  return withOcti(
    {
      ...object,
      spec_version: object.spec_version ?? "2.1",
      ...(domain
        ? { created: object.created ?? now, modified: object.modified ?? now }
        : {}),
    },
    {
      extension_type: octi.extension_type ?? "property-extension",
      id: octi.id ?? derivedId("object", object.id, now),
      type: entityType(object),
      created_at: octi.created_at ?? now,
      updated_at: octi.updated_at ?? now,
      is_inferred: octi.is_inferred ?? false,
    },
  );
}

/**
 * The document after an edit. Its times move to the time of the edit unless
 * the change brought its own, or touched nothing but references; then they
 * stay. A new pattern brings a new standard id.
 */
export function updatedDocument(
  before: StixObject,
  after: StixObject,
  at: number,
): StixObject {
  const id = idAfterUpdate(before, after);
  const document: StixObject = { ...after, id, type: after.type };
  const was = extension(before, OCTI_EXTENSION);
  if (onlyReferencesDiffer(before, document)) {
    return withTimes(document, before.modified, was.updated_at);
  }
  const is = extension(document, OCTI_EXTENSION);
  const now = new Date(at).toISOString();
  return withTimes(
    document,
    document.modified === before.modified ? now : document.modified,
    is.updated_at === was.updated_at ? now : is.updated_at,
  );
}

/** What the target of a merge becomes: it keeps the ids of its sources. */
export function mergedDocument(
  target: StixObject,
  sources: readonly StixObject[],
  at: number,
): StixObject {
  const octi = extension(target, OCTI_EXTENSION);
  const ids = new Set(Array.isArray(octi.stix_ids) ? octi.stix_ids : []);
  for (const source of sources) {
    ids.add(source.id);
    const others = extension(source, OCTI_EXTENSION).stix_ids;
    for (const id of Array.isArray(others) ? others : []) ids.add(id);
  }
  const now = new Date(at).toISOString();
  return withOcti(withTimes(target, now, now), { stix_ids: [...ids] });
}

/** The document with some members of the platform's extension replaced. */
export function withOcti(
  object: StixObject,
  members: Readonly<Record<string, unknown>>,
): StixObject {
  const extensions = isRecord(object.extensions) ? object.extensions : {};
  const octi = { ...extension(object, OCTI_EXTENSION), ...members };
  return { ...object, extensions: { ...extensions, [OCTI_EXTENSION]: octi } };
}

/** True when the two differ in references alone, or not at all. */
function onlyReferencesDiffer(before: StixObject, after: StixObject): boolean {
  return withoutReferences(before) === withoutReferences(after);
}

function withoutReferences(object: StixObject): string {
  const octi = Object.entries(extension(object, OCTI_EXTENSION)).filter(
    ([key]) => key !== "updated_at" && !REFERENCE_EXTENSION_MEMBERS.has(key),
  );
  const rest = Object.entries(object).filter(([key]) =>
    key !== "modified" && key !== "extensions" && !REFERENCE_MEMBERS.has(key)
  );
  const extensions = isRecord(object.extensions) ? object.extensions : {};
  const others = Object.entries(extensions).filter(([key]) =>
    key !== OCTI_EXTENSION
  );
  return JSON.stringify([octi, rest, others].map((list) => list.sort(byKey)));
}

function byKey(a: [string, unknown], b: [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}

function withTimes(
  object: StixObject,
  modified: unknown,
  updatedAt: unknown,
): StixObject {
  const moved = modified === undefined ? object : { ...object, modified };
  return updatedAt === undefined
    ? moved
    : withOcti(moved, { updated_at: updatedAt });
}
