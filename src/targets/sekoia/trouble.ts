import { TransientError } from "../../errors.ts";
import type { Outcome } from "../target.ts";

/** Why a value is not, or not yet, as it should be. */
export type Trouble = Exclude<Outcome, { status: "delivered" }>;

/** So that one slow answer does not hold the others up. */
const PARALLEL_CALLS = 4;

/** One call, or a few that belong together. */
export interface Job {
  /** Of the values it concerns. */
  readonly keys: readonly string[];
  /** @throws {TransientError} It has to be tried again. */
  run(): Promise<void>;
}

/** Tells a failure that another try may mend. */
export function retryOf(error: TransientError): Trouble {
  return {
    status: "retry",
    reason: error.message,
    afterMs: error.retryAfterMs,
  };
}

/**
 * Runs jobs a few at a time. The first that has to be tried again stops those
 * not yet begun: they have to be, too. Anything else that a job throws is
 * thrown once those under way have ended.
 *
 * @param tell Is told of every value that has to be tried again.
 */
export async function runJobs(
  jobs: readonly Job[],
  tell: (key: string, trouble: Trouble) => void,
): Promise<void> {
  const queue = jobs.values();
  let failure: { error: unknown } | undefined;
  const workers = Array.from({ length: PARALLEL_CALLS }, async () => {
    for (const { keys, run } of queue) {
      if (failure === undefined) {
        try {
          await run();
          continue;
        } catch (error) {
          failure ??= { error };
        }
      }
      const { error } = failure;
      if (!(error instanceof TransientError)) return;
      for (const key of keys) tell(key, retryOf(error));
    }
  });
  await Promise.all(workers);
  if (failure !== undefined && !(failure.error instanceof TransientError)) {
    throw failure.error;
  }
}
