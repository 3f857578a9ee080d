import {
  extension,
  internalId,
  isRecord,
  OCTI_EXTENSION,
  scoProperty,
  type StixObject,
  strings,
} from "../../stix/object.ts";
import { entityType, parentTypes } from "./kinds.ts";
import type { ObjectTable } from "./objects.ts";

/** One condition of a `FilterGroup`. */
export interface Filter {
  readonly key: readonly string[];
  readonly values: readonly unknown[];
  readonly operator?: string | null;
  readonly mode?: string | null;
}

/** OpenCTI's filters (since 5.12): GraphQL `FilterGroup`, or its JSON text. */
export interface FilterGroup {
  readonly mode: string;
  readonly filters: readonly Filter[];
  readonly filterGroups: readonly FilterGroup[];
}

/** The filter that lets everything through. */
const NO_FILTER: FilterGroup = {
  mode: "and",
  filters: [],
  filterGroups: [],
};

/** A filter key or operator that the platform does not know. */
export class FilterError extends Error {
  override name = "FilterError";
}

type Values = (object: StixObject, table: ObjectTable) => unknown[];

// deno-fmt-ignore
const KEYS: Readonly<Record<string, Values>> = {
  ids: (object) => [internalId(object), object.id, ...strings(octi(object).stix_ids)],
  entity_type: (object) => [entityType(object), ...parentTypes(object)],
  relationship_type: (object) => [object.relationship_type],
  name: (object) => [object.name],
  value: (object) => [object.value],
  pattern: (object) => [object.pattern],
  pattern_type: (object) => [object.pattern_type],
  indicator_types: (object) => strings(object.indicator_types),
  x_opencti_main_observable_type: (object) => [octi(object).main_observable_type],
  x_opencti_score: (object) => [octi(object).score ?? scoProperty(object, "score")],
  x_opencti_detection: (object) => [octi(object).detection],
  revoked: (object) => [object.revoked ?? false],
  confidence: (object) => [object.confidence],
  severity: (object) => [object.severity],
  priority: (object) => [object.priority],
  report_types: (object) => strings(object.report_types),
  workflow_id: (object) => [octi(object).workflow_id],
  creator_id: (object) => strings(octi(object).creator_ids),
  objectLabel: (object) => [...strings(octi(object).labels_ids), ...strings(scoProperty(object, "labels"))],
  objectMarking: (object, table) => withInternal(object.object_marking_refs, table),
  createdBy: (object, table) => [octi(object).created_by_ref_id, ...withInternal([scoProperty(object, "created_by_ref")], table)],
  objects: (object, table) => withInternal(object.object_refs, table),
  fromId: (object, table) => withInternal([object.source_ref ?? object.sighting_of_ref], table),
  toId: (object, table) => withInternal(toRefs(object), table),
  fromTypes: (object, table) => typesOf([object.source_ref ?? object.sighting_of_ref], table),
  toTypes: (object, table) => typesOf(toRefs(object), table),
};

const NUMBERS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
};

const TEXTS: Readonly<Record<string, (a: string, b: string) => boolean>> = {
  eq: (a, b) => a === b,
  contains: (a, b) => a.includes(b),
  match: (a, b) => a.includes(b),
  search: (a, b) => a.includes(b),
  starts_with: (a, b) => a.startsWith(b),
  ends_with: (a, b) => a.endsWith(b),
};

/**
 * True when the object passes the group.
 *
 * @throws {FilterError} For a key or an operator outside the tables above.
 */
export function matchesFilters(
  group: FilterGroup,
  object: StixObject,
  table: ObjectTable,
): boolean {
  const tests = [
    ...group.filters.map((filter) => () => passes(filter, object, table)),
    ...group.filterGroups.map((inner) => () =>
      matchesFilters(inner, object, table)
    ),
  ];
  if (tests.length === 0) return true;
  return group.mode === "or"
    ? tests.some((test) => test())
    : tests.every((test) => test());
}

/** Reads the JSON text of a collection; empty text is no filter. */
export function parseFilters(json: string): FilterGroup {
  const value: unknown = json === "" ? NO_FILTER : JSON.parse(json);
  if (!isFilterGroup(value)) throw new FilterError("not a FilterGroup");
  return value;
}

function isFilterGroup(value: unknown): value is FilterGroup {
  return isRecord(value) && typeof value.mode === "string" &&
    Array.isArray(value.filters) && value.filters.every(isFilter) &&
    Array.isArray(value.filterGroups) &&
    value.filterGroups.every(isFilterGroup);
}

function isFilter(value: unknown): boolean {
  return isRecord(value) && Array.isArray(value.key) &&
    Array.isArray(value.values);
}

function passes(filter: Filter, object: StixObject, table: ObjectTable) {
  const held = filter.key.flatMap((key) => {
    const values = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (values === undefined) throw new FilterError(`unknown key ${key}`);
    return values(object, table);
  }).filter((value) => value !== undefined && value !== null && value !== "");
  const operator = filter.operator ?? "eq";
  if (operator === "nil") return held.length === 0;
  const negated = operator.startsWith("not_");
  const positive = negated ? operator.slice(4) : operator;
  if (positive === "nil") return held.length > 0;
  const one = (wanted: unknown) =>
    held.some((value) => compares(positive, value, wanted));
  const all = filter.mode === "and" !== negated;
  const found = all ? filter.values.every(one) : filter.values.some(one);
  return negated ? !found : found;
}

function compares(operator: string, value: unknown, wanted: unknown): boolean {
  const numbers = NUMBERS[operator];
  if (numbers !== undefined) return numbers(Number(value), Number(wanted));
  const texts = TEXTS[operator];
  if (texts === undefined) {
    throw new FilterError(`unknown operator ${operator}`);
  }
  return texts(String(value).toLowerCase(), String(wanted).toLowerCase());
}

function octi(object: StixObject): Readonly<Record<string, unknown>> {
  return extension(object, OCTI_EXTENSION);
}

function toRefs(object: StixObject): unknown[] {
  return object.type === "sighting"
    ? strings(object.where_sighted_refs)
    : [object.target_ref];
}

function withInternal(refs: unknown, table: ObjectTable): unknown[] {
  return strings(refs).flatMap((ref) => [ref, table.get(ref)?.internalId]);
}

function typesOf(refs: unknown[], table: ObjectTable): string[] {
  return strings(refs).flatMap((ref) => {
    const row = table.get(ref);
    return row === undefined
      ? []
      : [entityType(row.object), ...parentTypes(row.object)];
  });
}
