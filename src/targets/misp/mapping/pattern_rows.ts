/** Paths of STIX patterns and what their values are in MISP. */
import { btc, ip, mac } from "./values.ts";

/**
 * Path, type and category of an attribute for each value asked for. An index is
 * `[]`; the prefix `x-opencti-` and case do not count. `source`, `destination`
 * and `wallet` are no types: `valueType()` tells the type by the value.
 */
// deno-fmt-ignore
export const PATTERN_ROWS: readonly (readonly [
  path: string,
  type: string,
  category: string,
])[] = [
  ["ipv4-addr:value",                         "ip-dst",        "Network activity"],
  ["ipv6-addr:value",                         "ip-dst",        "Network activity"],
  ["domain-name:value",                       "domain",        "Network activity"],
  ["hostname:value",                          "hostname",      "Network activity"],
  ["url:value",                               "url",           "Network activity"],
  ["email-addr:value",                        "email-src",     "Network activity"],
  ["mac-addr:value",                          "mac-address",   "Network activity"],
  ["autonomous-system:number",                "AS",            "Network activity"],
  ["file:name",                               "filename",      "Payload delivery"],
  ["file:size",                               "size-in-bytes", "Other"],
  ["file:mime_type",                          "mime-type",     "Payload delivery"],
  ["windows-registry-key:key",                "regkey",        "Artifacts dropped"],
  ["mutex:name",                              "mutex",         "Artifacts dropped"],
  ["network-traffic:src_port",                "port",          "Network activity"],
  ["network-traffic:dst_port",                "port",          "Network activity"],
  ["network-traffic:src_ref.value",           "source",        "Network activity"],
  ["network-traffic:dst_ref.value",           "destination",   "Network activity"],
  ["domain-name:resolves_to_refs[].value",    "destination",   "Network activity"],
  ["email-message:subject",                   "email-subject", "Payload delivery"],
  ["email-message:from_ref.value",            "email-src",     "Payload delivery"],
  ["email-message:sender_ref.value",          "email-src",     "Payload delivery"],
  ["email-message:to_refs[].value",           "email-dst",     "Payload delivery"],
  ["email-message:cc_refs[].value",           "email-dst",     "Payload delivery"],
  ["email-message:bcc_refs[].value",          "email-dst",     "Payload delivery"],
  ["email-message:body",                      "email-body",    "Payload delivery"],
  ["directory:path",                          "text",          "Artifacts dropped"],
  ["software:cpe",                            "cpe",           "External analysis"],
  ["vulnerability:name",                      "vulnerability", "External analysis"],
  ["cryptocurrency-wallet:value",             "wallet",        "Financial fraud"],
  ["user-agent:value",                        "user-agent",    "Network activity"],
  ["phone-number:value",                      "phone-number",  "Other"],
  ["text:value",                              "text",          "Other"],
];

/** Hashes: algorithm in STIX's spelling, type of a file's, of a certificate's. */
// deno-fmt-ignore
export const HASH_ROWS: readonly (readonly [
  algorithm: string,
  file: string,
  certificate: string | undefined,
])[] = [
  ["MD5",      "md5",      "x509-fingerprint-md5"],
  ["SHA-1",    "sha1",     "x509-fingerprint-sha1"],
  ["SHA-256",  "sha256",   "x509-fingerprint-sha256"],
  ["SHA-512",  "sha512",   undefined],
  ["SSDEEP",   "ssdeep",   undefined],
  ["TLSH",     "tlsh",     undefined],
  ["SHA-224",  "sha224",   undefined],
  ["SHA-384",  "sha384",   undefined],
  ["SHA3-224", "sha3-224", undefined],
  ["SHA3-256", "sha3-256", undefined],
  ["SHA3-384", "sha3-384", undefined],
  ["SHA3-512", "sha3-512", undefined],
  ["IMPHASH",  "imphash",  undefined],
  ["CDHASH",   "cdhash",   undefined],
];

/** What a hash of an unknown algorithm is, by its hexadecimal digits. */
// deno-fmt-ignore
export const HASH_BY_DIGITS: ReadonlyMap<number, string> = new Map([
  [32, "MD5"], [40, "SHA-1"], [56, "SHA-224"], [64, "SHA-256"], [96, "SHA-384"], [128, "SHA-512"],
]);

/** Paths below which each property is a hash. */
export const HASH_PATHS: ReadonlyMap<string, "file" | "certificate"> = new Map([
  ["file:hashes", "file"],
  ["artifact:hashes", "file"],
  ["x509-certificate:hashes", "certificate"],
]);

/**
 * What a value is whose path leaves it open: a type of MISP by the form of the
 * value. Anything else is the type itself.
 */
export function valueType(word: string, value: string): string {
  switch (word) {
    case "source":
      return endType(value, "ip-src");
    case "destination":
      return endType(value, "ip-dst");
    case "wallet":
      return btc(value) === undefined ? "text" : "btc";
    default:
      return word;
  }
}

/** The relation of `network-connection` for an end of that form. */
export function endRelation(word: "source" | "destination", value: string) {
  const side = word === "source" ? "src" : "dst";
  const type = endType(value, "ip");
  if (type === "ip") return `ip-${side}`;
  return type === "mac-address" ? `mac-${side}` : `hostname-${side}`;
}

function endType(value: string, ofAddress: string): string {
  if (ip(value) !== undefined) return ofAddress;
  return mac(value) === undefined ? "domain" : "mac-address";
}

/**
 * Path, template and relation of values that make an object with the others of
 * the same observation: MISP has no type for them alone.
 */
// deno-fmt-ignore
export const PATTERN_OBJECT_ROWS: readonly (readonly [
  path: string,
  template: string,
  relation: string,
])[] = [
  ["process:pid",                              "process",            "pid"],
  ["process:name",                             "process",            "name"],
  ["process:command_line",                     "process",            "command-line"],
  ["process:cwd",                              "process",            "current-directory"],
  ["process:image_ref.name",                   "process",            "image"],
  ["process:binary_ref.name",                  "process",            "image"],
  ["windows-registry-key:key",                 "registry-key",       "key"],
  ["windows-registry-key:values[].name",       "registry-key",       "name"],
  ["windows-registry-key:values[].data",       "registry-key",       "data"],
  ["windows-registry-key:values[].data_type",  "registry-key",       "data-type"],
  ["windows-registry-value-type:name",         "registry-key",       "name"],
  ["windows-registry-value-type:data",         "registry-key",       "data"],
  ["windows-registry-value-type:data_type",    "registry-key",       "data-type"],
  ["x509-certificate:serial_number",           "x509",               "serial-number"],
  ["x509-certificate:issuer",                  "x509",               "issuer"],
  ["x509-certificate:subject",                 "x509",               "subject"],
  ["user-account:account_login",               "user-account",       "username"],
  ["user-account:user_id",                     "user-account",       "user-id"],
  ["user-account:display_name",                "user-account",       "display-name"],
  ["user-account:account_type",                "user-account",       "account-type"],
  ["software:name",                            "software",           "name"],
  ["software:vendor",                          "software",           "vendor"],
  ["software:version",                         "software",           "version"],
  ["network-traffic:src_ref.value",            "network-connection", "source"],
  ["network-traffic:dst_ref.value",            "network-connection", "destination"],
  ["network-traffic:src_port",                 "network-connection", "src-port"],
  ["network-traffic:dst_port",                 "network-connection", "dst-port"],
  ["network-traffic:protocols[]",              "network-connection", "protocol"],
  ["network-traffic:protocols",                "network-connection", "protocol"],
];

/**
 * Indicators of other languages: the whole pattern is the value. `suricata` is
 * `snort` where the instance does not know it; languages without a row are text.
 */
// deno-fmt-ignore
export const RULE_ROWS: readonly (readonly [
  language: string,
  type: string,
  category: string,
])[] = [
  ["yara",     "yara",        "Payload installation"],
  ["sigma",    "sigma",       "Payload installation"],
  ["snort",    "snort",       "Network activity"],
  ["suricata", "suricata",    "Network activity"],
  ["kql",      "kusto-query", "Artifacts dropped"],
  ["kusto",    "kusto-query", "Artifacts dropped"],
];
