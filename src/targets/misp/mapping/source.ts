/** What mappings read of an object from OpenCTI: nothing is trusted. */
import {
  extension,
  isRecord,
  MITRE_EXTENSION,
  OCTI_EXTENSION,
  scoProperty,
  type StixObject,
  strings,
  text,
} from "../../../stix/object.ts";

/** Finds an object that the container or its contents refer to, by STIX id. */
export type Find = (id: string) => StixObject | undefined;

/** The person's part of a mapping, as its rows need it. */
export interface Context {
  readonly find: Find;
  readonly tagPrefix: string;
  /** Unix milliseconds. */
  readonly now: number;
}

/** The labels of an entity or observable. */
export function labelsOf(object: StixObject): string[] {
  const labels = strings(scoProperty(object, "labels"));
  return labels.length > 0 ? labels : strings(object.labels);
}

/** Non-empty text; a finite number as text. */
export function scalar(value: unknown): string | undefined {
  return typeof value === "number" && Number.isFinite(value)
    ? `${value}`
    : text(value);
}

/** The type as STIX or OpenCTI calls it, without the prefix of exports. */
export function plainType(type: string): string {
  return type.replace(/^x-opencti-/, "");
}

/** OpenCTI's own property of the object, or its spelling in exports. */
export function octiText(object: StixObject, name: string): string | undefined {
  return text(extension(object, OCTI_EXTENSION)[name]) ??
    text(object[`x_opencti_${name}`]);
}

/** An external reference, as far as it is one. */
export interface ExternalReference {
  readonly source: string;
  readonly url: string | undefined;
  readonly externalId: string | undefined;
}

/** The external references of an entity. */
export function externalReferencesOf(object: StixObject): ExternalReference[] {
  const list = object.external_references;
  if (!Array.isArray(list)) return [];
  return list.filter(isRecord).map(({ source_name, url, external_id }) => ({
    source: text(source_name) ?? "",
    url: text(url),
    externalId: text(external_id),
  }));
}

/** The MITRE id of this form (`T1566`), in upper case. */
export function mitreId(object: StixObject, form: RegExp): string | undefined {
  const candidates = [
    text(extension(object, MITRE_EXTENSION).id),
    text(object.x_mitre_id),
    ...externalReferencesOf(object)
      .filter(({ source }) => /^mitre/i.test(source))
      .map(({ externalId }) => externalId),
  ];
  return candidates.map((id) => id?.trim().toUpperCase())
    .find((id) => id !== undefined && form.test(id));
}

/** Unix seconds of a time; undefined where it is none, or stands for none. */
export function secondsOf(value: unknown): number | undefined {
  const ms = Date.parse(text(value) ?? "");
  if (Number.isNaN(ms)) return undefined;
  // OpenCTI writes 1970 and 5138 for times that nobody knows.
  const year = new Date(ms).getUTCFullYear();
  return year > 1970 && ms < MAX_MS ? Math.floor(ms / 1000) : undefined;
}

/** MISP's columns of times are 32 bits wide. */
const MAX_MS = 2 ** 31 * 1000;
