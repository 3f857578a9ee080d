import type { Marking, OpenctiClient } from "../../opencti/client.ts";
import type { StreamEvent } from "../../opencti/event.ts";
import { isWellKnownMarking } from "../../stix/marking.ts";
import { strings } from "../../stix/object.ts";
import { authorRef } from "./entity_rows.ts";

/** What the ids in a batch of events stand for. */
export interface BatchNames {
  /** Names of authors. */
  readonly names: ReadonlyMap<string, string>;
  /** Markings that are not among the well-known ones. */
  readonly markings: ReadonlyMap<string, Marking>;
}

/** Looks up the authors and markings of a batch, each kind once. */
export async function readBatchNames(
  opencti: OpenctiClient,
  events: readonly StreamEvent[],
  signal: AbortSignal,
): Promise<BatchNames> {
  const authors = new Set<string>();
  const markings = new Set<string>();
  for (const { action, object } of events) {
    if (action === "delete") continue;
    const author = authorRef(object);
    if (author !== undefined) authors.add(author);
    for (const ref of strings(object.object_marking_refs)) {
      if (!isWellKnownMarking(ref)) markings.add(ref);
    }
  }
  return {
    names: authors.size === 0
      ? new Map()
      : await opencti.namesOf(authors, signal),
    markings: markings.size === 0
      ? new Map()
      : await opencti.markingsOf(markings, signal),
  };
}
