/** Which records an entity has: the choice between its pattern and itself. */
import {
  extension,
  OCTI_EXTENSION,
  type StixObject,
  text,
} from "../../stix/object.ts";
import { type Observable, observablesOfValues } from "../../stix/observable.ts";
import { observablesOfPattern } from "../../stix/pattern_observables.ts";
import { parsePattern, type Pattern } from "../../stix/pattern.ts";
import { type EcsRecord, toRecords, toReferenceRecord } from "./document.ts";
import { OBSERVABLE_ROWS, SENSITIVE_TYPES } from "./ecs_rows.ts";

/** The records of an entity, and whether they say all that its pattern says. */
export interface EntityRecords {
  readonly records: readonly EcsRecord[];
  readonly patternComplete?: boolean;
}

/**
 * Why entities of a type are never written, in words for an analyst; nothing
 * for a type that is.
 */
export function whyNoPlace(type: string, place: string): string | undefined {
  if (type === "indicator" || Object.hasOwn(OBSERVABLE_ROWS, type)) {
    return undefined;
  }
  return SENSITIVE_TYPES.has(type)
    ? `type ${type} is not copied to ${place}: sensitive, and not matchable`
    : `type ${type} has no place in ${place}`;
}

/**
 * The records of an indicator or observable. An indicator whose pattern gives
 * no value falls back to the values that the platform found in it, and then
 * to one reference record; `queryTypes` are the pattern types whose reference
 * record says `query`.
 */
export function toEntityRecords(
  object: StixObject,
  queryTypes: { has(type: string): boolean },
): EntityRecords {
  if (object.type !== "indicator") return { records: toRecords(object) };
  const pattern = text(object.pattern);
  const patternType = (text(object.pattern_type) ?? "stix").toLowerCase();
  if (pattern === undefined) return { records: platformRecords(object) };
  if (patternType !== "stix") {
    const type = queryTypes.has(patternType) ? "query" : "unknown";
    return { records: [toReferenceRecord(object, type)] };
  }
  return patternRecords(object, pattern);
}

function patternRecords(object: StixObject, pattern: string): EntityRecords {
  const parsed = parsedPattern(pattern);
  if (parsed !== undefined) {
    const { observables, complete } = observablesOfPattern(parsed);
    const { records, allMapped } = mapped(observables);
    if (records.length > 0) {
      return { records, patternComplete: complete && allMapped };
    }
  }
  return { records: platformRecords(object), patternComplete: false };
}

/** Records of the values that the platform itself found in an indicator. */
function platformRecords(object: StixObject): EcsRecord[] {
  const values = extension(object, OCTI_EXTENSION).observable_values;
  const { records } = mapped(observablesOfValues(values));
  return records.length > 0 ? records : [toReferenceRecord(object, "unknown")];
}

function mapped(
  observables: readonly Observable[],
): { records: EcsRecord[]; allMapped: boolean } {
  const found = observables.map((observable) => toRecords(observable));
  return {
    records: found.flat(),
    allMapped: found.every((records) => records.length > 0),
  };
}

/** Nothing for text that is not a STIX pattern. */
function parsedPattern(pattern: string): Pattern | undefined {
  try {
    return parsePattern(pattern);
  } catch {
    return undefined;
  }
}
