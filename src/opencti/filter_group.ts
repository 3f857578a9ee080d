import { isRecord, strings } from "../stix/object.ts";

/** One condition, as GraphQL takes it. */
export interface Filter {
  readonly key: readonly string[];
  readonly values: readonly unknown[];
  readonly operator?: string;
  readonly mode?: string;
}

/** OpenCTI's filters, since 5.12: the input type `FilterGroup`. */
export interface FilterGroup {
  readonly mode: string;
  readonly filters: readonly Filter[];
  readonly filterGroups: readonly FilterGroup[];
}

/**
 * The filter of a live stream as GraphQL takes it back; `undefined` for a
 * stream without one. The text that the platform keeps also holds what its
 * screens need, such as the `id` of a condition, which the input type refuses.
 *
 * @param filters `streamCollection.filters`: JSON text, or empty.
 */
export function readFilterGroup(filters: string): FilterGroup | undefined {
  let value: unknown;
  try {
    value = JSON.parse(filters);
  } catch {
    return undefined;
  }
  const group = toGroup(value);
  return group.filters.length + group.filterGroups.length === 0
    ? undefined
    : group;
}

function toGroup(value: unknown): FilterGroup {
  const { mode, filters, filterGroups } = isRecord(value) ? value : {};
  return {
    mode: mode === "or" ? "or" : "and",
    filters: records(filters).map(toFilter),
    filterGroups: records(filterGroups).map(toGroup),
  };
}

function toFilter(
  { key, values, operator, mode }: Record<string, unknown>,
): Filter {
  return {
    key: typeof key === "string" ? [key] : strings(key),
    values: Array.isArray(values) ? values : [],
    ...(typeof operator === "string" ? { operator } : {}),
    ...(typeof mode === "string" ? { mode } : {}),
  };
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
