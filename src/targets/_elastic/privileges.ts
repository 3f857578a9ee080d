import { isRecord } from "../../stix/object.ts";

/** Rights on the index that both targets need. */
export const INDEX_PRIVILEGES: readonly string[] = [
  "create_index",
  "index",
  "delete",
  "read",
  "view_index_metadata",
  "maintenance",
];

/**
 * Those of `wanted` that are not granted.
 *
 * @param granted One object of the answer of `_has_privileges`, right to
 *     boolean; anything else grants nothing.
 */
export function missingPrivileges(
  granted: unknown,
  wanted: readonly string[],
): string[] {
  const rights = isRecord(granted) ? granted : {};
  return wanted.filter((right) => rights[right] !== true);
}
