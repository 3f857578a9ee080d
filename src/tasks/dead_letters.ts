import { z } from "zod";
import type { StoreTask, Task, TaskContext } from "../pipeline/task.ts";
import type { DeadLetter, DeadLetterReader } from "../state/dead_letters.ts";
import { taskArgs } from "./args.ts";
import { isRetryable, retryBatches, retryEvents } from "./retry_events.ts";

/** Which letters are meant: all conditions that are given must hold. */
const SELECTION = z.strictObject({
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
    const selection = taskArgs(SELECTION, args);
    const result = { selected: 0, settled: 0, rejected: 0, malformed: 0 };
    let window: DeadLetter[] = [];
    for await (const letter of selected(deadLetters, selection)) {
      result.selected++;
      if (isRetryable(letter)) window.push(letter);
      else result.malformed++;
      if (window.length < WINDOW) continue;
      await retryAll(window, result, context, signal);
      window = [];
    }
    await retryAll(window, result, context, signal);
    return result;
  },
};

/** Letters held in memory at a time, without their payloads. */
const WINDOW = 10_000;

async function retryAll(
  letters: readonly DeadLetter[],
  result: { settled: number; rejected: number },
  context: TaskContext,
  signal: AbortSignal,
): Promise<void> {
  const { deadLetters } = context.store;
  for (const batch of retryBatches(letters, context.limits)) {
    signal.throwIfAborted();
    const events = await retryEvents(batch, context, signal);
    const refused = await context.deliver(events, signal);
    result.rejected += refused.length;
    for (const { id } of batch.flat()) {
      // One that was refused again was replaced by a new one.
      if (await deadLetters.delete(id)) result.settled++;
    }
  }
}

/** `dead-letters drop`: what they hold never reaches the target. */
export const deadLettersDrop: StoreTask = {
  name: "dead-letters drop",
  needs: "store",
  async run({ store }, args): Promise<{ dropped: number }> {
    let dropped = 0;
    const selection = taskArgs(SELECTION, args);
    for await (const { id } of selected(store.deadLetters, selection)) {
      if (await store.deadLetters.delete(id)) dropped++;
    }
    return { dropped };
  },
};

/**
 * The letters meant, oldest first, without their payloads. Those that are kept
 * meanwhile are not among them.
 */
export async function* selected(
  deadLetters: DeadLetterReader,
  { ids, reason, type, before }: Selection,
): AsyncGenerator<DeadLetter> {
  const wanted = ids === undefined ? undefined : new Set(ids);
  const part = reason?.toLowerCase();
  let last = "";
  for await (const { id } of deadLetters.list()) last = id;
  for await (const letter of deadLetters.list()) {
    if (letter.id > last) return;
    const isMeant = (wanted === undefined || wanted.has(letter.id)) &&
      (part === undefined || letter.reason.toLowerCase().includes(part)) &&
      (type === undefined || letter.type === type) &&
      (before === undefined || letter.at < before);
    if (isMeant) yield letter;
  }
}
