/**
 * What has to be sent so that an event in MISP becomes the wanted one. Pure.
 *
 * Elements are known by their UUIDs, which say what they are. Those of version
 * 5 are ours: MISP and its libraries hand out version 4. What others added
 * stays; what they hold already is not put beside it.
 */
import type {
  ElementChange,
  EventDiff,
  ObjectChange,
  TagChange,
} from "./event_diff.ts";
import { contentOf, holds, isOurs, partOf, withoutOurs } from "./equality.ts";
import type { LiveAttribute, LiveEvent, LiveObject } from "./live_event.ts";
import { markOf, sightingMark, tagMark } from "./marks.ts";
import type {
  MispAttribute,
  MispEvent,
  MispObject,
  MispSighting,
  MispTag,
} from "./misp_event.ts";

/** What is known of the event, and what is wanted of it. */
export interface DiffOptions {
  /** Marks of what was sent, and of differences that sending does not mend. */
  readonly known: ReadonlySet<string>;
  /** Part of the marks of differences: who writes to which MISP. */
  readonly salt: string;
  /** False: members of the event are somebody else's and stay. */
  readonly fields: boolean;
}

/** Compares the wanted event with the one that is there. */
export function diffEvents(
  wanted: MispEvent,
  live: LiveEvent,
  options: DiffOptions,
): EventDiff {
  const comparison = new Comparison(options);
  comparison.fields(wanted, live);
  const tags = comparison.tags("", wanted.Tag, live.tags);
  comparison.attributes(wanted, live);
  comparison.objects(wanted, live);
  comparison.sightings(wanted, live);
  return { ...comparison.found, tags };
}

/** Marks of all that this event makes us responsible for. */
export function ownMarks(wanted: MispEvent): Set<string> {
  const marks = new Set<string>();
  for (const { name } of wanted.Tag) marks.add(tagMark("", name));
  const all = [
    wanted.Attribute,
    ...wanted.Object.map((object) => object.Attribute),
  ];
  for (const { uuid, Tag } of all.flat()) {
    for (const { name } of Tag) marks.add(tagMark(uuid, name));
  }
  for (const { uuid } of wanted.Sighting) marks.add(sightingMark(uuid));
  return marks;
}

class Comparison {
  readonly #options: DiffOptions;
  readonly #marks: string[] = [];
  readonly #missing: string[] = [];
  readonly #attributes: ElementChange[] = [];
  readonly #objects: ObjectChange[] = [];
  readonly #sightings: MispSighting[] = [];
  /** Our UUID to that of somebody else's equal attribute. */
  readonly #heldBy = new Map<string, string>();
  #fields: Record<string, string> = {};

  constructor(options: DiffOptions) {
    this.#options = options;
  }

  get found(): Omit<EventDiff, "tags"> {
    return {
      fields: this.#fields,
      attributes: this.#attributes,
      objects: this.#objects,
      sightings: this.#sightings,
      marks: this.#marks,
      missing: this.#missing,
    };
  }

  fields(wanted: MispEvent, live: LiveEvent): void {
    if (!this.#options.fields) return;
    const rows = [
      ["info", wanted.info, live.info],
      ["date", wanted.date, live.date],
      ["threat_level_id", wanted.threat_level_id, live.threatLevel],
      ["analysis", wanted.analysis, live.analysis],
      ["distribution", wanted.distribution, live.distribution],
    ] as const;
    for (const [name, to, from] of rows) {
      if (to === from || this.#isSettled("field", name, to, from)) continue;
      this.#fields = { ...this.#fields, [name]: to };
    }
  }

  tags(
    owner: string,
    wanted: readonly MispTag[],
    live: readonly string[],
  ): TagChange[] {
    const there = new Set(live.map((name) => name.toLowerCase()));
    const names = new Set(wanted.map(({ name }) => name.toLowerCase()));
    const added = wanted.filter(({ name }) => !there.has(name.toLowerCase()))
      .filter(({ name }) => !this.#isSettled("tag", owner, name));
    // Only what is recorded as sent: others may have put on the rest.
    const removed = live.filter((name) =>
      !names.has(name.toLowerCase()) &&
      this.#options.known.has(tagMark(owner, name)) &&
      !this.#isSettled("tag off", owner, name)
    );
    return [
      ...added,
      ...removed.map((name) => ({ name, deleted: true as const })),
    ];
  }

  attributes(wanted: MispEvent, live: LiveEvent): void {
    const there = byUuid(live.attributes);
    const names = new Set(wanted.Attribute.map(({ uuid }) => uuid));
    const staying = live.attributes.filter(({ uuid }) =>
      !isOurs(uuid) || names.has(uuid)
    );
    const equals = new Map(staying.map((one) => [contentOf(one), one.uuid]));
    for (const { uuid } of live.attributes) {
      if (!isOurs(uuid) || names.has(uuid)) continue;
      if (this.#isSettled("attribute off", uuid)) continue;
      this.#attributes.push({ uuid, deleted: true });
    }
    for (const attribute of wanted.Attribute) {
      const { uuid } = attribute;
      const present = there.get(uuid);
      const other = equals.get(contentOf(attribute));
      if (present === undefined && other !== undefined && other !== uuid) {
        this.#heldBy.set(uuid, other);
        continue;
      }
      const change = this.#attribute(attribute, present);
      if (change !== undefined) this.#attributes.push(change);
    }
  }

  objects(wanted: MispEvent, live: LiveEvent): void {
    const there = byUuid(live.objects);
    const names = new Set(wanted.Object.map(({ uuid }) => uuid));
    const foreign = Map.groupBy(
      live.objects.filter(({ uuid }) => !isOurs(uuid)),
      ({ name }) => name,
    );
    for (const object of live.objects) {
      if (!isOurs(object.uuid) || names.has(object.uuid)) continue;
      const change = withoutOurs(object);
      if (change === undefined) continue;
      if (this.#isSettled("object off", JSON.stringify(change))) continue;
      this.#objects.push(change);
    }
    for (const object of wanted.Object) {
      const present = there.get(object.uuid);
      if (present === undefined) {
        const other = foreign.get(object.name)?.find((one) =>
          holds(one, object)
        );
        if (other !== undefined) {
          this.#adopt(object, other);
          continue;
        }
      }
      const change = this.#object(object, present);
      if (change !== undefined) this.#objects.push(change);
    }
  }

  sightings(wanted: MispEvent, live: LiveEvent): void {
    const told = new Set(
      [live.attributes, ...live.objects.map(({ attributes }) => attributes)]
        .flat().flatMap(({ sightings }) => sightings),
    );
    for (const sighting of wanted.Sighting) {
      const { uuid, attribute_uuid } = sighting;
      if (told.has(uuid)) continue;
      if (this.#options.known.has(sightingMark(uuid))) continue;
      const other = this.#heldBy.get(attribute_uuid);
      this.#sightings.push(
        other === undefined ? sighting : { ...sighting, attribute_uuid: other },
      );
    }
  }

  #attribute(
    wanted: MispAttribute,
    live: LiveAttribute | undefined,
  ): ElementChange | undefined {
    const { Tag, data, ...fields } = wanted;
    const all = { ...fields, deleted: false };
    if (live === undefined) {
      this.#missing.push(wanted.uuid);
      if (this.#isSettled("attribute", JSON.stringify(all))) return undefined;
      return {
        ...all,
        ...(data === undefined ? {} : { data }),
        ...(Tag.length > 0 ? { Tag } : {}),
      };
    }
    const isSame = live.type === wanted.type &&
      live.category === wanted.category && live.value === wanted.value &&
      live.toIds === wanted.to_ids && live.comment === wanted.comment;
    const { tags: _tags, sightings: _sightings, ...there } = live;
    const isAsItShouldBe = isSame ||
      this.#isSettled("attribute", JSON.stringify([all, there]));
    const tags = this.tags(wanted.uuid, Tag, live.tags);
    if (isAsItShouldBe && tags.length === 0) return undefined;
    return { ...all, ...(tags.length > 0 ? { Tag: tags } : {}) };
  }

  #object(
    wanted: MispObject,
    live: LiveObject | undefined,
  ): ObjectChange | undefined {
    const { Attribute, ...fields } = wanted;
    const there = byUuid(live?.attributes ?? []);
    const names = new Set(Attribute.map(({ uuid }) => uuid));
    const gone = (live?.attributes ?? []).filter(({ uuid }) =>
      isOurs(uuid) && !names.has(uuid) &&
      !this.#isSettled("attribute off", uuid)
    ).map(({ uuid }) => ({ uuid, deleted: true }));
    const changed = Attribute.flatMap((attribute) =>
      this.#attribute(attribute, there.get(attribute.uuid)) ?? []
    );
    const changes = [...gone, ...changed];
    const isSame = live !== undefined && live.name === wanted.name &&
      live.comment === wanted.comment &&
      live.templateUuid === wanted.template_uuid &&
      live.templateVersion === wanted.template_version;
    const { attributes: _, ...head } = live ?? { attributes: [] };
    if (live === undefined) this.#missing.push(wanted.uuid);
    const isAsItShouldBe = isSame ||
      this.#isSettled("object", JSON.stringify([fields, head]));
    if (isAsItShouldBe && changes.length === 0) return undefined;
    return { ...fields, deleted: false, Attribute: changes };
  }

  #adopt(wanted: MispObject, other: LiveObject): void {
    const there = new Map(
      other.attributes.map((one) => [partOf(one.relation, one.value), one]),
    );
    for (const { uuid, object_relation, value } of wanted.Attribute) {
      const equal = there.get(partOf(object_relation, value));
      if (equal !== undefined) this.#heldBy.set(uuid, equal.uuid);
    }
  }

  /** Notes the difference; true where sending it again changes nothing. */
  #isSettled(...difference: readonly string[]): boolean {
    const mark = markOf("settled", this.#options.salt, ...difference);
    this.#marks.push(mark);
    return this.#options.known.has(mark);
  }
}

function byUuid<Item extends { readonly uuid: string }>(
  items: readonly Item[],
): Map<string, Item> {
  return new Map(items.map((item) => [item.uuid, item]));
}
