/** What `deliver()` would do with an event, in the words of `--dry-run`. */
import type { StreamEvent } from "../../opencti/event.ts";
import type { PlannedAction } from "../target.ts";
import { type EntityPlan, eventMs } from "./mapping.ts";
import type { Places } from "./writer.ts";

/**
 * The writes of an event. Whether a document already lies elsewhere, or there
 * is one to remove, is known only when it is done.
 */
export function toPlannedActions(
  event: StreamEvent,
  plan: EntityPlan | string,
  places: Places,
): PlannedAction[] {
  const about = { event: event.id, object: event.internalId };
  if (typeof plan === "string") {
    return [{ ...about, action: "skip", reason: plan }];
  }
  const { documents, withheld } = plan;
  if (documents.length === 0) {
    return [{
      ...about,
      action: "delete",
      to: places.pattern,
      id: event.internalId,
      ...(withheld === undefined ? {} : { reason: withheld }),
    }];
  }
  const { index } = places.newPlace(eventMs(event));
  return documents.map(({ id, source }): PlannedAction => ({
    ...about,
    action: "write",
    to: index,
    id,
    payload: source,
  }));
}
