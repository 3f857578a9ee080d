import {
  attributesOf,
  sameKey,
  type StoredAttribute,
  type StoredEvent,
  type StoredObject,
} from "./stored.ts";

/** All events, with an index of every UUID of the instance. */
export class EventStore {
  readonly #events = new Map<string, StoredEvent>();
  readonly #attributes = new Map<string, StoredAttribute>();
  readonly #objects = new Map<string, StoredObject>();
  readonly #sightings = new Set<string>();
  #lastId = 0;
  #lastEventId = 0;

  /** A number that no element has yet. */
  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Ids of events count for themselves: 1, 2, 3. */
  nextEventId(): number {
    this.#lastEventId += 1;
    return this.#lastEventId;
  }

  all(): StoredEvent[] {
    return [...this.#events.values()];
  }

  /** By number or UUID. */
  find(key: string): StoredEvent | undefined {
    return this.#events.get(key.toLowerCase()) ??
      (/^\d+$/.test(key)
        ? this.all().find(({ id }) => id === Number(key))
        : undefined);
  }

  attribute(key: string): StoredAttribute | undefined {
    return this.#attributes.get(key.toLowerCase()) ??
      byId(this.#attributes, key);
  }

  object(key: string): StoredObject | undefined {
    return this.#objects.get(key.toLowerCase()) ?? byId(this.#objects, key);
  }

  addEvent(event: StoredEvent): void {
    this.#events.set(event.uuid, event);
  }

  addAttribute(attribute: StoredAttribute): void {
    this.#attributes.set(attribute.uuid, attribute);
    const { event, object } = attribute;
    (object ?? event).attributes.set(attribute.uuid, attribute);
    this.setLive(attribute);
  }

  addObject(object: StoredObject): void {
    this.#objects.set(object.uuid, object);
    object.event.objects.set(object.uuid, object);
  }

  /** The attribute is about to change: its former value is free again. */
  unsetLive(attribute: StoredAttribute): void {
    const { live } = attribute.event;
    const key = sameKey(attribute);
    if (live.get(key) === attribute.uuid) live.delete(key);
  }

  /** The attribute has changed: its value is taken, if it is live. */
  setLive(attribute: StoredAttribute): void {
    if (attribute.object !== undefined || attribute.deleted) return;
    attribute.event.live.set(sameKey(attribute), attribute.uuid);
  }

  hasSighting(uuid: string): boolean {
    return this.#sightings.has(uuid.toLowerCase());
  }

  noteSighting(uuid: string): void {
    this.#sightings.add(uuid.toLowerCase());
  }

  /** The row of an attribute goes, and its UUID is free again. */
  removeAttribute(attribute: StoredAttribute): void {
    this.unsetLive(attribute);
    this.#attributes.delete(attribute.uuid);
    (attribute.object ?? attribute.event).attributes.delete(attribute.uuid);
  }

  removeObject(object: StoredObject): void {
    for (const attribute of [...object.attributes.values()]) {
      this.removeAttribute(attribute);
    }
    this.#objects.delete(object.uuid);
    object.event.objects.delete(object.uuid);
  }

  /** [MISP] Rows of a deleted event go for good. */
  removeEvent(event: StoredEvent): void {
    for (const attribute of attributesOf(event)) {
      this.#attributes.delete(attribute.uuid);
    }
    for (const { uuid } of event.objects.values()) this.#objects.delete(uuid);
    for (const { uuid } of event.sightings) this.#sightings.delete(uuid);
    this.#events.delete(event.uuid);
  }
}

function byId<Item extends { id: number }>(
  items: ReadonlyMap<string, Item>,
  key: string,
): Item | undefined {
  if (!/^\d+$/.test(key)) return undefined;
  return [...items.values()].find(({ id }) => id === Number(key));
}
