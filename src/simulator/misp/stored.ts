/** A tag of the instance. Names are unique without case. */
export interface StoredTag {
  readonly id: number;
  readonly name: string;
  readonly colour: string;
}

/** An organisation. */
export interface Organisation {
  readonly id: number;
  readonly name: string;
  readonly uuid: string;
  readonly local: boolean;
}

/** Members that attributes and objects have in common. Times in seconds. */
export interface StoredElement {
  readonly id: number;
  readonly uuid: string;
  readonly event: StoredEvent;
  comment: string;
  distribution: number;
  timestamp: number;
  deleted: boolean;
  first_seen: string | null;
  last_seen: string | null;
}

/** An attribute, of an event or of an object in it. */
export interface StoredAttribute extends StoredElement {
  readonly object: StoredObject | undefined;
  readonly tags: Map<number, StoredTag>;
  type: string;
  category: string;
  value: string;
  to_ids: boolean;
  object_relation: string | null;
  disable_correlation: boolean;
  data: string | undefined;
}

/** An object. */
export interface StoredObject extends StoredElement {
  readonly attributes: Map<string, StoredAttribute>;
  readonly references: Map<string, StoredReference>;
  name: string;
  meta_category: string;
  description: string;
  template_uuid: string;
  template_version: string;
}

/** A relation from an object to an element of the same event. */
export interface StoredReference {
  readonly uuid: string;
  readonly referenced_uuid: string;
  readonly relationship_type: string;
}

/** A sighting of an attribute. */
export interface StoredSighting {
  readonly id: number;
  readonly uuid: string;
  readonly attribute: StoredAttribute;
  readonly org: Organisation;
  readonly date_sighting: number;
  readonly type: string;
  readonly source: string;
}

/** An event with all it holds, soft-deleted elements included. */
export interface StoredEvent {
  readonly id: number;
  readonly uuid: string;
  readonly org: Organisation;
  readonly orgc: Organisation;
  readonly userId: number;
  readonly locked: boolean;
  info: string;
  date: string;
  threat_level_id: string;
  analysis: string;
  distribution: number;
  timestamp: number;
  published: boolean;
  publish_timestamp: number;
  readonly tags: Map<number, StoredTag>;
  /** Those outside objects, by UUID. */
  readonly attributes: Map<string, StoredAttribute>;
  readonly objects: Map<string, StoredObject>;
  readonly sightings: StoredSighting[];
  /** Live attributes outside objects: type, category and value to UUID. */
  readonly live: Map<string, string>;
}

/** Every attribute of the event, those of objects too. */
export function* attributesOf(event: StoredEvent): Iterable<StoredAttribute> {
  yield* event.attributes.values();
  for (const object of event.objects.values()) {
    yield* object.attributes.values();
  }
}

/** What makes two attributes outside objects the same. */
export function sameKey(
  { type, category, value }: Pick<
    StoredAttribute,
    "type" | "category" | "value"
  >,
): string {
  return `${type}\n${category}\n${value}`;
}

/** UUIDs of version 0 to 5 and variant 0, 8, 9, a or b. */
export function isUuid(text: unknown): text is string {
  return typeof text === "string" &&
    /^[0-9a-f]{8}-[0-9a-f]{4}-[0-5][0-9a-f]{3}-[089ab][0-9a-f]{3}-[0-9a-f]{12}$/i
      .test(text);
}
