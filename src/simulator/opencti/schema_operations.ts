/** The text, if the simulated version has what it describes; else nothing. */
export type Since = (minimum: string, text: string) => string;

/** Root fields and the capability the platform asks for. */
export const CAPABILITIES: Readonly<Record<string, string>> = {
  about: "",
  me: "",
  stix: "KNOWLEDGE",
  connector: "MODULES",
  streamCollection: "TAXIIAPI",
  vocabularies: "KNOWLEDGE",
  indicator: "KNOWLEDGE",
  stixCoreObject: "KNOWLEDGE",
  stixCoreObjects: "KNOWLEDGE",
  stixCoreRelationships: "KNOWLEDGE",
  stixDomainObject: "KNOWLEDGE",
  stixObjectOrStixRelationship: "KNOWLEDGE",
  stixSightingRelationships: "KNOWLEDGE",
  container: "KNOWLEDGE",
  externalReference: "KNOWLEDGE",
  identity: "KNOWLEDGE",
  markingDefinition: "KNOWLEDGE",
  systems: "KNOWLEDGE",
  registerConnector: "CONNECTORAPI",
  pingConnector: "CONNECTORAPI",
  resetStateConnector: "MODULES_MODMANAGE",
  deleteConnector: "MODULES_MODMANAGE",
  stixBundlePush: "CONNECTORAPI",
  vocabularyAdd: "SETTINGS_SETVOCABULARIES",
  externalReferenceAdd: "KNOWLEDGE_KNUPDATE",
  externalReferenceEdit: "",
  stixDomainObjectEdit: "",
  stixSightingRelationshipAdd: "KNOWLEDGE_KNUPDATE",
  systemAdd: "KNOWLEDGE_KNUPDATE",
  securityPlatformAdd: "KNOWLEDGE_KNUPDATE",
};

const PAGE = "first: Int, after: ID";

/** `Query` and `Mutation` as the version has them. */
export function operations(since: Since): string {
  const workId = since("6.6.0", ", work_id: String");
  const info = since("6.3.0", ", connectorInfo: ConnectorInfoInput");
  return `type Query {
  stix(id: String!): String
  about: AppInfo
  me: MeUser!
  connector(id: String!): Connector
  streamCollection(id: String!): StreamCollection
  vocabularies(category: VocabularyCategory, ${PAGE}, filters: FilterGroup, search: String): VocabularyConnection
  indicator(id: String!): Indicator
  identity(id: String!): Identity
  markingDefinition(id: String!): MarkingDefinition
  stixCoreObject(id: String!): StixCoreObject
  stixCoreObjects(${PAGE}, types: [String], orderBy: StixCoreObjectsOrdering, orderMode: OrderingMode, filters: FilterGroup): StixCoreObjectConnection
  stixDomainObject(id: String!): StixDomainObject
  stixObjectOrStixRelationship(id: String!): StixObjectOrStixRelationship
  stixCoreRelationships(${PAGE}, orderBy: StixCoreRelationshipsOrdering, orderMode: OrderingMode, fromOrToId: [String], fromId: [String], fromTypes: [String], toId: [String], toTypes: [String], relationship_type: [String], filters: FilterGroup): StixCoreRelationshipConnection
  stixSightingRelationships(${PAGE}, orderBy: StixSightingRelationshipsOrdering, orderMode: OrderingMode, fromId: StixRef, toId: StixRef, filters: FilterGroup): StixSightingRelationshipConnection
  container(id: String): Container
  externalReference(id: String!): ExternalReference
  systems(${PAGE}, filters: FilterGroup, search: String): SystemConnection
}

type Mutation {
  registerConnector(input: RegisterConnectorInput): Connector
  pingConnector(id: ID!, state: String${info}): Connector
  resetStateConnector(id: ID!): Connector
  deleteConnector(id: ID!): ID!
  vocabularyAdd(input: VocabularyAddInput!): Vocabulary
  externalReferenceAdd(input: ExternalReferenceAddInput!): ExternalReference
  externalReferenceEdit(id: ID!): ExternalReferenceEditMutations
  stixDomainObjectEdit(id: ID!): StixDomainObjectEditMutations
  stixSightingRelationshipAdd(input: StixSightingRelationshipAddInput!): StixSightingRelationship
  systemAdd(input: SystemAddInput!): System
  ${
    since(
      "6.8.0",
      "securityPlatformAdd(input: SecurityPlatformAddInput!): SecurityPlatform",
    )
  }
  ${
    since(
      "6.3.0",
      `stixBundlePush(connectorId: String!, bundle: String!${workId}): Boolean`,
    )
  }
}

scalar Any
scalar DateTime
scalar StixRef
scalar StixId

enum FilterMode { and or }
enum FilterOperator {
  ${FILTER_OPERATORS}
}
enum OrderingMode { asc desc }
enum StixCoreObjectsOrdering { created_at }
enum StixCoreRelationshipsOrdering { created_at }
enum StixSightingRelationshipsOrdering { first_seen last_seen attribute_count created modified }
enum VocabularyCategory { ${VOCABULARY_CATEGORIES} }
enum ConnectorType {
  EXTERNAL_IMPORT
  INTERNAL_IMPORT_FILE
  INTERNAL_ENRICHMENT
  INTERNAL_ANALYSIS
  INTERNAL_EXPORT_FILE
  STREAM
}
enum Version { stix_2_0 stix_2_1 }`;
}

const FILTER_OPERATORS =
  "eq not_eq lt lte gt gte match wildcard contains not_contains ends_with " +
  "not_ends_with starts_with not_starts_with script nil not_nil search within";

const VOCABULARY_CATEGORIES =
  "pattern_type_ov report_types_ov indicator_type_ov";

/** The input types as the version has them. */
export function inputs(since: Since): string {
  return `input FilterGroup {
  mode: FilterMode!
  filters: [Filter!]!
  filterGroups: [FilterGroup!]!
}
input Filter {
  key: [String!]!
  values: [Any!]!
  operator: FilterOperator
  mode: FilterMode
}
${since("6.3.0", CONNECTOR_INFO)}
input RegisterConnectorInput {
  id: ID!
  name: String!
  type: ConnectorType!
  scope: [String!]
  auto: Boolean
  only_contextual: Boolean
  playbook_compatible: Boolean
  ${since("6.6.0", "listen_callback_uri: String")}
  ${since("6.9.0", "auto_update: Boolean enrichment_resolution: String")}
  ${since("7.0.0", "version: String slug: String xtm_one_intent: String")}
}
input ExternalReferenceAddInput {
  ${STIX_IDS}
  source_name: String!
  description: String
  url: String
  hash: String
  external_id: String
  created: DateTime
  modified: DateTime
  update: Boolean
}
input StixRefRelationshipAddInput {
  ${STIX_IDS}
  fromId: StixRef
  toId: StixRef
  relationship_type: String!
  confidence: Int
  update: Boolean
}
input VocabularyAddInput {
  ${STIX_IDS}
  name: String!
  description: String
  category: VocabularyCategory!
  order: Int
  aliases: [String!]
  update: Boolean
}
input StixSightingRelationshipAddInput {
  ${STIX_IDS}
  fromId: StixRef!
  toId: StixRef!
  created: DateTime
  modified: DateTime
  confidence: Int
  createdBy: String
  objectMarking: [String]
  description: String
  first_seen: DateTime
  last_seen: DateTime
  attribute_count: Int!
  x_opencti_negative: Boolean
  objectLabel: [String]
  externalReferences: [String]
  update: Boolean
}
input SystemAddInput {
  ${IDENTITY_INPUT}
}
${
    since(
      "6.8.0",
      `input SecurityPlatformAddInput {
  ${IDENTITY_INPUT}
  security_platform_type: String
}`,
    )
  }`;
}

const STIX_IDS = `stix_id: StixId
  x_opencti_stix_ids: [StixId]`;

const IDENTITY_INPUT = `${STIX_IDS}
  name: String!
  description: String
  confidence: Int
  revoked: Boolean
  createdBy: String
  objectMarking: [String]
  objectLabel: [String]
  externalReferences: [String]
  created: DateTime
  modified: DateTime
  update: Boolean`;

const CONNECTOR_INFO = `input ConnectorInfoInput {
  run_and_terminate: Boolean!
  buffering: Boolean!
  queue_threshold: Float!
  queue_messages_size: Float!
  next_run_datetime: DateTime
  last_run_datetime: DateTime
}`;
