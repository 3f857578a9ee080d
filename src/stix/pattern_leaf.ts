import { hashAlgorithm } from "./hash_algorithm.ts";
import type { Comparison, Literal, ObjectPath } from "./pattern_tree.ts";

/** A value of a property of an observable. */
export type Scalar = string | number;

/** What one comparison says of an observable. */
export interface Leaf {
  /** STIX type of the object that it speaks of. */
  readonly type: string;
  /** Its property: "name", "hashes.MD5", "values[*].data", "dst_ref". */
  readonly property: string;
  /** At least one; several are alternatives. */
  readonly values: readonly Scalar[];
  /** False when an alternative was dropped. */
  readonly complete: boolean;
}

type Reader = (literal: Literal) => Scalar | undefined;
type Row = readonly [
  path: string,
  type: string,
  property: string,
  read: Reader,
];

/**
 * Paths that name an observable. Paths are lower case, an index is `[]` and is
 * put back into the property.
 */
// deno-fmt-ignore
const ROWS: readonly Row[] = [
  ["ipv4-addr:value",                  "ipv4-addr",   "value", text],
  ["ipv6-addr:value",                  "ipv6-addr",   "value", text],
  ["domain-name:value",                "domain-name", "value", text],
  ["hostname:value",                   "hostname",    "value", text],
  ["url:value",                        "url",         "value", text],
  ["email-addr:value",                 "email-addr",  "value", text],
  ["email-message:from_ref.value",     "email-addr",  "value", text],
  ["email-message:sender_ref.value",   "email-addr",  "value", text],
  ["mac-addr:value",                   "mac-addr",    "value", text],
  ["user-agent:value",                 "user-agent",  "value", text],
  ["text:value",                       "text",        "value", text],
  ["phone-number:value",               "phone-number",          "value", text],
  ["cryptographic-key:value",          "cryptographic-key",     "value", text],
  ["cryptocurrency-wallet:value",      "cryptocurrency-wallet", "value", text],
  ["file:name",                        "file", "name",      text],
  ["file:size",                        "file", "size",      number],
  ["file:mime_type",                   "file", "mime_type", text],
  ["file:parent_directory_ref.path",   "file", "parent_directory_ref.path", text],
  ["directory:path",                   "directory", "path", text],
  ["windows-registry-key:key",         "windows-registry-key", "key", text],
  ["windows-registry-key:values[].name", "windows-registry-key", "values[].name", text],
  ["windows-registry-key:values[].data", "windows-registry-key", "values[].data", text],
  ["windows-registry-key:values[].data_type", "windows-registry-key", "values[].data_type", text],
  ["x509-certificate:serial_number",   "x509-certificate", "serial_number", text],
  ["x509-certificate:issuer",          "x509-certificate", "issuer",  text],
  ["x509-certificate:subject",         "x509-certificate", "subject", text],
  ["autonomous-system:number",         "autonomous-system", "number", asNumber],
  ["autonomous-system:name",           "autonomous-system", "name",   text],
  ["mutex:name",                       "mutex",    "name", text],
  ["software:name",                    "software", "name", text],
  ["process:command_line",             "process",  "command_line", text],
  ["process:name",                     "process",  "name", text],
  ["user-account:account_login",       "user-account", "account_login", text],
  ["user-account:user_id",             "user-account", "user_id", text],
  ["network-traffic:src_ref.value",    "network-traffic", "src_ref",  text],
  ["network-traffic:dst_ref.value",    "network-traffic", "dst_ref",  text],
  ["network-traffic:src_port",         "network-traffic", "src_port", number],
  ["network-traffic:dst_port",         "network-traffic", "dst_port", number],
];

const ROW_BY_PATH: ReadonlyMap<string, Row> = new Map(
  ROWS.map((row) => [row[0], row]),
);

/** Paths below which each property is a hash, and the type that has it. */
const HASH_OWNERS: ReadonlyMap<string, string> = new Map([
  ["file:hashes", "file"],
  ["file:content_ref.hashes", "file"],
  ["artifact:hashes", "artifact"],
  ["x509-certificate:hashes", "x509-certificate"],
]);

/** Paths that only say what the value beside them shows anyway. */
const REDUNDANT_PATHS: ReadonlySet<string> = new Set([
  "network-traffic:src_ref.type",
  "network-traffic:dst_ref.type",
]);

/** Other names of object types that are seen in patterns. */
const TYPE_ALIASES: ReadonlyMap<string, string> = new Map([
  ["domain", "domain-name"],
  ["win-registry-key", "windows-registry-key"],
]);

/**
 * Reads the values that a comparison asks for. Only `=` and `IN`, not negated,
 * ask for values; undefined for anything else. "redundant": it may be left out
 * without loss.
 */
export function toLeaf(
  comparison: Comparison,
): Leaf | "redundant" | undefined {
  const literals = literalsOf(comparison);
  if (literals === undefined) return undefined;
  const path = normalPath(comparison.path);
  if (REDUNDANT_PATHS.has(path.text)) return "redundant";
  const target = hashTarget(comparison.path) ?? rowTarget(path);
  if (target === undefined) return undefined;
  const values = literals.map(target.read).filter(isDefined);
  if (values.length === 0) return undefined;
  return {
    type: target.type,
    property: target.property,
    values,
    complete: values.length === literals.length,
  };
}

function literalsOf(comparison: Comparison): readonly Literal[] | undefined {
  if (comparison.negated) return undefined;
  if (comparison.operator === "=") return [comparison.value];
  return comparison.operator === "IN" ? comparison.values : undefined;
}

interface Target {
  readonly type: string;
  readonly property: string;
  readonly read: Reader;
}

function rowTarget(
  { text, index }: { text: string; index: number | "*" | undefined },
): Target | undefined {
  const row = ROW_BY_PATH.get(text);
  if (row === undefined) return undefined;
  const [, type, property, read] = row;
  return { type, property: property.replace("[]", `[${index}]`), read };
}

function hashTarget(path: ObjectPath): Target | undefined {
  const steps = path.steps.slice(0, -1);
  const algorithm = path.steps.at(-1);
  if (steps.length === 0 || algorithm?.kind !== "property") return undefined;
  const type = HASH_OWNERS.get(normalPath({ ...path, steps }).text);
  if (type === undefined) return undefined;
  const property = `hashes.${hashAlgorithm(algorithm.name)}`;
  return { type, property, read: text };
}

/** The path as the rows spell it, and its last index. */
function normalPath(
  { objectType, steps }: ObjectPath,
): { text: string; index: number | "*" | undefined } {
  const type = objectType.toLowerCase().replace(/^x-opencti-/, "");
  let text = TYPE_ALIASES.get(type) ?? type;
  let index: number | "*" | undefined;
  let separator = ":";
  for (const step of steps) {
    if (step.kind === "index") {
      index = step.index;
      text += "[]";
    } else {
      const name = step.name.toLowerCase();
      // A dot or bracket inside quotes is no step.
      text += separator + (/[.[]/.test(name) ? `'${name}'` : name);
      separator = ".";
    }
  }
  return { text, index };
}

function text(literal: Literal): string | undefined {
  return literal.kind === "string" && literal.value !== ""
    ? literal.value
    : undefined;
}

/** A count or a port: an integer, or its digits in quotes. */
function number(literal: Literal): number | undefined {
  const value = literal.kind === "string" && /^\d{1,16}$/.test(literal.value)
    ? Number(literal.value)
    : literal.value;
  return Number.isSafeInteger(value) && Number(value) >= 0
    ? Number(value)
    : undefined;
}

/** 64500, '64500', 'AS64500'. */
function asNumber(literal: Literal): number | undefined {
  return literal.kind === "string"
    ? number({ kind: "string", value: literal.value.replace(/^AS/i, "") })
    : number(literal);
}

function isDefined(value: Scalar | undefined): value is Scalar {
  return value !== undefined;
}
