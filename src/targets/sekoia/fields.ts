/** What values carry: description, validity, kill chain phases. */
import {
  extension,
  isRecord,
  OCTI_EXTENSION,
  type StixObject,
  text,
} from "../../stix/object.ts";
import { toDescription } from "./description.ts";

/** What is sent with values, under the names of the API. */
export interface Fields {
  readonly description: string;
  readonly valid_from?: string;
  readonly valid_until?: string;
  readonly kill_chain_phases: readonly Phase[];
}

/** One phase; the API refuses other members. */
export interface Phase {
  readonly kill_chain_name: string;
  readonly phase_name: string;
}

/** What is remembered of an indicator to send its values again. */
export interface Props {
  readonly fields: Fields;
  /** 0 to 100: how much it is worth where there is no room for all. */
  readonly score: number;
  /** Since when it is valid, milliseconds since 1970; 0: not known. */
  readonly since: number;
}

/** What an indicator in the collection carries. */
export interface StoredFields {
  readonly description?: string | undefined;
  readonly valid_from?: string | undefined;
  readonly valid_until?: string | undefined;
  readonly kill_chain_phases: readonly Phase[];
}

/** Properties of an indicator → `default_fields`, from and to. */
// deno-fmt-ignore
export const FIELD_ROWS: readonly (readonly [from: string, to: string, how: string])[] = [
  ["name, description, internal id", "description", "`name | description | link` on one line of at most 500 characters; the link is never cut"],
  ["valid_from", "valid_from", "RFC 3339 in UTC; left out where it is not before valid_until"],
  ["valid_until", "valid_until", "RFC 3339 in UTC; without it Sekoia.io sets its own"],
  ["kill_chain_phases", "kill_chain_phases", "`mitre-attack` and `lockheed-martin-cyber-kill-chain` alone, in lower case"],
  ["revoked, valid_until in the past", "(revocation)", "the values leave with the last indicator that gives them"],
  ["score in OpenCTI's extension, valid_from", "(rank)", "who goes first where `quota_policy` is `keep_best`"],
];

/**
 * What is sent with the values of an indicator.
 *
 * @param url Base URL of OpenCTI in the link.
 */
export function toProps(
  object: StixObject,
  internalId: string,
  url: string,
): Props {
  const from = instant(object.valid_from);
  const until = instant(object.valid_until);
  const isOrdered = from === undefined || until === undefined || from < until;
  const score = extension(object, OCTI_EXTENSION).score ??
    object.x_opencti_score;
  return {
    fields: {
      description: toDescription({
        url,
        internalId,
        name: text(object.name),
        description: text(object.description),
      }),
      ...(from !== undefined && isOrdered ? { valid_from: from } : {}),
      ...(until !== undefined ? { valid_until: until } : {}),
      kill_chain_phases: toPhases(object.kill_chain_phases),
    },
    score: typeof score === "number" && score >= 0 && score <= 100 ? score : 50,
    since: Date.parse(from ?? instant(object.created) ?? "1970-01-01"),
  };
}

/** A moment as the API takes it; years of more than four digits are none. */
export function instant(value: unknown): string | undefined {
  const ms = Date.parse(text(value) ?? "");
  if (Number.isNaN(ms)) return undefined;
  const iso = new Date(ms).toISOString();
  return iso.length === 24 ? iso : undefined;
}

const KILL_CHAINS: ReadonlySet<string> = new Set([
  "mitre-attack",
  "lockheed-martin-cyber-kill-chain",
]);

/** Phases of the kill chains that Sekoia.io knows, each once. */
export function toPhases(value: unknown): Phase[] {
  const phases = new Map<string, Phase>();
  for (const item of Array.isArray(value) ? value : []) {
    if (!isRecord(item)) continue;
    const chain = text(item.kill_chain_name)?.trim().toLowerCase() ?? "";
    const phase = text(item.phase_name)?.trim().toLowerCase() ?? "";
    if (!KILL_CHAINS.has(chain) || phase === "") continue;
    phases.set(`${chain} ${phase}`, {
      kill_chain_name: chain,
      phase_name: phase,
    });
  }
  return [...phases.values()];
}

/**
 * True where what an indicator carries is what is wanted of it. A date that is
 * not sent is the server's to choose.
 */
export function covers(found: StoredFields | undefined, wanted: Fields) {
  if (found === undefined) return false;
  const { description, kill_chain_phases, valid_from, valid_until } = wanted;
  return found.description === description &&
    (valid_from === undefined || found.valid_from === valid_from) &&
    (valid_until === undefined || found.valid_until === valid_until) &&
    phasesOf(found) === phasesOf({ kill_chain_phases });
}

/** In an order of their own: the server's need not be ours. */
function phasesOf(
  { kill_chain_phases }: Pick<Fields, "kill_chain_phases">,
): string {
  return kill_chain_phases
    .map((phase) => `${phase.kill_chain_name} ${phase.phase_name}`)
    .sort().join("\n");
}
