import { internalId, type StixObject } from "../../stix/object.ts";
import {
  FilterError,
  type FilterGroup,
  matchesFilters,
  parseFilters,
} from "./filters.ts";
import { OpenctiError } from "./graphql_error.ts";
import { categoryOf, entityType, parentTypes } from "./kinds.ts";
import { endsOf, type StoredObject } from "./objects.ts";
import type { Platform } from "./platform.ts";

/**
 * The predicate of a `FilterGroup`. A group that equals a collection's own
 * filter is judged as the collection judges.
 */
export function filterOf(
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

/** Relationships or sightings that the arguments ask for, by internal id. */
export function relations(
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

/** Whether an object is of one of the types, or of a parent; without any: yes. */
export function hasType(object: StixObject, types: unknown): boolean {
  const wanted = listOf(types);
  const held = [entityType(object), ...parentTypes(object)];
  return wanted === undefined || wanted.some((type) => held.includes(type));
}
