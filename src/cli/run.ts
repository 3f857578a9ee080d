import { createMonitor, runGenerations } from "./generations.ts";
import { dryRun } from "./dry_run.ts";
import type { RelayConfig } from "../config/load.ts";
import { serviceManager } from "../observability/systemd_notify.ts";
import type { PipelineSignals } from "../pipeline/pipeline.ts";
import { openState } from "../state/open_state.ts";
import { startStatusServer } from "../status/server.ts";
import { type CommandArgs, type CommandIo, EXIT } from "./command.ts";
import { loadConfigFor, logFor } from "./setup.ts";

/** Time the batch in hand has to finish after the first signal. */
export const DRAIN_MS = 10_000;

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
        url: server?.url,
        onReload: (next) => http.current = next.http,
      });
      return once && lost > 0 ? EXIT.deadLetters : EXIT.done;
    } finally {
      manager.stopping();
      await server?.stop();
      await monitor.stop();
    }
  } finally {
    await manager.close();
    await state.close();
  }
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
