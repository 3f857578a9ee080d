/** What differs between two states of an event. */
import type { MispSighting, MispTag } from "./misp_event.ts";

/** A tag to put on, or with `deleted` to take off. */
export type TagChange = MispTag & { readonly deleted?: true };

/** What is sent of an element; members that are absent keep their value. */
export type ElementChange =
  & { readonly uuid: string; readonly deleted: boolean }
  & Readonly<Record<string, unknown>>;

/** An element of the event that is to change. */
export type ObjectChange = ElementChange & {
  readonly Attribute?: readonly ElementChange[];
};

/** Everything that differs. */
export interface EventDiff {
  /** Members of the event itself. */
  readonly fields: Readonly<Record<string, string>>;
  readonly tags: readonly TagChange[];
  readonly attributes: readonly ElementChange[];
  readonly objects: readonly ObjectChange[];
  readonly sightings: readonly MispSighting[];
  /**
   * One mark for each difference, over what is wanted and what is there. A
   * difference that is still there after it was sent is what MISP made of it.
   */
  readonly marks: readonly string[];
  /** UUIDs that are wanted and not there. */
  readonly missing: readonly string[];
}

/** True where nothing has to be sent. */
export function isEmpty(diff: EventDiff): boolean {
  return Object.keys(diff.fields).length === 0 && diff.tags.length === 0 &&
    diff.attributes.length === 0 && diff.objects.length === 0 &&
    diff.sightings.length === 0;
}
