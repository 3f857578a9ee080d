import type { Since } from "./schema_operations.ts";

/** Members of the interfaces, as every type below repeats them. */
/** Members or names the composed types share. */
export const BASIC = `id: ID!
  standard_id: String!
  entity_type: String!
  parent_types: [String!]!`;
/** Members or names the composed types share. */
export const OBJECT = `${BASIC}
  representative: Representative!
  x_opencti_stix_ids: [StixId]
  is_inferred: Boolean!
  created_at: DateTime!
  updated_at: DateTime!`;
/** Members or names the composed types share. */
export const TO_STIX = "toStix(version: Version): String";
/** Members or names the composed types share. */
export const CORE = `${OBJECT}
  createdBy: Identity
  objectMarking: [MarkingDefinition!]
  objectLabel: [Label!]
  externalReferences(first: Int): ExternalReferenceConnection
  ${TO_STIX}`;
/** Members or names the composed types share. */
export const DOMAIN = `${CORE}
  revoked: Boolean!
  confidence: Int
  created: DateTime
  modified: DateTime`;
/** Members or names the composed types share. */
export const CONTAINER_OBJECTS =
  "objects(first: Int, after: ID, types: [String], all: Boolean): StixObjectOrStixRelationshipRefConnection";
/** Members or names the composed types share. */
export const IDENTITY = `${DOMAIN}
  identity_class: String!
  name: String!
  description: String`;
/** Members or names the composed types share. */
export const OBSERVABLE = `${CORE}
  x_opencti_score: Int
  x_opencti_description: String
  observable_value: String!
  indicators(first: Int): IndicatorConnection`;
/** Members or names the composed types share. */
export const HASHED = `${OBSERVABLE}
  hashes: [Hash]`;
/** Members or names the composed types share. */
export const BASIC_RELATION = `${BASIC}
  created_at: DateTime!
  updated_at: DateTime!`;
/** Members or names the composed types share. */
export const RELATION = `${OBJECT}
  from: StixObjectOrStixRelationshipOrCreator
  to: StixObjectOrStixRelationshipOrCreator
  created: DateTime
  modified: DateTime
  confidence: Int
  relationship_type: String!
  createdBy: Identity
  objectMarking: [MarkingDefinition!]
  ${TO_STIX}`;
/** Members or names the composed types share. */
export const META = `${OBJECT}
  created: DateTime
  modified: DateTime`;

/** Members or names the composed types share. */
export const INTERFACES = "BasicObject & StixObject & StixCoreObject";

/** Members of the types with more than a list of their own. */
export function singleTypes(since: Since): string {
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
