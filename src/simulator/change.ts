import type { StixObject } from "../stix/object.ts";

/** One thing that a person, a connector or a manager does on the platform. */
export type Change =
  | { at: number; op: "create"; object: StixObject }
  /** The whole new object; same internal id as before. */
  | { at: number; op: "update"; object: StixObject; message?: string }
  | { at: number; op: "delete"; internalId: string }
  /** The sources vanish into the target; both are internal ids. */
  | { at: number; op: "merge"; into: string; sources: string[] };
