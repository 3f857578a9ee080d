import type { Term } from "./field_types.ts";
import type { JsonObject } from "./json.ts";

/** One version of one document. Never changed: a write makes another. */
export interface StoredDocument {
  readonly id: string;
  /** Name of the concrete index. */
  readonly index: string;
  readonly version: number;
  readonly seqNo: number;
  /** Undefined for a tombstone. */
  readonly source: JsonObject | undefined;
  /** Epoch milliseconds of the delete, for a tombstone. */
  readonly deletedAt?: number;
}

/** Term → documents, for one field of the searchable state. */
export class TermIndex {
  readonly #documents = new Map<Term, Set<StoredDocument>>();

  constructor(readonly terms: (document: StoredDocument) => readonly Term[]) {}

  find(term: Term): Iterable<StoredDocument> {
    return this.#documents.get(term) ?? [];
  }

  add(document: StoredDocument): void {
    for (const term of this.terms(document)) {
      const known = this.#documents.get(term);
      if (known === undefined) this.#documents.set(term, new Set([document]));
      else known.add(document);
    }
  }

  remove(document: StoredDocument): void {
    for (const term of this.terms(document)) {
      const known = this.#documents.get(term);
      known?.delete(document);
      if (known?.size === 0) this.#documents.delete(term);
    }
  }
}
