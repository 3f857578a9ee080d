/**
 * What a collection must hold after a stream, from the independent model. No
 * code of the target is used: patterns are read with a regular expression,
 * values spelled anew.
 */
import type { SimulatedSekoia } from "../../../src/simulator/sekoia/mod.ts";
import type { Replay } from "../../model/replay.ts";

/** What is compared of a value. */
export interface Carried {
  /** End of the description: who it is of. */
  readonly link: string;
  readonly from: string | undefined;
  readonly until: string | undefined;
  /** `chain/phase`, sorted. */
  readonly phases: string;
}

type Spell = (value: string) => string | undefined;

const hex = (digits: number): Spell => (value) =>
  new RegExp(`^[0-9a-f]{${digits}}$`, "i").test(value)
    ? value.toLowerCase()
    : undefined;

const name: Spell = (value) => {
  // The host of a URL is spelled as it is seen on the wire.
  const found = URL.parse(`http://${value}`)?.hostname.replace(/\.$/, "") ?? "";
  return /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.[a-z][a-z0-9-]*$/.test(found)
    ? found
    : undefined;
};

const address: Spell = (value) => {
  const found = value.replace(/\/(32|128)$/, "");
  if (/^\d+(\.\d+){3}$/.test(found)) return found;
  const url = found.includes(":") && URL.parse(`http://[${found}]`);
  return url ? url.hostname.slice(1, -1) : undefined;
};

const SPELLINGS: Readonly<Record<string, Spell>> = {
  "ipv4-addr:value": address,
  "ipv6-addr:value": address,
  "network-traffic:dst_ref.value": address,
  "network-traffic:src_ref.value": address,
  "domain-name:value": name,
  "hostname:value": name,
  "url:value": (value) =>
    /^[a-z]+:\/\/[^\s]+$/i.test(value) && URL.canParse(value)
      ? value
      : undefined,
  "email-addr:value": (value) =>
    /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value) ? value.toLowerCase() : undefined,
  "mac-addr:value": (value) => value.toLowerCase().replaceAll("-", ":"),
  "file:hashes.md5": hex(32),
  "file:hashes.sha-1": hex(40),
  "file:hashes.sha-256": hex(64),
  "file:hashes.sha-512": hex(128),
};

const COMPARISON =
  /([a-z0-9-]+:[\w.'"*[\]-]+?)\s*(?:={1,2}|IN)\s*(\(?)((?:\s*'(?:\\.|[^'\\])*'\s*,?)+)/g;

/** The values that a pattern asks for. */
function valuesIn(pattern: string): string[] {
  return [...pattern.matchAll(COMPARISON)].flatMap(([, path = "", , list]) => {
    const spell = SPELLINGS[path.toLowerCase().replace(/["']/g, "")];
    if (spell === undefined) return [];
    return [...`${list}`.matchAll(/'((?:\\.|[^'\\])*)'/g)].flatMap(
      ([, text = ""]) => spell(text.replace(/\\(.)/g, "$1")) ?? [],
    );
  });
}

/**
 * By value.
 *
 * @param url The platform's, in links.
 */
export function expectedValues(
  model: Replay,
  now: number,
  url: string,
): Map<string, Carried> {
  const newest = new Map<string, string>();
  const expected = new Map<string, Carried>();
  const live = [...model.objects].filter(([, { object }]) =>
    object.type === "indicator" && object.pattern_type === "stix" &&
    object.revoked !== true && !(Date.parse(`${object.valid_until}`) <= now)
  );
  for (const [id, { object, eventId }] of live) {
    for (const value of valuesIn(`${object.pattern}`)) {
      if (isBefore(eventId, newest.get(value))) continue;
      newest.set(value, eventId);
      expected.set(value, {
        link: `${url}/dashboard/observations/indicators/${id}`,
        from: timeOf(object.valid_from),
        until: timeOf(object.valid_until),
        phases: phasesOf(object.kill_chain_phases),
      });
    }
  }
  return expected;
}

function isBefore(id: string, other: string | undefined): boolean {
  const [ms = 0, sequence = 0] = id.split("-").map(Number);
  const [otherMs = 0, otherSequence = 0] = (other ?? "0-0").split("-")
    .map(Number);
  return ms < otherMs || ms === otherMs && sequence < otherSequence;
}

function timeOf(value: unknown): string | undefined {
  return typeof value === "string" ? new Date(value).toISOString() : undefined;
}

function phasesOf(value: unknown): string {
  return (Array.isArray(value) ? value : [])
    .map((phase) => `${phase.kill_chain_name}/${phase.phase_name}`)
    .filter((phase) => /^(mitre-attack|lockheed-martin)/.test(phase))
    .map((phase) => phase.toLowerCase()).sort().join(" ");
}

/**
 * What is there; a value that is there twice is said to be. Of the hashes that
 * a text import joined, each counts.
 */
export function heldValues(server: SimulatedSekoia): Map<string, Carried> {
  const held = new Map<string, Carried>();
  for (const { value: line, properties } of server.active()) {
    for (const value of line.includes("://") ? [line] : line.split(",")) {
      held.set(held.has(value) ? `${value} (twice)` : value, {
        link: properties.description?.split(" | ").at(-1) ?? "",
        from: properties.valid_from,
        until: properties.valid_until,
        phases: phasesOf(properties.kill_chain_phases),
      });
    }
  }
  return held;
}

/** What is missing, too much or different, one line each. */
export function differences(
  held: ReadonlyMap<string, Carried>,
  expected: ReadonlyMap<string, Carried>,
): string[] {
  return [
    ...[...expected].flatMap(([value, wanted]) => {
      const found = held.get(value);
      if (found === undefined) return [`${value} is missing`];
      return JSON.stringify(found) === JSON.stringify(wanted)
        ? []
        : [`${value}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`];
    }),
    ...[...held.keys()].filter((value) => !expected.has(value))
      .map((value) => `${value} is too much`),
  ];
}
