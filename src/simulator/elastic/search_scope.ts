import type { StoredDocument } from "./stored_document.ts";
import type { StoredIndex } from "./stored_index.ts";

/** One index with the documents a search sees in it. */
export interface SearchScope {
  readonly index: StoredIndex;
  readonly documents: Iterable<StoredDocument>;
  /** The scope is the index's own searchable state, so candidates may serve. */
  readonly live: boolean;
}
