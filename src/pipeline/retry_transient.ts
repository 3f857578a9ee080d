import { type BackoffOptions, fullJitterMs, sleep } from "../backoff.ts";
import { TransientError } from "../errors.ts";
import type { Log } from "../observability/log.ts";
import type { TargetStats } from "../observability/target_stats.ts";

/** Repeats what a far side that cannot be reached made fail, without end. */
export async function retryTransient<Result>(
  work: () => Promise<Result>,
  { backoff, log, stats }: {
    backoff: BackoffOptions;
    log: Log;
    stats: TargetStats;
  },
  signal: AbortSignal,
): Promise<Result> {
  for (let failures = 1;; failures++) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof TransientError)) throw error;
      const retryInMs = Math.max(
        fullJitterMs(failures, backoff),
        error.retryAfterMs ?? 0,
      );
      stats.enter("waiting", error.message);
      log.warn("cannot start yet", { reason: error.message, retryInMs });
      await sleep(retryInMs, signal);
    }
  }
}
