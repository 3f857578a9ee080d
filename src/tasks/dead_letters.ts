import { z } from "zod";
import type { StoreTask, Task } from "../pipeline/task.ts";
import type { DeadLetter, DeadLetterReader } from "../state/dead_letters.ts";
import { taskArgs } from "./args.ts";
import { isRetryable, retryBatches, retryEvents } from "./retry_events.ts";

/** Which letters are meant: all conditions that are given must hold. */
export const SELECTION = z.strictObject({
  ids: z.array(z.string()).optional(),
  /** Part of the reason, in any case. */
  reason: z.string().optional(),
  /** STIX type. */
  type: z.string().optional(),
  /** Kept before this time, in milliseconds since 1970. */
  before: z.number().optional(),
});

/** See `SELECTION`. */
export type Selection = z.output<typeof SELECTION>;

/** What trying dead letters again came to. */
export interface RetryResult {
  /** Letters that were selected. */
  readonly selected: number;
  /** Letters that are gone now: settled, or replaced by a newer state. */
  readonly settled: number;
  /** Objects that the target refused again; their letters are there anew. */
  readonly rejected: number;
  /** Letters of data that cannot be understood: nothing to deliver. */
  readonly malformed: number;
}

/**
 * `dead-letters retry`: delivers what the letters hold by the ordinary write
 * path, oldest first. Where the object has changed since, or is gone, it
 * delivers that instead. A letter goes once its object is settled: a crash in
 * between leaves it, and it is tried again.
 */
export const deadLettersRetry: Task = {
  name: "dead-letters retry",
  async run(context, args, signal): Promise<RetryResult> {
    const { deadLetters } = context.store;
    const letters = await selected(deadLetters, taskArgs(SELECTION, args));
    const wanted = letters.filter(isRetryable);
    let settled = 0;
    let rejected = 0;
    for (const batch of retryBatches(wanted, context.limits)) {
      const events = await retryEvents(batch, context, signal);
      const refused = await context.deliver(events, signal);
      rejected += refused.length;
      for (const { id } of batch.flat()) {
        // One that was refused again was replaced by a new one.
        if (await deadLetters.delete(id)) settled++;
      }
    }
    const malformed = letters.length - wanted.length;
    return { selected: letters.length, settled, rejected, malformed };
  },
};

/** `dead-letters drop`: what they hold never reaches the target. */
export const deadLettersDrop: StoreTask = {
  name: "dead-letters drop",
  needs: "store",
  async run({ store }, args): Promise<{ dropped: number }> {
    let dropped = 0;
    for (
      const { id } of await selected(
        store.deadLetters,
        taskArgs(SELECTION, args),
      )
    ) {
      if (await store.deadLetters.delete(id)) dropped++;
    }
    return { dropped };
  },
};

/** The letters meant, oldest first, without their payloads. */
export async function selected(
  deadLetters: DeadLetterReader,
  { ids, reason, type, before }: Selection,
): Promise<DeadLetter[]> {
  const wanted = ids === undefined ? undefined : new Set(ids);
  const part = reason?.toLowerCase();
  const letters: DeadLetter[] = [];
  for await (const letter of deadLetters.list()) {
    const isMeant = (wanted === undefined || wanted.has(letter.id)) &&
      (part === undefined || letter.reason.toLowerCase().includes(part)) &&
      (type === undefined || letter.type === type) &&
      (before === undefined || letter.at < before);
    if (isMeant) letters.push(letter);
  }
  return letters;
}
