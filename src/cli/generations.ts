import { runTargets } from "../app.ts";
import { sleep } from "../backoff.ts";
import type { RelayConfig } from "../config/load.ts";
import { ConfigError } from "../errors.ts";
import { phasesLine } from "../observability/liveness.ts";
import type { Log } from "../observability/log.ts";
import { Progress } from "../observability/progress.ts";
import type { StatusRecord } from "../observability/status.ts";
import type { ServiceManager } from "../observability/systemd_notify.ts";
import { TargetStats } from "../observability/target_stats.ts";
import { maskOf } from "../observability/mask.ts";
import type { PipelineSignals } from "../pipeline/pipeline.ts";
import { TaskDesk } from "../pipeline/task_desk.ts";
import type { RelayState } from "../state/open_state.ts";
import { Monitor } from "../status/monitor.ts";
import type { CommandArgs, CommandIo } from "./command.ts";
import { Reload } from "./reload.ts";
import { secretsOf } from "./secrets.ts";
import { watchForService } from "./service_watch.ts";
import { logFor } from "./setup.ts";
import { versionFacts } from "./version.ts";

/** What stays while configurations come and go. */
export interface Generations {
  /** The first configuration. */
  readonly config: RelayConfig;
  readonly args: CommandArgs;
  readonly io: CommandIo;
  readonly state: RelayState;
  readonly monitor: Monitor;
  readonly manager: ServiceManager;
  readonly once: boolean;
  readonly signals: PipelineSignals;
  /** Where tasks are handed in, by the names of the targets that run. */
  readonly desks: Map<string, TaskDesk>;
  /** Where the status is served. */
  readonly url: string | undefined;
  /** A new configuration takes effect. */
  onReload(config: RelayConfig): void;
}

/** A configuration that cannot be followed after a reload is tried again. */
const REPAIR_MS = 60_000;

/**
 * Runs the pipelines of one configuration, and at each SIGHUP those of the
 * next: the old ones finish the batch in hand, the new ones go on from there.
 * State, counts and served status stay.
 *
 * @returns How many events became dead letters.
 */
export async function runGenerations(all: Generations): Promise<number> {
  const { manager, signals } = all;
  const everyStats = new Map<string, TargetStats>();
  let current: readonly TargetStats[] = [];
  using reload = new Reload(all);
  const unwatch = watchForService(manager, () => current);
  try {
    let config = all.config;
    for (let generation = 1;; generation++) {
      current = statsOf(config, everyStats, all.io);
      all.monitor.watch(current);
      const isFirst = generation === 1;
      await runGeneration(config, current, { ...all, reload, isFirst });
      const next = reload.take();
      if (next === undefined || signals.stop.aborted) break;
      config = next;
      all.onReload(next);
    }
  } finally {
    unwatch();
  }
  return [...everyStats.values()].reduce(
    (sum, { rejected, malformed }) => sum + rejected + malformed,
    0,
  );
}

/** Counts of a target go on where its name stays. */
function statsOf(
  config: RelayConfig,
  known: Map<string, TargetStats>,
  io: CommandIo,
): TargetStats[] {
  const mask = maskOf(secretsOf(config, io.env()));
  return config.targets.map(({ name }) => {
    const stats = known.get(name) ??
      new TargetStats(name, { now: () => io.now() });
    const before = stats.mask;
    // A text that is late may hold a secret of the former configuration.
    stats.mask = known.has(name) ? (text) => mask(before(text)) : mask;
    stats.enter("starting");
    known.set(name, stats);
    return stats;
  });
}

async function runGeneration(
  config: RelayConfig,
  stats: readonly TargetStats[],
  all: Generations & { readonly reload: Reload; readonly isFirst: boolean },
): Promise<void> {
  const { desks, io, isFirst, manager, once, reload, signals, state, url } =
    all;
  const now = () => io.now();
  const progress: Progress = new Progress(stats, {
    screen: io.screen,
    log: logFor(config, io, undefined, { quiet: true }),
    now,
  });
  const log = io.screen === undefined
    ? logFor(config, io)
    : logFor(config, io, (line) => progress.writeAbove(line));
  using generation = reload.next(config, log);
  if (isFirst && url !== undefined) log.info("serving the status", { url });
  manager.ready(phasesLine(stats));
  progress.start();
  try {
    const stop = AbortSignal.any([signals.stop, generation.stop]);
    const abort = AbortSignal.any([signals.abort, generation.abort]);
    const wiring = { config, log, now };
    const run = () => {
      desks.clear();
      for (const { name } of config.targets) desks.set(name, new TaskDesk());
      return runTargets({
        wiring,
        state,
        once,
        stats,
        desks,
        stop,
        abort,
        patient: !isFirst,
      });
    };
    await (isFirst ? run() : repeatUntilRepaired(run, { stats, log, stop }));
  } finally {
    progress.stop();
  }
}

/** What worked before must not end because of what a person typed. */
async function repeatUntilRepaired(
  run: () => Promise<void>,
  { stats, log, stop }: {
    stats: readonly TargetStats[];
    log: Log;
    stop: AbortSignal;
  },
): Promise<void> {
  while (!stop.aborted) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const { message: reason } = error;
      for (const target of stats) target.enter("paused", reason);
      log.error("paused: a person must act", { reason, retryInMs: REPAIR_MS });
      await sleep(REPAIR_MS, stop).catch(() => {});
    }
  }
}

/** Watches the targets and keeps their counts in the state. */
export function createMonitor(state: RelayState, io: CommandIo): Monitor {
  return new Monitor({
    version: versionFacts(io).version,
    now: () => io.now(),
    store: (name) => ({
      deadLetters: state.target(name).deadLetters,
      save: (record) =>
        state.target<StatusRecord>(statusName(name)).checkpoint.save(record),
    }),
  });
}

/** Where a target's counts are in the state, beside its own part. */
export function statusName(target: string): string {
  return `${target}/status`;
}
