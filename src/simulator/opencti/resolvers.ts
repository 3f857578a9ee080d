import { internalId, type StixObject, text } from "../../stix/object.ts";
import {
  FilterError,
  type FilterGroup,
  matchesFilters,
  parseFilters,
} from "./filters.ts";
import { OpenctiError } from "./graphql_error.ts";
import { entityType, parentTypes } from "./kinds.ts";
import { categoryOf } from "./kinds.ts";
import {
  graphqlType,
  type Node,
  objectNode,
  present,
  referenceNode,
} from "./nodes.ts";
import { currentDocument, endsOf, type StoredObject } from "./objects.ts";
import { connection, type PageArguments } from "./paging.ts";
import type { Platform } from "./platform.ts";
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
    connection(
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
  const rows = candidates(platform, args.filters).filter(({ object }) =>
    accepts(object) && matches(object)
  );
  const shown = rows.filter(({ object }) => graphqlType(object) !== undefined);
  return connection(shown, args, (row) => objectNode(platform, row));
}

/** Only the rows with the ids that the filter names, where it names some. */
function candidates(platform: Platform, filters: unknown): StoredObject[] {
  const group = filters as FilterGroup | null | undefined;
  const ids = group?.mode === "and"
    ? group.filters.find(({ key, operator }) =>
      key[0] === "ids" && (operator ?? "eq") === "eq"
    )
    : undefined;
  if (ids === undefined) return [...platform.objects.byUpdate()];
  const rows = ids.values.flatMap((id) =>
    platform.objects.get(String(id)) ?? []
  );
  return [...new Set(rows)];
}

/**
 * The predicate of a `FilterGroup`. A group that equals a collection's own
 * filter is judged as the collection judges.
 */
function filterOf(
  platform: Platform,
  filters: unknown,
): (object: StixObject) => boolean {
  if (filters === undefined || filters === null) return () => true;
  const group = filters as FilterGroup;
  const known = [...platform.collections.values()].filter((collection) =>
    collection.filters !== ""
  ).map((collection) => ({
    text: JSON.stringify(parseFilters(collection.filters)),
    matches: collection.matches,
  }));
  const matches = (part: FilterGroup, object: StixObject): boolean => {
    const own = { ...part, filterGroups: [] };
    const nested = part.filterGroups.map((inner) => () => {
      const twin = known.find(({ text }) => text === JSON.stringify(inner));
      return twin?.matches(object) ?? matches(inner, object);
    });
    const direct = () => matchesFilters(own, object, platform.objects);
    const hasOwn = part.filters.length > 0;
    if (part.mode === "or" && nested.length > 0) {
      return hasOwn && direct() || nested.some((test) => test());
    }
    return direct() && nested.every((test) => test());
  };
  return (object) => {
    try {
      return matches(group, object);
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      throw new OpenctiError("UNSUPPORTED_ERROR", error.message);
    }
  };
}

function relations(
  platform: Platform,
  category: "relationship" | "sighting",
  args: Readonly<Record<string, unknown>>,
): StoredObject[] {
  const from = idsOf(platform, args.fromId);
  const to = idsOf(platform, args.toId);
  const either = idsOf(platform, args.fromOrToId);
  const anchors = from ?? to ?? either ??
    idsOf(platform, endsNamed(args.filters));
  const rows = anchors === undefined
    ? [...platform.objects.byUpdate()]
    : [...anchors].flatMap((id) => [...platform.objects.relationsOf(id)]);
  const matches = filterOf(platform, args.filters);
  const kinds = listOf(args.relationship_type);
  return [...new Set(rows)].filter(({ object }) => {
    if (categoryOf(object) !== category) return false;
    const [source = "", ...targets] = endsOf(object);
    return (from === undefined || from.has(source)) &&
      (to === undefined || targets.some((end) => to.has(end))) &&
      (either === undefined ||
        [source, ...targets].some((end) => either.has(end))) &&
      (kinds === undefined || kinds.includes(entityType(object))) &&
      endHasType(platform, [source], args.fromTypes) &&
      endHasType(platform, targets, args.toTypes) && matches(object);
  }).sort((a, b) => internalId(a.object) < internalId(b.object) ? -1 : 1);
}

/** The ids of an end that the filter demands; undefined if it demands none. */
function endsNamed(filters: unknown): readonly unknown[] | undefined {
  const group = filters as FilterGroup | null | undefined;
  if (group?.mode !== "and") return undefined;
  return group.filters.find(({ key, operator }) =>
    key.length === 1 && ["fromId", "toId"].includes(key[0] ?? "") &&
    (operator ?? "eq") === "eq"
  )?.values;
}

/** Standard ids of the objects that are meant; absent: any object. */
function idsOf(platform: Platform, value: unknown): Set<string> | undefined {
  const ids = listOf(value);
  if (ids === undefined) return undefined;
  return new Set(
    ids.map((id) => platform.objects.get(id)?.object.id ?? id),
  );
}

function listOf(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  return (Array.isArray(value) ? value : [value]).map(String);
}

function endHasType(
  platform: Platform,
  ends: readonly string[],
  types: unknown,
): boolean {
  if (listOf(types) === undefined) return true;
  return ends.some((end) => {
    const row = platform.objects.get(end);
    return row !== undefined && hasType(row.object, types);
  });
}

function hasType(object: StixObject, types: unknown): boolean {
  const wanted = listOf(types);
  const held = [entityType(object), ...parentTypes(object)];
  return wanted === undefined || wanted.some((type) => held.includes(type));
}

function isCore(object: StixObject): boolean {
  return parentTypes(object).includes("Stix-Core-Object");
}

function isDomain(object: StixObject): boolean {
  return parentTypes(object).includes("Stix-Domain-Object");
}
