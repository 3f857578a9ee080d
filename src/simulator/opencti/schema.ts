import { inputs, operations, type Since } from "./schema_operations.ts";
import { atLeast } from "./versions.ts";

/** Members of the interfaces, as every type below repeats them. */
const BASIC = `id: ID!
  standard_id: String!
  entity_type: String!
  parent_types: [String!]!`;
const OBJECT = `${BASIC}
  representative: Representative!
  x_opencti_stix_ids: [StixId]
  is_inferred: Boolean!
  created_at: DateTime!
  updated_at: DateTime!`;
const TO_STIX = "toStix(version: Version): String";
const CORE = `${OBJECT}
  createdBy: Identity
  objectMarking: [MarkingDefinition!]
  objectLabel: [Label!]
  externalReferences(first: Int): ExternalReferenceConnection
  ${TO_STIX}`;
const DOMAIN = `${CORE}
  revoked: Boolean!
  confidence: Int
  created: DateTime
  modified: DateTime`;
const CONTAINER_OBJECTS =
  "objects(first: Int, after: ID, types: [String], all: Boolean): StixObjectOrStixRelationshipRefConnection";
const IDENTITY = `${DOMAIN}
  identity_class: String!
  name: String!
  description: String`;
const OBSERVABLE = `${CORE}
  x_opencti_score: Int
  x_opencti_description: String
  observable_value: String!
  indicators(first: Int): IndicatorConnection`;
const HASHED = `${OBSERVABLE}
  hashes: [Hash]`;
const BASIC_RELATION = `${BASIC}
  created_at: DateTime!
  updated_at: DateTime!`;
const RELATION = `${OBJECT}
  from: StixObjectOrStixRelationshipOrCreator
  to: StixObjectOrStixRelationshipOrCreator
  created: DateTime
  modified: DateTime
  confidence: Int
  relationship_type: String!
  createdBy: Identity
  objectMarking: [MarkingDefinition!]
  ${TO_STIX}`;
const META = `${OBJECT}
  created: DateTime
  modified: DateTime`;

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

const INTERFACES = "BasicObject & StixObject & StixCoreObject";

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
interface StixMetaObject {\n  ${META}\n}
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

/** Members of the types with more than a list of their own. */
function singleTypes(since: Since): string {
  return `type Indicator implements ${INTERFACES} & StixDomainObject {
  ${DOMAIN}
  pattern_type: String
  pattern_version: String
  pattern: String
  name: String!
  description: String
  indicator_types: [String]
  valid_from: DateTime
  valid_until: DateTime
  x_opencti_score: Int
  x_opencti_detection: Boolean
  x_opencti_main_observable_type: String
  killChainPhases: [KillChainPhase!]
  observables(first: Int): StixCyberObservableConnection
}
type Label implements BasicObject & StixObject & StixMetaObject {
  ${META}
  value: String
  color: String
}
type MarkingDefinition implements BasicObject & StixObject & StixMetaObject {
  ${META}
  definition_type: String
  definition: String
  x_opencti_order: Int!
  x_opencti_color: String
}
type KillChainPhase implements BasicObject & StixObject & StixMetaObject {
  ${META}
  kill_chain_name: String!
  phase_name: String!
}
type ExternalReference implements BasicObject & StixObject & StixMetaObject {
  ${META}
  source_name: String!
  description: String
  url: String
  external_id: String
  references(types: [String]): StixObjectOrStixRelationshipConnection
}
type StixCoreRelationship implements BasicRelationship & StixRelationship {
  ${RELATION}
  fromId: String!
  toId: String!
}
type StixRefRelationship implements BasicRelationship & StixRelationship {
  ${RELATION}
}
type StixSightingRelationship implements BasicRelationship & StixRelationship {
  ${RELATION}
  fromId: String!
  toId: String!
  description: String
  first_seen: DateTime
  last_seen: DateTime
  attribute_count: Int!
  x_opencti_negative: Boolean!
}
type Vocabulary implements BasicObject {
  ${BASIC}
  name: String!
  description: String
  aliases: [String!]
  builtIn: Boolean
}
type AppInfo { version: String! }
type Capability { id: ID! name: String! }
type Creator { id: ID! name: String! entity_type: String! }
type MeUser {
  id: ID!
  name: String!
  user_email: String!
  capabilities: [Capability!]!
}
type Connector {
  id: ID!
  name: String!
  connector_type: String
  connector_scope: [String!]
  connector_state: String
  connector_state_reset: Boolean
  ${since("6.7.0", "connector_state_timestamp: DateTime")}
  connector_user_id: ID
  updated_at: DateTime
}
type StreamCollection {
  id: ID!
  name: String
  description: String
  filters: String
  stream_live: Boolean
  stream_public: Boolean
}
type Hash { algorithm: String! hash: String }
type Representative { main: String! }
type PageInfo {
  startCursor: String!
  endCursor: String!
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  globalCount: Int!
}
type StixDomainObjectEditMutations {
  relationAdd(input: StixRefRelationshipAddInput!): StixRefRelationship
  relationDelete(toId: StixRef!, relationship_type: String): StixDomainObject
}
type ExternalReferenceEditMutations { delete: ID }`;
}
