import { isRecord } from "../../stix/object.ts";

/** What `events/add` and `events/edit` are sent. */
export interface EventBody {
  readonly event: Readonly<Record<string, unknown>>;
  /** The list beside `Event`. */
  readonly sightings: unknown;
}

/** The event of a body, wrapped in `Event` or bare. */
export function eventBody(
  body: Readonly<Record<string, unknown>>,
): EventBody {
  return isRecord(body.Event)
    ? { event: body.Event, sightings: body.Sighting }
    : { event: body, sightings: undefined };
}
