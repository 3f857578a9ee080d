import {
  extension,
  internalId,
  MITRE_EXTENSION,
  OCTI_EXTENSION,
  SCO_EXTENSION,
  type StixObject,
} from "../../stix/object.ts";
import type { Change } from "../change.ts";
import {
  type Fields,
  isReference,
  merged,
  openctiType,
  references,
  RELATIONS,
  stixDate,
  withoutEmpty,
} from "./fields.ts";
import type { Random } from "./random.ts";
import { standardId } from "./standard_id.ts";

export { openctiType, stixDate, withoutEmpty } from "./fields.ts";
export type { Fields } from "./fields.ts";

/** What an update changes, by the place where it stands in the object. */
export interface Edit {
  readonly properties?: Fields;
  readonly octi?: Fields;
  readonly sco?: Fields;
  readonly mitre?: Fields;
  /** False for labels, markings, references, contents: `modified` stays. */
  readonly touches?: boolean;
  /** What `begin()` gave, where the edit itself writes the moment. */
  readonly date?: string;
  readonly message?: string;
}

/**
 * The knowledge base of a small platform: holds the objects as they are now,
 * keeps their references true, and writes down each change. Objects are known
 * by their internal id.
 */
export class Platform {
  #now: number;
  readonly #endsAt: number;
  readonly #random: Random;
  readonly #objects = new Map<string, StixObject>();
  readonly #internalIds = new Map<string, string>();
  readonly #live = new Map<string, string[]>();
  /** Internal ids of what points to a standard id. */
  readonly #referrers = new Map<string, Set<string>>();
  #changes: Change[] = [];

  constructor(random: Random, startsAt: number, endsAt: number) {
    this.#random = random;
    this.#now = startsAt;
    this.#endsAt = endsAt;
  }

  /** The moment of the latest change, in milliseconds. */
  get now(): number {
    return this.#now;
  }

  /** Lets time pass up to `at`; it never runs back. */
  advance(at: number): void {
    this.#now = Math.min(Math.max(this.#now, at), this.#endsAt);
  }

  /** Starts a change: a moment passes. Gives the new time as a STIX date. */
  begin(): string {
    this.advance(this.#now + this.#random.int(20, 400));
    return stixDate(this.#now);
  }

  /** The object; it must exist. */
  get(id: string): StixObject {
    const object = this.#objects.get(id);
    if (object === undefined) throw new Error(`There is no object "${id}"`);
    return object;
  }

  has(id: string): boolean {
    return this.#objects.has(id);
  }

  /** Internal id of what has this standard id now. */
  find(id: string): string | undefined {
    return this.#internalIds.get(id);
  }

  /** Internal ids of all objects of an OpenCTI type. */
  all(type: string): readonly string[] {
    return this.#live.get(type) ?? [];
  }

  /** The changes since the last call. */
  drain(): Change[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  /** Takes in a new, complete object. Gives its internal id. */
  add(object: StixObject): string {
    const id = internalId(object);
    if (this.#internalIds.has(object.id)) {
      throw new Error(`Object "${object.id}" exists`);
    }
    const type = openctiType(object);
    const live = this.#live.get(type);
    if (live === undefined) this.#live.set(type, [id]);
    else live.push(id);
    this.#store(id, object);
    this.#changes.push({ at: this.#now, op: "create", object });
    return id;
  }

  /** Changes an object. An identifying field changes its standard id too. */
  edit(id: string, edit: Edit): void {
    const date = edit.date ?? this.begin();
    const former = this.get(id);
    const touches = edit.touches ?? true;
    const times = touches ? { updated_at: date } : {};
    const edited: StixObject = merged(former, {
      ...(touches && former.modified !== undefined ? { modified: date } : {}),
      ...edit.properties,
      extensions: merged(former.extensions as Fields, {
        [OCTI_EXTENSION]: merged(extension(former, OCTI_EXTENSION), {
          ...times,
          ...edit.octi,
        }),
        ...(edit.sco !== undefined && {
          [SCO_EXTENSION]: merged(extension(former, SCO_EXTENSION), edit.sco),
        }),
        ...(edit.mitre !== undefined && {
          [MITRE_EXTENSION]: merged(
            extension(former, MITRE_EXTENSION),
            edit.mitre,
          ),
        }),
      }),
    });
    const object = RELATIONS.has(former.type)
      ? edited
      : { ...edited, id: standardId(edited) };
    this.#store(id, object);
    if (object.id !== former.id) {
      this.#internalIds.delete(former.id);
      this.#replaceReferences(former.id, { [former.id]: object.id });
    }
    const { message } = edit;
    this.#changes.push(
      message === undefined
        ? { at: this.#now, op: "update", object }
        : { at: this.#now, op: "update", object, message },
    );
  }

  /** Deletes an object, and its relations with it (which nobody announces). */
  delete(id: string): void {
    this.begin();
    this.#remove(id);
    this.#changes.push({ at: this.#now, op: "delete", internalId: id });
  }

  /** The sources vanish; what pointed to them points to the target. */
  merge(into: string, sources: readonly string[]): void {
    const date = this.begin();
    for (const source of sources) {
      const from = this.get(source);
      const target = this.get(into);
      this.#replaceReferences(from.id, {
        [from.id]: target.id,
        [source]: into,
      });
      this.#forget(source);
      const known = extension(target, OCTI_EXTENSION).stix_ids;
      this.#store(
        into,
        merged(target, {
          ...(target.modified !== undefined && { modified: date }),
          extensions: merged(target.extensions as Fields, {
            [OCTI_EXTENSION]: merged(extension(target, OCTI_EXTENSION), {
              updated_at: date,
              stix_ids: [...Array.isArray(known) ? known : [], from.id],
            }),
          }),
        }),
      );
    }
    this.#changes.push({
      at: this.#now,
      op: "merge",
      into,
      sources: [...sources],
    });
  }

  #store(id: string, object: StixObject): void {
    this.#objects.set(id, object);
    this.#internalIds.set(object.id, id);
    for (const reference of references(object)) {
      const referrers = this.#referrers.get(reference);
      if (referrers === undefined) {
        this.#referrers.set(reference, new Set([id]));
      } else referrers.add(id);
    }
  }

  #forget(id: string): void {
    const object = this.get(id);
    this.#objects.delete(id);
    this.#internalIds.delete(object.id);
    const live = this.#live.get(openctiType(object)) ?? [];
    live.splice(live.indexOf(id), 1);
  }

  #remove(id: string): void {
    const object = this.get(id);
    this.#forget(id);
    for (const referrer of this.#takeReferrers(object.id)) {
      const other = this.#objects.get(referrer);
      if (other === undefined) continue;
      if (RELATIONS.has(other.type)) this.#remove(referrer);
      else this.#store(referrer, redirected(other, { [object.id]: undefined }));
    }
  }

  #replaceReferences(from: string, to: Redirection): void {
    for (const referrer of this.#takeReferrers(from)) {
      const other = this.#objects.get(referrer);
      if (other !== undefined) this.#store(referrer, redirected(other, to));
    }
  }

  #takeReferrers(id: string): Iterable<string> {
    const referrers = this.#referrers.get(id) ?? [];
    this.#referrers.delete(id);
    return referrers;
  }
}

/** Where references go from now on; undefined takes them out. */
type Redirection = Readonly<Record<string, string | undefined>>;

function redirected(object: StixObject, to: Redirection): StixObject {
  const extensions = Object.fromEntries(
    Object.entries(object.extensions as Record<string, Fields>)
      .map(([id, fields]) => [id, redirectedFields(fields, to)]),
  );
  return { ...object, ...redirectedFields(object, to), extensions };
}

function redirectedFields(record: Fields, to: Redirection): Fields {
  const entries = Object.entries(record).map(([key, value]) => {
    if (!isReference(key)) return [key, value];
    if (!Array.isArray(value)) {
      return [key, value as string in to ? to[value as string] : value];
    }
    const items = value.map((item) => item in to ? to[item] : item);
    return [key, [...new Set(items.filter((item) => item !== undefined))]];
  });
  return withoutEmpty(Object.fromEntries(entries));
}
