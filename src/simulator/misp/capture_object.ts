import { isRecord } from "../../stix/object.ts";
import { captureAttribute, seenProblem } from "./capture_attribute.ts";
import type { Capture } from "./capture_tags.ts";
import type { Instance } from "./instance.ts";
import {
  hasWideCharacter,
  isTimestamp,
  listOf,
  numberOf,
  textOf,
  truthOf,
} from "./sent.ts";
import { isUuid, type StoredEvent, type StoredObject } from "./stored.ts";
import { noteBreaches } from "./template_check.ts";

/** The saved object, or why it was not saved. */
export type CapturedObject =
  | { readonly object: StoredObject }
  | { readonly problem: string };

type Draft = Omit<
  StoredObject,
  "id" | "uuid" | "event" | "attributes" | "references"
>;

const NEEDED = ["name", "meta_category", "template_uuid", "template_version"];

/**
 * Saves one object with its attributes. [MISP] Its template is not looked up;
 * what a template forbids is noted in the log of breaches.
 */
export function captureObject(
  capture: Capture,
  sent: unknown,
  event: StoredEvent,
): CapturedObject {
  const { instance } = capture;
  const refuse = (problem: string): CapturedObject => {
    const id = isRecord(sent) ? textOf(sent.uuid) ?? sent.name : undefined;
    instance.drop(capture.event, "object", id, problem);
    return { problem };
  };
  if (!isRecord(sent)) return refuse("not an object");
  const uuid = textOf(sent.uuid)?.toLowerCase() ?? crypto.randomUUID();
  if (!isUuid(uuid)) return refuse("Invalid UUID");
  const known = instance.store.object(uuid);
  const draft = draftOf(instance, sent, known);
  const problem = known && problemWithKnown(capture, known, sent, event) ||
    draftProblem(draft);
  if (problem !== undefined) return refuse(problem);
  const object = known ?? insert(instance, { ...draft, uuid }, event);
  Object.assign(object, draft);
  for (const attribute of listOf(sent.Attribute)) {
    captureAttribute(capture, attribute, { event, object });
  }
  if (draft.deleted) deleteSoftly(object, instance.now());
  if (listOf(sent.Tag).length > 0) {
    instance.drop(capture.event, "tag", object.uuid, "objects have no tags");
  }
  noteBreaches(instance, object);
  return { object };
}

/** [MISP] An object goes with all its attributes. */
export function deleteSoftly(object: StoredObject, now: number): void {
  object.deleted = true;
  for (const attribute of object.attributes.values()) {
    if (attribute.deleted) continue;
    attribute.deleted = true;
    attribute.timestamp = now;
  }
}

function problemWithKnown(
  { editing }: Capture,
  known: StoredObject,
  sent: Readonly<Record<string, unknown>>,
  event: StoredEvent,
): string | undefined {
  if (known.event !== event) return "UUID is used in another event";
  if (!editing) return "UUID is there already";
  const timestamp = numberOf(sent.timestamp);
  return timestamp !== undefined && !(timestamp > known.timestamp)
    ? "not newer than the stored object"
    : undefined;
}

/** Missing members keep their value. */
function draftOf(
  instance: Instance,
  sent: Readonly<Record<string, unknown>>,
  known: StoredObject | undefined,
): Draft {
  const word = (name: string, stored: string | undefined) =>
    textOf(sent[name]) ?? stored ?? "";
  const seen = (name: string, stored: string | null | undefined) =>
    Object.hasOwn(sent, name) ? textOf(sent[name]) || null : stored ?? null;
  return {
    name: word("name", known?.name),
    meta_category: word("meta-category", known?.meta_category),
    description: word("description", known?.description),
    template_uuid: word("template_uuid", known?.template_uuid),
    template_version: word("template_version", known?.template_version),
    comment: word("comment", known?.comment),
    distribution: numberOf(sent.distribution) ?? known?.distribution ?? 5,
    timestamp: numberOf(sent.timestamp) ?? instance.now(),
    deleted: truthOf(sent.deleted) ?? known?.deleted ?? false,
    first_seen: seen("first_seen", known?.first_seen),
    last_seen: seen("last_seen", known?.last_seen),
  };
}

function draftProblem(draft: Draft): string | undefined {
  const missing = NEEDED.find((name) => draft[name as keyof Draft] === "");
  if (missing !== undefined) {
    return `${missing.replace("meta_", "meta-")} is missing`;
  }
  if (hasWideCharacter(draft.comment)) return "comment: a character of 4 bytes";
  if (![0, 1, 2, 3, 5].includes(draft.distribution)) {
    return "distribution is not 0 to 3 or 5";
  }
  if (!isTimestamp(draft.timestamp)) return "timestamp is out of range";
  return seenProblem(draft);
}

function insert(
  { store }: Instance,
  fields: Draft & { uuid: string },
  event: StoredEvent,
): StoredObject {
  const object: StoredObject = {
    id: store.nextId(),
    event,
    attributes: new Map(),
    references: new Map(),
    ...fields,
  };
  store.addObject(object);
  return object;
}

/**
 * Saves the `ObjectReference` lists of sent objects, once all elements are
 * there: both ends must be in the event.
 */
export function captureReferences(
  capture: Capture,
  sentObjects: readonly unknown[],
  event: StoredEvent,
): void {
  const { instance } = capture;
  for (const sent of sentObjects) {
    if (!isRecord(sent)) continue;
    const object = event.objects.get(textOf(sent.uuid)?.toLowerCase() ?? "");
    if (object === undefined) continue;
    for (const item of listOf(sent.ObjectReference)) {
      const problem = captureReference(instance, item, object);
      if (problem === undefined) continue;
      const id = isRecord(item) ? item.uuid : undefined;
      instance.drop(capture.event, "reference", id, problem);
    }
  }
}

function captureReference(
  { store }: Instance,
  item: unknown,
  object: StoredObject,
): string | undefined {
  if (!isRecord(item)) return "not an object";
  const uuid = textOf(item.uuid)?.toLowerCase() ?? crypto.randomUUID();
  if (!isUuid(uuid)) return "Invalid UUID";
  const target = textOf(item.referenced_uuid)?.toLowerCase() ?? "";
  const found = store.object(target) ?? store.attribute(target);
  if (found?.event !== object.event) return "referenced element is not there";
  object.references.set(uuid, {
    uuid,
    referenced_uuid: target,
    relationship_type: textOf(item.relationship_type) ?? "",
  });
  return undefined;
}
