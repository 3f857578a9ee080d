import {
  extension,
  internalId,
  isRecord,
  OCTI_EXTENSION,
  SCO_EXTENSION,
  type StixObject,
  strings,
} from "../../stix/object.ts";
import { categoryOf } from "./kinds.ts";

/** One row of the platform's database. */
export interface StoredObject {
  readonly internalId: string;
  /** The document as the last event showed it. */
  readonly object: StixObject;
  /** The database's own `updated_at`, in milliseconds since 1970. */
  readonly updatedAt: number;
}

/**
 * The platform's database: objects by any of their ids, who refers to whom,
 * and the order in which a recovery reads them.
 */
export class ObjectTable {
  readonly #rows = new Map<string, StoredObject>();
  readonly #ids = new Map<string, string>();
  readonly #referrers = new Map<string, Set<string>>();
  #ordered: StoredObject[] | undefined;
  #byCreation: StoredObject[] | undefined;

  get size(): number {
    return this.#rows.size;
  }

  /** By internal id, standard id, or one of `stix_ids`. */
  get(id: string): StoredObject | undefined {
    const own = this.#ids.get(id);
    return own === undefined ? undefined : this.#rows.get(own);
  }

  all(): IterableIterator<StoredObject> {
    return this.#rows.values();
  }

  /** Adds the object, or puts it in the place of the one with the same id. */
  put(object: StixObject, updatedAt: number): StoredObject {
    const id = internalId(object);
    this.#unlink(id);
    const row = { internalId: id, object, updatedAt };
    this.#rows.set(id, row);
    for (const alias of aliasesOf(object)) this.#ids.set(alias, id);
    for (const ref of referencesOf(object)) {
      const referrers = this.#referrers.get(ref) ?? new Set();
      this.#referrers.set(ref, referrers.add(id));
    }
    this.#ordered = this.#byCreation = undefined;
    return row;
  }

  /**
   * Removes an object and, without a word to anybody, the relations from and
   * to it; containers and other holders lose the reference.
   */
  remove(id: string): StoredObject | undefined {
    const row = this.get(id);
    if (row === undefined) return undefined;
    const referrers = [...this.referrersOf(row.object.id)];
    this.#unlink(row.internalId);
    this.#rows.delete(row.internalId);
    this.#ordered = this.#byCreation = undefined;
    for (const referrer of referrers) {
      if (isRelation(referrer.object)) this.remove(referrer.internalId);
      else this.#replaceReference(referrer, row.object.id, undefined);
    }
    return row;
  }

  /** Makes everything that refers to one object refer to another. */
  repoint(from: string, to: string): void {
    for (const referrer of [...this.referrersOf(from)]) {
      this.#replaceReference(referrer, from, to);
    }
  }

  /** Objects that hold a reference to this standard id. */
  *referrersOf(standardId: string): Iterable<StoredObject> {
    for (const id of this.#referrers.get(standardId) ?? []) {
      const row = this.#rows.get(id);
      if (row !== undefined) yield row;
    }
  }

  /** Core relations and sightings from or to the object. */
  *relationsOf(standardId: string): Iterable<StoredObject> {
    for (const row of this.referrersOf(standardId)) {
      if (endsOf(row.object).includes(standardId)) yield row;
    }
  }

  /** All rows by `updatedAt`, then internal id: the order of a recovery. */
  byUpdate(): readonly StoredObject[] {
    this.#ordered ??= [...this.#rows.values()].sort((a, b) =>
      a.updatedAt - b.updatedAt ||
      (a.internalId < b.internalId ? -1 : 1)
    );
    return this.#ordered;
  }

  /** All rows by `creationKey()`. */
  byCreation(): readonly StoredObject[] {
    this.#byCreation ??= inCreationOrder(this.#rows.values());
    return this.#byCreation;
  }

  #replaceReference(row: StoredObject, from: string, to: string | undefined) {
    const object: Record<string, unknown> = { ...row.object };
    for (const [key, value] of Object.entries(object)) {
      if (value === from && key.endsWith("_ref")) {
        if (to === undefined) delete object[key];
        else object[key] = to;
      } else if (key.endsWith("_refs") && Array.isArray(value)) {
        const list = value.map((item) => item === from ? to : item);
        object[key] = [...new Set(list.filter((item) => item !== undefined))];
      }
    }
    const { id, type } = row.object;
    this.put({ ...object, id, type }, row.updatedAt);
  }

  #unlink(id: string): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    for (const alias of aliasesOf(row.object)) {
      if (this.#ids.get(alias) === id) this.#ids.delete(alias);
    }
    for (const ref of referencesOf(row.object)) {
      this.#referrers.get(ref)?.delete(id);
    }
  }
}

/** The rows by `creationKey()`. */
export function inCreationOrder(
  rows: Iterable<StoredObject>,
): StoredObject[] {
  return [...rows].map((row) => [creationKey(row), row] as const)
    .sort(([a], [b]) => a < b ? -1 : 1).map(([, row]) => row);
}

/** Orders as `created_at` does, and then by internal id. */
export function creationKey({ object, internalId }: StoredObject): string {
  const { created_at: at = object.created } = extension(object, OCTI_EXTENSION);
  const ms = Date.parse(String(at)) || 0;
  return `${String(ms).padStart(15, "0")} ${internalId}`;
}

/** True for core relations and sightings. */
export function isRelation(object: StixObject): boolean {
  const category = categoryOf(object);
  return category === "relationship" || category === "sighting";
}

/** The standard ids at the ends of a relation or a sighting. */
export function endsOf(object: StixObject): string[] {
  if (object.type === "relationship") {
    return strings([object.source_ref, object.target_ref]);
  }
  if (object.type !== "sighting") return [];
  return [
    ...strings([object.sighting_of_ref]),
    ...strings(object.where_sighted_refs),
  ];
}

/**
 * Standard ids the object refers to: every `*_ref` and `*_refs`, the sharing
 * organisations, and what observables keep in their extension. Labels,
 * external references and kill chain phases are embedded by value.
 */
export function referencesOf(object: StixObject): string[] {
  return [
    ...refsIn(object),
    ...refsIn(extension(object, SCO_EXTENSION)),
    ...strings(extension(object, OCTI_EXTENSION).granted_refs),
  ];
}

/**
 * The document as the database has it now: `modified` and `updated_at` may be
 * later than in the last event, because edits of references move them there
 * alone.
 */
export function currentDocument(row: StoredObject): StixObject {
  const octi = extension(row.object, OCTI_EXTENSION);
  const at = new Date(row.updatedAt).toISOString();
  if (octi.updated_at === at || octi.updated_at === undefined) {
    return row.object;
  }
  const extensions = isRecord(row.object.extensions)
    ? row.object.extensions
    : {};
  return {
    ...row.object,
    extensions: {
      ...extensions,
      [OCTI_EXTENSION]: { ...octi, updated_at: at },
    },
    ...("modified" in row.object ? { modified: at } : {}),
  };
}

function refsIn(properties: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(properties).flatMap(([key, value]) =>
    key.endsWith("_ref")
      ? strings([value])
      : key.endsWith("_refs")
      ? strings(value)
      : []
  );
}

function aliasesOf(object: StixObject): string[] {
  return [
    internalId(object),
    object.id,
    ...strings(extension(object, OCTI_EXTENSION).stix_ids),
  ];
}
