import { digestOf } from "../_elastic/digest.ts";

/**
 * What we write of a rule, and compare. Not `meta`, which Kibana's editor
 * drops, and not actions or exceptions, which are the analysts' own.
 */
// deno-fmt-ignore
const COMPARED: readonly string[] = [
  "rule_id", "type", "language", "query", "index",
  "name", "description", "risk_score", "severity", "tags", "author",
  "references", "threat", "false_positives",
  "interval", "from", "to", "max_signals",
];

/** Digest of a rule that is switched off: what it would do does not count. */
export const DISABLED = "disabled";

/** Digest of a rule, as it is written or as Kibana gives it. */
export function ruleDigest(rule: Readonly<Record<string, unknown>>): string {
  if (rule.enabled !== true) return DISABLED;
  return digestOf(COMPARED.map((name) => [name, rule[name] ?? null]));
}
