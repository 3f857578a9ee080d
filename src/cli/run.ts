import { runTargets } from "../app.ts";
import { dryRun } from "./dry_run.ts";
import { Progress } from "../observability/progress.ts";
import { TargetStats } from "../observability/target_stats.ts";
import type { PipelineSignals } from "../pipeline/pipeline.ts";
import { openState } from "../state/open_state.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { loadConfigFor, logFor } from "./setup.ts";

/** Time the batch in hand has to finish after the first signal. */
const DRAIN_MS = 10_000;

/** `run`, `run --once`, `run --dry-run`. */
export async function run(args: CommandArgs, io: CommandIo): Promise<number> {
  const config = await loadConfigFor(args, io);
  const once = args.values.once === true;
  const stats = config.targets.map(({ name }) => new TargetStats(name));
  const progress: Progress = new Progress(stats, {
    screen: io.screen,
    log: logFor(config, io),
    now: () => io.now(),
  });
  const log = io.screen === undefined
    ? logFor(config, io)
    : logFor(config, io, (line) => progress.writeAbove(line));
  const { signals, release } = stopSignals(io);
  try {
    if (args.values["dry-run"] === true) {
      const wiring = { config, log, now: () => io.now() };
      await dryRun(wiring, { once, signal: signals.stop, print: io.print });
      return EXIT.done;
    }
    const state = await openState(config.state.path);
    progress.start();
    try {
      const wiring = { config, log, now: () => io.now() };
      await runTargets({ wiring, state, once, stats, ...signals });
    } finally {
      progress.stop();
      await state.close();
    }
  } finally {
    release();
  }
  const lost = stats.reduce(
    (sum, { rejected, malformed }) => sum + rejected + malformed,
    0,
  );
  return once && lost > 0 ? EXIT.deadLetters : EXIT.done;
}

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
