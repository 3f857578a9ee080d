import type { PipelineSignals } from "../pipeline/pipeline.ts";
import type { CommandIo } from "./command.ts";

/** Time the batch in hand has to finish after the first signal. */
const DRAIN_MS = 10_000;

/**
 * First signal: stop reading and finish the batch in hand, within 10 s.
 * Second signal: give it up; it comes again at the next start.
 */
export function stopSignals(
  io: CommandIo,
): { signals: PipelineSignals; release: () => void } {
  const stop = new AbortController();
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const unlisten = io.onStop(() => {
    if (stop.signal.aborted) return abort.abort();
    stop.abort();
    timer = setTimeout(() => abort.abort(), DRAIN_MS);
  });
  return {
    signals: { stop: stop.signal, abort: abort.signal },
    release: () => {
      clearTimeout(timer);
      unlisten();
    },
  };
}
