import {
  extension,
  OCTI_EXTENSION,
  type StixObject,
  text,
} from "../../stix/object.ts";

/** The platform's families of objects. */
export type Category =
  | "domain"
  | "observable"
  | "meta"
  | "relationship"
  | "sighting";

const OBSERVABLE_TYPES: ReadonlySet<string> = new Set([
  ..."artifact autonomous-system directory domain-name email-addr".split(" "),
  ..."email-message email-mime-part-type file ipv4-addr ipv6-addr".split(" "),
  ..."mac-addr mutex network-traffic process software url".split(" "),
  ..."user-account windows-registry-key x509-certificate".split(" "),
  ..."windows-registry-value-type bank-account credential".split(" "),
  ..."cryptocurrency-wallet cryptographic-key hostname".split(" "),
  ..."media-content payment-card persona phone-number ssh-key".split(" "),
  ..."text tracking-number user-agent".split(" "),
]);

const META_TYPES: ReadonlySet<string> = new Set([
  "external-reference",
  "kill-chain-phase",
  "label",
  "marking-definition",
]);

/** Types whose `object_refs` make them containers. */
export const CONTAINER_TYPES: ReadonlySet<string> = new Set([
  ..."report grouping note observed-data opinion feedback".split(" "),
  ..."case-incident case-rfi case-rft task".split(" "),
]);

/** The family of an object, from its STIX type. */
export function categoryOf(object: StixObject): Category {
  if (object.type === "relationship" || object.type === "sighting") {
    return object.type;
  }
  if (OBSERVABLE_TYPES.has(object.type)) return "observable";
  return META_TYPES.has(object.type) ? "meta" : "domain";
}

const ENTITY_TYPES: Readonly<Record<string, string>> = {
  file: "StixFile",
  "ipv4-addr": "IPv4-Addr",
  "ipv6-addr": "IPv6-Addr",
  "ssh-key": "SSH-Key",
  identity: "Organization",
  location: "Region",
  "threat-actor": "Threat-Actor-Group",
  sighting: "stix-sighting-relationship",
};

/**
 * The OpenCTI type: `$OCTI.type`, else the STIX type with the platform's
 * capitals ("Domain-Name", "StixFile").
 */
export function entityType(object: StixObject): string {
  const told = text(extension(object, OCTI_EXTENSION).type);
  if (told !== undefined) return told;
  if (object.type === "relationship") {
    return text(object.relationship_type) ?? "related-to";
  }
  return ENTITY_TYPES[object.type] ??
    object.type.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

const PARENTS: Readonly<Record<Category, readonly string[]>> = {
  domain: ["Stix-Core-Object", "Stix-Domain-Object"],
  observable: ["Stix-Core-Object", "Stix-Cyber-Observable"],
  meta: ["Stix-Meta-Object"],
  relationship: ["stix-relationship", "stix-core-relationship"],
  sighting: ["stix-relationship"],
};

/** `parent_types` of an object, most general first. */
export function parentTypes(object: StixObject): string[] {
  const category = categoryOf(object);
  const root = category === "relationship" || category === "sighting"
    ? ["basic-relationship"]
    : ["Basic-Object", "Stix-Object"];
  const last = CONTAINER_TYPES.has(object.type)
    ? ["Container"]
    : object.type === "identity"
    ? ["Identity"]
    : [];
  return [...root, ...PARENTS[category], ...last];
}
