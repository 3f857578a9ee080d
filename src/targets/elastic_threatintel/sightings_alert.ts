/** Alerts of Elastic 7.13 to 9.x as they are in `_source`. */
import { isRecord, text } from "../../stix/object.ts";
import type { DocumentPlace, SortedHit } from "../_elastic/point_in_time.ts";
import type { Json } from "../_elastic/document.ts";

/** One indicator that an alert matched. */
export interface Match {
  /** `threat.indicator.id` of the matched document. */
  readonly ids: readonly string[];
  readonly type: string | undefined;
  /** The value that matched. */
  readonly value: string | undefined;
  readonly feed: string | undefined;
  /** The matched document. */
  readonly document: DocumentPlace | undefined;
}

/** One alert. */
export interface Alert {
  readonly id: string;
  /** `@timestamp`: when it was written. Milliseconds since 1970. */
  readonly at: number;
  /** When the event happened that it is about. */
  readonly seenAt: number;
  readonly matches: readonly Match[];
}

/** What is read of an alert. */
export const ALERT_FIELDS: readonly string[] = [
  "@timestamp",
  "kibana.alert.original_time",
  "signal.original_time",
  "threat.enrichments.indicator.id",
  "threat.enrichments.indicator.type",
  "threat.enrichments.feed.name",
  "threat.enrichments.matched",
  "threat.indicator.id",
  "threat.indicator.type",
  "threat.indicator.matched",
];

/** Reads an alert; nothing for a document that has no `@timestamp`. */
export function toAlert({ id, source }: SortedHit): Alert | undefined {
  const at = timeAt(source, "@timestamp");
  if (at === undefined) return undefined;
  const original = timeAt(source, "kibana.alert.original_time") ??
    timeAt(source, "signal.original_time");
  const enrichments = recordsAt(source, "threat.enrichments");
  // Until 7.14 the match was beside the fields of the indicator.
  const indicators = recordsAt(source, "threat.indicator")
    .filter((indicator) => fieldAt(indicator, "matched.id") !== undefined);
  return {
    id,
    at,
    // An event that is newer than its alert comes from a clock that is wrong.
    seenAt: Math.min(original ?? at, at),
    matches: [
      ...enrichments.map((enrichment) => toMatch(enrichment, "indicator.")),
      ...indicators.map((indicator) => toMatch(indicator, "")),
    ],
  };
}

function toMatch(found: Json, prefix: string): Match {
  const [index] = textsAt(found, "matched.index");
  const [id] = textsAt(found, "matched.id");
  return {
    ids: textsAt(found, `${prefix}id`),
    type: textsAt(found, `${prefix}type`)[0],
    value: textsAt(found, "matched.atomic")[0],
    feed: textsAt(found, "feed.name")[0],
    document: index === undefined || id === undefined
      ? undefined
      : { index, id },
  };
}

/**
 * The value of a field, whose name may be one flat key, nested objects, or
 * anything in between.
 */
export function fieldAt(source: Json, path: string): unknown {
  if (source[path] !== undefined) return source[path];
  for (let dot = path.indexOf("."); dot !== -1;) {
    const inner = source[path.slice(0, dot)];
    if (isRecord(inner)) {
      const value = fieldAt(inner, path.slice(dot + 1));
      if (value !== undefined) return value;
    }
    dot = path.indexOf(".", dot + 1);
  }
  return undefined;
}

/** The texts of a field that may be one value or a list. */
export function textsAt(source: Json, path: string): string[] {
  return listOf(fieldAt(source, path)).flatMap((value) => text(value) ?? []);
}

function recordsAt(source: Json, path: string): Json[] {
  return listOf(fieldAt(source, path)).filter(isRecord);
}

function timeAt(source: Json, path: string): number | undefined {
  const [value] = listOf(fieldAt(source, path));
  const time = typeof value === "number" ? value : Date.parse(`${value}`);
  return Number.isFinite(time) ? time : undefined;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}
