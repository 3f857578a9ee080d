/**
 * Types of observables: OpenCTI's name, STIX's name. STIX's is the lower-case
 * form of OpenCTI's but for the first. Source: OpenCTI
 * `schema/stixCyberObservable.ts`; older platforms lack some.
 */
// deno-fmt-ignore
export const OBSERVABLE_TYPES: readonly (readonly [
  opencti: string,
  stix: string,
])[] = [
  ["StixFile",                    "file"],
  ["AI-Prompt",                   "ai-prompt"],
  ["Artifact",                    "artifact"],
  ["Autonomous-System",           "autonomous-system"],
  ["Bank-Account",                "bank-account"],
  ["Credential",                  "credential"],
  ["Cryptocurrency-Wallet",       "cryptocurrency-wallet"],
  ["Cryptographic-Key",           "cryptographic-key"],
  ["Directory",                   "directory"],
  ["Domain-Name",                 "domain-name"],
  ["Email-Addr",                  "email-addr"],
  ["Email-Message",               "email-message"],
  ["Email-Mime-Part-Type",        "email-mime-part-type"],
  ["Hostname",                    "hostname"],
  ["ICCID",                       "iccid"],
  ["IMEI",                        "imei"],
  ["IMSI",                        "imsi"],
  ["IPv4-Addr",                   "ipv4-addr"],
  ["IPv6-Addr",                   "ipv6-addr"],
  ["Mac-Addr",                    "mac-addr"],
  ["Media-Content",               "media-content"],
  ["Mutex",                       "mutex"],
  ["Network-Traffic",             "network-traffic"],
  ["Payment-Card",                "payment-card"],
  ["Persona",                     "persona"],
  ["Phone-Number",                "phone-number"],
  ["Process",                     "process"],
  ["Software",                    "software"],
  ["SSH-Key",                     "ssh-key"],
  ["Text",                        "text"],
  ["Tracking-Number",             "tracking-number"],
  ["Url",                         "url"],
  ["User-Account",                "user-account"],
  ["User-Agent",                  "user-agent"],
  ["Windows-Registry-Key",        "windows-registry-key"],
  ["Windows-Registry-Value-Type", "windows-registry-value-type"],
  ["X509-Certificate",            "x509-certificate"],
];

const STIX_TYPES: ReadonlySet<string> = new Set(
  OBSERVABLE_TYPES.map(([, stix]) => stix),
);
const STIX_BY_LOWER_OPENCTI: ReadonlyMap<string, string> = new Map(
  OBSERVABLE_TYPES.map(([opencti, stix]) => [opencti.toLowerCase(), stix]),
);

/** True for the STIX type of an observable, OpenCTI's own types included. */
export function isObservableType(type: string): boolean {
  return STIX_TYPES.has(type);
}

/** STIX's name of a type: "StixFile" is "file". In any case; STIX's own too. */
export function toStixType(openctiType: string): string | undefined {
  const lower = openctiType.toLowerCase();
  return STIX_BY_LOWER_OPENCTI.get(lower) ??
    (STIX_TYPES.has(lower) ? lower : undefined);
}
