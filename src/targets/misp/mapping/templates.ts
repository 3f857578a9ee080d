/** The object templates of MISP that the mapping uses, with their relations. */

/** One relation of a template. */
export interface Relation {
  readonly name: string;
  /** Type of the attribute. */
  readonly type: string;
  /** One of those of which the object needs at least one. */
  readonly suffices: boolean;
  /** May stand in the object more than once. */
  readonly multiple: boolean;
  readonly disableCorrelation: boolean;
}

/** A template of misp-objects, as far as it is used. */
export interface Template {
  readonly name: string;
  readonly uuid: string;
  readonly version: string;
  readonly metaCategory: string;
  readonly description: string;
  /** The order of attributes in an object; the first names it best. */
  readonly relations: ReadonlyMap<string, Relation>;
}

/** Source: misp-objects `objects/<name>/definition.json`, June 2026. */
// deno-fmt-ignore
export const TEMPLATE_ROWS: readonly (readonly [
  name: string,
  uuid: string,
  version: string,
  metaCategory: string,
  description: string,
])[] = [
  ["file", "688c46fb-5edb-40a3-8273-1af7923e2215", "25", "file",
    "File object describing a file with meta-information"],
  ["network-connection", "af16764b-f8e5-4603-9de1-de34d272f80b", "7", "network",
    "A local or remote network connection."],
  ["process", "02aeef94-ac23-455c-addb-731757ceafb5", "10", "misc",
    "Object describing a system process."],
  ["registry-key", "8b3228ad-6d82-4fe6-b2ae-05426308f1d5", "5", "file",
    "Registry key object describing a Windows registry key with value and last-modified timestamp"],
  ["registry-key-value", "4626a273-72c1-48d3-8595-ff48ea2277f7", "1", "file",
    "Registry key value object describing a Windows registry key value, with its data, data type and name values. To be used when a registry key has multiple values."],
  ["x509", "d1ab756a-26b5-4349-9f43-765630f0911c", "14", "network",
    "x509 object describing a X.509 certificate"],
  ["user-account", "49606b06-22f0-4ac8-8eee-2f12ad46f3d3", "6", "misc",
    "User-account object, defining aspects of user identification, authentication, privileges and other relevant data points."],
  ["email", "a0c666e0-fc65-4be8-b48f-3423d788b552", "19", "network",
    "Email object describing an email with meta-information"],
  ["mutex", "9f5c1a68-2021-4faa-b409-61c899c86466", "1", "misc",
    "Object to describe mutual exclusion locks (mutex) as seen in memory or computer program"],
  ["software", "b1b5dc0e-73fe-443c-8d9d-0e208de3951e", "1", "misc",
    "The Software object represents high-level properties associated with software, including software products. STIX 2.1 - 6.14"],
  ["domain-ip", "43b3b146-77eb-4931-b4cc-b66c60f28734", "11", "network",
    "A domain/hostname and IP address seen as a tuple in a specific time frame."],
  ["ip-port", "9f8cea74-16fe-4968-a2b4-026676949ac6", "10", "network",
    "An IP address (or domain or hostname) and a port seen as a tuple (or as a triple) in a specific time frame."],
  ["url", "60efb77b-40b5-4c46-871b-ed1ed999fce5", "10", "network",
    "url object describes an url along with its normalized field (like extracted using faup parsing library) and its metadata."],
  ["asn", "4ec55cc6-9e49-4c64-b794-03c25c1a6587", "6", "network",
    "Autonomous system object describing an autonomous system which can include one or more network operators managing an entity (e.g. ISP) along with their routing policy, routing prefixes or alike."],
  ["directory", "23ac6a02-1017-4ea6-a4df-148ed563988d", "1", "file",
    "Directory object describing a directory with meta-information"],
  ["artifact", "0a46df3a-bd9b-472c-a1e7-6aede7094483", "3", "file",
    "The Artifact object permits capturing an array of bytes (8-bits), as a base64-encoded string, or linking to a file-like payload. From STIX 2.1 (6.1)"],
];

/**
 * What the same files say of each relation: "1" the object needs one of these
 * (`requiredOneOf`), "*" may be repeated (`multiple`), "-" does not correlate
 * (`disable_correlation`). No template here sets `to_ids` of its own.
 */
// deno-fmt-ignore
export const RELATION_ROWS: readonly (readonly [
  template: string,
  relation: string,
  type: string,
  says: string,
])[] = [
  ["file",               "md5",                     "md5",                     "1"],
  ["file",               "sha1",                    "sha1",                    "1"],
  ["file",               "sha224",                  "sha224",                  "1"],
  ["file",               "sha256",                  "sha256",                  "1"],
  ["file",               "sha384",                  "sha384",                  "1"],
  ["file",               "sha512",                  "sha512",                  "1"],
  ["file",               "sha3-224",                "sha3-224",                "1"],
  ["file",               "sha3-256",                "sha3-256",                "1"],
  ["file",               "sha3-384",                "sha3-384",                "1"],
  ["file",               "sha3-512",                "sha3-512",                "1"],
  ["file",               "ssdeep",                  "ssdeep",                  "1"],
  ["file",               "tlsh",                    "tlsh",                    "1"],
  ["file",               "imphash",                 "imphash",                 "1"],
  ["file",               "filename",                "filename",                "1*-"],
  ["file",               "size-in-bytes",           "size-in-bytes",           "1-"],
  ["file",               "mimetype",                "mime-type",               "-"],
  ["file",               "path",                    "text",                    "1*-"],
  ["network-connection", "ip-dst",                  "ip-dst",                  "1"],
  ["network-connection", "ip-src",                  "ip-src",                  "1"],
  ["network-connection", "hostname-dst",            "hostname",                ""],
  ["network-connection", "hostname-src",            "hostname",                ""],
  ["network-connection", "mac-dst",                 "mac-address",             ""],
  ["network-connection", "mac-src",                 "mac-address",             ""],
  ["network-connection", "dst-port",                "port",                    "1"],
  ["network-connection", "src-port",                "port",                    "1"],
  ["network-connection", "layer3-protocol",         "text",                    "-"],
  ["network-connection", "layer4-protocol",         "text",                    "-"],
  ["network-connection", "layer7-protocol",         "text",                    "*-"],
  ["network-connection", "first-packet-seen",       "datetime",                "1-"],
  ["network-connection", "last-packet-seen",        "datetime",                "-"],
  ["process",            "name",                    "text",                    "1"],
  ["process",            "pid",                     "text",                    "1-"],
  ["process",            "command-line",            "text",                    "1"],
  ["process",            "image",                   "filename",                "1"],
  ["process",            "current-directory",       "text",                    "1-"],
  ["registry-key",       "key",                     "regkey",                  "1"],
  ["registry-key",       "name",                    "text",                    "1"],
  ["registry-key",       "data",                    "text",                    "1"],
  ["registry-key",       "data-type",               "text",                    "-"],
  ["registry-key-value", "data",                    "text",                    "1"],
  ["registry-key-value", "name",                    "text",                    ""],
  ["registry-key-value", "data-type",               "text",                    "-"],
  ["x509",               "x509-fingerprint-sha256", "x509-fingerprint-sha256", "1"],
  ["x509",               "x509-fingerprint-sha1",   "x509-fingerprint-sha1",   "1"],
  ["x509",               "x509-fingerprint-md5",    "x509-fingerprint-md5",    "1"],
  ["x509",               "serial-number",           "text",                    "1"],
  ["x509",               "issuer",                  "text",                    "1-"],
  ["x509",               "subject",                 "text",                    ""],
  ["x509",               "validity-not-before",     "datetime",                "-"],
  ["x509",               "validity-not-after",      "datetime",                "-"],
  ["user-account",       "username",                "text",                    "1"],
  ["user-account",       "user-id",                 "text",                    "1"],
  ["user-account",       "display-name",            "text",                    ""],
  ["user-account",       "account-type",            "text",                    ""],
  ["email",              "from",                    "email-src",               "1*"],
  ["email",              "to",                      "email-dst",               "1*-"],
  ["email",              "cc",                      "email-dst",               "*-"],
  ["email",              "bcc",                     "email-dst",               "*-"],
  ["email",              "subject",                 "email-subject",           "1*"],
  ["email",              "email-body",              "email-body",              "1*-"],
  ["email",              "message-id",              "email-message-id",        "1-"],
  ["email",              "send-date",               "datetime",                "1-"],
  ["mutex",              "name",                    "text",                    "1"],
  ["software",           "name",                    "text",                    "1"],
  ["software",           "vendor",                  "text",                    "-"],
  ["software",           "version",                 "text",                    "-"],
  ["software",           "cpe",                     "cpe",                     "*"],
  ["software",           "swid",                    "text",                    "*"],
  ["domain-ip",          "domain",                  "domain",                  "1*"],
  ["ip-port",            "ip",                      "ip-dst",                  "1*"],
  ["url",                "url",                     "url",                     "1"],
  ["asn",                "asn",                     "AS",                      "1"],
  ["asn",                "description",             "text",                    ""],
  ["directory",          "path",                    "text",                    "1-"],
  ["artifact",           "payload_bin",             "attachment",              "1"],
  ["artifact",           "url",                     "url",                     "1"],
  ["artifact",           "md5",                     "md5",                     ""],
  ["artifact",           "sha1",                    "sha1",                    ""],
  ["artifact",           "sha256",                  "sha256",                  ""],
  ["artifact",           "sha512",                  "sha512",                  ""],
  ["artifact",           "sha3-256",                "sha3-256",                ""],
  ["artifact",           "sha3-512",                "sha3-512",                ""],
  ["artifact",           "ssdeep",                  "ssdeep",                  ""],
  ["artifact",           "tlsh",                    "tlsh",                    ""],
  ["artifact",           "mime_type",               "mime-type",               "-"],
];

const BY_NAME: ReadonlyMap<string, Template> = new Map(
  TEMPLATE_ROWS.map(([name, uuid, version, metaCategory, description]) => [
    name,
    {
      name,
      uuid,
      version,
      metaCategory,
      description,
      relations: relationsOf(name),
    },
  ]),
);

/**
 * The template of this name.
 *
 * @throws {Error} No row has it: a defect of a mapping table.
 */
export function templateNamed(name: string): Template {
  const template = BY_NAME.get(name);
  if (template === undefined) throw new Error(`No row for template "${name}"`);
  return template;
}

function relationsOf(template: string): ReadonlyMap<string, Relation> {
  return new Map(
    RELATION_ROWS.filter(([owner]) => owner === template).map(
      ([, name, type, says]) => [name, {
        name,
        type,
        suffices: says.includes("1"),
        multiple: says.includes("*"),
        disableCorrelation: says.includes("-"),
      }],
    ),
  );
}
