/** Whose elements are whose, and which say the same. */
import type { ObjectChange } from "./event_diff.ts";
import type { LiveAttribute, LiveObject } from "./live_event.ts";
import type { MispObject } from "./misp_event.ts";

/** Version 5: named after what it is, hence ours. */
export function isOurs(uuid: string): boolean {
  return uuid.charAt(14) === "5";
}

/** [MISP] What makes two attributes outside objects the same one. */
export function contentOf(
  { type, category, value }: Pick<LiveAttribute, "type" | "category" | "value">,
): string {
  return JSON.stringify([type, category, value.trim().toLowerCase()]);
}

/** The same for attributes inside objects. */
export function partOf(relation: string | undefined, value: string): string {
  return JSON.stringify([relation ?? "", value.trim().toLowerCase()]);
}

/** Somebody else's object says all that ours would say. */
export function holds(other: LiveObject, wanted: MispObject): boolean {
  const parts = new Set(
    other.attributes.map(({ relation, value }) => partOf(relation, value)),
  );
  return wanted.Attribute.every(({ object_relation, value }) =>
    parts.has(partOf(object_relation, value))
  );
}

/** Our object goes; where others added to it, only our part of it does. */
export function withoutOurs(object: LiveObject): ObjectChange | undefined {
  const { uuid, attributes } = object;
  if (attributes.every((attribute) => isOurs(attribute.uuid))) {
    return { uuid, deleted: true };
  }
  const ours = attributes.filter((attribute) => isOurs(attribute.uuid))
    .map((attribute) => ({ uuid: attribute.uuid, deleted: true }));
  return ours.length === 0
    ? undefined
    : { uuid, deleted: false, Attribute: ours };
}
