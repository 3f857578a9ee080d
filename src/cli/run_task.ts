import { Clients, platformEndpoint, targetPlace, type Wiring } from "../app.ts";
import type { RelayConfig, TargetConfig } from "../config/load.ts";
import { askProgram } from "../control/client.ts";
import { controlPath } from "../control/control_file.ts";
import { ConfigError, TransientError } from "../errors.ts";
import { TargetStats } from "../observability/target_stats.ts";
import { PlatformClient } from "../opencti/client.ts";
import { performTask } from "../pipeline/perform_task.ts";
import type { PipelineSignals } from "../pipeline/pipeline.ts";
import type { AnyTask } from "../pipeline/task.ts";
import { openState, type RelayState } from "../state/open_state.ts";
import { oneOf } from "./choose.ts";
import type { CommandArgs, CommandIo } from "./command.ts";
import { loadConfigFor, logFor } from "./setup.ts";
import { stopSignals } from "./stop_signals.ts";

/** What a task came to at one target. */
export interface TaskResult {
  readonly target: string;
  /** What the task gave; absent where it failed. */
  readonly result?: unknown;
  /** What it failed with. */
  readonly error?: Error;
}

/** What is asked of which targets. */
export interface TaskOptions {
  /** Names; default: those of `--target`, else all. */
  readonly targets?: readonly string[];
  /** JSON for the task. */
  readonly args: unknown;
}

/**
 * Does a task for one target after the other: asks the program that runs on
 * the state; where none does, opens the state and does it here. What fails at
 * one target does not keep the others from it.
 *
 * @throws {ConfigError} The configuration is wrong, or there is no such target,
 *   or a program that does not answer holds the state.
 */
export async function runTask(
  args: CommandArgs,
  io: CommandIo,
  task: AnyTask,
  options: TaskOptions,
): Promise<TaskResult[]> {
  const config = await loadConfigFor(args, io);
  const targets = chosenTargets(config, args, options.targets);
  const { signals, release } = stopSignals(io);
  const path = controlPath(config.state.path, io.env());
  const here = new Here(config, io);
  const results: TaskResult[] = [];
  try {
    for (const target of targets) {
      const asked = {
        task: task.name,
        target: target.name,
        args: options.args,
      };
      results.push(
        await settled(target.name, signals.stop, async () => {
          const answer = await askProgram(path, asked, signals.stop);
          return answer === undefined
            ? await here.perform(task, options.args, target, signals)
            : answer.result;
        }),
      );
    }
    return results;
  } finally {
    await here.close();
    release();
  }
}

/** @throws The first thing that failed. */
export function throwFailure(results: readonly TaskResult[]): void {
  for (const { error } of results) if (error !== undefined) throw error;
}

/** The targets of `--target`, or of a list, or all. */
export function chosenTargets(
  { targets }: RelayConfig,
  { values }: CommandArgs,
  names: readonly string[] | undefined,
): readonly TargetConfig[] {
  const wanted = names ??
    (typeof values.target === "string" ? [values.target] : undefined);
  if (wanted === undefined) return targets;
  const known = targets.map(({ name }) => name);
  const chosen = wanted.map((name) => oneOf(known, name, "target"));
  return targets.filter(({ name }) => chosen.includes(name));
}

async function settled(
  target: string,
  stop: AbortSignal,
  work: () => Promise<unknown>,
): Promise<TaskResult> {
  try {
    stop.throwIfAborted();
    return { target, result: await work() };
  } catch (error) {
    if (stop.aborted) {
      const message = `${target}: stopped before it was done; what was ` +
        "settled stays so";
      return { target, error: new TransientError(message) };
    }
    if (!(error instanceof Error)) throw error;
    return { target, error };
  }
}

/** This process in the place of a running program. */
class Here {
  readonly #wiring: Wiring;
  readonly #clients: Clients;
  #state: RelayState | undefined;

  constructor(config: RelayConfig, io: CommandIo) {
    const log = logFor(config, io);
    this.#wiring = { config, log, now: () => io.now() };
    this.#clients = new Clients(config);
  }

  async perform(
    task: AnyTask,
    args: unknown,
    target: TargetConfig,
    signals: PipelineSignals,
  ): Promise<unknown> {
    const { config, log } = this.#wiring;
    this.#state ??= await openUnused(config.state.path);
    const http = this.#clients.http(platformEndpoint(config));
    const place = targetPlace(target, this.#wiring, {
      clients: this.#clients,
      platform: new PlatformClient(http, {
        url: config.opencti.externalUrl,
        log,
      }),
      http,
      state: this.#state,
      once: true,
      stats: new TargetStats(target.name),
    });
    return await performTask(task, args, place, signals);
  }

  async close(): Promise<void> {
    this.#clients.close();
    await this.#state?.close();
  }
}

async function openUnused(path: string): Promise<RelayState> {
  try {
    return await openState(path);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { message } = error;
    if (!message.includes("another opencti-relay")) throw error;
    throw new ConfigError(
      `${message}. It was asked to do this itself, and does not answer`,
      { cause: error },
    );
  }
}
