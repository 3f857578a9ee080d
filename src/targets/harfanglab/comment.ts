/** The `comment` of an IOC rule: JSON that tells whose rule it is. */
import { isRecord, strings, text } from "../../stix/object.ts";

/** What a comment tells. */
export interface RuleComment {
  /** STIX id of the indicator that the rule's description is of. */
  readonly indicatorId: string;
  readonly score: number | null;
  readonly platforms: readonly string[];
  /** STIX ids of all indicators that ask for the rule; not of too many. */
  readonly indicatorIds: readonly string[];
}

/** So many indicators are named. */
const MAX_INDICATORS = 20;

/**
 * The text of a comment. Older connectors read the first three members by
 * position, so their order is fixed.
 */
export function toComment(comment: RuleComment): string {
  const { indicatorId, score, platforms, indicatorIds } = comment;
  return JSON.stringify({
    indicator_id: indicatorId,
    indicator_score: score,
    indicator_platforms: platforms,
    indicator_ids: indicatorIds.slice(0, MAX_INDICATORS),
  });
}

/**
 * Reads a comment that one of the connectors wrote: the older one encoded it
 * twice when it disabled a rule, and named one indicator alone.
 */
export function readComment(comment: unknown): RuleComment | undefined {
  let value = comment;
  for (let depth = 0; typeof value === "string" && depth < 3; depth++) {
    try {
      value = JSON.parse(value);
    } catch {
      return undefined;
    }
  }
  if (!isRecord(value)) return undefined;
  const indicatorId = text(value.indicator_id);
  if (indicatorId === undefined) return undefined;
  const ids = strings(value.indicator_ids).slice(0, MAX_INDICATORS);
  return {
    indicatorId,
    score: typeof value.indicator_score === "number"
      ? value.indicator_score
      : null,
    platforms: strings(value.indicator_platforms),
    indicatorIds: ids.includes(indicatorId) ? ids : [indicatorId, ...ids],
  };
}
