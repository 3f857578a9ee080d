/** An event as MISP tells it, in the shape that is compared. */
import { isRecord, text } from "../../stix/object.ts";

/** An attribute that is not deleted. */
export interface LiveAttribute {
  readonly uuid: string;
  readonly type: string;
  readonly category: string;
  readonly value: string;
  readonly toIds: boolean;
  readonly comment: string;
  readonly relation: string | undefined;
  readonly tags: readonly string[];
  /** UUIDs of its sightings, where the answer holds them. */
  readonly sightings: readonly string[];
}

/** An object that is not deleted. */
export interface LiveObject {
  readonly uuid: string;
  readonly name: string;
  readonly comment: string;
  readonly templateUuid: string;
  readonly templateVersion: string;
  readonly attributes: readonly LiveAttribute[];
}

/** An event with what is in it and not deleted. */
export interface LiveEvent {
  /** MISP's own number. */
  readonly id: string;
  readonly uuid: string;
  readonly info: string;
  readonly date: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly threatLevel: string;
  readonly analysis: string;
  readonly distribution: string;
  readonly published: boolean;
  readonly orgId: string;
  readonly orgcName: string;
  readonly tags: readonly string[];
  readonly attributes: readonly LiveAttribute[];
  readonly objects: readonly LiveObject[];
}

/** Reads the answer of `events/view`, `add` or `edit`; numbers may be text. */
export function toLiveEvent(body: Record<string, unknown>): LiveEvent {
  const event = isRecord(body.Event) ? body.Event : {};
  const orgc = isRecord(event.Orgc) ? event.Orgc : {};
  return {
    id: told(event.id),
    uuid: told(event.uuid).toLowerCase(),
    info: told(event.info),
    date: told(event.date),
    timestamp: Number(event.timestamp) || 0,
    threatLevel: told(event.threat_level_id),
    analysis: told(event.analysis),
    distribution: told(event.distribution),
    published: isTrue(event.published),
    orgId: told(event.org_id),
    orgcName: told(orgc.name),
    tags: tagsOf(event.Tag),
    attributes: attributesOf(event.Attribute),
    objects: records(event.Object).filter(isThere).map((object) => ({
      uuid: told(object.uuid).toLowerCase(),
      name: told(object.name),
      comment: told(object.comment),
      templateUuid: told(object.template_uuid),
      templateVersion: told(object.template_version),
      attributes: attributesOf(object.Attribute),
    })),
  };
}

function attributesOf(list: unknown): LiveAttribute[] {
  return records(list).filter(isThere).map((attribute) => ({
    uuid: told(attribute.uuid).toLowerCase(),
    type: told(attribute.type),
    category: told(attribute.category),
    value: told(attribute.value),
    toIds: isTrue(attribute.to_ids),
    comment: told(attribute.comment),
    relation: text(attribute.object_relation),
    tags: tagsOf(attribute.Tag),
    sightings: records(attribute.Sighting).map(({ uuid }) =>
      told(uuid).toLowerCase()
    ),
  }));
}

function tagsOf(list: unknown): string[] {
  return records(list).flatMap(({ name }) => text(name) ?? []);
}

function records(list: unknown): Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

function isThere(element: Record<string, unknown>): boolean {
  return !isTrue(element.deleted);
}

/** [MISP] Booleans are booleans, or "0" and "1". */
function isTrue(value: unknown): boolean {
  return value === true || value === 1 || value === "1";
}

function told(value: unknown): string {
  return typeof value === "string" || typeof value === "number"
    ? `${value}`
    : "";
}

/** An event of which nothing is there yet. */
export const NO_EVENT: LiveEvent = {
  id: "",
  uuid: "",
  info: "",
  date: "",
  timestamp: 0,
  threatLevel: "",
  analysis: "",
  distribution: "",
  published: false,
  orgId: "",
  orgcName: "",
  tags: [],
  attributes: [],
  objects: [],
};
