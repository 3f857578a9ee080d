import {
  extension,
  isRecord,
  OCTI_EXTENSION,
  type StixObject,
} from "../../stix/object.ts";

/** Relations that vanish with either of their ends. */
export const RELATIONS: ReadonlySet<string> = new Set([
  "relationship",
  "sighting",
]);

/** Members to write; an empty one (undefined, "", [], {}) is taken out. */
export type Fields = Readonly<Record<string, unknown>>;

/** References that are never followed when something goes or is renamed. */
const CONSTANT_REFERENCES: ReadonlySet<string> = new Set([
  "created_by_ref",
  "object_marking_refs",
]);

/** A moment as OpenCTI writes it. */
export function stixDate(ms: number): string {
  return new Date(ms).toISOString();
}

/** The platform's name of an object's type: `Indicator`, `StixFile`. */
export function openctiType(object: StixObject): string {
  return RELATIONS.has(object.type)
    ? object.type
    : String(extension(object, OCTI_EXTENSION).type);
}

/**
 * The record without empty members: OpenCTI publishes none but `object_refs`.
 */
export function withoutEmpty<Record extends Fields>(record: Record): Record {
  return Object.fromEntries(
    Object.entries(record).filter(([key, value]) =>
      key === "object_refs" || !isEmpty(value)
    ),
  ) as Record;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

/** A record with an edit laid over it; what is empty is left out. */
export function merged<Record extends Fields>(
  record: Record,
  edit: Fields,
): Record {
  return withoutEmpty({ ...record, ...edit }) as Record;
}

/** Ids that an object refers to. */
export function references(object: StixObject): string[] {
  return Object.entries(object)
    .filter(([key]) => isReference(key))
    .flatMap(([, value]) => value as string | string[]);
}

/** True for a property that holds ids. */
export function isReference(key: string): boolean {
  return (key.endsWith("_ref") || key.endsWith("_refs")) &&
    !CONSTANT_REFERENCES.has(key);
}
