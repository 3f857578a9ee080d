/**
 * UUIDs that say what an element is, so that a resend is recognised. The names
 * are unique over a whole instance, because MISP wants its UUIDs so.
 */
import { v5 as uuidv5 } from "uuid";

/** Namespace of all elements that this program makes in MISP. */
const NAMESPACE = "5c610c11-36ae-5139-9a50-5452414708e9";

/** MISP takes versions 0 to 5 and variants 0, 8, 9, a, b. */
const ACCEPTED =
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-5][0-9a-f]{3}-[089ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The UUID of an attribute of its own. Its category does not count. */
export function attributeUuid(
  event: string,
  type: string,
  value: string,
): string {
  return uuidv5(`${event}|attribute|${type}|${value}`, NAMESPACE);
}

/**
 * The UUID of an object. `key` is the STIX id of an observable; objects beyond
 * the first, and those of patterns, add `|` and a number.
 */
export function objectUuid(
  event: string,
  template: string,
  key: string,
): string {
  return uuidv5(`${event}|object|${template}|${key}`, NAMESPACE);
}

/** The UUID of an attribute inside an object. */
export function objectAttributeUuid(
  object: string,
  relation: string,
  value: string,
): string {
  return uuidv5(`${object}|${relation}|${value}`, NAMESPACE);
}

/** The UUID of one time at which an attribute was seen; `seconds` is Unix. */
export function sightingUuid(
  attribute: string,
  stixId: string,
  seconds: number,
): string {
  return uuidv5(`${attribute}|sighting|${stixId}|${seconds}`, NAMESPACE);
}

/**
 * The UUID of the event: the container's own id. An id that MISP would refuse
 * (not a UUID, or version 7) gives one made of it.
 */
export function eventUuid(containerId: string): string {
  const id = containerId.toLowerCase();
  return ACCEPTED.test(id)
    ? id
    : uuidv5(`event|${containerId.toWellFormed()}`, NAMESPACE);
}
