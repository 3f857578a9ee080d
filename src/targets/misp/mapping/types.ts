/** The types of attributes that the mapping uses. */
import * as values from "./values.ts";
import type { ValueRule } from "./values.ts";

/** What MISP's `describeTypes` says of a type, and what it takes as a value. */
export interface AttributeType {
  readonly type: string;
  /** Where it goes unless a row says otherwise. */
  readonly category: string;
  /** Whether it is meant for detection by default. */
  readonly toIds: boolean;
  readonly rule: ValueRule;
}

/** Type, default category, default `to_ids` (describeTypes), rule of values. */
// deno-fmt-ignore
export const TYPE_ROWS: readonly (readonly [
  type: string,
  category: string,
  toIds: boolean,
  rule: ValueRule,
])[] = [
  ["md5",                     "Payload delivery",      true,  values.hex(32)],
  ["sha1",                    "Payload delivery",      true,  values.hex(40)],
  ["sha224",                  "Payload delivery",      true,  values.hex(56)],
  ["sha256",                  "Payload delivery",      true,  values.hex(64)],
  ["sha384",                  "Payload delivery",      true,  values.hex(96)],
  ["sha512",                  "Payload delivery",      true,  values.hex(128)],
  ["sha3-224",                "Payload delivery",      true,  values.hex(56)],
  ["sha3-256",                "Payload delivery",      true,  values.hex(64)],
  ["sha3-384",                "Payload delivery",      true,  values.hex(96)],
  ["sha3-512",                "Payload delivery",      true,  values.hex(128)],
  ["imphash",                 "Payload delivery",      true,  values.hex(32)],
  ["cdhash",                  "Payload delivery",      true,  values.cdhash],
  ["ssdeep",                  "Payload delivery",      true,  values.ssdeep],
  ["tlsh",                    "Payload delivery",      true,  values.tlsh],
  ["x509-fingerprint-md5",    "Network activity",      true,  values.fingerprint(32)],
  ["x509-fingerprint-sha1",   "Network activity",      true,  values.fingerprint(40)],
  ["x509-fingerprint-sha256", "Network activity",      true,  values.fingerprint(64)],
  ["filename",                "Payload delivery",      true,  values.line],
  ["size-in-bytes",           "Other",                 false, values.count],
  ["mime-type",               "Artifacts dropped",     false, values.line],
  ["attachment",              "External analysis",     false, values.attachmentName],
  ["ip-src",                  "Network activity",      true,  values.ip],
  ["ip-dst",                  "Network activity",      true,  values.ip],
  ["hostname",                "Network activity",      true,  values.domain],
  ["domain",                  "Network activity",      true,  values.domain],
  ["url",                     "Network activity",      true,  values.url],
  ["user-agent",              "Network activity",      false, values.line],
  ["mac-address",             "Network activity",      false, values.mac],
  ["AS",                      "Network activity",      false, values.autonomousSystem],
  ["port",                    "Network activity",      false, values.port],
  ["email-src",               "Payload delivery",      true,  values.email],
  ["email-dst",               "Network activity",      true,  values.email],
  ["email-subject",           "Payload delivery",      false, values.line],
  ["email-body",              "Payload delivery",      false, values.any],
  ["email-message-id",        "Payload delivery",      false, values.line],
  ["regkey",                  "Persistence mechanism", true,  values.line],
  ["regkey|value",            "Persistence mechanism", true,  values.pair],
  ["mutex",                   "Artifacts dropped",     true,  values.line],
  ["btc",                     "Financial fraud",       true,  values.btc],
  ["phone-number",            "Person",                false, values.phone],
  ["cpe",                     "External analysis",     false, values.line],
  ["vulnerability",           "External analysis",     false, values.cve],
  ["link",                    "External analysis",     false, values.link],
  ["campaign-name",           "Attribution",           false, values.line],
  ["target-org",              "Targeting data",        false, values.line],
  ["target-user",             "Targeting data",        false, values.line],
  ["target-machine",          "Targeting data",        false, values.line],
  ["target-location",         "Targeting data",        false, values.line],
  ["yara",                    "Payload installation",  true,  values.any],
  ["sigma",                   "Payload installation",  true,  values.any],
  ["snort",                   "Network activity",      true,  values.any],
  ["suricata",                "Network activity",      true,  values.any],
  ["kusto-query",             "Artifacts dropped",     false, values.any],
  ["stix2-pattern",           "Payload installation",  true,  values.any],
  ["datetime",                "Other",                 false, values.datetime],
  ["comment",                 "Other",                 false, values.any],
  ["text",                    "Other",                 false, values.any],
];

/** Types that MISP 2.5.1 does not have yet, so they are sent only where told. */
export const RECENT_TYPES: ReadonlySet<string> = new Set(["suricata"]);

const BY_NAME: ReadonlyMap<string, AttributeType> = new Map(
  TYPE_ROWS.map(([type, category, toIds, rule]) => [
    type,
    { type, category, toIds, rule },
  ]),
);

/**
 * The type of this name.
 *
 * @throws {Error} No row has it: a defect of a mapping table.
 */
export function attributeType(name: string): AttributeType {
  const type = BY_NAME.get(name);
  if (type === undefined) throw new Error(`No row for type "${name}"`);
  return type;
}

/** The category that takes `text` where this one does not. */
export function categoryOfText(category: string): string {
  return category === "Targeting data" ? "Other" : category;
}
