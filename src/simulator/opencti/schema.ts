import {
  BASIC,
  BASIC_RELATION,
  CONTAINER_OBJECTS,
  CORE,
  DOMAIN,
  HASHED,
  IDENTITY,
  INTERFACES,
  META,
  OBJECT,
  OBSERVABLE,
  RELATION,
  singleTypes,
  TO_STIX,
} from "./schema_types.ts";
import { inputs, operations, type Since } from "./schema_operations.ts";
import { atLeast } from "./versions.ts";

const VALUE = "value: String";
const NAME = "name: String";

/** OpenCTI's observables, with the members of their own that we serve. */
const OBSERVABLES: Readonly<Record<string, string>> = {
  AutonomousSystem: "number: Int\n  name: String\n  rir: String",
  BankAccount: "iban: String\n  bic: String",
  Credential: VALUE,
  CryptocurrencyWallet: VALUE,
  CryptographicKey: VALUE,
  Directory: "path: String!",
  DomainName: VALUE,
  EmailAddr: "value: String\n  display_name: String",
  EmailMessage: "subject: String\n  body: String",
  EmailMimePartType: "body: String",
  Hostname: VALUE,
  IPv4Addr: VALUE,
  IPv6Addr: VALUE,
  MacAddr: VALUE,
  MediaContent: "title: String\n  url: String",
  Mutex: NAME,
  NetworkTraffic: "src_port: Int\n  dst_port: Int\n  protocols: [String]",
  PaymentCard: "card_number: String",
  Persona: "persona_name: String!\n  persona_type: String!",
  PhoneNumber: VALUE,
  Process: "pid: Int\n  command_line: String",
  SSHKey: "fingerprint_sha256: String!",
  Software: "name: String\n  vendor: String\n  version: String",
  Text: VALUE,
  TrackingNumber: VALUE,
  Url: VALUE,
  UserAccount: "account_login: String\n  display_name: String",
  UserAgent: VALUE,
  WindowsRegistryKey: "attribute_key: String",
  WindowsRegistryValueType: "name: String\n  data: String",
};

const HASHED_OBSERVABLES: Readonly<Record<string, string>> = {
  Artifact: "mime_type: String\n  url: String",
  StixFile: "size: Int\n  name: String\n  mime_type: String",
  X509Certificate: "serial_number: String\n  issuer: String\n  subject: String",
};

const CONTAINERS: Readonly<Record<string, string>> = {
  Report: "name: String!\n  description: String\n  published: DateTime",
  Grouping: "name: String!\n  description: String\n  context: String!",
};

const CASES = ["CaseIncident", "CaseRfi", "CaseRft"];
const IDENTITIES = [
  "Individual",
  "Organization",
  "Sector",
  "SecurityPlatform",
  "System",
];

/** Real types that only need the members common to all domain objects. */
export const OTHER_DOMAIN_TYPES: readonly string[] =
  ("AdministrativeArea AttackPattern Campaign Channel City Country " +
    "CourseOfAction DataComponent DataSource Event Incident Infrastructure " +
    "IntrusionSet Language Malware MalwareAnalysis Narrative Position Region " +
    "ThreatActorGroup ThreatActorIndividual Tool Vulnerability").split(" ");

/** The same, for containers. */
export const OTHER_CONTAINER_TYPES: readonly string[] =
  "Feedback Note ObservedData Opinion Task".split(" ");

function typeDefinitions(): string {
  const define = (name: string, implemented: string, members: string) =>
    `type ${name} implements ${INTERFACES} & ${implemented} {\n  ${members}\n}`;
  const each = (
    types: Readonly<Record<string, string>>,
    implemented: string,
    members: string,
  ) =>
    Object.entries(types).map(([name, own]) =>
      define(name, implemented, `${members}\n  ${own}`)
    );
  const container = `${DOMAIN}\n  ${CONTAINER_OBJECTS}`;
  const named = "name: String!\n  description: String";
  return [
    ...each(OBSERVABLES, "StixCyberObservable", OBSERVABLE),
    ...each(
      HASHED_OBSERVABLES,
      "StixCyberObservable & HashedObservable",
      HASHED,
    ),
    ...each(CONTAINERS, "StixDomainObject & Container", container),
    ...CASES.map((name) =>
      define(
        name,
        "StixDomainObject & Container & Case",
        `${container}\n  ${named}`,
      )
    ),
    ...IDENTITIES.map((name) =>
      define(name, "StixDomainObject & Identity", IDENTITY)
    ),
    ...OTHER_DOMAIN_TYPES.map((name) =>
      define(name, "StixDomainObject", DOMAIN)
    ),
    ...OTHER_CONTAINER_TYPES.map((name) =>
      define(name, "StixDomainObject & Container", container)
    ),
  ].join("\n\n");
}

/** Every type a core object, relation or meta object can have. */
export const ANY_TYPES: readonly string[] = [
  ...Object.keys(OBSERVABLES),
  ...Object.keys(HASHED_OBSERVABLES),
  ...Object.keys(CONTAINERS),
  ...CASES,
  ...IDENTITIES,
  ...OTHER_DOMAIN_TYPES,
  ...OTHER_CONTAINER_TYPES,
  "Indicator",
  "MarkingDefinition",
  "Label",
  "KillChainPhase",
  "ExternalReference",
  "StixCoreRelationship",
  "StixSightingRelationship",
  "StixRefRelationship",
];

/** Connections: node type, where it is not the name; non-null edges or not. */
// deno-fmt-ignore
const CONNECTIONS: readonly (readonly [string, string, string, boolean])[] = [
  // connection                        node                            edge                                   non-null
  ["ExternalReference",                "ExternalReference",            "ExternalReferenceEdge",               true],
  ["Indicator",                        "Indicator",                    "IndicatorEdge",                       false],
  ["System",                           "System",                       "SystemEdge",                          false],
  ["StixCyberObservable",              "StixCyberObservable",          "StixCyberObservableEdge",             true],
  ["StixCoreObject",                   "StixCoreObject",               "StixCoreObjectEdge",                  true],
  ["StixCoreRelationship",             "StixCoreRelationship",         "StixCoreRelationshipEdge",            true],
  ["Vocabulary",                       "Vocabulary",                   "VocabularyEdge",                      true],
  ["StixObjectOrStixRelationship",     "StixObjectOrStixRelationship", "StixObjectOrStixRelationshipEdge",    false],
  ["StixObjectOrStixRelationshipRef",  "StixObjectOrStixRelationship", "StixObjectOrStixRelationshipRefEdge", false],
  ["StixSightingRelationship",         "StixSightingRelationship",     "StixSightingRelationshipsEdge",       false],
];

function connectionDefinitions(): string {
  return CONNECTIONS.map(([name, node, edge, nonNull]) => {
    const edges = nonNull ? `[${edge}!]!` : `[${edge}]`;
    return `type ${name}Connection { pageInfo: PageInfo! edges: ${edges} }
type ${edge} { cursor: String! node: ${node}! }`;
  }).join("\n");
}

/**
 * The GraphQL schema of the operations a stream connector uses, in the shape
 * of the simulated version. Source: OpenCTI 6.9.17 and 7.x, names and types
 * only.
 */
export function schemaText(version: string): string {
  const since: Since = (minimum, text) => atLeast(version, minimum) ? text : "";
  return `${operations(since)}

${inputs(since)}

interface BasicObject {\n  ${BASIC}\n}
interface StixObject {\n  ${OBJECT}\n}
interface StixCoreObject {\n  ${CORE}\n}
interface StixDomainObject {\n  ${DOMAIN}\n}
interface StixMetaObject {\n  ${
    META.replace("representative: Representative!", "")
  }\n}
interface StixCyberObservable {\n  ${OBSERVABLE}\n}
interface HashedObservable {\n  ${HASHED}\n}
interface Container {\n  ${
    DOMAIN.replace(TO_STIX, "")
  }\n  ${CONTAINER_OBJECTS}\n}
interface Case {\n  ${DOMAIN}\n  ${CONTAINER_OBJECTS}\n  name: String!\n}
interface Identity {\n  ${IDENTITY}\n}
interface BasicRelationship {\n  ${BASIC_RELATION}\n}
interface StixRelationship {\n  ${RELATION}\n}

union StixObjectOrStixRelationship = ${ANY_TYPES.join(" | ")}
union StixObjectOrStixRelationshipOrCreator = ${
    [...ANY_TYPES, "Creator"].join(" | ")
  }

${typeDefinitions()}

${singleTypes(since)}

${connectionDefinitions()}`;
}
