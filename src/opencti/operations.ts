/**
 * The GraphQL documents this program sends to OpenCTI, one per operation.
 * Shapes as of OpenCTI 6.4 to 7.x; where an older platform lacks a field, the
 * caller falls back to the `LEGACY` form.
 */

/** Field and the argument that takes types. */
const OBJECTS = "stixCoreObjects(types: $types";
const RELATIONSHIPS = "stixCoreRelationships(relationship_type: $types";

/** The date of creation never changes: what is changed keeps its place. */
function pageQuery(name: string, field: string, members: string): string {
  return `query ${name}(
  $types: [String], $filters: FilterGroup, $first: Int!, $after: ID
) {
  ${field}, filters: $filters, first: $first, after: $after,
    orderBy: created_at, orderMode: asc) {
    pageInfo { hasNextPage endCursor }
    edges { node { ${members} } }
  }
}`;
}

/** The platform and the user of the token. */
export const PLATFORM_PROBE = `query PlatformProbe {
  about { version }
  me { id name user_email capabilities { name } }
}`;

/** What this version lets a connector say of itself. */
export const REGISTER_INPUT_FIELDS = `query RegisterInputFields {
  __type(name: "RegisterConnectorInput") { inputFields { name } }
}`;

/**
 * Creates or updates the connector. `config` (broker passwords) and `jwks` are
 * never asked for.
 */
export const REGISTER = `mutation Register($input: RegisterConnectorInput!) {
  registerConnector(input: $input) { id connector_state connector_user_id }
}`;

/** A sign of life, with the state to show. Since 6.7. */
export const PING = `mutation Ping(
  $id: ID!, $state: String, $info: ConnectorInfoInput
) {
  pingConnector(id: $id, state: $state, connectorInfo: $info) {
    id connector_state connector_state_timestamp
  }
}`;

/** Before 6.7: no `connector_state_timestamp`; before 6.3: no info. */
export const PING_LEGACY = `mutation Ping($id: ID!, $state: String) {
  pingConnector(id: $id, state: $state) { id connector_state }
}`;

/** One live stream; null for an unknown id. */
export const STREAM_INFO = `query StreamInfo($id: String!) {
  streamCollection(id: $id) {
    id name description filters stream_live stream_public
  }
}`;

/** The vocabulary of pattern types, page by page. */
export const PATTERN_TYPES = `query PatternTypes($first: Int!, $after: ID) {
  vocabularies(category: pattern_type_ov, first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    edges { node { id name aliases } }
  }
}`;

/** Adds a pattern type; harmless where it exists. */
export const ADD_PATTERN_TYPE =
  `mutation AddPatternType($input: VocabularyAddInput!) {
  vocabularyAdd(input: $input) { id name }
}`;

/** STIX 2.1 as JSON text; empty for an id that is unknown or not visible. */
export const STIX_OBJECT = `query StixObject($id: String!) { stix(id: $id) }`;

/** Which of some objects match a filter. */
export const STILL_IN_STREAM =
  `query StillInStream($filters: FilterGroup, $first: Int!) {
  stixCoreObjects(filters: $filters, first: $first) {
    edges { node { id } }
  }
}`;

/** Entities and observables that match a filter, oldest first. */
export const ENTITY_PAGE = pageQuery("EntityPage", OBJECTS, "id toStix");
/** Their ids alone. */
export const ENTITY_IDS = pageQuery("EntityIds", OBJECTS, "id");
/** Relationships that match a filter, oldest first. */
export const RELATIONSHIP_PAGE = pageQuery(
  "RelationshipPage",
  RELATIONSHIPS,
  "id toStix",
);
/** Their ids alone. */
export const RELATIONSHIP_IDS = pageQuery(
  "RelationshipIds",
  RELATIONSHIPS,
  "id",
);

/** Which of some ids the platform has, and under which other ids. */
export const KNOWN_IDS = `query KnownIds($filters: FilterGroup, $first: Int!) {
  stixCoreObjects(filters: $filters, first: $first) {
    edges { node { id standard_id x_opencti_stix_ids } }
  }
}`;

/** Observables that an indicator is based on. */
export const OBSERVABLES_OF = `query ObservablesOf($id: String!, $first: Int!) {
  indicator(id: $id) {
    observables(first: $first) {
      edges { node { id entity_type observable_value } }
    }
  }
}`;

/** Ids of objects of some types. */
export const FIND_OBJECTS = `query FindObjects(
  $types: [String], $filters: FilterGroup, $first: Int!
) {
  stixCoreObjects(types: $types, filters: $filters, first: $first) {
    edges { node { id entity_type } }
  }
}`;

/** Adds a system; gives the one there is for a name that is taken. */
export const ADD_SYSTEM = `mutation AddSystem($input: SystemAddInput!) {
  systemAdd(input: $input) { id }
}`;

/** Adds a sighting, or widens one whose dates are near. */
export const ADD_SIGHTING = `mutation AddSighting(
  $input: StixSightingRelationshipAddInput!
) {
  stixSightingRelationshipAdd(input: $input) { id }
}`;

/** Sightings of one object at one place, the newest first. */
export const SIGHTINGS_OF = `query SightingsOf(
  $fromId: StixRef, $toId: StixRef, $first: Int!
) {
  stixSightingRelationships(
    fromId: $fromId, toId: $toId, first: $first,
    orderBy: last_seen, orderMode: desc
  ) {
    edges { node { id first_seen last_seen attribute_count } }
  }
}`;

/**
 * What a container holds, page by page. Without `all: true`: with it the
 * platform ignores `first` and gives everything at once.
 */
export const CONTAINER_PAGE = `query ContainerPage(
  $id: String!, $first: Int!, $after: ID
) {
  container(id: $id) {
    objects(first: $first, after: $after) {
      pageInfo { hasNextPage endCursor }
      edges { node {
        ... on StixCoreObject { toStix }
        ... on StixRelationship { toStix }
      } }
    }
  }
}`;

/** Objects by any of their ids, as STIX. */
export const OBJECTS_AS_STIX = `query ObjectsAsStix(
  $filters: FilterGroup, $first: Int!
) {
  stixCoreObjects(filters: $filters, first: $first) {
    edges { node { toStix } }
  }
}`;

/** Sightings that a filter matches, as STIX, page by page. */
export const SIGHTINGS_AS_STIX = `query SightingsAsStix(
  $filters: FilterGroup, $first: Int!, $after: ID
) {
  stixSightingRelationships(filters: $filters, first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    edges { node { toStix } }
  }
}`;

/** The external references of an object; null for one that is not there. */
export const ENTITY_REFERENCES = `query EntityReferences($id: String!) {
  stixDomainObject(id: $id) {
    id
    externalReferences(first: 500) {
      edges { node { id source_name external_id url } }
    }
  }
}`;

/** Adds an external reference; gives the one there is for a known url. */
export const ADD_EXTERNAL_REFERENCE = `mutation AddExternalReference(
  $input: ExternalReferenceAddInput!
) {
  externalReferenceAdd(input: $input) { id }
}`;

/** Attaches a reference to an object; harmless where it is attached. */
export const LINK_EXTERNAL_REFERENCE = `mutation LinkExternalReference(
  $id: ID!, $input: StixRefRelationshipAddInput!
) {
  stixDomainObjectEdit(id: $id) { relationAdd(input: $input) { id } }
}`;

/** Detaches a reference from an object; others that hold it keep it. */
export const UNLINK_EXTERNAL_REFERENCE = `mutation UnlinkExternalReference(
  $id: ID!, $toId: StixRef!
) {
  stixDomainObjectEdit(id: $id) {
    relationDelete(toId: $toId, relationship_type: "external-reference") { id }
  }
}`;
