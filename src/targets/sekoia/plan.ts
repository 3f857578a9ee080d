/** What `deliver()` would do with an event, in the words of `--dry-run`. */
import type { StreamEvent } from "../../opencti/event.ts";
import type { PlannedAction } from "../target.ts";
import type { Page } from "./book.ts";
import { iocOfKey, type Wish } from "./mapping.ts";

/** The writes of an event; `to` is the collection. */
export function toPlannedActions(
  event: StreamEvent,
  wish: Wish | string,
  { page, to }: { page: Page; to: string },
): PlannedAction[] {
  const about = { event: event.id, object: event.internalId };
  if (typeof wish === "string") {
    return [{ ...about, action: "skip", reason: wish }];
  }
  const wanted = new Set(wish.keys);
  const former = page.keysOf(event.internalId);
  const leaving = former.length > 0 ? former : wish.suspects;
  const removals = leaving.filter((key) => !wanted.has(key));
  const reason = wish.reason === undefined ? {} : { reason: wish.reason };
  const actions: PlannedAction[] = removals.map((key) => {
    const id = page.value(key)?.remoteId;
    return {
      ...about,
      action: "delete",
      to,
      ...(id === undefined ? {} : { id }),
      payload: iocOfKey(key),
      ...reason,
    };
  });
  if (wish.props !== null) {
    actions.push({
      ...about,
      action: "write",
      to,
      payload: {
        indicators: wish.keys.map((key) => ({ value: iocOfKey(key).value })),
        default_fields: wish.props.fields,
      },
    });
  }
  const nothing = wish.reason ?? "nothing of it is known to be there";
  return actions.length > 0
    ? actions
    : [{ ...about, action: "skip", reason: nothing }];
}
