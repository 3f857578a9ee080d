import { compileQuery } from "./query.ts";
import type { StoredDocument, StoredIndex } from "./stored_index.ts";

/** One index with the documents a search sees in it. */
export interface SearchScope {
  readonly index: StoredIndex;
  readonly documents: Iterable<StoredDocument>;
  /** The scope is the index's own searchable state, so candidates may serve. */
  readonly live: boolean;
}

/** The documents of indices as a search sees them now. */
export function scopesOf(
  indices: readonly StoredIndex[],
  now: number,
): SearchScope[] {
  return indices.map((index) => ({
    index,
    documents: index.searchable(now).values(),
    live: true,
  }));
}

/** Documents of a scope that match a query. */
export function* matching(
  { index, documents, live }: SearchScope,
  query: unknown,
  now: number,
): Generator<StoredDocument> {
  const compiled = compileQuery(query, { index, now });
  const among = live ? compiled.candidates?.() ?? documents : documents;
  for (const document of among) if (compiled.test(document)) yield document;
}
