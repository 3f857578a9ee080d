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
