/** OpenCTI indicators → members of HarfangLab rules. Tables first, no I/O. */
import { createHash } from "node:crypto";
import {
  extension,
  isRecord,
  MITRE_EXTENSION,
  OCTI_EXTENSION,
  type StixObject,
  strings,
  text,
} from "../../stix/object.ts";
import { propsHash } from "../_ioc/ledger.ts";
import type { Ioc } from "../_ioc/pattern_iocs.ts";
import { toComment } from "./comment.ts";

/** What is remembered of an indicator for its rules. */
export interface IndicatorProps {
  readonly stixId: string;
  readonly name: string;
  readonly description: string;
  readonly score: number | null;
  readonly platforms: readonly string[];
  readonly references: readonly string[];
  /** When it ends to be valid, milliseconds since 1970. */
  readonly until?: number | undefined;
  /** Only known from a comment at the far side. */
  readonly adopted?: true | undefined;
}

/** The indicator of a rule that has none: for the names of its members. */
export const NOBODY: IndicatorProps = {
  stixId: "",
  name: "x",
  description: "",
  score: 0,
  platforms: [],
  references: [],
};

/** An IOC rule as it should be. */
export interface WantedIoc {
  readonly ioc: Ioc;
  /** The indicator that was changed last. */
  readonly leader: IndicatorProps;
  /** STIX ids of all that ask for it, the leader's first. */
  readonly stixIds: readonly string[];
}

/** What the mapping needs of the settings and the console's release. */
export interface RuleOptions {
  readonly rule_maturity: string;
  readonly map_score_to_level: boolean;
  /** Whether rules of this release have `references`. */
  readonly withReferences: boolean;
}

/** From where, to which member, and how. No member where nothing is given. */
export type RuleRow<From> = readonly [
  from: string,
  to: string,
  how: (from: From, options: RuleOptions) => unknown,
];

/** Members of an IOC rule that follow its indicators. */
// deno-fmt-ignore
export const IOC_FIELD_ROWS: readonly RuleRow<WantedIoc>[] = [
  // indicator                            IOC rule               how
  ["description",                         "description",         ({ leader }) => leader.description],
  ["(setting rule_maturity)",             "hl_status",           (_rule, options) => options.rule_maturity],
  ["id, OCTI.score, MITRE.platforms",     "comment",             commentOf],
  ["external_references[].url",           "references",          ({ leader }, options) => options.withReferences ? leader.references : undefined],
  ["OCTI.score (map_score_to_level)",     "rule_level_override", ({ leader }, options) => options.map_score_to_level ? levelOf(leader.score) : undefined],
];

/** A Sigma rule or YARA file as it should be. */
export interface WantedDocument {
  readonly internalId: string;
  readonly content: string;
  readonly props: IndicatorProps;
}

/** Members of a Sigma rule or YARA file that follow its indicator. */
// deno-fmt-ignore
export const DOCUMENT_FIELD_ROWS: readonly RuleRow<WantedDocument>[] = [
  // indicator                            rule                   how
  ["name",                                "name",                ({ props, internalId }) => documentName(props.name, internalId)],
  ["pattern",                             "content",             ({ content }) => content],
  ["(setting rule_maturity)",             "hl_status",           (_rule, options) => options.rule_maturity],
  ["external_references[].url",           "references",          ({ props }, options) => options.withReferences ? props.references : undefined],
];

/** The members that the rows give. */
export function toMembers<From>(
  rows: readonly RuleRow<From>[],
  from: From,
  options: RuleOptions,
): Record<string, unknown> {
  return Object.fromEntries(
    rows.map(([, to, how]) => [to, how(from, options)] as const)
      .filter(([, value]) => value !== undefined),
  );
}

/**
 * Of the maturity and the references, what a new rule does not show: releases
 * may ignore a member of a new rule.
 */
export function missingIn(
  item: Readonly<Record<string, unknown>>,
  members: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    ["hl_status", "references"].filter((name) =>
      name in members && name in item &&
      propsHash(item[name]) !== propsHash(members[name])
    ).map((name) => [name, members[name]]),
  );
}

function commentOf({ leader, stixIds }: WantedIoc): string {
  return toComment({
    indicatorId: leader.stixId,
    score: leader.score,
    platforms: leader.platforms,
    indicatorIds: stixIds,
  });
}

/** Lowest score of each level. */
export const LEVELS: readonly (readonly [score: number, level: string])[] = [
  [90, "critical"],
  [70, "high"],
  [40, "medium"],
  [20, "low"],
];

/** The level of an IOC rule by the score of its indicator. */
export function levelOf(score: number | null): string | undefined {
  if (score === null) return undefined;
  return LEVELS.find(([least]) => score >= least)?.[1] ?? "informational";
}

const NAME_CHARS = 100;

/**
 * A name of at most 100 characters. One that is cut ends in six digits of its
 * indicator, so that two long names stay apart.
 */
export function documentName(name: string, internalId: string): string {
  const trimmed = name.trim();
  if (trimmed === "") return internalId.slice(0, NAME_CHARS);
  if (trimmed.length <= NAME_CHARS) return trimmed;
  const hash = createHash("sha256").update(internalId).digest("hex");
  const end = `~${hash.slice(0, 6)}`;
  return `${trimmed.slice(0, NAME_CHARS - end.length).toWellFormed()}${end}`;
}

const MAX_REFERENCES = 20;
const MAX_REFERENCE_CHARS = 2000;

/** What of an indicator its rules carry. */
export function propsOf(object: StixObject): IndicatorProps {
  const { score = object.x_opencti_score } = extension(object, OCTI_EXTENSION);
  const { platforms } = extension(object, MITRE_EXTENSION);
  return {
    stixId: object.id,
    name: text(object.name) ?? "",
    description: (text(object.description) ?? "").trim(),
    score: typeof score === "number" && Number.isFinite(score) ? score : null,
    platforms: strings(platforms ?? object.x_mitre_platforms).slice(0, 50),
    references: referencesOf(object),
    until: untilOf(object),
  };
}

function referencesOf(object: StixObject): string[] {
  const references = Array.isArray(object.external_references)
    ? object.external_references.filter(isRecord)
    : [];
  const urls = strings(references.map(({ url }) => url)).filter((url) =>
    url.length <= MAX_REFERENCE_CHARS && /^https?:\/\//i.test(url)
  );
  return [...new Set(urls)].slice(0, MAX_REFERENCES);
}

/** `valid_until`, milliseconds since 1970. */
export function untilOf(object: StixObject): number | undefined {
  const time = Date.parse(text(object.valid_until) ?? "");
  return Number.isNaN(time) ? undefined : time;
}
