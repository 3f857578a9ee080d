/** Stored elements as MISP answers them: numbers are JSON strings. */
import {
  attributesOf,
  type Organisation,
  type StoredAttribute,
  type StoredEvent,
  type StoredObject,
  type StoredReference,
  type StoredSighting,
  type StoredTag,
} from "./stored.ts";

/** What an answer holds. */
export interface ShowOptions {
  /** Elements that are live, soft-deleted or both. */
  readonly isWanted: (element: { readonly deleted: boolean }) => boolean;
  /** The lists are left out. */
  readonly metadata?: boolean;
  readonly galaxies?: boolean;
  readonly attachments?: boolean;
  readonly sightings?: boolean;
}

/** Elements that are not soft-deleted. */
export const isLive = ({ deleted }: { readonly deleted: boolean }) => !deleted;

/** An event, as `events/view` has it. */
export function showEvent(event: StoredEvent, options: ShowOptions) {
  const { galaxies = true } = options;
  return {
    ...showFields(event),
    event_creator_email: "",
    Org: showOrganisation(event.org),
    Orgc: showOrganisation(event.orgc),
    ...(options.metadata ? {} : {
      Attribute: [...event.attributes.values()].filter(options.isWanted)
        .map((attribute) => showAttribute(attribute, options)),
      ShadowAttribute: [],
      RelatedEvent: [],
      ...(galaxies ? { Galaxy: [] } : {}),
      Object: objectsOf(event, options),
      EventReport: [],
      CryptographicKey: [],
    }),
    ...(event.tags.size > 0 ? { Tag: showTags(event.tags) } : {}),
  };
}

/** [MISP] Objects without an attribute to show are left out. */
function objectsOf(event: StoredEvent, options: ShowOptions) {
  return [...event.objects.values()].filter(options.isWanted)
    .map((object) => showObject(object, options))
    .filter(({ Attribute }) => Attribute.length > 0);
}

/** An event's own fields. */
export function showFields(event: StoredEvent) {
  let count = 0;
  for (const { deleted } of attributesOf(event)) if (!deleted) count += 1;
  return {
    id: String(event.id),
    orgc_id: String(event.orgc.id),
    org_id: String(event.org.id),
    date: event.date,
    threat_level_id: event.threat_level_id,
    info: event.info,
    published: event.published,
    uuid: event.uuid,
    attribute_count: String(count),
    analysis: event.analysis,
    timestamp: String(event.timestamp),
    distribution: String(event.distribution),
    proposal_email_lock: false,
    locked: event.locked,
    publish_timestamp: String(event.publish_timestamp),
    sharing_group_id: "0",
    disable_correlation: false,
    extends_uuid: "",
    protected: null,
  };
}

/** An attribute. */
export function showAttribute(
  attribute: StoredAttribute,
  options: ShowOptions = { isWanted: isLive },
) {
  const { event, object, tags, data } = attribute;
  const { attachments = true, galaxies = true } = options;
  return {
    id: String(attribute.id),
    type: attribute.type,
    category: attribute.category,
    to_ids: attribute.to_ids,
    uuid: attribute.uuid,
    event_id: String(event.id),
    distribution: String(attribute.distribution),
    timestamp: String(attribute.timestamp),
    comment: attribute.comment,
    sharing_group_id: "0",
    deleted: attribute.deleted,
    disable_correlation: attribute.disable_correlation,
    object_id: String(object?.id ?? 0),
    object_relation: attribute.object_relation,
    first_seen: attribute.first_seen,
    last_seen: attribute.last_seen,
    value: attribute.value,
    ...(galaxies ? { Galaxy: [] } : {}),
    ShadowAttribute: [],
    ...(attachments && data !== undefined ? { data } : {}),
    ...(tags.size > 0 ? { Tag: showTags(tags) } : {}),
    ...(options.sightings ? { Sighting: sightingsOf(attribute) } : {}),
  };
}

function sightingsOf(attribute: StoredAttribute) {
  return attribute.event.sightings
    .filter((sighting) => sighting.attribute === attribute)
    .map(showSighting);
}

/** An object with the attributes that are wanted. */
export function showObject(
  object: StoredObject,
  options: ShowOptions = { isWanted: isLive },
) {
  return {
    id: String(object.id),
    name: object.name,
    "meta-category": object.meta_category,
    description: object.description,
    template_uuid: object.template_uuid,
    template_version: object.template_version,
    event_id: String(object.event.id),
    uuid: object.uuid,
    timestamp: String(object.timestamp),
    distribution: String(object.distribution),
    sharing_group_id: "0",
    comment: object.comment,
    deleted: object.deleted,
    first_seen: object.first_seen,
    last_seen: object.last_seen,
    ObjectReference: [...object.references.values()].map((reference) =>
      showReference(object, reference)
    ),
    Attribute: [...object.attributes.values()].filter(options.isWanted)
      .map((attribute) => showAttribute(attribute, options)),
  };
}

function showReference(object: StoredObject, reference: StoredReference) {
  return {
    ...reference,
    object_uuid: object.uuid,
    event_id: String(object.event.id),
    deleted: false,
  };
}

/** A sighting. */
export function showSighting(sighting: StoredSighting) {
  const { attribute, org } = sighting;
  return {
    id: String(sighting.id),
    attribute_id: String(attribute.id),
    attribute_uuid: attribute.uuid,
    event_id: String(attribute.event.id),
    org_id: String(org.id),
    date_sighting: String(sighting.date_sighting),
    uuid: sighting.uuid,
    source: sighting.source,
    type: sighting.type,
    Organisation: { id: String(org.id), uuid: org.uuid, name: org.name },
  };
}

/** An organisation. */
export function showOrganisation(org: Organisation) {
  return {
    id: String(org.id),
    name: org.name,
    uuid: org.uuid,
    local: org.local,
  };
}

/** A tag as elements carry it. */
export function showTag(tag: StoredTag) {
  return {
    id: String(tag.id),
    name: tag.name,
    colour: tag.colour,
    exportable: true,
    user_id: "0",
    hide_tag: false,
    numerical_value: null,
    is_galaxy: tag.name.startsWith("misp-galaxy:"),
    is_custom_galaxy: false,
    local_only: false,
  };
}

/** Tags as elements carry them. */
export function showTags(tags: ReadonlyMap<number, StoredTag>) {
  return [...tags.values()].map((tag) => ({
    ...showTag(tag),
    local: false,
    relationship_type: null,
  }));
}
