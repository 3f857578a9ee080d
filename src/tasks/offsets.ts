import { z } from "zod";
import type { Position } from "../opencti/event.ts";
import { compareIds, isEventId } from "../opencti/event_id.ts";
import type { StoreContext, StoreTask } from "../pipeline/task.ts";
import { taskArgs } from "./args.ts";

/** What setting a position did. */
export interface OffsetsResult {
  /** Where it stood; `null` before the first run. */
  readonly before: Position | null;
  readonly after: Position;
}

const SET_ARGS = z.strictObject({
  /** SSE id; what comes after it is read. */
  id: z.string().refine(isEventId, "is no event id"),
});

/**
 * `offsets set`: the stream goes on after an event id. What the platform's
 * stream no longer holds from there on is read from its database: the gap is
 * noticed at the next connection.
 */
export const offsetsSet: StoreTask = {
  name: "offsets set",
  needs: "store",
  run(context, args): Promise<OffsetsResult> {
    const { id } = taskArgs(SET_ARGS, args);
    return moveTo(context, (before) => {
      // What tells a restored platform is kept.
      const { recoverUntil: _, ...rest } = before ?? { from: id };
      return { ...rest, from: id };
    });
  },
};

/**
 * `replay --since`: as `offsets set`, but never forwards, which would leave
 * out what was not read yet. Before the first run there is nothing to replay:
 * that reads everything anyway.
 */
export const replay: StoreTask = {
  name: "replay",
  needs: "store",
  async run(context, args): Promise<OffsetsResult | { after: null }> {
    const { id } = taskArgs(SET_ARGS, args);
    const before = await context.store.checkpoint.load();
    if (before === undefined) return { after: null };
    // A recovery that is under way goes on to where it was meant to.
    return await moveTo(
      context,
      () => compareIds(id, before.from) < 0 ? { ...before, from: id } : before,
    );
  },
};

/** `offsets reset`: the stream is read as on a first run. */
export const offsetsReset: StoreTask = {
  name: "offsets reset",
  needs: "store",
  run(context, args): Promise<OffsetsResult> {
    taskArgs(z.strictObject({}), args);
    return moveTo(context, (before) => ({
      ...context.firstPosition(),
      ...(before?.versionFloor === undefined
        ? {}
        : { versionFloor: before.versionFloor }),
    }));
  },
};

async function moveTo(
  { setPosition, store }: StoreContext,
  next: (before: Position | undefined) => Position,
): Promise<OffsetsResult> {
  const before = await store.checkpoint.load();
  const after = next(before);
  await setPosition(after);
  return { before: before ?? null, after };
}
