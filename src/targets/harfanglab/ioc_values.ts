/** What HarfangLab can hold of patterns and observables: the table of types. */
import type { Atom, Group } from "../_ioc/pattern_groups.ts";
import {
  type Ioc,
  type IocRules,
  iocsOfPattern,
  type PatternIocs,
} from "../_ioc/pattern_iocs.ts";
import {
  cidr,
  domain,
  hashAlgorithmOf,
  hashOf,
  hostname,
  ip,
  type Normalise,
} from "../_ioc/values.ts";

/** Types of IOC rules that are written. */
export type IocType =
  | "domain_name"
  | "filename"
  | "filepath"
  | "hash"
  | "ip_both"
  | "ip_dst"
  | "ip_src"
  | "url";

/** STIX path, type of an IOC rule, spelling of its value. */
export type IocRow = readonly [path: string, type: IocType, how: Normalise];

/** Values of patterns → IOC rules. Source of the types: clients of the API. */
// deno-fmt-ignore
export const IOC_ROWS: readonly IocRow[] = [
  // STIX                        IOC rule       how
  ["ipv4-addr:value",            "ip_both",     addressOrNetwork],
  ["ipv6-addr:value",            "ip_both",     addressOrNetwork],
  ["network-traffic:dst_ref",    "ip_dst",      addressOrNetwork],
  ["network-traffic:src_ref",    "ip_src",      addressOrNetwork],
  ["domain-name:value",          "domain_name", domain],
  ["hostname:value",             "domain_name", hostname],
  ["url:value",                  "url",         oneLine],
  ["file:name",                  "filename",    fileName],
  ["file:hashes.MD5",            "hash",        hashOf("MD5")],
  ["file:hashes.SHA-1",          "hash",        hashOf("SHA-1")],
  ["file:hashes.SHA-256",        "hash",        hashOf("SHA-256")],
  ["file:hashes.SHA-512",        "hash",        hashOf("SHA-512")],
  ["artifact:hashes.MD5",        "hash",        hashOf("MD5")],
  ["artifact:hashes.SHA-1",      "hash",        hashOf("SHA-1")],
  ["artifact:hashes.SHA-256",    "hash",        hashOf("SHA-256")],
  ["artifact:hashes.SHA-512",    "hash",        hashOf("SHA-512")],
];

/** What the ends of a connection are where they are no addresses. */
// deno-fmt-ignore
export const OTHERWISE_ROWS: readonly IocRow[] = [
  ["network-traffic:dst_ref",    "domain_name", domain],
  ["network-traffic:src_ref",    "domain_name", domain],
];

/** Two properties of one file that are one IOC rule together. */
export const FILE_PATH_ROW = [
  "file:parent_directory_ref.path AND file:name",
  "filepath",
] as const;

/** Observables as a relationship names them: OpenCTI's type and the value. */
// deno-fmt-ignore
export const OBSERVABLE_ROWS: readonly IocRow[] = [
  // OpenCTI         IOC rule       how
  ["IPv4-Addr",      "ip_both",     addressOrNetwork],
  ["IPv6-Addr",      "ip_both",     addressOrNetwork],
  ["Domain-Name",    "domain_name", domain],
  ["Hostname",       "domain_name", hostname],
  ["Url",            "url",         oneLine],
  // A file is named by its best hash, or else by its name.
  ["StixFile",       "hash",        anyHash],
  ["StixFile",       "filename",    nameAlone],
  ["Artifact",       "hash",        anyHash],
];

/**
 * Text as it is. Marks of text direction stay: they are how a file name
 * deceives, and what is matched.
 */
function oneLine(value: string): string | undefined {
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(value)) return undefined;
  const trimmed = value.trim();
  return trimmed === "" ? undefined : trimmed;
}

/** A file name without folders. */
function fileName(value: string): string | undefined {
  const name = oneLine(value);
  return name !== undefined && /^[^\\/]+$/.test(name) && !/^\.+$/.test(name)
    ? name
    : undefined;
}

function addressOrNetwork(value: string): string | undefined {
  return ip(value) ?? cidr(value);
}

function anyHash(value: string): string | undefined {
  const algorithm = hashAlgorithmOf(value);
  return algorithm === undefined ? undefined : hashOf(algorithm)(value);
}

function nameAlone(value: string): string | undefined {
  return anyHash(value) === undefined ? fileName(value) : undefined;
}

/** What HarfangLab can hold of a pattern. */
export function iocsIn(
  pattern: string,
  { strict }: { strict: boolean },
): PatternIocs<IocType> {
  return iocsOfPattern(pattern, strict ? STRICT : LENIENT);
}

const LENIENT: IocRules<IocType> = {
  rows: byPath(IOC_ROWS),
  otherwise: byPath(OTHERWISE_ROWS),
  strict: false,
  combined: (group) => toFilePath(group, false),
};
const STRICT: IocRules<IocType> = {
  ...LENIENT,
  strict: true,
  combined: (group) => toFilePath(group, true),
};

function byPath(rows: readonly IocRow[]): IocRules<IocType>["rows"] {
  return new Map(rows.map(([path, type, how]) => [path, [type, how] as const]));
}

/** A folder and a name of one file, where no hash says it better. */
function toFilePath(
  { atoms, conditions }: Group,
  strict: boolean,
): readonly Ioc<IocType>[] | undefined {
  const named = (path: string) => atoms.filter((atom) => atom.path === path);
  const folders = named("file:parent_directory_ref.path");
  const names = named("file:name");
  const [folder] = folders;
  const [name] = names;
  const isOne = folders.length === 1 && names.length === 1;
  const isHashed = atoms.some(({ path }) => path.includes(":hashes."));
  if (!isOne || isHashed || folder === undefined || name === undefined) {
    return undefined;
  }
  if (strict && atoms.length + conditions.length > 2) return undefined;
  const value = joined(folder, name);
  return value === undefined ? undefined : [{ type: "filepath", value }];
}

function joined(folder: Atom, name: Atom): string | undefined {
  const path = oneLine(`${folder.value}`);
  const file = fileName(`${name.value}`);
  if (path === undefined || file === undefined) return undefined;
  const slash = path.includes("\\") || !path.includes("/") ? "\\" : "/";
  return `${path.replace(/[\\/]+$/, "")}${slash}${file}`;
}

/** The IOC of an observable, as a relationship to it tells it. */
export function iocOfObservable(
  openctiType: unknown,
  value: unknown,
): Ioc<IocType> | undefined {
  if (typeof value !== "string") return undefined;
  for (const [type, iocType, how] of OBSERVABLE_ROWS) {
    const spelled = type === openctiType ? how(value) : undefined;
    if (spelled !== undefined) return { type: iocType, value: spelled };
  }
  return undefined;
}

/** `type|value`: the name of an IOC rule within its source list. */
export function iocKey({ type, value }: Ioc): string {
  return `${type}|${value}`;
}

/** What a name stands for. */
export function iocOfKey(key: string): Ioc {
  const at = key.indexOf("|");
  return { type: key.slice(0, at), value: key.slice(at + 1) };
}
