import { runTargets } from "../app.ts";
import { dryRun } from "./dry_run.ts";
import { Progress } from "../observability/progress.ts";
import { TargetStats } from "../observability/target_stats.ts";
import { startControl } from "../control/server.ts";
import { controlPath } from "../control/control_file.ts";
import { TaskDesk } from "../pipeline/task_desk.ts";
import { openState } from "../state/open_state.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { loadConfigFor, logFor } from "./setup.ts";
import { TASKS } from "../tasks/mod.ts";
import { stopSignals } from "./stop_signals.ts";

export { stopSignals } from "./stop_signals.ts";

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
    const desks = new Map(
      config.targets.map(({ name }) => [name, new TaskDesk()]),
    );
    progress.start();
    try {
      const control = await startControl({
        path: controlPath(config.state.path, io.env()),
        tasks: TASKS,
        desks: () => desks,
      });
      try {
        const wiring = { config, log, now: () => io.now() };
        await runTargets({ wiring, state, once, stats, desks, ...signals });
      } finally {
        await control.stop();
      }
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
