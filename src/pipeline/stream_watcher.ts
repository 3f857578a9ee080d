import type { TargetStats } from "../observability/target_stats.ts";
import type { StreamWatcher } from "../opencti/stream_options.ts";

/** Takes note of what happens to a target's stream. */
export function streamWatcher(stats: TargetStats): StreamWatcher {
  return {
    connected: (newestId) => {
      stats.connections++;
      stats.newestId = newestId;
      stats.enter("running");
    },
    waiting: (reason) => {
      stats.retry("stream");
      stats.enter("waiting", reason);
    },
    reached: (id) => stats.reached(id),
    gap: () => {
      stats.gaps++;
      stats.lag.recovers();
    },
  };
}
