import type { StreamEvent } from "../../opencti/event.ts";
import { type StixObject, text } from "../../stix/object.ts";
import {
  type Ioc,
  type IocRules,
  iocsOfPattern,
  type LeftOut,
} from "../_ioc/pattern_iocs.ts";
import {
  domain,
  email,
  hashOf,
  ipv4,
  ipv6,
  mac,
  type Normalise,
  url,
} from "../_ioc/values.ts";
import { isLinkable } from "./description.ts";
import { type Props, toProps } from "./fields.ts";

/** Types of values in a collection: names of `x_ic_observable_types`. */
export type ValueType =
  | "domain-name"
  | "email-addr"
  | "file"
  | "ipv4-addr"
  | "ipv6-addr"
  | "mac-addr"
  | "url";

/** STIX path, type in the collection, format of a text import, spelling. */
export type ValueRow = readonly [
  path: string,
  type: ValueType,
  format: string,
  how: Normalise,
];

/**
 * Values of patterns → values of a collection. Source: the types that the
 * product takes, and the formats of the vendor's own importers; that of MAC
 * addresses is expected, not published.
 */
// deno-fmt-ignore
export const VALUE_ROWS: readonly ValueRow[] = [
  // STIX                      type           text format        how
  ["ipv4-addr:value",          "ipv4-addr",   "ipv4-addr.value",   ipv4],
  ["ipv6-addr:value",          "ipv6-addr",   "ipv6-addr.value",   ipv6],
  ["network-traffic:dst_ref",  "ipv4-addr",   "ipv4-addr.value",   ipv4],
  ["network-traffic:src_ref",  "ipv4-addr",   "ipv4-addr.value",   ipv4],
  ["domain-name:value",        "domain-name", "domain-name.value", domain],
  ["hostname:value",           "domain-name", "domain-name.value", domain],
  ["url:value",                "url",         "url.value",         url],
  ["email-addr:value",         "email-addr",  "email-addr.value",  email],
  ["mac-addr:value",           "mac-addr",    "mac-addr.value",    mac],
  ["file:hashes.MD5",          "file",        "file.hashes",       hashOf("MD5")],
  ["file:hashes.SHA-1",        "file",        "file.hashes",       hashOf("SHA-1")],
  ["file:hashes.SHA-256",      "file",        "file.hashes",       hashOf("SHA-256")],
  ["file:hashes.SHA-512",      "file",        "file.hashes",       hashOf("SHA-512")],
  ["artifact:hashes.MD5",      "file",        "file.hashes",       hashOf("MD5")],
  ["artifact:hashes.SHA-1",    "file",        "file.hashes",       hashOf("SHA-1")],
  ["artifact:hashes.SHA-256",  "file",        "file.hashes",       hashOf("SHA-256")],
  ["artifact:hashes.SHA-512",  "file",        "file.hashes",       hashOf("SHA-512")],
];

/** The ends of a connection where they are no IPv4 addresses. */
// deno-fmt-ignore
export const OTHERWISE_ROWS: readonly ValueRow[] = [
  ["network-traffic:dst_ref",  "ipv6-addr",   "ipv6-addr.value",   ipv6],
  ["network-traffic:src_ref",  "ipv6-addr",   "ipv6-addr.value",   ipv6],
];

const FORMATS: ReadonlyMap<string, string> = new Map(
  [...VALUE_ROWS, ...OTHERWISE_ROWS].map(([, type, format]) => [type, format]),
);

/** The format of a text import for values of a type. */
export function textFormat(type: string): string {
  return FORMATS.get(type) ?? "one_per_line";
}

/** What an event wants to be true. */
export interface Wish {
  /** `type|value`: what the collection should hold of the indicator. */
  readonly keys: readonly string[];
  /** `null`: it should hold nothing. */
  readonly props: Props | null;
  /** What the pattern names, where `keys` are empty: it may be there. */
  readonly suspects: readonly string[];
  /** Why it should hold nothing, but for a delete. */
  readonly reason?: string;
  /** Paths that match more alone than in the pattern. */
  readonly widened: readonly string[];
  readonly left: readonly LeftOut[];
}

/** What a mapping needs beside the event. */
export interface MappingContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Base URL of OpenCTI in links. */
  readonly url: string;
  readonly strict: boolean;
  /** Hashes of one file are one value: text imports take them as a line. */
  readonly joinsHashes: boolean;
}

/** What the collection should hold after the event, or why it is no matter. */
export function toWish(
  event: StreamEvent,
  context: MappingContext,
): Wish | string {
  const { action, internalId, object } = event;
  if (object.type !== "indicator") {
    return `type ${object.type} has no place in Sekoia.io`;
  }
  if (!isLinkable(internalId)) {
    return "its id cannot stand in a link";
  }
  const { keys, ...read } = keysOfPattern(object, context);
  const gone = (reason?: string): Wish => ({
    keys: [],
    props: null,
    suspects: keys,
    widened: [],
    left: read.left,
    ...(reason === undefined ? {} : { reason }),
  });
  if (action === "delete") return gone();
  const reason = whyNothing(object, context.now) ?? read.problem ??
    (keys.length === 0 ? "its pattern names no value that is taken" : null);
  if (reason !== null) return gone(reason);
  return {
    keys,
    props: toProps(object, internalId, context.url),
    suspects: [],
    widened: read.widened,
    left: read.left,
  };
}

function whyNothing(object: StixObject, now: number): string | undefined {
  const { pattern_type: type, revoked, valid_until: until } = object;
  if (type !== "stix") {
    return `pattern type ${text(type)?.slice(0, 40) ?? "(none)"} has no ` +
      "place in Sekoia.io";
  }
  if (revoked === true) return "it is revoked";
  return Date.parse(text(until) ?? "") <= now
    ? "its valid_until has passed"
    : undefined;
}

const NOTHING = { keys: [], widened: [], left: [], problem: undefined };

function keysOfPattern(
  { pattern, pattern_type: type }: StixObject,
  { strict, joinsHashes }: MappingContext,
): {
  keys: string[];
  widened: readonly string[];
  left: readonly LeftOut[];
  problem: string | undefined;
} {
  if (type !== "stix") return NOTHING;
  if (typeof pattern !== "string") {
    return { ...NOTHING, problem: "it has no pattern" };
  }
  const read = iocsOfPattern(pattern, strict ? STRICT : LENIENT);
  const keys = read.sets.flatMap((set) =>
    joinsHashes ? [joinedKey(set)] : set.map((ioc) => joinedKey([ioc]))
  );
  return {
    keys: [...new Set(keys)],
    widened: read.widened,
    left: read.left,
    problem: read.problem,
  };
}

const LENIENT: IocRules<ValueType> = {
  rows: byPath(VALUE_ROWS),
  otherwise: byPath(OTHERWISE_ROWS),
  strict: false,
};
const STRICT: IocRules<ValueType> = { ...LENIENT, strict: true };

function byPath(rows: readonly ValueRow[]): IocRules<ValueType>["rows"] {
  return new Map(
    rows.map(([path, type, , how]) => [path, [type, how] as const]),
  );
}

/** `type|value`; the hashes of one file as one, the shortest first. */
function joinedKey(set: readonly Ioc[]): string {
  const values = set.map(({ value }) => value)
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return `${set[0]?.type}|${values.join(",")}`;
}

/** Type and value that a key stands for. */
export function iocOfKey(key: string): Ioc {
  const at = key.indexOf("|");
  return { type: key.slice(0, at), value: key.slice(at + 1) };
}

/**
 * The key of an indicator in the collection: its pattern must name exactly one
 * value, or hashes of one file. Patterns are compared as they are read, since
 * only the spelling of one is published.
 */
export function keyOfStored(pattern: string): string | undefined {
  const { sets, left, problem } = iocsOfPattern(pattern, STRICT);
  const [set] = sets;
  return problem === undefined && sets.length === 1 && left.length === 0 &&
      set !== undefined
    ? joinedKey(set)
    : undefined;
}
