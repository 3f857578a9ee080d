import type { FilterSettings } from "../config/guards.ts";
import type { OpenctiClient } from "../opencti/client.ts";
import { isWellKnownMarking, tlpOf, tlpOrder, toTlp } from "../stix/marking.ts";
import {
  extension,
  OCTI_EXTENSION,
  SCO_EXTENSION,
  scoProperty,
  type StixObject,
  strings,
  text,
} from "../stix/object.ts";
import { isObservableType, toStixType } from "../stix/observable.ts";
import type { ExcludedValue } from "./excluded_values.ts";

/** What judging an object needs beside it. */
export interface FilterContext {
  readonly platform: Pick<OpenctiClient, "namesOf" | "markingsOf">;
  /** Milliseconds since 1970. */
  now(): number;
  readonly excluded: ExcludedValue;
}

/** Why an object does not pass; `undefined` where it does. */
type Judge = (
  object: StixObject,
  settings: FilterSettings,
  context: FilterContext & { readonly signal: AbortSignal },
) => string | undefined | Promise<string | undefined>;

/**
 * Setting of `filter`, and the judge of it, the cheap ones first. The reasons
 * say what the object lacks, with no value of its own: they are counted.
 */
// deno-fmt-ignore
export const FILTER_ROWS: readonly (readonly [
  setting: keyof FilterSettings,
  reasonAgainst: Judge,
])[] = [
  ["types",         byType],
  ["patternTypes",  byPatternType],
  ["detectionOnly", byDetection],
  ["minScore",      byScore],
  ["minConfidence", byConfidence],
  ["labelsAny",     byWantedLabel],
  ["labelsNone",    byUnwantedLabel],
  ["maxAgeMs",      byAge],
  ["excludeValues", byValue],
  ["maxTlp",        byTlp],
  ["authors",       byAuthor],
];

function byType(
  { type }: StixObject,
  { types = [] }: FilterSettings,
): string | undefined {
  const wanted = types.some((name) => stixType(name) === type);
  return wanted ? undefined : "its type is not among those asked for";
}

/** "Indicator" is indicator, "IPv4-Addr" ipv4-addr, "StixFile" file. */
function stixType(name: string): string {
  return toStixType(name) ?? name.toLowerCase();
}

function byPatternType(
  object: StixObject,
  { patternTypes = [] }: FilterSettings,
): string | undefined {
  if (object.type !== "indicator") return undefined;
  const type = text(object.pattern_type)?.toLowerCase();
  const wanted = patternTypes.some((name) => name.toLowerCase() === type);
  return wanted ? undefined : "its pattern type is not among those asked for";
}

function byDetection(object: StixObject): string | undefined {
  if (object.type !== "indicator") return undefined;
  const flag = extension(object, OCTI_EXTENSION).detection ??
    object.x_opencti_detection;
  return flag === true ? undefined : "it is not meant for detection";
}

/** Without a score it is as good as 0: who asks for 50 wants to know it. */
function byScore(
  object: StixObject,
  { minScore = 0 }: FilterSettings,
): string | undefined {
  const isScored = object.type === "indicator" || isObservableType(object.type);
  if (!isScored) return undefined;
  const score = extension(object, OCTI_EXTENSION).score ??
    scoProperty(object, "score");
  return Number(score ?? 0) >= minScore
    ? undefined
    : "its score is below the one asked for";
}

function byConfidence(
  object: StixObject,
  { minConfidence = 0 }: FilterSettings,
): string | undefined {
  if (isObservableType(object.type)) return undefined;
  return Number(object.confidence ?? 0) >= minConfidence
    ? undefined
    : "its confidence is below the one asked for";
}

function byWantedLabel(
  object: StixObject,
  { labelsAny = [] }: FilterSettings,
): string | undefined {
  return hasLabel(object, labelsAny)
    ? undefined
    : "it has none of the labels asked for";
}

function byUnwantedLabel(
  object: StixObject,
  { labelsNone = [] }: FilterSettings,
): string | undefined {
  return hasLabel(object, labelsNone)
    ? "it has a label that is unwanted"
    : undefined;
}

function hasLabel(object: StixObject, names: readonly string[]): boolean {
  const labels = new Set(
    strings(scoProperty(object, "labels")).map((label) => label.toLowerCase()),
  );
  return names.some((name) => labels.has(name.toLowerCase()));
}

/** Without any date it counts as new. */
function byAge(
  object: StixObject,
  { maxAgeMs = Infinity }: FilterSettings,
  { now }: FilterContext,
): string | undefined {
  const { updated_at, created_at } = extension(object, OCTI_EXTENSION);
  const times = [object.modified, object.created, updated_at, created_at]
    .map((value) => Date.parse(text(value) ?? ""))
    .filter((time) => !Number.isNaN(time));
  const newest = times.length === 0 ? now() : Math.max(...times);
  return now() - newest <= maxAgeMs ? undefined : "it is older than asked for";
}

function byValue(
  object: StixObject,
  _settings: FilterSettings,
  { excluded }: FilterContext,
): string | undefined {
  return excluded(object)
    ? "it names a value of the exclusion list"
    : undefined;
}

async function byTlp(
  object: StixObject,
  { maxTlp = "RED" }: FilterSettings,
  { platform, signal }: Parameters<Judge>[2],
): Promise<string | undefined> {
  const refs = strings(object.object_marking_refs);
  const unknown = refs.filter((ref) => !isWellKnownMarking(ref));
  const markings = unknown.length === 0
    ? new Map()
    : await platform.markingsOf(unknown, signal);
  const tlp = tlpOf(
    refs.map((id) => ({ id, definition: markings.get(id) })),
  );
  const ceiling = toTlp(maxTlp);
  const isAbove = tlp !== undefined && ceiling !== undefined &&
    tlpOrder(tlp) > tlpOrder(ceiling);
  return isAbove ? `it is marked above TLP:${maxTlp}` : undefined;
}

async function byAuthor(
  object: StixObject,
  { authors = [] }: FilterSettings,
  { platform, signal }: Parameters<Judge>[2],
): Promise<string | undefined> {
  const refused = "its author is not among those asked for";
  const ref = text(object.created_by_ref) ??
    text(extension(object, SCO_EXTENSION).created_by_ref);
  if (ref === undefined) return refused;
  if (authors.includes(ref)) return undefined;
  const name = (await platform.namesOf([ref], signal)).get(ref)?.toLowerCase();
  return authors.some((author) => author.toLowerCase() === name)
    ? undefined
    : refused;
}
