/** A simulated platform and Elastic, and the real program between them. */
import { runTargets } from "../../src/app.ts";
import type { BackoffOptions } from "../../src/backoff.ts";
import { loadConfig, type RelayConfig } from "../../src/config/load.ts";
import { createLog, type Log } from "../../src/observability/log.ts";
import { TargetStats } from "../../src/observability/target_stats.ts";
import type { Position } from "../../src/opencti/event.ts";
import {
  type SimulatedElastic,
  startElastic,
} from "../../src/simulator/elastic/mod.ts";
import {
  loadRecording,
  type OpenctiOptions,
  type SimulatedOpencti,
  startOpencti,
} from "../../src/simulator/opencti/mod.ts";
import type { DeadLetter } from "../../src/state/dead_letters.ts";
import { openState, type RelayState } from "../../src/state/open_state.ts";
import { TARGETS } from "../../src/targets/mod.ts";
import { NOW, RECORDING } from "./recording.ts";
import {
  type CommandResult,
  type Environment,
  startRunning,
} from "./running.ts";
import { FILTERS } from "../../src/simulator/mod.ts";
import { platformEnv } from "../platform_env.ts";

/** Name of the one target that the variables make. */
export const TARGET = "elastic-security";

/** Waits of a test that does not want to wait. */
export const IMPATIENT: BackoffOptions = { baseMs: 5, maxMs: 50 };

/** Both far sides and a folder for the state. */
export interface World {
  readonly opencti: SimulatedOpencti;
  readonly elastic: SimulatedElastic;
  readonly folder: string;
  /** Variables that connect the program to them; no recovery. */
  readonly env: Readonly<Record<string, string>>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What differs from the recording on both sides with the clock pinned. */
export interface WorldOptions extends OpenctiOptions {
  /** False: a platform that holds nothing. Default true. */
  readonly recorded?: boolean;
  /** Milliseconds since 1970; default stands at the recording's end. */
  readonly clock?: () => number;
  readonly maxContentLength?: number;
}

/** Starts both sides on loopback. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { recorded = true, clock: now = () => NOW, maxContentLength, ...rest } =
    options;
  const folder = await Deno.makeTempDir({ prefix: "relay-soak-" });
  const elastic = await startElastic({
    now,
    ...(maxContentLength === undefined ? {} : { maxContentLength }),
  });
  const opencti = await startOpencti({
    now,
    filters: FILTERS,
    heartbeatMs: 25,
    ...(recorded ? { recording: await loadRecording(RECORDING) } : {}),
    ...rest,
  });
  return {
    opencti,
    elastic,
    folder,
    env: {
      ...platformEnv(opencti),
      CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: "no",
      CONNECTOR_LOG_LEVEL: "error",
      RELAY_STATE_PATH: `${folder}/relay.kv`,
      ...elasticEnv(elastic),
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([opencti.stop(), elastic.stop()]);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Variables that name an Elastic Security. */
export function elasticEnv(elastic: SimulatedElastic): Record<string, string> {
  return {
    ELASTIC_SECURITY_URL: elastic.url,
    ELASTIC_SECURITY_API_KEY: elastic.apiKey,
    ELASTIC_SECURITY_KIBANA_URL: elastic.kibanaUrl,
  };
}

export type { CommandResult, Environment } from "./running.ts";
export { until } from "../until.ts";

/** Runs a command line of the program with the clock pinned. */
export function relay(
  argv: readonly string[],
  env: Environment,
  now: () => number = () => NOW,
): Promise<CommandResult> {
  return startRunning(argv, env, now).ended;
}

/** How `follow()` wires the program; everything has a default. */
export interface FollowOptions {
  readonly env?: Environment;
  readonly once?: boolean;
  readonly backoff?: BackoffOptions;
  readonly now?: () => number;
  /** Events per delivery, in place of the target's own. */
  readonly maxBatch?: number;
  /** Text of a `config.yml`. */
  readonly file?: string;
}

/** A run that is under way. */
export interface Following {
  readonly config: RelayConfig;
  readonly state: RelayState;
  readonly stats: readonly TargetStats[];
  /** Lines of the log, JSON. */
  readonly log: readonly string[];
  /** Settles with the run. */
  readonly done: Promise<void>;
  /** The graceful stop; resolves when it is over. */
  stop(): Promise<void>;
  position(target?: string): Promise<Position | undefined>;
  deadLetters(target?: string): Promise<DeadLetter[]>;
  /** Stops at once and closes the state. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the program in this process, wired as the command line does. */
export async function follow(
  world: World,
  options: FollowOptions = {},
): Promise<Following> {
  const { file, now = () => NOW, maxBatch } = options;
  const config = withMaxBatch(
    await loadConfig({
      file: "config.yml",
      explicitFile: file !== undefined,
      env: { ...world.env, ...options.env },
      registry: TARGETS,
      readTextFile: () =>
        file === undefined
          ? Promise.reject(new Deno.errors.NotFound())
          : Promise.resolve(file),
    }),
    maxBatch,
  );
  const lines: string[] = [];
  const log: Log = createLog({
    level: "warn",
    format: "json",
    write: (line) => void lines.push(line),
    now,
  });
  const state = await openState(config.state.path);
  const stats = config.targets.map(({ name }) => new TargetStats(name));
  const stop = new AbortController();
  const abort = new AbortController();
  const done = runTargets({
    wiring: { config, log, now, backoff: options.backoff ?? IMPATIENT },
    state,
    once: options.once ?? true,
    stats,
    stop: stop.signal,
    abort: abort.signal,
  });
  done.catch(() => {}); // Whoever awaits it is told.
  const store = (name = TARGET) => state.target<Position>(name);
  return {
    config,
    state,
    stats,
    log: lines,
    done,
    async stop() {
      stop.abort();
      await done;
    },
    position: (target) => store(target).checkpoint.load(),
    deadLetters: (target) => Array.fromAsync(store(target).deadLetters.list()),
    async [Symbol.asyncDispose]() {
      stop.abort();
      abort.abort();
      await done.catch(() => {});
      await state.close();
    },
  };
}

function withMaxBatch(
  config: RelayConfig,
  maxBatch: number | undefined,
): RelayConfig {
  if (maxBatch === undefined) return config;
  const targets = config.targets.map((target) => ({
    ...target,
    definition: { ...target.definition, maxBatch },
  }));
  return { ...config, targets };
}

/** The dead letters that a finished run left in its state file. */
export async function deadLettersIn(
  path: string,
  target = TARGET,
): Promise<(DeadLetter & { readonly payload: string })[]> {
  const state = await openState(path);
  try {
    const { deadLetters } = state.target(target);
    const letters = await Array.fromAsync(deadLetters.list());
    return await Promise.all(letters.map(async (letter) => ({
      ...letter,
      payload: await deadLetters.payload(letter.id) ?? "",
    })));
  } finally {
    await state.close();
  }
}

/** All that a `run --once` says that left dead letters. */
export const REFUSED: readonly string[] = [
  "targets refused events: see dead-letters list, repair the reason, then " +
  "dead-letters retry --all",
];

/** Messages of a log of JSON lines. */
export function messagesIn(log: string): string[] {
  return log.split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line).message);
}
