/** Containers: which objects are some, and what of them leads to MISP. */
import { createHash } from "node:crypto";
import { isRecord, type StixObject, text } from "../../stix/object.ts";

/** Types of containers that can become events. */
export const CONTAINER_TYPES: readonly string[] = [
  "report",
  "grouping",
  "case-incident",
  "case-rfi",
  "case-rft",
];

/** The type in the spelling of the stream: pycti writes `x-opencti-case-…`. */
export function containerType(type: string): string {
  return type.replace(/^x-opencti-(?=case-)/, "");
}

/** True for an object that can become an event. */
export function isContainer({ type }: StixObject): boolean {
  return CONTAINER_TYPES.includes(containerType(type));
}

/**
 * A UUID that MISP takes: versions 0 to 5 of RFC 9562, in lower case. It is
 * also what ids are checked for before they stand in a path or a key.
 */
export function isMispUuid(id: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-5][0-9a-f]{3}-[089ab][0-9a-f]{3}-[0-9a-f]{12}$/
    .test(id);
}

/** Name of the source of references to MISP, ours and the import's. */
export const MISP_SOURCE = "MISP";

/** UUIDs of events of MISP that the object refers to, its own left out. */
export function originalsOf(container: StixObject, own: string): string[] {
  return references(container)
    .filter(({ source_name }) =>
      text(source_name)?.toLowerCase() === MISP_SOURCE.toLowerCase()
    )
    .flatMap(({ external_id }) => text(external_id)?.toLowerCase() ?? [])
    .filter((id) => id !== own && isMispUuid(id));
}

/** Whether the container holds our reference to its event. */
export function holdsReference(
  container: StixObject,
  { uuid, url }: { uuid: string; url: string },
): boolean {
  return references(container).some((reference) =>
    isOurReference(reference, uuid) && reference.url === url
  );
}

/** A digest over the external references but our own to this event. */
export function referencesDigest(container: StixObject, uuid: string): string {
  const others = references(container)
    .filter((reference) => !isOurReference(reference, uuid))
    .map((reference) => JSON.stringify(reference)).sort();
  return createHash("sha256").update(JSON.stringify(others)).digest("hex")
    .slice(0, 16);
}

/**
 * The object without references to events of this MISP: those of a container
 * that another one holds are no intelligence, and would differ from one event
 * of that container to its next.
 *
 * @param url Address of MISP, without trailing slash.
 */
export function withoutMispReferences(
  object: StixObject,
  url: string,
): StixObject {
  const all = references(object);
  const others = all.filter(({ source_name, url: to }) =>
    source_name !== MISP_SOURCE || typeof to !== "string" ||
    !to.startsWith(`${url}/events/view/`)
  );
  return others.length === all.length
    ? object
    : { ...object, external_references: others };
}

function isOurReference(
  { source_name, external_id }: Record<string, unknown>,
  uuid: string,
): boolean {
  return source_name === MISP_SOURCE && external_id === uuid;
}

function references(container: StixObject): Record<string, unknown>[] {
  const { external_references: list } = container;
  return Array.isArray(list) ? list.filter(isRecord) : [];
}
