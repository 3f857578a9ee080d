import type { StreamEvent } from "../../src/opencti/event.ts";
import type { StixObject } from "../../src/stix/object.ts";

/** An event that tells of a new object. */
export function streamEvent(
  internalId: string,
  object: Readonly<Record<string, unknown>>,
  { at, sequence, ...rest }: Partial<StreamEvent> & {
    /** Milliseconds since 1970. */
    readonly at: number;
    /** Tells events of one moment apart. */
    readonly sequence: number;
  },
): StreamEvent {
  return {
    id: `${at}-${sequence}`,
    version: at * 1000 + sequence,
    action: "create",
    cause: "created",
    internalId,
    object: object as unknown as StixObject,
    bytes: 1000,
    ...rest,
  };
}
