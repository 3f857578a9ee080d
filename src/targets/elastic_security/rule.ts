/** OpenCTI indicators in Elastic's languages → Kibana detection rules. */
import { internalId, type StixObject } from "../../stix/object.ts";
import {
  authorOf,
  descriptionOf,
  externalUrls,
  killChainPhases,
  labelsOf,
  platformLink,
  scoreOf,
} from "../_elastic/entity_rows.ts";
import { keyword, number } from "../_elastic/values.ts";

/** The body of a rule, complete: a PUT resets what it leaves out. */
export interface DetectionRule {
  readonly rule_id: string;
  readonly type: "query" | "eql" | "esql";
  readonly language: string;
  readonly enabled: boolean;
  readonly [property: string]: unknown;
}

/** What a rule needs beside the indicator. */
export interface RuleContext {
  readonly externalUrl: string;
  readonly names: ReadonlyMap<string, string>;
  readonly indexPatterns: readonly string[];
  readonly enabled: boolean;
}

interface Language {
  readonly type: DetectionRule["type"];
  readonly language: string;
  /** ES|QL names its indices in the query; `index` beside it is refused. */
  readonly takesIndex: boolean;
}

/** `pattern_type` in lower case → kind of rule. */
// deno-fmt-ignore
export const RULE_LANGUAGES: ReadonlyMap<string, Language> = new Map([
  ["kql",    { type: "query", language: "kuery",  takesIndex: true }],
  ["lucene", { type: "query", language: "lucene", takesIndex: true }],
  ["eql",    { type: "eql",   language: "eql",    takesIndex: true }],
  ["esql",   { type: "esql",  language: "esql",   takesIndex: false }],
]);

/** Lowest risk score of each severity. */
const SEVERITIES: readonly (readonly [number, string])[] = [
  [80, "critical"],
  [60, "high"],
  [40, "medium"],
];

/** MITRE ATT&CK enterprise tactics by kill chain phase. */
// deno-fmt-ignore
export const TACTICS: ReadonlyMap<string, readonly [id: string, name: string]> =
  new Map([
    ["reconnaissance",       ["TA0043", "Reconnaissance"]],
    ["resource-development", ["TA0042", "Resource Development"]],
    ["initial-access",       ["TA0001", "Initial Access"]],
    ["execution",            ["TA0002", "Execution"]],
    ["persistence",          ["TA0003", "Persistence"]],
    ["privilege-escalation", ["TA0004", "Privilege Escalation"]],
    ["defense-evasion",      ["TA0005", "Defense Evasion"]],
    ["credential-access",    ["TA0006", "Credential Access"]],
    ["discovery",            ["TA0007", "Discovery"]],
    ["lateral-movement",     ["TA0008", "Lateral Movement"]],
    ["collection",           ["TA0009", "Collection"]],
    ["command-and-control",  ["TA0011", "Command and Control"]],
    ["exfiltration",         ["TA0010", "Exfiltration"]],
    ["impact",               ["TA0040", "Impact"]],
  ]);

/** Starts every `rule_id` of ours. */
export const RULE_ID_PREFIX = "opencti-";

/** The stable id of an indicator's rule, unique in its space. */
export function ruleIdOf(platformId: string): string {
  return `${RULE_ID_PREFIX}${platformId}`;
}

/** The rule language of an indicator; absent: it makes no rule. */
export function ruleLanguage(object: StixObject): Language | undefined {
  return object.type !== "indicator" || keyword(object.pattern) === undefined
    ? undefined
    : RULE_LANGUAGES.get(
      `${keyword(object.pattern_type) ?? ""}`.toLowerCase(),
    );
}

/** The rule of an indicator; nothing for other languages. */
export function toRule(
  object: StixObject,
  context: RuleContext,
): DetectionRule | undefined {
  const found = ruleLanguage(object);
  if (found === undefined) return undefined;
  const risk = riskScore(object);
  const platformId = internalId(object);
  return {
    rule_id: ruleIdOf(platformId),
    type: found.type,
    language: found.language,
    query: object.pattern,
    name: ruleName(object),
    description: descriptionOf(object) ??
      "Rule created from an OpenCTI indicator.",
    risk_score: risk,
    severity: SEVERITIES.find(([lowest]) => risk >= lowest)?.[1] ?? "low",
    enabled: context.enabled,
    interval: "5m",
    from: "now-6m",
    to: "now",
    max_signals: 100,
    ...(found.takesIndex ? { index: context.indexPatterns } : {}),
    tags: [...new Set(["opencti", "threat-intel", ...labelsOf(object)])],
    author: [authorOf(object, context.names) ?? "OpenCTI"],
    false_positives: [],
    references: [
      platformLink(object, context.externalUrl),
      ...externalUrls(object),
    ],
    threat: threats(object),
    meta: {
      opencti_id: platformId,
      pattern_type: `${object.pattern_type}`.toLowerCase(),
      original_pattern: object.pattern,
    },
  };
}

/**
 * True for an ES|QL query whose alerts would repeat at every overlap of two
 * runs: it neither aggregates nor asks for the ids of its documents.
 */
export function repeatsAlerts(rule: DetectionRule): boolean {
  const query = `${rule.query}`;
  return rule.type === "esql" && !/\|\s*stats\b/i.test(query) &&
    !/\bmetadata\b[^|]*_id\b/i.test(query);
}

function ruleName(object: StixObject): string {
  return `OpenCTI: ${keyword(object.name) ?? "Threat Indicator"}`;
}

/** Score, else confidence, else 50: a whole number from 0 to 100. */
function riskScore(object: StixObject): number {
  const found = scoreOf(object) ?? number(object.confidence) ?? 50;
  return Math.min(100, Math.max(0, Math.round(found)));
}

function threats(object: StixObject): unknown[] {
  return killChainPhases(object).flatMap(([chain, phase]) => {
    const tactic = TACTICS.get(phase.toLowerCase());
    if (chain.toLowerCase() !== "mitre-attack" || tactic === undefined) {
      return [];
    }
    const [id, name] = tactic;
    const reference = `https://attack.mitre.org/tactics/${id}/`;
    return [{
      framework: "MITRE ATT&CK",
      tactic: { id, name, reference },
      technique: [],
    }];
  });
}
