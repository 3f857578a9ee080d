import {
  extension,
  isRecord,
  OCTI_EXTENSION,
  scoProperty,
  type StixObject,
  strings,
  text,
} from "../../stix/object.ts";
import { derivedId } from "./identifiers.ts";
import { categoryOf, entityType, parentTypes } from "./kinds.ts";
import { representative } from "./messages.ts";
import { currentDocument, endsOf, type StoredObject } from "./objects.ts";
import { connection, everything, type PageArguments } from "./paging.ts";
import type { Platform } from "./platform.ts";
import type { ExternalReference } from "./references.ts";
import { ANY_TYPES } from "./schema.ts";

/** A GraphQL object: members, or functions of the field's arguments. */
export type Node = Record<string, unknown> & { readonly __typename: string };

const TYPES: ReadonlySet<string> = new Set(ANY_TYPES);

/** The GraphQL type of an object; nothing for types the schema lacks. */
export function graphqlType(object: StixObject): string | undefined {
  if (object.type === "relationship") return "StixCoreRelationship";
  if (object.type === "sighting") return "StixSightingRelationship";
  const name = entityType(object).replaceAll("-", "");
  return TYPES.has(name) ? name : undefined;
}

/** An object of the database as GraphQL shows it. */
export function objectNode(
  platform: Platform,
  row: StoredObject | undefined,
): Node | null {
  const type = row === undefined ? undefined : graphqlType(row.object);
  if (row === undefined || type === undefined) return null;
  const { object } = row;
  const octi = extension(object, OCTI_EXTENSION);
  const own = (id: unknown) =>
    objectNode(
      platform,
      typeof id === "string" ? platform.objects.get(id) : undefined,
    );
  return {
    ...object,
    __typename: type,
    id: row.internalId,
    standard_id: object.id,
    entity_type: entityType(object),
    parent_types: parentTypes(object),
    representative: { main: representative(object, platform.objects) },
    x_opencti_stix_ids: strings(octi.stix_ids),
    is_inferred: octi.is_inferred === true,
    created_at: octi.created_at ?? isoDate(row.updatedAt),
    updated_at: isoDate(row.updatedAt),
    modified: currentDocument(row).modified,
    revoked: object.revoked === true,
    toStix: () => JSON.stringify(currentDocument(row)),
    createdBy: () => own(scoProperty(object, "created_by_ref")),
    objectMarking: () =>
      present(strings(object.object_marking_refs).map((ref) => own(ref))),
    objectLabel: () => labelNodes(platform, object),
    externalReferences: (page: PageArguments) =>
      connection(
        platform.references.of(object).map((reference) =>
          referenceNode(platform, reference)
        ),
        page,
      ),
    ...attributes(platform, object, octi),
    ...related(platform, row, own),
  };
}

/** Members of one family of types. */
function attributes(
  platform: Platform,
  object: StixObject,
  octi: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    name: object.name ?? representative(object, platform.objects),
    x_opencti_score: octi.score ?? scoProperty(object, "score"),
    x_opencti_description: scoProperty(object, "description"),
    x_opencti_detection: octi.detection ?? false,
    x_opencti_main_observable_type: octi.main_observable_type,
    x_opencti_order: octi.order ?? 0,
    x_opencti_color: octi.color,
    x_opencti_negative: octi.negative === true,
    attribute_count: object.count ?? 1,
    attribute_key: object.key,
    observable_value: representative(object, platform.objects),
    relationship_type: entityType(object),
    hashes: isRecord(object.hashes)
      ? Object.entries(object.hashes).map(([algorithm, hash]) => ({
        algorithm,
        hash,
      }))
      : [],
    killChainPhases: killChainNodes(object),
  };
}

/** Members that lead to other objects. */
function related(
  platform: Platform,
  { object }: StoredObject,
  own: (id: unknown) => Node | null,
): Record<string, unknown> {
  const [from, to] = endsOf(object);
  const basedOn = (end: "source_ref" | "target_ref") => {
    const nodes: (Node | null)[] = [];
    const near = end === "source_ref" ? "target_ref" : "source_ref";
    for (const row of platform.objects.relationsOf(object.id)) {
      const relation = row.object;
      const isBasedOn = relation.relationship_type === "based-on" &&
        relation[near] === object.id;
      if (isBasedOn) nodes.push(own(relation[end]));
    }
    return present(nodes);
  };
  const isRelation = categoryOf(object) === "relationship" ||
    categoryOf(object) === "sighting";
  return {
    observables: (page: PageArguments) =>
      connection(basedOn("target_ref"), page),
    indicators: (page: PageArguments) =>
      connection(basedOn("source_ref"), page),
    objects: (page: ContainedArguments) =>
      (page.all ? everything : connection)(
        containedRows(platform, object, page.types),
        page,
        (row) => objectNode(platform, row),
      ),
    ...(isRelation
      ? {
        from: () => own(from),
        fromId: () => own(from)?.id ?? "",
        to: () => own(to),
        toId: () => own(to)?.id ?? "",
      }
      : {}),
  };
}

interface ContainedArguments extends PageArguments {
  readonly types?: readonly (string | null)[] | null;
  readonly all?: boolean | null;
}

/** What a container holds, as far as the schema has its types. */
function containedRows(
  platform: Platform,
  { object_refs }: StixObject,
  types: ContainedArguments["types"],
): StoredObject[] {
  return strings(object_refs).flatMap((ref) => {
    const row = platform.objects.get(ref);
    if (row === undefined || graphqlType(row.object) === undefined) return [];
    if (!types) return [row];
    const kinds = [entityType(row.object), ...parentTypes(row.object)];
    return types.some((type) => kinds.includes(type ?? "")) ? [row] : [];
  });
}

/** An external reference as GraphQL shows it. */
export function referenceNode(
  platform: Platform,
  reference: ExternalReference,
): Node {
  return {
    ...metaNode("ExternalReference", "External-Reference", reference.id),
    standard_id: reference.standardId,
    source_name: reference.sourceName,
    url: reference.url,
    external_id: reference.externalId,
    description: reference.description,
    references: ({ types }: { types?: string[] | null }) =>
      connection(usersOf(platform, reference, types ?? undefined), {}),
  };
}

/** Objects that hold the reference. */
function usersOf(
  platform: Platform,
  reference: ExternalReference,
  types: readonly string[] | undefined,
): Node[] {
  const rows = [...platform.objects.all()].filter(({ object }) => {
    const kinds = [entityType(object), ...parentTypes(object)];
    return (types === undefined ||
      types.some((type) => kinds.includes(type))) &&
      platform.references.of(object).includes(reference);
  });
  return present(rows.map((row) => objectNode(platform, row)));
}

function labelNodes(platform: Platform, object: StixObject): Node[] {
  const ids = strings(extension(object, OCTI_EXTENSION).labels_ids);
  return strings(scoProperty(object, "labels")).map((value, index) => {
    const id = ids[index] ?? derivedId("label", value);
    const known = objectNode(platform, platform.objects.get(id));
    return known ?? { ...metaNode("Label", "Label", id), value };
  });
}

function killChainNodes(object: StixObject): Node[] {
  const phases = Array.isArray(object.kill_chain_phases)
    ? object.kill_chain_phases.filter(isRecord)
    : [];
  return phases.map((phase) => {
    const chain = text(phase.kill_chain_name) ?? "";
    const name = text(phase.phase_name) ?? "";
    const id = derivedId("kill-chain-phase", chain, name);
    return {
      ...metaNode("KillChainPhase", "Kill-Chain-Phase", id),
      kill_chain_name: chain,
      phase_name: name,
    };
  });
}

function metaNode(type: string, entity: string, id: string): Node {
  return {
    __typename: type,
    id,
    standard_id: `${entity.toLowerCase()}--${id}`,
    entity_type: entity,
    parent_types: ["Basic-Object", "Stix-Object", "Stix-Meta-Object"],
    representative: { main: id },
    x_opencti_stix_ids: [],
    is_inferred: false,
    created_at: isoDate(0),
    updated_at: isoDate(0),
  };
}

/** What is there of a list. */
export function present<Item>(items: readonly (Item | null)[]): Item[] {
  return items.filter((item) => item !== null);
}

function isoDate(ms: number): string {
  return new Date(ms).toISOString();
}
