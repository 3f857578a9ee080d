/** Sightings of OpenCTI as entries of the event's list of sightings. */
import {
  extension,
  OCTI_EXTENSION,
  type StixObject,
  strings,
  text,
} from "../../../stix/object.ts";
import type { MispSighting } from "../misp_event.ts";
import { cutToBytes, oneLine } from "./clean_text.ts";
import { type Find, secondsOf } from "./source.ts";
import { sightingUuid } from "./uuids.ts";

/** Longest source that MISP's column holds. */
const MAX_SOURCE_BYTES = 255;

/** MISP's types of sightings. */
// deno-fmt-ignore
export const SIGHTING_TYPES = {
  seen:          "0",
  falsePositive: "1",
} as const;

/**
 * One entry for each attribute of what was sighted and each time at which it
 * was: the last, and the first where it was seen more than once.
 */
export function toSightings(
  sighting: StixObject,
  attributes: Iterable<string>,
  find: Find,
): MispSighting[] {
  const times = timesOf(sighting);
  const type = isNegative(sighting)
    ? SIGHTING_TYPES.falsePositive
    : SIGHTING_TYPES.seen;
  const source = sourceOf(sighting, find);
  return Array.from(attributes).flatMap((attribute) =>
    times.map((seconds) => ({
      uuid: sightingUuid(attribute, sighting.id, seconds),
      attribute_uuid: attribute,
      date_sighting: `${seconds}`,
      type,
      source,
    }))
  );
}

/** The STIX id of what was sighted. */
export function sightedId(sighting: StixObject): string | undefined {
  return text(sighting.sighting_of_ref);
}

function timesOf(sighting: StixObject): number[] {
  const first = secondsOf(sighting.first_seen);
  const last = secondsOf(sighting.last_seen) ?? first ??
    secondsOf(sighting.modified);
  if (last === undefined) return [];
  return countOf(sighting) > 1 && first !== undefined && first !== last
    ? [last, first]
    : [last];
}

/** How often it was seen; MISP has no place for it but the source. */
function countOf({ count, attribute_count }: StixObject): number {
  const found = count ?? attribute_count;
  return typeof found === "number" && Number.isSafeInteger(found) ? found : 1;
}

function isNegative(sighting: StixObject): boolean {
  return sighting.x_opencti_negative === true ||
    extension(sighting, OCTI_EXTENSION).negative === true;
}

/** Who saw it. */
function sourceOf(sighting: StixObject, find: Find): string {
  const known = strings(sighting.where_sighted_refs).flatMap((id) =>
    text(find(id)?.name) ?? []
  );
  const names = known.length > 0
    ? known
    : strings(extension(sighting, OCTI_EXTENSION).where_sighted_values);
  const count = countOf(sighting);
  const end = count > 1 ? ` (count: ${count})` : "";
  return oneLine(
    cutToBytes(oneLine(names.join(", ")), MAX_SOURCE_BYTES - end.length) + end,
  );
}
