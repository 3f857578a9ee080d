import { isRecord } from "../../stix/object.ts";
import { type AttributeType, TYPES } from "./attribute_types.ts";
import { type Capture, captureTags } from "./capture_tags.ts";
import type { Instance } from "./instance.ts";
import { normalizeValue } from "./normalize.ts";
import {
  hasWideCharacter,
  isTimestamp,
  numberOf,
  textOf,
  truthOf,
} from "./sent.ts";
import {
  isUuid,
  sameKey,
  type StoredAttribute,
  type StoredEvent,
  type StoredObject,
} from "./stored.ts";
import { valueProblem } from "./value_checks.ts";

/** Where an attribute belongs. */
export interface Home {
  readonly event: StoredEvent;
  readonly object?: StoredObject | undefined;
}

/** The saved attribute, or why it was not saved. */
export type Captured =
  | { readonly attribute: StoredAttribute }
  | { readonly problem: string };

/** What may change of an attribute. */
type Draft = Omit<
  StoredAttribute,
  "id" | "uuid" | "event" | "object" | "tags"
>;

/**
 * Saves one attribute: a known UUID of the same place is updated, an unknown
 * one is inserted. What is refused is noted in the drop log alone.
 */
export function captureAttribute(
  capture: Capture,
  sent: unknown,
  home: Home,
): Captured {
  const { instance } = capture;
  const refuse = (problem: string): Captured => {
    const id = isRecord(sent) ? textOf(sent.uuid) ?? sent.value : undefined;
    instance.drop(capture.event, "attribute", id, problem);
    return { problem };
  };
  if (!isRecord(sent)) return refuse("not an object");
  const uuid = textOf(sent.uuid)?.toLowerCase() ?? crypto.randomUUID();
  if (!isUuid(uuid)) return refuse("Invalid UUID");
  const known = instance.store.attribute(uuid);
  const problem = known && problemWithKnown(capture, known, sent, home);
  if (problem !== undefined) return refuse(problem);
  const draft = draftOf(instance, sent, known);
  const invalid = draftProblem(instance, draft, home) ??
    twinProblem(draft, uuid, home);
  if (invalid !== undefined) return refuse(invalid);
  const attribute = known === undefined
    ? insert(capture, { ...draft, uuid }, home)
    : update(capture, known, draft);
  captureTags(capture, attribute, sent.Tag);
  return { attribute };
}

/** [MISP] Rule 5: another place, or not newer: skipped in silence. */
function problemWithKnown(
  { editing }: Capture,
  known: StoredAttribute,
  sent: Readonly<Record<string, unknown>>,
  home: Home,
): string | undefined {
  if (known.event !== home.event) return "UUID is used in another event";
  if (known.object !== home.object) return "UUID is used in another object";
  if (!editing) return "UUID is there already";
  const timestamp = numberOf(sent.timestamp);
  return timestamp !== undefined && !(timestamp > known.timestamp)
    ? "not newer than the stored attribute"
    : undefined;
}

/** Missing members keep their value, except `deleted`. */
function draftOf(
  instance: Instance,
  sent: Readonly<Record<string, unknown>>,
  known: StoredAttribute | undefined,
): Draft {
  const type = textOf(sent.type) ?? known?.type ?? "";
  const of = TYPES.get(type);
  const value = textOf(sent.value);
  const optional = <Value>(name: string, stored: Value | undefined) =>
    Object.hasOwn(sent, name)
      ? textOf(sent[name])?.trim() || null
      : stored ?? null;
  return {
    type,
    category: textOf(sent.category) || known?.category ||
      (of?.defaultCategory ?? ""),
    value: value === undefined
      ? known?.value ?? ""
      : normalizeValue(type, value),
    to_ids: truthOf(sent.to_ids) ?? known?.to_ids ?? of?.toIds ?? false,
    comment: textOf(sent.comment) ?? known?.comment ?? "",
    distribution: numberOf(sent.distribution) ?? known?.distribution ?? 5,
    timestamp: numberOf(sent.timestamp) ?? instance.now(),
    deleted: truthOf(sent.deleted) ?? false,
    disable_correlation: truthOf(sent.disable_correlation) ??
      known?.disable_correlation ?? false,
    object_relation: optional("object_relation", known?.object_relation),
    first_seen: optional("first_seen", known?.first_seen),
    last_seen: optional("last_seen", known?.last_seen),
    data: textOf(sent.data) ?? known?.data,
  };
}

function draftProblem(
  instance: Instance,
  draft: Draft,
  { object }: Home,
): string | undefined {
  const type = instance.lacksTypes.has(draft.type)
    ? undefined
    : TYPES.get(draft.type);
  if (type === undefined) return `unknown type "${draft.type}"`;
  return typeProblem(type, draft) ?? valueProblem(draft.type, draft.value) ??
    memberProblem(draft) ??
    (instance.settings.importRegexp?.test(draft.value) === true
      ? "blocked by an import regexp"
      : undefined) ??
    (object !== undefined && draft.object_relation === null
      ? "object_relation is missing"
      : undefined);
}

function typeProblem(type: AttributeType, draft: Draft): string | undefined {
  return type.categories.has(draft.category)
    ? undefined
    : `category "${draft.category}" does not hold type "${type.name}"`;
}

function memberProblem(draft: Draft): string | undefined {
  if (hasWideCharacter(draft.comment)) return "comment: a character of 4 bytes";
  if (![0, 1, 2, 3, 5].includes(draft.distribution)) {
    return "distribution is not 0 to 3 or 5";
  }
  if (!isTimestamp(draft.timestamp)) return "timestamp is out of range";
  if (draft.data !== undefined && !isBase64(draft.data)) {
    return "data is not Base64";
  }
  return seenProblem(draft);
}

/** What is wrong with the two dates of an attribute or object. */
export function seenProblem(
  { first_seen, last_seen }: {
    readonly first_seen: string | null;
    readonly last_seen: string | null;
  },
): string | undefined {
  const first = Date.parse(first_seen ?? "1970-01-01");
  const last = Date.parse(last_seen ?? "9999-01-01");
  if (Number.isNaN(first) || Number.isNaN(last)) {
    return "first_seen or last_seen is no ISO 8601 date";
  }
  return first > last ? "last_seen is before first_seen" : undefined;
}

/** [MISP] Rule 7, for attributes outside objects. */
function twinProblem(
  draft: Draft,
  uuid: string,
  { event, object }: Home,
): string | undefined {
  if (object !== undefined || draft.deleted) return undefined;
  const twin = event.live.get(sameKey(draft));
  return twin !== undefined && twin !== uuid
    ? `same type, category and value as ${twin}`
    : undefined;
}

function insert(
  { instance }: Capture,
  fields: Draft & { uuid: string },
  { event, object }: Home,
): StoredAttribute {
  const { store } = instance;
  const attribute: StoredAttribute = {
    id: store.nextId(),
    event,
    object,
    tags: new Map(),
    ...fields,
    object_relation: object === undefined ? null : fields.object_relation,
  };
  store.addAttribute(attribute);
  return attribute;
}

function update(
  { instance: { store } }: Capture,
  known: StoredAttribute,
  draft: Draft,
): StoredAttribute {
  store.unsetLive(known);
  Object.assign(known, draft);
  store.setLive(known);
  return known;
}

function isBase64(text: string): boolean {
  return /^[a-z0-9+/\s]*={0,2}\s*$/i.test(text);
}
