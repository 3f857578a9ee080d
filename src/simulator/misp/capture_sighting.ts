import { isRecord } from "../../stix/object.ts";
import type { Capture } from "./capture_tags.ts";
import type { Instance, User } from "./instance.ts";
import { isTimestamp, listOf, numberOf, textOf } from "./sent.ts";
import {
  isUuid,
  type Organisation,
  type StoredAttribute,
  type StoredEvent,
} from "./stored.ts";

/** What a client says of one sighting. */
export interface SightingDraft {
  readonly uuid: string;
  readonly date_sighting: number;
  readonly type: string;
  readonly source: string;
}

/** Saves the `Sighting` list beside an event; known UUIDs are skipped. */
export function captureSightings(
  capture: Capture,
  sent: unknown,
  event: StoredEvent,
): void {
  const { instance, user } = capture;
  for (const item of listOf(sent)) {
    const problem = captureSighting(instance, user, item, event);
    if (problem === undefined) continue;
    const id = isRecord(item) ? item.uuid : undefined;
    instance.drop(capture.event, "sighting", id, problem);
  }
}

function captureSighting(
  instance: Instance,
  user: User,
  item: unknown,
  event: StoredEvent,
): string | undefined {
  if (!isRecord(item)) return "not an object";
  if (!user.role.perm_sighting) return "the role lacks perm_sighting";
  const uuid = textOf(item.uuid)?.toLowerCase() ?? crypto.randomUUID();
  if (!isUuid(uuid)) return "Invalid UUID";
  if (instance.store.hasSighting(uuid)) return "UUID is there already";
  const attribute = instance.store.attribute(
    textOf(item.attribute_uuid) ?? "",
  );
  if (attribute?.event !== event) return "attribute is not in this event";
  const date = numberOf(item.date_sighting) ?? instance.now();
  const draft = {
    uuid,
    date_sighting: date,
    type: textOf(item.type) ?? "0",
    source: textOf(item.source) ?? "",
  };
  return sightingProblem(draft, attribute) ??
    addSighting(instance, orgOf(instance, user, item), draft, attribute);
}

/** [MISP] A sync key may name another organisation, which is then made. */
function orgOf(
  { organisations }: Instance,
  { org, role }: User,
  { Organisation: sent }: Readonly<Record<string, unknown>>,
): Organisation {
  const name = isRecord(sent) ? textOf(sent.name) : undefined;
  if (!role.perm_sync || !isRecord(sent) || !name) return org;
  return organisations.capture(name, textOf(sent.uuid));
}

/** What is wrong with a sighting. */
export function sightingProblem(
  draft: SightingDraft,
  attribute: StoredAttribute,
): string | undefined {
  if (attribute.deleted) return "attribute is deleted";
  if (!["0", "1", "2"].includes(draft.type)) return "type is not 0, 1 or 2";
  if (!isTimestamp(draft.date_sighting)) return "date is out of range";
  return [...draft.source].length > 255
    ? "source is longer than 255"
    : undefined;
}

/** Adds the row. */
export function addSighting(
  { store }: Instance,
  org: Organisation,
  draft: SightingDraft,
  attribute: StoredAttribute,
): undefined {
  store.noteSighting(draft.uuid);
  attribute.event.sightings.push({
    id: store.nextId(),
    attribute,
    org,
    ...draft,
  });
}
