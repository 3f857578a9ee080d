import type { Term } from "./field_type.ts";
import type { StoredDocument } from "./stored_document.ts";

/** Term → documents, for one field of the searchable state. */
export class TermIndex {
  readonly #documents = new Map<Term, Set<StoredDocument>>();

  constructor(readonly terms: (document: StoredDocument) => readonly Term[]) {}

  /** Documents that hold the term. */
  find(term: Term): Iterable<StoredDocument> {
    return this.#documents.get(term) ?? [];
  }

  /** Notes a document that became searchable. */
  add(document: StoredDocument): void {
    for (const term of this.terms(document)) {
      const known = this.#documents.get(term);
      if (known === undefined) this.#documents.set(term, new Set([document]));
      else known.add(document);
    }
  }

  /** Forgets a document that is not searchable any more. */
  remove(document: StoredDocument): void {
    for (const term of this.terms(document)) {
      const known = this.#documents.get(term);
      known?.delete(document);
      if (known?.size === 0) this.#documents.delete(term);
    }
  }
}
