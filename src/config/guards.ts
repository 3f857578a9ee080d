import type { z } from "zod";
import type {
  DELETE_BUDGET_SCHEMA,
  FILTER_SCHEMA,
  TlpCeiling,
} from "./guard_schema.ts";

/** What of its stream a target may carry; an absent member asks nothing. */
export interface FilterSettings {
  readonly types?: readonly string[];
  readonly patternTypes?: readonly string[];
  readonly labelsAny?: readonly string[];
  readonly labelsNone?: readonly string[];
  readonly minScore?: number;
  readonly minConfidence?: number;
  readonly authors?: readonly string[];
  readonly maxTlp?: TlpCeiling;
  readonly maxAgeMs?: number;
  readonly detectionOnly?: true;
  /** Domains, addresses, networks, hashes, other values; at least one. */
  readonly excludeValues?: readonly string[];
}

/** Deletes beyond both limits within the window pause the target. */
export interface BudgetSettings {
  readonly count: number;
  /** Of the objects held, 0 to 1. */
  readonly share: number;
  readonly windowMs: number;
}

type FilterValues = z.output<typeof FILTER_SCHEMA>;
type BudgetValues = z.output<typeof DELETE_BUDGET_SCHEMA>;

/** A target's filter: its own keys, over those of `connector`. */
export function filterSettings(
  general: FilterValues | undefined,
  own: FilterValues | undefined,
): FilterSettings {
  const values = { ...general, ...own };
  const excluded = [
    ...values.exclude_values ?? [],
    ...linesOf(values.exclude_values_file ?? ""),
  ];
  const { min_score, min_confidence, max_tlp, max_age } = values;
  return {
    ...listed("types", values.types),
    ...listed("patternTypes", values.pattern_types),
    ...listed("labelsAny", values.labels_any),
    ...listed("labelsNone", values.labels_none),
    ...(min_score === undefined ? {} : { minScore: min_score }),
    ...(min_confidence === undefined ? {} : { minConfidence: min_confidence }),
    ...listed("authors", values.authors),
    ...(max_tlp === undefined ? {} : { maxTlp: max_tlp }),
    ...(max_age === undefined ? {} : { maxAgeMs: max_age }),
    ...(values.detection_only === true ? { detectionOnly: true } : {}),
    ...listed("excludeValues", excluded),
  };
}

/** A target's budget: its own keys, over those of `connector`. */
export function budgetSettings(
  general: BudgetValues | undefined,
  own: BudgetValues | undefined,
): BudgetSettings {
  const { count = 1000, share = 25, window = 3_600_000 } = {
    ...general,
    ...own,
  };
  return { count, share: share / 100, windowMs: window };
}

function listed<Key extends string>(
  key: Key,
  values: readonly string[] | undefined,
): { readonly [K in Key]?: readonly string[] } {
  return values === undefined || values.length === 0
    ? {}
    : { [key]: values } as { readonly [K in Key]: readonly string[] };
}

/** The values of a file: one per line, what follows a # is a comment. */
export function linesOf(text: string): string[] {
  return text.split(/\r\n|\r|\n/).flatMap((line) => {
    // A fragment of a URL is no comment: that begins at a space, or the line.
    const value = line.replace(/(^|\s)#.*$/, "").trim();
    return value === "" ? [] : [value];
  });
}
