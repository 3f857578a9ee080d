import { type Book, lost, type Page, rankOfKey } from "./book.ts";
import type { StoredIndicator } from "./answers.ts";
import { PAGE_SIZE } from "./client.ts";
import { ownerIn } from "./description.ts";
import { iocOfKey, keyOfStored } from "./mapping.ts";
import type { RemoteOptions } from "./remote.ts";

/** Active indicators that hold exactly one value. */
export interface Found {
  /** Their description ends in a link to this OpenCTI. */
  readonly ours: readonly StoredIndicator[];
  readonly foreign: readonly StoredIndicator[];
}

/**
 * Looks a value up. The search of the API finds whatever contains the text:
 * only indicators whose pattern names this value and nothing else count.
 */
export async function find(
  { client, collection, urls }: RemoteOptions,
  key: string,
  signal: AbortSignal,
): Promise<Found> {
  const ours: StoredIndicator[] = [];
  const foreign: StoredIndicator[] = [];
  const term = termOf(iocOfKey(key).value);
  for (let offset = 0;; offset += PAGE_SIZE) {
    const items = await client.listIndicators(
      collection(),
      { term, offset },
      signal,
    );
    for (const item of items) {
      if (item.revoked || keyOfStored(item.pattern) !== key) continue;
      const isOurs = ownerIn(item.fields.description, urls) !== undefined;
      (isOurs ? ours : foreign).push(item);
    }
    if (items.length < PAGE_SIZE) return { ours, foreign };
  }
}

/** The longest part that a pattern spells without escapes. */
function termOf(value: string): string {
  return value.split(/[\\',]/).reduce((a, b) => b.length > a.length ? b : a);
}

/**
 * Puts into the row of a value what the collection holds of it.
 *
 * @returns False where nobody holds it.
 */
export async function learn(
  options: RemoteOptions & { readonly book: Book },
  page: Page,
  key: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { ours, foreign } = await find(options, key, signal);
  const row = page.value(key);
  if (row === undefined) return false;
  const [first, ...rest] = ours;
  if (first !== undefined) {
    options.book.setRow(page, key, {
      ...lost(row),
      remoteId: first.id,
      more: {
        found: first.fields,
        rank: rankOfKey(page, key),
        ...(rest.length === 0 ? {} : { others: rest.map(({ id }) => id) }),
      },
    });
    return true;
  }
  options.book.setRow(page, key, {
    ...lost(row),
    ...(foreign.length === 0 ? {} : { more: { state: "foreign" } }),
  });
  return foreign.length > 0;
}
