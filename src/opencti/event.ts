import type { StixObject } from "../stix/object.ts";

/**
 * Where to resume a live stream. Everything up to `from` is settled.
 * Shape of the text OpenCTI shows for a connector: `start_from`,
 * `recover_until`.
 */
export interface Position {
  /** SSE id `<milliseconds>-<sequence>`, exclusive in the live phase. */
  readonly from: string;
  /** ISO date: the recovery from the database up to it is not finished. */
  readonly recoverUntil?: string;
  /** The newest id of a data event that was settled. */
  readonly lastEventId?: string;
  /**
   * Lowest version that events may have from now on: set when the platform's
   * ids went back (a restored backup), so that writes are not taken for old.
   */
  readonly versionFloor?: number;
}

/** Why an object is created, updated or deleted. */
export type Cause =
  /** The object is new on the platform. */
  | "created"
  /** It was changed; `changed` says what, where that is known. */
  | "changed"
  /** It exists for long and was sent by a recovery from the database. */
  | "recovered"
  /** It matches the stream's filter only now. */
  | "entered-filter"
  /** It no longer exists. */
  | "deleted"
  /** It exists, and the stream's filter no longer matches it. */
  | "left-filter"
  /** It was merged into another object and no longer exists. */
  | "merged";

/**
 * One thing to apply to a target: an object to be there as given (`create`,
 * `update`), or to be gone (`delete`). A merge arrives as deletes of its
 * sources and an update of what is left.
 */
export interface StreamEvent {
  /** SSE id. Objects of one merge share it. */
  readonly id: string;
  /**
   * Order of the event: `<milliseconds> * 1000 + <sequence>`, never below
   * `Position.versionFloor`. A safe integer.
   */
  readonly version: number;
  readonly action: "create" | "update" | "delete";
  readonly cause: Cause;
  /** The platform's id: the key of the object for order and state. */
  readonly internalId: string;
  /** The object after the event; for a delete, as it was just before. */
  readonly object: StixObject;
  /**
   * JSON pointers (RFC 6901) of what an update changed, in the object's own
   * shape. Absent: anything may have changed (recovery, or several events of
   * the object that were taken together).
   */
  readonly changed?: readonly string[];
  /** RFC 6902 operations that lead back to the former object, where sent. */
  readonly reversePatch?: readonly unknown[];
  /** Size of the event's JSON text in UTF-8 bytes. */
  readonly bytes: number;
  /**
   * The stream does not say whether the object matches its filter: it was sent
   * as context of a recovery, or because a matching container holds it. The
   * pipeline asks the platform before it delivers.
   */
  readonly unsure?: true;
  /**
   * The object does not match the stream's filter; a container that matches
   * holds it. Only for targets that follow contents.
   */
  readonly outside?: true;
}

/** What a live stream gives, in order. */
export type StreamItem =
  | {
    readonly kind: "event";
    readonly event: StreamEvent;
    /** Safe once this item and all before it are settled. */
    readonly resumeFrom: Position;
  }
  /** A data event that cannot be understood. */
  | {
    readonly kind: "malformed";
    readonly id: string;
    readonly reason: string;
    /** The data as it came; empty when it was larger than the limit. */
    readonly payload: string;
    readonly resumeFrom: Position;
  }
  /** Nothing to do: the position moved on. */
  | { readonly kind: "position"; readonly resumeFrom: Position };
