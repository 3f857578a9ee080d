/**
 * STIX 2.1 observables → ECS, one table per type. Values of real observables
 * and of patterns go through the same rows.
 *
 * Sources: ECS field tables 8.0, 8.17 and 9.4; STIX 2.1 §6. Not ECS are
 * `threat.indicator.mac` (Kibana's Intelligence page reads it) and everything
 * under `opencti`.
 */
import {
  addressName,
  certificateName,
  fileName,
  first,
  is,
  own,
  softwareName,
  type Source,
  systemName,
  trafficName,
  trafficType,
} from "./ecs_names.ts";
import { allHashes, hash } from "./hash_values.ts";
import { urlAddress, urlExtension, urlHost, urlPart } from "./url_values.ts";
import {
  address,
  alternativeNames,
  commonNames,
  domain,
  extensionOf,
  hive,
  instant,
  keyBelowHive,
  keyword,
  listed,
  lower,
  macAddress,
  network,
  port,
  registryPath,
  serialNumber,
  systemNumber,
  texts,
  whole,
} from "./values.ts";

export type { Source } from "./ecs_names.ts";

/**
 * From a STIX property (dots go down), to an ECS field, and how. `how` gives
 * nothing where the field has to stay away. Several rows with the same
 * `related.*` field add up.
 */
export type Row = readonly [
  from: string,
  to: string,
  how: (value: unknown, source: Source) => unknown,
];

/** What becomes of one type of observable. */
export interface TypeRows {
  /** `threat.indicator.type`. */
  readonly type: (source: Source) => string;
  readonly rows: readonly Row[];
  /** `threat.indicator.name`: what a person knows the value by. */
  readonly name: (source: Source) => string | undefined;
}

/** Ports of the connection that a pattern ties to an address or a name. */
// deno-fmt-ignore
const PORT_ROWS: readonly Row[] = [
  // STIX 2.1    ECS                      how
  ["src_port",   "threat.indicator.port", port],
  ["dst_port",   "threat.indicator.port", port], // where both: the destination
];

// deno-fmt-ignore
const IP_ROWS: readonly Row[] = [
  ["value",      "threat.indicator.ip",   address],
  ["value",      "related.ip",            address],
  ["value",      "opencti.cidr",          network], // `ip` refuses networks
  ...PORT_ROWS,
];

// deno-fmt-ignore
const DOMAIN_ROWS: readonly Row[] = [
  ["value",      "threat.indicator.url.domain", domain],
  ["value",      "related.hosts",               domain],
  ...PORT_ROWS,
];

// deno-fmt-ignore
const URL_ROWS: readonly Row[] = [
  ["value",  "threat.indicator.url.full",      keyword],
  ["value",  "threat.indicator.url.original",  keyword],
  ["value",  "threat.indicator.url.scheme",    urlPart("scheme")],
  ["value",  "threat.indicator.url.username",  urlPart("username")],
  ["value",  "threat.indicator.url.domain",    urlPart("domain")],
  ["value",  "threat.indicator.url.port",      urlPart("port")], // only explicit
  ["value",  "threat.indicator.url.path",      urlPart("path")],
  ["value",  "threat.indicator.url.extension", urlExtension],
  ["value",  "threat.indicator.url.query",     urlPart("query")],
  ["value",  "threat.indicator.url.fragment",  urlPart("fragment")],
  ["value",  "related.hosts",                  urlHost],
  ["value",  "related.ip",                     urlAddress],
];

// deno-fmt-ignore
const EMAIL_ADDRESS_ROWS: readonly Row[] = [
  ["value",        "threat.indicator.email.address", lower],
  ["value",        "related.user",                   lower],
  ["display_name", "opencti.display_name",           keyword],
];

// deno-fmt-ignore
const EMAIL_MESSAGE_ROWS: readonly Row[] = [
  ["subject",    "opencti.subject",    keyword],
  ["message_id", "opencti.message_id", keyword],
];

// deno-fmt-ignore
const FILE_ROWS: readonly Row[] = [
  ["hashes",    "threat.indicator.file.hash.md5",    hash("md5")],
  ["hashes",    "threat.indicator.file.hash.sha1",   hash("sha1")],
  ["hashes",    "threat.indicator.file.hash.sha256", hash("sha256")],
  ["hashes",    "threat.indicator.file.hash.sha384", hash("sha384")],
  ["hashes",    "threat.indicator.file.hash.sha512", hash("sha512")],
  ["hashes",    "threat.indicator.file.hash.ssdeep", hash("ssdeep")],
  ["hashes",    "threat.indicator.file.hash.tlsh",   hash("tlsh")],
  ["hashes",    "threat.indicator.file.hash.cdhash", hash("cdhash")],
  ["hashes",    "threat.indicator.file.pe.imphash",  hash("imphash")],
  ["hashes",    "related.hash",                      allHashes],
  ["name",      "threat.indicator.file.name",        keyword],
  ["name",      "threat.indicator.file.extension",   extensionOf],
  ["size",      "threat.indicator.file.size",        whole],
  ["mime_type", "threat.indicator.file.mime_type",   keyword],
  ["parent_directory_ref.path",
                "threat.indicator.file.directory",   keyword], // from patterns
  ["ctime",     "threat.indicator.file.created",     instant],
  ["mtime",     "threat.indicator.file.mtime",       instant],
  ["atime",     "threat.indicator.file.accessed",    instant],
];

// deno-fmt-ignore
const ARTIFACT_ROWS: readonly Row[] = [
  ...FILE_ROWS,
  ["url",       "threat.indicator.url.full",         keyword],
];

// deno-fmt-ignore
const DIRECTORY_ROWS: readonly Row[] = [
  ["path", "threat.indicator.file.directory", keyword],
];

/** `value` is one item of the key's `values`: see `toSources()`. */
// deno-fmt-ignore
const REGISTRY_ROWS: readonly Row[] = [
  ["key",             "threat.indicator.registry.hive",         hive],
  ["key",             "threat.indicator.registry.key",          keyBelowHive],
  ["value.name",      "threat.indicator.registry.value",        keyword],
  ["key",             "threat.indicator.registry.path",         registryPath],
  ["value.data_type", "threat.indicator.registry.data.type",    keyword],
  ["value.data",      "threat.indicator.registry.data.strings", listed],
];

// deno-fmt-ignore
const CERTIFICATE_ROWS: readonly Row[] = [
  ["serial_number",                 "threat.indicator.x509.serial_number",              serialNumber],
  ["issuer",                        "threat.indicator.x509.issuer.distinguished_name",  keyword],
  ["issuer",                        "threat.indicator.x509.issuer.common_name",         commonNames],
  ["subject",                       "threat.indicator.x509.subject.distinguished_name", keyword],
  ["subject",                       "threat.indicator.x509.subject.common_name",        commonNames],
  ["validity_not_before",           "threat.indicator.x509.not_before",                 instant],
  ["validity_not_after",            "threat.indicator.x509.not_after",                  instant],
  ["version",                       "threat.indicator.x509.version_number",             keyword],
  ["signature_algorithm",           "threat.indicator.x509.signature_algorithm",        keyword],
  ["subject_public_key_algorithm",  "threat.indicator.x509.public_key_algorithm",       keyword],
  ["subject_public_key_exponent",   "threat.indicator.x509.public_key_exponent",        whole],
  ["x509_v3_extensions.subject_alternative_name",
                                    "threat.indicator.x509.alternative_names",          alternativeNames],
  ["hashes",                        "related.hash",                                     allHashes],
];

// deno-fmt-ignore
const SYSTEM_ROWS: readonly Row[] = [
  ["number", "threat.indicator.as.number",            systemNumber],
  ["name",   "threat.indicator.as.organization.name", keyword],
  ["rir",    "opencti.rir",                           keyword],
];

// deno-fmt-ignore
const MAC_ROWS: readonly Row[] = [
  ["value", "threat.indicator.mac", macAddress], // not ECS, see above
];

// deno-fmt-ignore
const TRAFFIC_ROWS: readonly Row[] = [
  ...PORT_ROWS,
  ["protocols", "opencti.protocols", texts],
];

// deno-fmt-ignore
const ACCOUNT_ROWS: readonly Row[] = [
  ["user_id",       "opencti.account.user_id",       keyword],
  ["account_login", "opencti.account.account_login", keyword],
  ["account_type",  "opencti.account.account_type",  keyword],
  ["account_login", "related.user",                  keyword],
  ["user_id",       "related.user",                  keyword],
];

// deno-fmt-ignore
const PROCESS_ROWS: readonly Row[] = [
  ["command_line", "opencti.command_line", keyword],
  ["pid",          "opencti.pid",          whole],
];

// deno-fmt-ignore
const SOFTWARE_ROWS: readonly Row[] = [
  ["cpe",     "opencti.software.cpe",     keyword],
  ["vendor",  "opencti.software.vendor",  keyword],
  ["version", "opencti.software.version", keyword],
];

// deno-fmt-ignore
const MEDIA_ROWS: readonly Row[] = [
  ["url", "threat.indicator.url.full", keyword],
];

/** STIX type → what its documents hold. A type without entry is not written. */
// deno-fmt-ignore
export const OBSERVABLE_ROWS: Readonly<Record<string, TypeRows>> = {
  "ipv4-addr":            { type: own,                  rows: IP_ROWS,            name: addressName },
  "ipv6-addr":            { type: own,                  rows: IP_ROWS,            name: addressName },
  "domain-name":          { type: is("domain-name"),    rows: DOMAIN_ROWS,        name: first(domain, "value") },
  "hostname":             { type: is("domain-name"),    rows: DOMAIN_ROWS,        name: first(domain, "value") },
  "url":                  { type: own,                  rows: URL_ROWS,           name: first(keyword, "value") },
  "email-addr":           { type: own,                  rows: EMAIL_ADDRESS_ROWS, name: first(lower, "value") },
  "email-message":        { type: own,                  rows: EMAIL_MESSAGE_ROWS, name: first(keyword, "subject", "message_id") },
  "file":                 { type: own,                  rows: FILE_ROWS,          name: fileName },
  "artifact":             { type: own,                  rows: ARTIFACT_ROWS,      name: fileName },
  "directory":            { type: own,                  rows: DIRECTORY_ROWS,     name: first(keyword, "path") },
  "windows-registry-key": { type: own,                  rows: REGISTRY_ROWS,      name: (source) => registryPath(source.key, source) },
  "x509-certificate":     { type: own,                  rows: CERTIFICATE_ROWS,   name: certificateName },
  "autonomous-system":    { type: own,                  rows: SYSTEM_ROWS,        name: systemName },
  "mac-addr":             { type: own,                  rows: MAC_ROWS,           name: first(macAddress, "value") },
  "network-traffic":      { type: trafficType,          rows: TRAFFIC_ROWS,       name: trafficName },
  "user-account":         { type: own,                  rows: ACCOUNT_ROWS,       name: first(keyword, "account_login", "user_id", "display_name") },
  "process":              { type: own,                  rows: PROCESS_ROWS,       name: first(keyword, "command_line", "name") },
  "software":             { type: own,                  rows: SOFTWARE_ROWS,      name: softwareName },
  "mutex":                { type: own,                  rows: [],                 name: first(keyword, "name") },
  "cryptocurrency-wallet":{ type: own,                  rows: [],                 name: first(keyword, "value") },
  "cryptographic-key":    { type: own,                  rows: [],                 name: first(keyword, "value") },
  "text":                 { type: own,                  rows: [],                 name: first(keyword, "value") },
  "user-agent":           { type: own,                  rows: [],                 name: first(keyword, "value") },
  "phone-number":         { type: own,                  rows: [],                 name: first(keyword, "value") },
  "bank-account":         { type: own,                  rows: [],                 name: first(keyword, "iban") },
  "media-content":        { type: own,                  rows: MEDIA_ROWS,         name: first(keyword, "title", "url") },
};

/** Observables that must not be copied into log storage. */
export const SENSITIVE_TYPES: ReadonlySet<string> = new Set([
  "payment-card",
  "credential",
  "tracking-number",
  "persona",
]);

/**
 * The fields that match rules join on, best first: the first one present is
 * what tells the documents of one entity apart.
 */
export const KEY_FIELDS: readonly string[] = [
  "threat.indicator.ip",
  "threat.indicator.file.hash.sha256",
  "threat.indicator.file.hash.sha1",
  "threat.indicator.file.hash.md5",
  "threat.indicator.file.hash.sha512",
  "threat.indicator.file.name",
  "threat.indicator.url.full",
  "threat.indicator.url.domain",
  "threat.indicator.email.address",
  "threat.indicator.registry.path",
  "threat.indicator.x509.serial_number",
  "threat.indicator.as.number",
  "threat.indicator.mac",
  "threat.indicator.port",
];

/**
 * The parts of an observable that become one document each: a registry key
 * has one per value, everything else is one.
 */
export function toSources(observable: Source): Source[] {
  const { values } = observable;
  return observable.type === "windows-registry-key" &&
      Array.isArray(values) && values.length > 0
    ? values.map((value) => ({ ...observable, value }))
    : [observable];
}
