import { sleep } from "../backoff.ts";
import { ConfigError } from "../errors.ts";
import type { Position } from "../opencti/event.ts";
import {
  type ConnectorIdentity,
  Registration,
} from "../opencti/registration.ts";
import { firstPosition, readStream } from "../opencti/stream.ts";
import { DeleteBudgetError } from "./delete_budget.ts";
import { performTask, type TargetPlace } from "./perform_task.ts";
import { type PipelineSignals, runPipeline } from "./pipeline.ts";
import { retryTransient } from "./retry_transient.ts";
import { total } from "./settle.ts";
import { ending, type TaskDesk } from "./task_desk.ts";
import { keepTidy } from "./upkeep.ts";

/** One target, its stream and its place on the platform. */
export interface Follow extends PipelineSignals, TargetPlace {
  readonly connector: ConnectorIdentity;
  /** Where tasks are handed in; closed when the target is no longer run. */
  readonly desk: TaskDesk;
  /** End when all that the stream held at connection time is settled. */
  readonly once: boolean;
  /** Resolves when the platform was reached for the first time. */
  readonly reached: Promise<void>;
  /** Age at which dead letters are dropped. */
  readonly maxLetterAgeMs: number | undefined;
  /** True: what a person must repair is thrown, not waited for. */
  readonly failFast: boolean;
}

/** Pauses of a target that a person must repair: 1 to 10 minutes. */
const REPAIR_MS = 60_000;
const MAX_REPAIR_MS = 600_000;

/**
 * Runs one target until `stop` is aborted, or with `once` until the end of
 * what the stream held. Begins again when a person resets the connector on the
 * platform's screen, and after each task handed in at the desk: a session ends
 * gracefully for it, whatever it was doing.
 *
 * @throws {ConfigError} With `failFast`: a person must act.
 */
export async function follow(options: Follow): Promise<void> {
  const { desk, log, stats, stop } = options;
  const over = new AbortController();
  const tidying = keepTidy(options, over.signal);
  try {
    stats.objectsHeld = total(await options.store.ledger.held());
    for (let failures = 0; !stop.aborted;) {
      try {
        await serveTasks(options);
        await options.budget.throwIfPaused();
        stats.blockedDeletes = 0;
        if (await followStream(options) === "ended") return;
        failures = 0;
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        // A flood of deletes is no reason to end, but to wait for a person.
        const isFlood = error instanceof DeleteBudgetError && !options.once;
        if (options.failFast && !isFlood) throw error;
        if (stop.aborted) return;
        const retryInMs = Math.min(REPAIR_MS * 2 ** failures, MAX_REPAIR_MS);
        failures++;
        if (error instanceof DeleteBudgetError) {
          stats.blockedDeletes = error.deletes;
        }
        stats.enter("paused", error.message);
        log.error("target paused: a person must act", {
          reason: error.message,
          retryInMs,
        });
        await sleep(retryInMs, AbortSignal.any([stop, desk.bell]))
          .catch(() => {});
      }
    }
  } finally {
    desk.close();
    over.abort();
    await tidying;
  }
}

/** Does what waits at the desk, one after the other. */
async function serveTasks(options: Follow): Promise<void> {
  const { abort, desk, log, stop } = options;
  while (!stop.aborted) {
    const request = desk.take();
    if (request === undefined) return;
    const { args, signal, task } = request;
    log.info("doing what a person asked for", { task: task.name });
    await request.answer(async () => {
      try {
        return await performTask(task, args, options, {
          stop: AbortSignal.any([stop, signal]),
          abort,
        });
      } catch (error) {
        throw stop.aborted ? ending(task) : error;
      }
    });
  }
}

/**
 * Follows the stream until it is over, or until a task waits. What cannot
 * start yet is waited for, but not longer than until then.
 */
async function followStream(options: Follow): Promise<"ended" | "asked"> {
  const { bell } = options.desk;
  const stop = AbortSignal.any([options.stop, bell]);
  try {
    await followSessions(options, stop);
  } catch (error) {
    if (!bell.aborted || error !== stop.reason) throw error;
  }
  return bell.aborted && !options.stop.aborted ? "asked" : "ended";
}

async function followSessions(
  options: Follow,
  stop: AbortSignal,
): Promise<void> {
  const { log, platform, store } = options;
  await Promise.race([options.reached, whenAborted(stop)]);
  const { scope, stream } = await retryTransient(
    () => options.openSource(stop),
    options,
    stop,
  );
  const registration = new Registration(platform.graphql, options.connector, {
    memory: await options.memory.load() ?? {},
    log,
  });
  while (!stop.aborted) {
    const session = new AbortController();
    const stopOrReset = AbortSignal.any([stop, session.signal]);
    let reset = false;
    let position: Position | undefined;
    let alive: Promise<void> | undefined;
    try {
      await runPipeline(
        {
          ...options,
          scope,
          target: options.createTarget(),
          start: async () => {
            const start = await startPosition(registration, options, stop);
            position = start;
            alive = registration.keepAlive(
              () => position ?? start,
              async (reset) => {
                await saveMemory(registration, options);
                if (reset) session.abort();
              },
              { signal: stopOrReset },
            );
            return start;
          },
          open: (from, signal) => readStream(stream, from, signal),
          checkpoint: {
            save: async (next) => {
              await store.checkpoint.save(next);
              position = next;
            },
          },
        },
        { stop: stopOrReset, abort: options.abort },
      );
    } finally {
      reset = session.signal.aborted;
      session.abort();
      await alive;
    }
    if (!reset) {
      const isOver = !options.desk.bell.aborted || options.stop.aborted;
      if (position !== undefined && isOver) {
        await lastPing(registration, position, options);
      }
      return;
    }
    log.warn("the connector's state was reset in OpenCTI: starting again");
    await store.checkpoint.clear();
  }
}

/** Rejects with the signal's reason; never resolves. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

async function startPosition(
  registration: Registration,
  options: Follow,
  stop: AbortSignal,
): Promise<Position> {
  const { log, platform, startFrom, recover, store } = options;
  const stored = await store.checkpoint.load();
  const advice = await retryTransient(
    () => registration.start(stored, stop),
    options,
    stop,
  );
  await saveMemory(registration, options);
  if (advice.kind === "adopt") {
    const { from } = advice.position;
    log.info("taking over the position that OpenCTI holds", { from });
    return advice.position;
  }
  if (advice.kind === "reset") {
    log.warn("the connector's state was reset in OpenCTI: starting again");
    await store.checkpoint.clear();
  } else if (stored !== undefined) return stored;
  const platformNow = platform.graphql.platformNow();
  const first = firstPosition(startFrom(platformNow), recover, platformNow);
  // What was changed before is never delivered: a comparison has to know.
  await store.checkpoint.save(first, { firstFrom: first.from });
  return first;
}

const LAST_PING_MS = 3000;

/** The platform shows where we ended; that it cannot is no reason to fail. */
async function lastPing(
  registration: Registration,
  position: Position,
  options: Follow,
): Promise<void> {
  try {
    await registration.ping(position, AbortSignal.timeout(LAST_PING_MS));
    await saveMemory(registration, options);
  } catch (error) {
    options.log.debug("no last ping", { reason: String(error) });
  }
}

async function saveMemory(
  registration: Registration,
  { memory }: Follow,
): Promise<void> {
  if (Object.keys(registration.memory).length === 0) return;
  await memory.save(registration.memory);
}
