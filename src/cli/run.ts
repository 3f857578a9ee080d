import { createMonitor, runGenerations } from "./generations.ts";
import { dryRun } from "./dry_run.ts";
import { startControl } from "../control/server.ts";
import { controlPath } from "../control/control_file.ts";
import type { TaskDesk } from "../pipeline/task_desk.ts";
import type { RelayConfig } from "../config/load.ts";
import { serviceManager } from "../observability/systemd_notify.ts";
import type { PipelineSignals } from "../pipeline/pipeline.ts";
import { openState } from "../state/open_state.ts";
import { startStatusServer } from "../status/server.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { loadConfigFor, logFor } from "./setup.ts";
import { TASKS } from "../tasks/mod.ts";
import { stopSignals } from "./stop_signals.ts";

/** `run`, `run --once`, `run --dry-run`. */
export async function run(args: CommandArgs, io: CommandIo): Promise<number> {
  const config = await loadConfigFor(args, io);
  const once = args.values.once === true;
  const { signals, release } = stopSignals(io);
  try {
    if (args.values["dry-run"] === true) {
      const wiring = { config, log: logFor(config, io), now: () => io.now() };
      await dryRun(wiring, { once, signal: signals.stop, print: io.print });
      return EXIT.done;
    }
    return await follow(config, args, io, { once, signals });
  } finally {
    release();
  }
}

/** Everything that lives as long as the program, in the order it needs. */
async function follow(
  config: RelayConfig,
  args: CommandArgs,
  io: CommandIo,
  { once, signals }: { once: boolean; signals: PipelineSignals },
): Promise<number> {
  const state = await openState(config.state.path);
  const manager = serviceManager(io.env());
  try {
    const monitor = createMonitor(state, io);
    const http = { current: config.http };
    const server = config.http && startStatusServer({
      address: config.http.address,
      access: () => ({
        hosts: http.current?.hosts ?? [],
        token: http.current?.token?.reveal(),
      }),
      status: () => monitor.status(),
    });
    const desks = new Map<string, TaskDesk>();
    const control = await startControl({
      path: controlPath(config.state.path, io.env()),
      tasks: TASKS,
      desks: () => desks,
    });
    monitor.start();
    try {
      const lost = await runGenerations({
        config,
        args,
        io,
        state,
        monitor,
        manager,
        once,
        signals,
        desks,
        url: server?.url,
        onReload: (next) => http.current = next.http,
      });
      if (!once || lost === 0) return EXIT.done;
      logFor(config, io).error(
        "targets refused events: see dead-letters list, repair the reason, " +
          "then dead-letters retry --all",
        { deadLetters: lost },
      );
      return EXIT.deadLetters;
    } finally {
      manager.stopping();
      await control.stop();
      await server?.stop();
      await monitor.stop();
    }
  } finally {
    await manager.close();
    await state.close();
  }
}
