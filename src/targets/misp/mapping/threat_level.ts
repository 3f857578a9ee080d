/** Scores and confidence as threat levels of MISP. */
import {
  extension,
  OCTI_EXTENSION,
  SCO_EXTENSION,
  type StixObject,
} from "../../../stix/object.ts";
import type { MispEvent } from "../misp_event.ts";

/** Threat level of an event: 1 high, 2 medium, 3 low, 4 undefined. */
export type ThreatLevel = MispEvent["threat_level_id"];

/** The lowest value of each level. */
type Band = readonly [least: number, level: ThreatLevel];

/** Mean `x_opencti_score` of indicators and observables. */
// deno-fmt-ignore
export const SCORE_BANDS: readonly Band[] = [
  [75, "1"],
  [50, "2"],
  [25, "3"],
  [0,  "4"],
];

/** Confidence of the container, where nothing in it has a score. */
// deno-fmt-ignore
export const CONFIDENCE_BANDS: readonly Band[] = [
  [80, "1"],
  [60, "2"],
  [30, "3"],
  [0,  "4"],
];

/** How tags and comments call the levels. */
// deno-fmt-ignore
export const LEVEL_NAMES: Readonly<Record<ThreatLevel, string>> = {
  "1": "high",
  "2": "medium",
  "3": "low",
  "4": "info",
};

/**
 * The level of an event: by the mean of the scores, else by the confidence,
 * else as set.
 */
export function threatLevelOf(
  { scores, confidence, fallback }: {
    scores: readonly number[];
    confidence: number | undefined;
    fallback: 1 | 2 | 3 | 4;
  },
): ThreatLevel {
  if (scores.length > 0) {
    const sum = scores.reduce((total, score) => total + score, 0);
    return levelOfScore(sum / scores.length);
  }
  return confidence === undefined
    ? `${fallback}`
    : inBand(CONFIDENCE_BANDS, confidence);
}

/** The level of one score, or of a mean of several. */
export function levelOfScore(score: number): ThreatLevel {
  return inBand(SCORE_BANDS, score);
}

/** The score of an indicator or observable, wherever the platform put it. */
export function scoreOf(object: StixObject): number | undefined {
  return percent(extension(object, OCTI_EXTENSION).score) ??
    percent(extension(object, SCO_EXTENSION).score) ??
    percent(object.x_opencti_score) ?? percent(object.score);
}

/** The number where it is one from 0 to 100. */
export function percent(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 && value <= 100
    ? value
    : undefined;
}

function inBand(bands: readonly Band[], value: number): ThreatLevel {
  return bands.find(([least]) => value >= least)?.[1] ?? "4";
}
