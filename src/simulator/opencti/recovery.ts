import {
  extension,
  OCTI_EXTENSION,
  type StixObject,
} from "../../stix/object.ts";
import type { ObjectTable, StoredObject } from "./objects.ts";
import { seededRandom, shuffled } from "../random.ts";

/** What one recovery reads from the database. */
export interface RecoveryOptions {
  /** Both bounds are inclusive, in milliseconds since 1970. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly pageSize: number;
  readonly seed: number;
  readonly matches: (object: StixObject) => boolean;
  readonly withInferences: boolean;
}

/**
 * The pages of a recovery, each queried when it is asked for: an object that
 * is edited meanwhile leaves the window. Pages are in order of `updated_at`;
 * inside a page the order is random.
 */
export function* recoveryPages(
  table: ObjectTable,
  options: RecoveryOptions,
): Iterable<StoredObject[]> {
  const random = seededRandom(options.seed);
  let last: StoredObject | undefined;
  for (;;) {
    const page = nextPage(table.byUpdate(), last, options);
    last = page.at(-1);
    if (last === undefined) return;
    yield shuffled(page, random);
  }
}

function nextPage(
  rows: readonly StoredObject[],
  last: StoredObject | undefined,
  options: RecoveryOptions,
): StoredObject[] {
  const page: StoredObject[] = [];
  for (let at = startOf(rows, last, options.fromMs); at < rows.length; at++) {
    const row = rows[at];
    if (row === undefined || row.updatedAt > options.untilMs) break;
    if (isHidden(row.object, options) || !options.matches(row.object)) continue;
    page.push(row);
    if (page.length >= options.pageSize) break;
  }
  return page;
}

/** Index of the first row after the last one, or of the first in the window. */
function startOf(
  rows: readonly StoredObject[],
  last: StoredObject | undefined,
  fromMs: number,
): number {
  const isBefore = (row: StoredObject) =>
    last === undefined
      ? row.updatedAt < fromMs
      : row.updatedAt < last.updatedAt ||
        row.updatedAt === last.updatedAt && row.internalId <= last.internalId;
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle];
    if (row !== undefined && isBefore(row)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isHidden(object: StixObject, options: RecoveryOptions): boolean {
  return !options.withInferences &&
    extension(object, OCTI_EXTENSION).is_inferred === true;
}
