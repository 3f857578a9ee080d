/**
 * What every document says about the OpenCTI entity it comes from: ECS 8.17
 * fields, and ours under `opencti`.
 */
import {
  extension,
  internalId,
  isRecord,
  OCTI_EXTENSION,
  scoProperty,
  type StixObject,
  strings,
  text,
} from "../../stix/object.ts";
import type { Marking } from "../../opencti/client.ts";
import { tlpOf } from "../../stix/marking.ts";
import { confidenceWord, instant, keyword, number } from "./values.ts";

const DAY_MS = 86_400_000;

/** What the mapping needs beside the object itself. */
export interface DocumentContext {
  /** Time of writing, milliseconds since 1970. */
  readonly now: number;
  /** Version of the event: see `StreamEvent.version`. */
  readonly version: number;
  /** Base URL for links to the platform, without trailing slash. */
  readonly externalUrl: string;
  /** Days until an entity without `valid_until` expires; 0 is never. */
  readonly expireDays: number;
  /** Names behind `created_by_ref` ids. */
  readonly names: ReadonlyMap<string, string>;
  /** Markings that are not among the well-known ones. */
  readonly markings: ReadonlyMap<string, Marking>;
  /** Whether the entity's labels become `tags`. Default true. */
  readonly labels?: boolean;
}

/** One entity on its way into documents. */
export interface Entity {
  readonly object: StixObject;
  readonly context: DocumentContext;
  /** Whether the pattern's values stand for it entirely; no pattern: absent. */
  readonly patternComplete?: boolean | undefined;
}

/**
 * From where in the object ("OCTI" and "SCO" are OpenCTI's extensions), to
 * which field, and how. Nothing is written where `how` gives nothing.
 */
export type EntityRow = readonly [
  from: string,
  to: string,
  how: (entity: Entity) => unknown,
];

/** Every entity → fields of each of its documents. */
// deno-fmt-ignore
export const ENTITY_ROWS: readonly EntityRow[] = [
  // STIX 2.1 / OpenCTI                ECS                                  how
  ["(time of writing)",                "@timestamp",                          written],
  ["",                                 "ecs.version",                         constant("8.17.0")],
  ["",                                 "data_stream.type",                    constant("logs")],
  ["",                                 "data_stream.dataset",                 constant("ti_opencti.indicator")],
  ["",                                 "data_stream.namespace",               constant("default")],
  ["",                                 "event.kind",                          constant("enrichment")],
  ["",                                 "event.category",                      constant(["threat"])],
  ["",                                 "event.type",                          constant(["indicator"])],
  // Elastic's prebuilt match rules ask for the module `threatintel` or `ti_*`.
  ["",                                 "event.module",                        constant("ti_opencti")],
  ["",                                 "event.dataset",                       constant("ti_opencti.indicator")],
  ["OCTI.id",                          "event.id",                            platformId],
  ["created, else OCTI.created_at",    "event.created",                       created],
  ["(time of writing)",                "event.ingested",                      written],
  ["OCTI.id",                          "event.reference",                     link],
  ["OCTI.score / SCO.score",           "event.risk_score",                    score],
  ["",                                 "threat.feed.name",                    constant("OpenCTI")],
  ["(platform URL)",                   "threat.feed.reference",               ({ context }) => context.externalUrl],
  ["OCTI.id, id",                      "threat.indicator.id",                 ids],
  ["description / SCO.description",    "threat.indicator.description",        description],
  ["confidence",                       "threat.indicator.confidence",         ({ object }) => confidenceWord(object.confidence)],
  ["created_by_ref, else OpenCTI",     "threat.indicator.provider",           (entity) => author(entity) ?? "OpenCTI"],
  ["OCTI.id",                          "threat.indicator.reference",          link],
  ["created, else OCTI.created_at",    "threat.indicator.first_seen",         created],
  ["modified, else OCTI.updated_at",   "threat.indicator.last_seen",          modified],
  ["modified, else OCTI.updated_at",   "threat.indicator.modified_at",        modified],
  ["object_marking_refs",              "threat.indicator.marking.tlp",        tlp],
  ["object_marking_refs",              "threat.indicator.marking.tlp_version", tlpVersion],
  ["labels / SCO.labels",              "tags",                                tags],
  ["OCTI.id",                          "opencti.internal_id",                 platformId],
  ["id",                               "opencti.standard_id",                 ({ object }) => object.id],
  ["OCTI.type, else type",             "opencti.entity_type",                 entityType],
  ["(event id)",                       "opencti.event_version",               ({ context }) => context.version],
  ["OCTI.score / SCO.score",           "opencti.score",                       score],
  ["confidence",                       "opencti.confidence",                  ({ object }) => number(object.confidence)],
  ["created_by_ref",                   "opencti.created_by",                  author],
  ["valid_until, else modified + days", "opencti.expires_at",                 expiryDate],
  ["external_references[].url",        "opencti.external_references",         referenceUrls],
];

/** Further fields of indicators. */
// deno-fmt-ignore
export const INDICATOR_ROWS: readonly EntityRow[] = [
  ["name",               "opencti.indicator_name",    ({ object }) => keyword(object.name)],
  ["OCTI.detection",     "opencti.detection",         ({ object }) => isDetection(object)],
  ["revoked",            "opencti.revoked",           ({ object }) => isRevoked(object)],
  ["pattern",            "opencti.pattern",           ({ object }) => keyword(object.pattern)],
  ["pattern_type",       "opencti.pattern_type",      ({ object }) => keyword(object.pattern_type)],
  ["pattern",            "opencti.pattern_complete",  ({ patternComplete }) => patternComplete],
  ["valid_from",         "opencti.valid_from",        ({ object }) => instant(object.valid_from)],
  ["valid_until",        "opencti.valid_until",       ({ object }) => instant(object.valid_until)],
  ["kill_chain_phases",  "opencti.kill_chain_phases", ({ object }) => nonEmpty(killChainPhases(object).map(([chain, phase]) => `[${chain}] ${phase}`))],
];

/** True where the platform took an indicator back. */
export function isRevoked(object: StixObject): boolean {
  return object.revoked === true;
}

/** False where the platform says that an indicator is not for detection. */
export function isDetection(object: StixObject): boolean {
  return extension(object, OCTI_EXTENSION).detection !== false;
}

/**
 * When an entity stops being valid: `valid_until`, else its last change plus
 * the configured days. Milliseconds since 1970; absent: never.
 */
export function expiryOf(
  object: StixObject,
  expireDays: number,
): number | undefined {
  const until = instant(object.valid_until);
  if (until !== undefined) return Date.parse(until);
  const changed = lastChange(object);
  return expireDays <= 0 || changed === undefined
    ? undefined
    : Date.parse(changed) + expireDays * DAY_MS;
}

/** Page of the entity on the platform. */
export function platformLink(object: StixObject, externalUrl: string): string {
  return `${externalUrl}/dashboard/id/${
    encodeURIComponent(internalId(object))
  }`;
}

/** Score 0-100 of an indicator or observable. */
export function scoreOf(object: StixObject): number | undefined {
  return number(
    extension(object, OCTI_EXTENSION).score ?? scoProperty(object, "score"),
  );
}

/** Labels: of the object itself, of observables those in the extension. */
export function labelsOf(object: StixObject): string[] {
  return strings(scoProperty(object, "labels"))
    .filter((label) => label !== "");
}

/** Id of the author. */
export function authorRef(object: StixObject): string | undefined {
  return text(scoProperty(object, "created_by_ref"));
}

/** Name of the author, where it is known. */
export function authorOf(
  object: StixObject,
  names: ReadonlyMap<string, string>,
): string | undefined {
  return names.get(authorRef(object) ?? "");
}

/** Kill chain and phase of each entry. */
export function killChainPhases(object: StixObject): [string, string][] {
  const { kill_chain_phases: phases } = object;
  if (!Array.isArray(phases)) return [];
  return phases.filter(isRecord).flatMap((item): [string, string][] => {
    const chain = keyword(item.kill_chain_name);
    const phase = keyword(item.phase_name);
    return chain === undefined || phase === undefined ? [] : [[chain, phase]];
  });
}

/** URLs of the external references. */
export function externalUrls(object: StixObject): string[] {
  const references = scoProperty(object, "external_references");
  if (!Array.isArray(references)) return [];
  return references.filter(isRecord).map((item) => keyword(item.url))
    .filter((url) => url !== undefined);
}

/** Text of the description. */
export function descriptionOf(object: StixObject): string | undefined {
  return keyword(scoProperty(object, "description"));
}

function constant(value: unknown): () => unknown {
  return () => value;
}

function nonEmpty<Item>(list: readonly Item[]): readonly Item[] | undefined {
  return list.length === 0 ? undefined : list;
}

function written({ context }: Entity): string {
  return new Date(context.now).toISOString();
}

function platformId({ object }: Entity): string {
  return internalId(object);
}

function ids({ object }: Entity): string[] {
  return [...new Set([internalId(object), object.id])];
}

function created({ object }: Entity): string | undefined {
  return instant(object.created) ??
    instant(extension(object, OCTI_EXTENSION).created_at);
}

function lastChange(object: StixObject): string | undefined {
  return instant(object.modified) ??
    instant(extension(object, OCTI_EXTENSION).updated_at);
}

function modified({ object }: Entity): string | undefined {
  return lastChange(object);
}

function link({ object, context }: Entity): string {
  return platformLink(object, context.externalUrl);
}

function score({ object }: Entity): number | undefined {
  return scoreOf(object);
}

function description({ object }: Entity): string | undefined {
  return descriptionOf(object);
}

function author({ object, context }: Entity): string | undefined {
  return authorOf(object, context.names);
}

function entityType({ object }: Entity): string {
  return text(extension(object, OCTI_EXTENSION).type) ?? object.type;
}

function tags({ object, context }: Entity): string[] {
  const labels = context.labels === false ? [] : labelsOf(object);
  return [...new Set(["opencti", ...labels])];
}

function expiryDate({ object, context }: Entity): string | undefined {
  const expiry = expiryOf(object, context.expireDays);
  return expiry === undefined || Math.abs(expiry) > 8.64e15
    ? undefined
    : instant(new Date(expiry).toISOString());
}

function referenceUrls({ object }: Entity): readonly string[] | undefined {
  return nonEmpty(externalUrls(object));
}

function tlp({ object, context }: Entity): string | undefined {
  const refs = strings(object.object_marking_refs);
  return tlpOf(
    refs.map((id) => ({ id, definition: context.markings.get(id) })),
  );
}

/** Names that only TLP 2.0 has. */
const TLP_2_NAMES = new Set(["CLEAR", "AMBER+STRICT"]);

function tlpVersion(entity: Entity): string | undefined {
  return TLP_2_NAMES.has(tlp(entity) ?? "") ? "2.0" : undefined;
}
