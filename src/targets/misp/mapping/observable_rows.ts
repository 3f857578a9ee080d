/** Observables of STIX and OpenCTI as objects and attributes of MISP. */
import {
  extension,
  isRecord,
  SCO_EXTENSION,
  type StixObject,
  strings,
  text,
} from "../../../stix/object.ts";
import type { WantedValue } from "./wanted.ts";
import { type Find, scalar } from "./source.ts";

/**
 * What a property gives for a relation.
 *
 * @param value The property, of any type.
 */
type How = (
  value: unknown,
  object: StixObject,
  find: Find,
) => readonly WantedValue[];

/** One property of an observable that goes into its object. */
export type ObjectRow = readonly [
  observable: string,
  template: string,
  property: string,
  relation: string,
  how: How,
];

/** Text, or a number as text. */
const asIs: How = (value) => {
  const found = scalar(value);
  return found === undefined ? [] : [found];
};

/** The value of the object that one id names. */
const valueOf: How = (id, _object, find) => {
  const value = scalar(find(text(id) ?? "")?.value);
  return value === undefined ? [] : [value];
};

/** The values of the objects that several ids name. */
const valuesOf: How = (ids, object, find) =>
  strings(ids).flatMap((id) => valueOf(id, object, find));

const ADDRESSES = ["ipv4-addr", "ipv6-addr"];
const NAMES = ["domain-name", "hostname"];

const address = endOf(ADDRESSES);
const hostname = endOf(NAMES);
const macAddress = endOf(["mac-addr"]);

const LAYER3 = ["ip", "ipv4", "ipv6", "icmp", "icmp6", "arp"];
const LAYER4 = ["tcp", "udp", "sctp"];

const layer3 = protocols((name) => LAYER3.includes(name));
const layer4 = protocols((name) => LAYER4.includes(name));
const layer7: How = (value) =>
  strings(value).filter((name) => layerOf(name) === "layer7-protocol")
    .map((name) => name.toUpperCase());

/** The name of the file behind a reference. */
const fileName: How = (id, _object, find) =>
  asIs(find(text(id) ?? "")?.name, EMPTY, find);

/** The same for a process, which has no name of its own in STIX 2.1. */
const nameOfImage: How = (id, object, find) =>
  text(object.name) === undefined ? fileName(id, object, find) : [];

/** The path of the directory behind a reference. */
const directoryPath: How = (id, _object, find) =>
  asIs(find(text(id) ?? "")?.path, EMPTY, find);

/** The bytes of an artifact, with a name that MISP asks for. */
const payload: How = (value, object) => {
  const data = text(value)?.replace(/\s+/g, "");
  if (data === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return [];
  const [name] = strings(extension(object, SCO_EXTENSION).additional_names);
  const id = object.id.slice(object.id.indexOf("--") + 2);
  return [{ value: name ?? `${id}.bin`, data }];
};

/**
 * Observable, template, property, relation. Properties of `hashes` are found
 * under any spelling of the algorithm. Sources: STIX 2.1 section 6,
 * misp-objects.
 */
// deno-fmt-ignore
export const OBJECT_ROWS: readonly ObjectRow[] = [
  ["file",                 "file",               "name",                 "filename",                asIs],
  ["file",                 "file",               "hashes.MD5",           "md5",                     asIs],
  ["file",                 "file",               "hashes.SHA-1",         "sha1",                    asIs],
  ["file",                 "file",               "hashes.SHA-224",       "sha224",                  asIs],
  ["file",                 "file",               "hashes.SHA-256",       "sha256",                  asIs],
  ["file",                 "file",               "hashes.SHA-384",       "sha384",                  asIs],
  ["file",                 "file",               "hashes.SHA-512",       "sha512",                  asIs],
  ["file",                 "file",               "hashes.SHA3-224",      "sha3-224",                asIs],
  ["file",                 "file",               "hashes.SHA3-256",      "sha3-256",                asIs],
  ["file",                 "file",               "hashes.SHA3-384",      "sha3-384",                asIs],
  ["file",                 "file",               "hashes.SHA3-512",      "sha3-512",                asIs],
  ["file",                 "file",               "hashes.SSDEEP",        "ssdeep",                  asIs],
  ["file",                 "file",               "hashes.TLSH",          "tlsh",                    asIs],
  ["file",                 "file",               "hashes.IMPHASH",       "imphash",                 asIs],
  ["file",                 "file",               "size",                 "size-in-bytes",           asIs],
  ["file",                 "file",               "mime_type",            "mimetype",                asIs],
  ["file",                 "file",               "parent_directory_ref", "path",                    directoryPath],
  ["network-traffic",      "network-connection", "src_port",             "src-port",                asIs],
  ["network-traffic",      "network-connection", "dst_port",             "dst-port",                asIs],
  ["network-traffic",      "network-connection", "protocols",            "layer3-protocol",         layer3],
  ["network-traffic",      "network-connection", "protocols",            "layer4-protocol",         layer4],
  ["network-traffic",      "network-connection", "protocols",            "layer7-protocol",         layer7],
  ["network-traffic",      "network-connection", "src_ref",              "ip-src",                  address],
  ["network-traffic",      "network-connection", "dst_ref",              "ip-dst",                  address],
  ["network-traffic",      "network-connection", "src_ref",              "hostname-src",            hostname],
  ["network-traffic",      "network-connection", "dst_ref",              "hostname-dst",            hostname],
  ["network-traffic",      "network-connection", "src_ref",              "mac-src",                 macAddress],
  ["network-traffic",      "network-connection", "dst_ref",              "mac-dst",                 macAddress],
  ["network-traffic",      "network-connection", "start",                "first-packet-seen",       asIs],
  ["network-traffic",      "network-connection", "end",                  "last-packet-seen",        asIs],
  ["process",              "process",            "pid",                  "pid",                     asIs],
  ["process",              "process",            "name",                 "name",                    asIs],
  ["process",              "process",            "image_ref",            "name",                    nameOfImage],
  ["process",              "process",            "image_ref",            "image",                   fileName],
  ["process",              "process",            "command_line",         "command-line",            asIs],
  ["process",              "process",            "cwd",                  "current-directory",       asIs],
  ["windows-registry-key", "registry-key",       "key",                  "key",                     asIs],
  ["windows-registry-key", "registry-key",       "value.name",           "name",                    asIs],
  ["windows-registry-key", "registry-key",       "value.data",           "data",                    asIs],
  ["windows-registry-key", "registry-key",       "value.data_type",      "data-type",               asIs],
  ["windows-registry-value-type", "registry-key-value", "name",          "name",                    asIs],
  ["windows-registry-value-type", "registry-key-value", "data",          "data",                    asIs],
  ["windows-registry-value-type", "registry-key-value", "data_type",     "data-type",               asIs],
  ["x509-certificate",     "x509",               "serial_number",        "serial-number",           asIs],
  ["x509-certificate",     "x509",               "issuer",               "issuer",                  asIs],
  ["x509-certificate",     "x509",               "subject",              "subject",                 asIs],
  ["x509-certificate",     "x509",               "hashes.MD5",           "x509-fingerprint-md5",    asIs],
  ["x509-certificate",     "x509",               "hashes.SHA-1",         "x509-fingerprint-sha1",   asIs],
  ["x509-certificate",     "x509",               "hashes.SHA-256",       "x509-fingerprint-sha256", asIs],
  ["x509-certificate",     "x509",               "validity_not_before",  "validity-not-before",     asIs],
  ["x509-certificate",     "x509",               "validity_not_after",   "validity-not-after",      asIs],
  ["user-account",         "user-account",       "account_login",        "username",                asIs],
  ["user-account",         "user-account",       "user_id",              "user-id",                 asIs],
  ["user-account",         "user-account",       "display_name",         "display-name",            asIs],
  ["user-account",         "user-account",       "account_type",         "account-type",            asIs],
  ["email-message",        "email",              "from_ref",             "from",                    valueOf],
  ["email-message",        "email",              "to_refs",              "to",                      valuesOf],
  ["email-message",        "email",              "cc_refs",              "cc",                      valuesOf],
  ["email-message",        "email",              "bcc_refs",             "bcc",                     valuesOf],
  ["email-message",        "email",              "subject",              "subject",                 asIs],
  ["email-message",        "email",              "body",                 "email-body",              asIs],
  ["email-message",        "email",              "message_id",           "message-id",              asIs],
  ["email-message",        "email",              "date",                 "send-date",               asIs],
  ["mutex",                "mutex",              "name",                 "name",                    asIs],
  ["software",             "software",           "name",                 "name",                    asIs],
  ["software",             "software",           "vendor",               "vendor",                  asIs],
  ["software",             "software",           "version",              "version",                 asIs],
  ["software",             "software",           "cpe",                  "cpe",                     asIs],
  ["software",             "software",           "swid",                 "swid",                    asIs],
  ["domain-name",          "domain-ip",          "value",                "domain",                  asIs],
  ["ipv4-addr",            "ip-port",            "value",                "ip",                      asIs],
  ["ipv6-addr",            "ip-port",            "value",                "ip",                      asIs],
  ["url",                  "url",                "value",                "url",                     asIs],
  ["autonomous-system",    "asn",                "number",               "asn",                     asIs],
  ["autonomous-system",    "asn",                "name",                 "description",             asIs],
  ["directory",            "directory",          "path",                 "path",                    asIs],
  ["artifact",             "artifact",           "payload_bin",          "payload_bin",             payload],
  ["artifact",             "artifact",           "url",                  "url",                     asIs],
  ["artifact",             "artifact",           "mime_type",            "mime_type",               asIs],
  ["artifact",             "artifact",           "hashes.MD5",           "md5",                     asIs],
  ["artifact",             "artifact",           "hashes.SHA-1",         "sha1",                    asIs],
  ["artifact",             "artifact",           "hashes.SHA-256",       "sha256",                  asIs],
  ["artifact",             "artifact",           "hashes.SHA-512",       "sha512",                  asIs],
  ["artifact",             "artifact",           "hashes.SHA3-256",      "sha3-256",                asIs],
  ["artifact",             "artifact",           "hashes.SHA3-512",      "sha3-512",                asIs],
  ["artifact",             "artifact",           "hashes.SSDEEP",        "ssdeep",                  asIs],
  ["artifact",             "artifact",           "hashes.TLSH",          "tlsh",                    asIs],
];

/**
 * Observables that are one attribute: type, category and the properties that
 * may hold the value. The template `mac-address` does not exist. Other types
 * are text.
 */
// deno-fmt-ignore
export const ATTRIBUTE_ROWS: readonly (readonly [
  observable: string,
  type: string,
  category: string,
])[] = [
  ["mac-addr",              "mac-address",  "Network activity"],
  ["hostname",              "hostname",     "Network activity"],
  ["email-addr",            "email-src",    "Network activity"],
  ["user-agent",            "user-agent",   "Network activity"],
  ["phone-number",          "phone-number", "Other"],
  ["cryptocurrency-wallet", "btc",          "Financial fraud"],
];

/** Where observables without a row may have the text that names them. */
// deno-fmt-ignore
export const TEXT_PROPERTIES = [
  "value", "name", "iban", "account_number", "card_number", "key_data", "fingerprint_sha256", "persona_name",
  "url", "title", "body", "content", "path",
] as const;

/** Observables that may be a command and control server. */
// deno-fmt-ignore
export const C2_TYPES: ReadonlySet<string> = new Set([
  "domain-name", "hostname", "ipv4-addr", "ipv6-addr", "url",
]);

/** Labels that say so, in lower case. */
// deno-fmt-ignore
export const C2_LABELS: ReadonlySet<string> = new Set([
  "c2", "c2-server", "command-and-control", "malware", "sparkcat",
]);

/** Relation of the template `network-connection` for a protocol. */
export function layerOf(protocol: string): string {
  const name = protocol.toLowerCase();
  if (LAYER3.includes(name)) return "layer3-protocol";
  return LAYER4.includes(name) ? "layer4-protocol" : "layer7-protocol";
}

const EMPTY: StixObject = { id: "", type: "" };

/** The value of the object that an id names, where it is of these types. */
function endOf(types: readonly string[]): How {
  return (id, object, find) => {
    const end = find(text(id) ?? "");
    return isRecord(end) && types.includes(end.type)
      ? valueOf(id, object, find)
      : [];
  };
}

/** All protocols of one layer in one value, as the relation takes but one. */
function protocols(belongs: (name: string) => boolean): How {
  return (value) => {
    const names = strings(value).filter((name) => belongs(name.toLowerCase()));
    return names.length === 0 ? [] : [names.join(", ").toUpperCase()];
  };
}
