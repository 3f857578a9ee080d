import type { StixObject } from "../stix/object.ts";

/** A container with all that it holds, as the platform had it when asked. */
export interface ResolvedContainer {
  /** Report, grouping or case. */
  readonly container: StixObject;
  /** What `object_refs` names and the token may see: entities, observables, relationships, sightings. */
  readonly contents: readonly StixObject[];
  /** Sightings of the contents, those outside the container too. */
  readonly sightings: readonly StixObject[];
  /**
   * What container, contents and sightings refer to beside the contents, by
   * STIX id: authors, markings, addresses, image files, places of sightings.
   */
  readonly references: ReadonlyMap<string, StixObject>;
}
