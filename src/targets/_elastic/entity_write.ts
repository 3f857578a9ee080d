/** What a target asks of the documents of one entity. */
import type { EcsDocument } from "./document.ts";
import type { Verdict } from "./verdict.ts";

/** What an entity may have beside the documents now given. */
export type Others =
  /** Look for them whatever is known. */
  | "always"
  /** Its documents may have had other ids. */
  | "likely"
  /** It has documents, but only with the ids now given. */
  | "same-ids"
  /** It is new. */
  | "none";

/** The state that an entity's documents have to have. */
export interface EntityWrite {
  /** `opencti_doc_id` of all its documents. */
  readonly docId: string;
  readonly version: number;
  /** Empty: it must have none. */
  readonly documents: readonly EcsDocument[];
  readonly others: Others;
}

/** What became of an entity's documents. */
export type EntityResult =
  | {
    readonly status: "done";
    /** Whether there was something to remove, where none is wanted. */
    readonly removed: boolean;
    /** The far side holds a newer state of the entity, which stays. */
    readonly superseded: boolean;
  }
  | Extract<Verdict, { status: "rejected" | "retry" }>;
