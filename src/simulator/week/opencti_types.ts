/** OpenCTI types whose STIX type is not the lower-case name. */
const STIX_TYPES: Readonly<Record<string, string>> = {
  "StixFile": "file",
  "Individual": "identity",
  "Organization": "identity",
  "Sector": "identity",
  "System": "identity",
  "SecurityPlatform": "identity",
  "Country": "location",
  "City": "location",
  "Region": "location",
  "Administrative-Area": "location",
  "Position": "location",
  "Threat-Actor-Group": "threat-actor",
  "Threat-Actor-Individual": "threat-actor",
  "stix-sighting-relationship": "sighting",
};

/** Observables of OpenCTI's own: score, labels, author are at the top level. */
export const OWN_OBSERVABLES: ReadonlySet<string> = new Set([
  "Bank-Account",
  "Credential",
  "Cryptocurrency-Wallet",
  "Cryptographic-Key",
  "Email-Mime-Part-Type",
  "Hostname",
  "Media-Content",
  "Payment-Card",
  "Persona",
  "Phone-Number",
  "SSH-Key",
  "Text",
  "Tracking-Number",
  "User-Agent",
  "Windows-Registry-Value-Type",
]);

/** The observables that STIX defines. */
const STIX_OBSERVABLES: ReadonlySet<string> = new Set([
  "Artifact",
  "Autonomous-System",
  "Directory",
  "Domain-Name",
  "Email-Addr",
  "Email-Message",
  "IPv4-Addr",
  "IPv6-Addr",
  "Mac-Addr",
  "Mutex",
  "Network-Traffic",
  "Process",
  "Software",
  "StixFile",
  "Url",
  "User-Account",
  "Windows-Registry-Key",
  "X509-Certificate",
]);

/** Entities whose `$OCTI.extension_type` is `new-sdo`. */
export const OWN_ENTITIES: ReadonlySet<string> = new Set([
  "Case-Incident",
  "Case-Rfi",
  "Case-Rft",
  "Incident",
  "Label",
  "Threat-Actor-Individual",
]);

/** Entities that carry `$MITRE`, even when it is empty. */
export const MITRE_ENTITIES: ReadonlySet<string> = new Set([
  "Attack-Pattern",
  "Course-Of-Action",
  "Indicator",
]);

/** STIX type of an OpenCTI type: `StixFile` is `file`, `Sector` `identity`. */
export function stixType(type: string): string {
  return STIX_TYPES[type] ?? type.toLowerCase();
}

/** OpenCTI type of an observable's STIX type, or undefined: `file`. */
export function observableType(stix: string): string | undefined {
  return BY_STIX_TYPE.get(stix);
}

const BY_STIX_TYPE = new Map(
  [...STIX_OBSERVABLES, ...OWN_OBSERVABLES].map((type) => [
    stixType(type),
    type,
  ]),
);
