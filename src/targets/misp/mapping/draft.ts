/** A MISP event in the making: what every mapping adds to. */
import type { StixObject } from "../../../stix/object.ts";
import type { MispAttribute, MispObject } from "../misp_event.ts";
import {
  cleanText,
  cutText,
  isLonger,
  isPrintable,
  MAX_TEXT_BYTES,
} from "./clean_text.ts";
import { type Markings, markingTags, strictest, UNMARKED } from "./markings.ts";
import { TagSet } from "./tags.ts";
import { type Template, templateNamed } from "./templates.ts";
import { attributeType, categoryOfText, RECENT_TYPES } from "./types.ts";
import { attributeUuid, objectAttributeUuid, objectUuid } from "./uuids.ts";
import type { Note, Origin, WantedAttribute, WantedObject } from "./wanted.ts";

/** A sound value with its place. */
interface Filled {
  readonly relation: string;
  readonly type: string;
  readonly value: string;
  readonly data?: string | undefined;
}

interface DraftAttribute {
  readonly fields: Omit<MispAttribute, "to_ids" | "Tag">;
  toIds: boolean;
  markings: Markings;
  readonly tags: TagSet;
}

interface DraftObject {
  readonly fields: Omit<MispObject, "Attribute">;
  readonly attributes: readonly DraftAttribute[];
}

/** What the draft needs to know of the event and of the instance. */
export interface DraftOptions {
  readonly eventUuid: string;
  /** Types the instance knows; absent: those of our table but the newest. */
  readonly instanceTypes?: ReadonlySet<string> | undefined;
  /** Which tags are wanted at all. */
  readonly takesTag: (name: string) => boolean;
}

/**
 * Collects attributes, objects, tags and notes. Every value is checked as MISP
 * checks it, and one that MISP would drop becomes text; equal attributes are
 * one, with the tags of all and `to_ids` where one has it.
 */
export class EventDraft {
  readonly tags: TagSet;
  readonly notes: Note[] = [];
  /** STIX id of a thing to the attributes that a sighting of it is one of. */
  readonly sighted = new Map<string, Set<string>>();
  readonly #options: DraftOptions;
  readonly #attributes = new Map<string, DraftAttribute>();
  readonly #objects = new Map<string, DraftObject>();

  constructor(options: DraftOptions) {
    this.#options = options;
    this.tags = new TagSet(options.takesTag);
  }

  /** Says why something of the object is missing, or other than its row. */
  note({ id, type }: StixObject, reason: string): void {
    this.notes.push({ id, type, reason });
  }

  /** Whether the instance takes attributes of this type. */
  knows(type: string): boolean {
    const { instanceTypes } = this.#options;
    return instanceTypes?.has(type) ?? !RECENT_TYPES.has(type);
  }

  /** Adds an attribute of its own, as text where MISP would refuse it. */
  addAttribute(wanted: WantedAttribute, origin: Origin): void {
    const { category, comment } = wanted;
    const value = cleanText(wanted.value);
    if (!isPrintable(value)) {
      this.note(origin.object, `value for ${wanted.type} is empty`);
      return;
    }
    const type = attributeType(wanted.type);
    const sound = this.#soundValue(type.type, value);
    if (sound !== undefined) {
      this.#put({ ...wanted, value: sound }, origin);
      return;
    }
    this.note(
      origin.object,
      `${type.type} became text: MISP refuses the value`,
    );
    this.#put({
      type: "text",
      category: categoryOfText(category ?? type.category),
      value: cutText(value),
      comment: comment === "" ? type.type : `${type.type}: ${comment}`,
      toIds: false,
    }, origin);
  }

  /**
   * Adds an object. Values that MISP would refuse become text beside it; an
   * object that lacks what its template needs becomes attributes.
   */
  addObject(wanted: WantedObject, origin: Origin): void {
    const template = templateNamed(wanted.template);
    const { filled, apart } = this.#fill(template, wanted.values);
    const isEnough = filled.some(({ relation }) =>
      template.relations.get(relation)?.suffices
    );
    if (isEnough) this.#putObject(template, wanted, { filled, origin });
    else if (filled.length > 0) {
      this.note(
        origin.object,
        `object ${template.name} lacks what it needs: sent as attributes`,
      );
    }
    for (
      const { relation, type, value } of isEnough
        ? apart
        : [...filled, ...apart]
    ) {
      const comment = type === "text"
        ? `${relation}: ${wanted.about}`
        : wanted.about;
      this.addAttribute({ type, value, comment }, origin);
    }
    if (filled.length + apart.length === 0) {
      this.note(origin.object, `nothing for an object ${template.name}`);
    }
  }

  /** The attributes, each with those tags that the event has not. */
  attributes(event: Markings): MispAttribute[] {
    return Array.from(
      this.#attributes.values(),
      (draft) => finished(draft, event),
    );
  }

  /** The objects with their attributes. */
  objects(event: Markings): MispObject[] {
    return Array.from(this.#objects.values(), ({ fields, attributes }) => ({
      ...fields,
      Attribute: attributes.map((draft) => finished(draft, event)),
    }));
  }

  /** The value as MISP holds it; undefined where it would not. */
  #soundValue(type: string, value: string): string | undefined {
    if (!this.knows(type) || isLonger(value, MAX_TEXT_BYTES)) return undefined;
    const sound = attributeType(type).rule(value);
    // ASCII takes more room: "%C3%A9".
    return sound === undefined || isLonger(sound, MAX_TEXT_BYTES)
      ? undefined
      : sound;
  }

  #put(wanted: WantedAttribute, origin: Origin): void {
    const { type, value, comment } = wanted;
    const key = `${type} ${value}`;
    const { category, toIds } = attributeType(type);
    let draft = this.#attributes.get(key);
    if (draft === undefined) {
      draft = {
        fields: {
          uuid: attributeUuid(this.#options.eventUuid, type, value),
          type,
          category: wanted.category ?? category,
          value,
          distribution: "5",
          comment: cutText(cleanText(comment)),
        },
        toIds: false,
        markings: UNMARKED,
        tags: new TagSet(this.#options.takesTag),
      };
      this.#attributes.set(key, draft);
    }
    draft.toIds ||= wanted.toIds ?? (toIds && origin.detects);
    draft.markings = strictest(draft.markings, origin.markings);
    draft.tags.addAll(origin.tags);
    this.#see(origin, draft.fields.uuid);
  }

  #fill(
    { relations }: Template,
    values: WantedObject["values"],
  ): { filled: Filled[]; apart: Filled[] } {
    const filled: Filled[] = [];
    const apart: Filled[] = [];
    for (const relation of relations.values()) {
      const seen = new Set<string>();
      for (const [name, wanted] of values) {
        if (name !== relation.name) continue;
        const { value: raw, data } = typeof wanted === "string"
          ? { value: wanted, data: undefined }
          : wanted;
        const value = cleanText(raw);
        if (!isPrintable(value)) continue;
        const sound = this.#soundValue(relation.type, value);
        const item = { relation: name, type: relation.type, data };
        if (sound !== undefined && seen.has(sound)) continue;
        if (sound === undefined || (seen.size > 0 && !relation.multiple)) {
          apart.push({ ...item, value });
          continue;
        }
        seen.add(sound);
        filled.push({ ...item, value: sound });
      }
    }
    return { filled, apart };
  }

  #putObject(
    template: Template,
    { key, comment }: WantedObject,
    { filled, origin }: { filled: readonly Filled[]; origin: Origin },
  ): void {
    const { name, uuid, version, metaCategory, description } = template;
    const own = objectUuid(this.#options.eventUuid, name, key);
    if (this.#objects.has(own)) return;
    const attributes = filled.map((item, index) =>
      this.#part(own, { item, template, origin, isFirst: index === 0 })
    );
    this.#objects.set(own, {
      fields: {
        uuid: own,
        name,
        "meta-category": metaCategory,
        description,
        template_uuid: uuid,
        template_version: version,
        distribution: "5",
        comment: cutText(cleanText(comment)),
      },
      attributes,
    });
  }

  /** One attribute of an object. */
  #part(
    object: string,
    { item, template, origin, isFirst }: {
      item: Filled;
      template: Template;
      origin: Origin;
      isFirst: boolean;
    },
  ): DraftAttribute {
    const { relation, type, value, data } = item;
    const uuid = objectAttributeUuid(object, relation, value);
    const tags = new TagSet(this.#options.takesTag);
    // MISP has no tags on objects: the first attribute speaks for all.
    if (isFirst) tags.addAll(origin.tags);
    // Of an observable the first attribute says best what was seen.
    if (isFirst || origin.object.type === "indicator") this.#see(origin, uuid);
    const { category, toIds } = attributeType(type);
    return {
      fields: {
        uuid,
        type,
        category,
        value,
        distribution: "5",
        comment: "",
        object_relation: relation,
        disable_correlation:
          template.relations.get(relation)?.disableCorrelation ?? false,
        ...(data !== undefined && { data }),
      },
      toIds: toIds && origin.detects,
      // Who gets one of them alone must see how far it may go.
      markings: origin.markings,
      tags,
    };
  }

  #see({ object }: Origin, attribute: string): void {
    const seen = this.sighted.get(object.id);
    if (seen === undefined) this.sighted.set(object.id, new Set([attribute]));
    else seen.add(attribute);
  }
}

function finished(
  { fields, toIds, markings, tags }: DraftAttribute,
  event: Markings,
): MispAttribute {
  for (const { name, colour } of markingTags(markings, event)) {
    tags.add(name, colour);
  }
  return { ...fields, to_ids: toIds, Tag: tags.toList() };
}
