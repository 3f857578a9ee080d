import { v5 as uuidv5 } from "uuid";

/** Namespace of OpenCTI's deterministic ids (OpenCTI `identifier.js`). */
const OPENCTI_NAMESPACE = "00abedb4-aa42-466c-9c01-fed23315a9b7";

/** What an id may be made of. Keys that are undefined do not count. */
export type IdentifyingValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly IdentifyingValue[]
  | { readonly [key: string]: IdentifyingValue };

/**
 * `<type>--<UUID>` as OpenCTI makes it for an object of these identifying
 * properties, so that creating it twice is one object:
 * `deterministicId("vocabulary", { name: "kql", category: "pattern_type_ov" })`.
 */
export function deterministicId(
  type: string,
  properties: { readonly [key: string]: IdentifyingValue },
): string {
  return `${type}--${deterministicUuid(properties)}`;
}

/** UUIDv5 of the canonical JSON text in OpenCTI's namespace. */
export function deterministicUuid(
  properties: { readonly [key: string]: IdentifyingValue },
): string {
  return uuidv5(canonicalJson(properties), OPENCTI_NAMESPACE);
}

/** JSON without white space, keys in UTF-16 order (RFC 8785). */
function canonicalJson(value: IdentifyingValue): string {
  if (typeof value !== "object" || value === null) {
    return JSON.stringify(value ?? null);
  }
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.keys(value).sort().flatMap((key) => {
    const member = value[key];
    return member === undefined
      ? []
      : [`${JSON.stringify(key)}:${canonicalJson(member)}`];
  });
  return `{${members.join(",")}}`;
}

/** `Array.isArray` does not narrow to a readonly array. */
function isList(
  value: IdentifyingValue,
): value is readonly IdentifyingValue[] {
  return Array.isArray(value);
}
