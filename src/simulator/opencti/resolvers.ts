import { type StixObject, text } from "../../stix/object.ts";
import type { FilterGroup } from "./filters.ts";
import { categoryOf, entityType, parentTypes } from "./kinds.ts";
import {
  graphqlType,
  type Node,
  objectNode,
  present,
  referenceNode,
} from "./nodes.ts";
import {
  creationKey,
  currentDocument,
  inCreationOrder,
  type StoredObject,
} from "./objects.ts";
import { connection, orderedConnection, type PageArguments } from "./paging.ts";
import type { Platform } from "./platform.ts";
import { filterOf, hasType, relations } from "./relations.ts";
import type { Connector } from "./connectors.ts";
import type { Vocabulary } from "./vocabularies.ts";

/** A root field: the platform and the field's arguments in, a value out. */
export type RootResolver = (
  platform: Platform,
  // The schema has checked the arguments before.
  args: Readonly<Record<string, unknown>>,
) => unknown;

/** The root fields of `Query`. */
export const QUERY: Readonly<Record<string, RootResolver>> = {
  about: (platform) => ({ version: platform.version }),
  me: ({ user }) => ({
    id: user.id,
    name: user.name,
    user_email: user.email,
    capabilities: user.capabilities.map((name) => ({ id: name, name })),
  }),
  connector: (platform, { id }) =>
    connectorNode(platform.connectors.get(String(id))),
  streamCollection(platform, { id }) {
    const collection = platform.collections.get(String(id));
    if (collection === undefined || !collection.allowed) return null;
    const { name, description, filters, live } = collection;
    return {
      id: collection.id,
      name,
      description,
      filters,
      stream_live: live,
      stream_public: collection.public,
    };
  },
  vocabularies(platform, args) {
    const search = text(args.search)?.toLowerCase() ?? "";
    const list = platform.vocabularies.list(text(args.category))
      .filter(({ name }) => name.toLowerCase().includes(search));
    return connection(list.map(vocabularyNode), args as PageArguments);
  },
  stix: (platform, { id }) => {
    const row = platform.objects.get(String(id));
    return row === undefined ? "" : JSON.stringify(currentDocument(row));
  },
  indicator: (platform, { id }) =>
    nodeIf(platform, id, (object) => object.type === "indicator"),
  identity: (platform, { id }) =>
    nodeIf(platform, id, (object) => object.type === "identity"),
  markingDefinition: (platform, { id }) =>
    nodeIf(platform, id, (object) => object.type === "marking-definition"),
  stixCoreObject: (platform, { id }) => nodeIf(platform, id, isCore),
  stixDomainObject: (platform, { id }) => nodeIf(platform, id, isDomain),
  container: (platform, { id }) =>
    nodeIf(platform, id, (object) => parentTypes(object).includes("Container")),
  stixObjectOrStixRelationship: (platform, { id }) =>
    nodeIf(platform, id, () => true),
  stixCoreObjects: (platform, args) =>
    listNodes(
      platform,
      args,
      (object) => isCore(object) && hasType(object, args.types),
    ),
  systems: (platform, args) =>
    listNodes(platform, args, (object) =>
      entityType(object) === "System" &&
      (text(args.search) === undefined || object.name === args.search)),
  stixCoreRelationships: (platform, args) =>
    args.orderBy === "created_at"
      ? orderedRelations(platform, args)
      : connection(
        relations(platform, "relationship", args),
        args,
        (row) => objectNode(platform, row),
      ),
  stixSightingRelationships(platform, args) {
    const rows = relations(platform, "sighting", args);
    const toNode = (row: StoredObject) => objectNode(platform, row);
    const key = text(args.orderBy);
    if (key === undefined) return connection(rows, args, toNode);
    const sign = args.orderMode === "desc" ? -1 : 1;
    const nodes = present(rows.map(toNode)).sort((a, b) =>
      sign * String(a[key]).localeCompare(String(b[key]))
    );
    return connection(nodes, args);
  },
  externalReference(platform, { id }) {
    const reference = platform.references.get(String(id));
    return reference === undefined ? null : referenceNode(platform, reference);
  },
};

/** A connector as GraphQL shows it. */
export function connectorNode(connector: Connector | undefined) {
  if (connector === undefined) return null;
  return {
    id: connector.id,
    name: connector.name,
    connector_type: connector.type,
    connector_scope: connector.scope,
    connector_state: connector.state,
    connector_state_reset: connector.reset,
    connector_state_timestamp: connector.stateTimestamp,
    connector_user_id: connector.userId,
    updated_at: connector.updatedAt,
  };
}

/** A vocabulary entry as GraphQL shows it. */
export function vocabularyNode(vocabulary: Vocabulary): Node {
  return {
    __typename: "Vocabulary",
    id: vocabulary.id,
    standard_id: vocabulary.standardId,
    entity_type: "Vocabulary",
    parent_types: ["Basic-Object", "Stix-Object", "Stix-Meta-Object"],
    name: vocabulary.name,
    description: vocabulary.description,
    aliases: vocabulary.aliases,
    builtIn: vocabulary.builtIn,
  };
}

function nodeIf(
  platform: Platform,
  id: unknown,
  accepts: (object: StixObject) => boolean,
): Node | null {
  const row = typeof id === "string" ? platform.objects.get(id) : undefined;
  return row !== undefined && accepts(row.object)
    ? objectNode(platform, row)
    : null;
}

function listNodes(
  platform: Platform,
  args: Readonly<Record<string, unknown>>,
  accepts: (object: StixObject) => boolean,
) {
  const matches = filterOf(platform, args.filters);
  return orderedConnection({
    rows: candidates(platform, args.filters),
    keyOf: creationKey,
    matches: ({ object }) =>
      graphqlType(object) !== undefined && accepts(object) && matches(object),
    toItem: (row) => objectNode(platform, row),
  }, args);
}

/** Only the rows with the ids that the filter names, where it names some. */
function candidates(
  platform: Platform,
  filters: unknown,
): readonly StoredObject[] {
  const group = filters as FilterGroup | null | undefined;
  const ids = group?.mode === "and"
    ? group.filters.find(({ key, operator }) =>
      key[0] === "ids" && (operator ?? "eq") === "eq"
    )
    : undefined;
  if (ids === undefined) return platform.objects.byCreation();
  const rows = ids.values.flatMap((id) =>
    platform.objects.get(String(id)) ?? []
  );
  return inCreationOrder(new Set(rows));
}

/** All of some types, in the order of their creation. */
function orderedRelations(
  platform: Platform,
  args: Readonly<Record<string, unknown>>,
) {
  return listNodes(
    platform,
    args,
    (object) =>
      categoryOf(object) === "relationship" &&
      hasType(object, args.relationship_type),
  );
}

function isCore(object: StixObject): boolean {
  return parentTypes(object).includes("Stix-Core-Object");
}

function isDomain(object: StixObject): boolean {
  return parentTypes(object).includes("Stix-Domain-Object");
}
