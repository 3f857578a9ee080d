import { type BackoffOptions, sleep } from "../backoff.ts";
import { ConfigError } from "../errors.ts";
import type { Log } from "../observability/log.ts";
import type { TargetStats } from "../observability/target_stats.ts";
import type { Position } from "../opencti/event.ts";
import type { GraphqlClient } from "../opencti/graphql.ts";
import {
  type ConnectorIdentity,
  Registration,
  type RegistrationMemory,
} from "../opencti/registration.ts";
import type { StreamScope } from "../opencti/scope.ts";
import { firstPosition, readStream } from "../opencti/stream.ts";
import type { StreamOptions } from "../opencti/stream_options.ts";
import type { Checkpoint, TargetStore } from "../state/target_store.ts";
import type { Target } from "../targets/target.ts";
import type { BatchLimits } from "./batch.ts";
import {
  type PipelineSignals,
  retryTransient,
  runPipeline,
} from "./pipeline.ts";

/** One target, its stream and its place on the platform. */
export interface Follow extends PipelineSignals {
  readonly connector: ConnectorIdentity;
  /** Where a first run begins: see `firstPosition`. */
  startFrom(platformNow: number): string;
  readonly recover: string;
  /** Looks the stream up on the platform. */
  openSource(
    signal: AbortSignal,
  ): Promise<{ scope: StreamScope; stream: StreamOptions }>;
  createTarget(): Target;
  /** See `Pipeline.followsContents`. */
  readonly followsContents?: boolean;
  readonly graphql: GraphqlClient;
  readonly store: TargetStore<Position>;
  /** What is remembered of the registration, apart from the target's rows. */
  readonly memory: Checkpoint<RegistrationMemory>;
  readonly limits: BatchLimits;
  readonly backoff: BackoffOptions;
  readonly stats: TargetStats;
  readonly log: Log;
  /** Milliseconds since 1970. */
  now(): number;
  /** End when all that the stream held at connection time is settled. */
  readonly once: boolean;
  /** True: what a person must repair is thrown, not waited for. */
  readonly failFast: boolean;
}

/** Pauses of a target that a person must repair: 1 to 10 minutes. */
const REPAIR_MS = 60_000;
const MAX_REPAIR_MS = 600_000;

/**
 * Runs one target until `stop` is aborted, or with `once` until the end of
 * what the stream held. Begins again when a person resets the connector on the
 * platform's screen.
 *
 * @throws {ConfigError} With `failFast`: a person must act.
 */
export async function follow(options: Follow): Promise<void> {
  const { log, stats, stop } = options;
  for (let failures = 0; !stop.aborted; failures++) {
    try {
      return await followStream(options);
    } catch (error) {
      if (!(error instanceof ConfigError) || options.failFast) throw error;
      const retryInMs = Math.min(REPAIR_MS * 2 ** failures, MAX_REPAIR_MS);
      stats.enter("paused", error.message);
      log.error("target paused: a person must act", {
        reason: error.message,
        retryInMs,
      });
      await sleep(retryInMs, stop).catch(() => {});
    }
  }
}

async function followStream(options: Follow): Promise<void> {
  const { backoff, graphql, log, stop, store } = options;
  const { scope, stream } = await retryTransient(
    () => options.openSource(stop),
    options,
    stop,
  );
  const registration = new Registration(graphql, options.connector, {
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
          backoff,
          scope,
          target: options.createTarget(),
          start: async () => {
            const start = await startPosition(registration, options);
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
          deadLetters: store.deadLetters,
        },
        { stop: stopOrReset, abort: options.abort },
      );
    } finally {
      reset = session.signal.aborted;
      session.abort();
      await alive;
    }
    if (!reset) {
      if (position !== undefined) {
        await lastPing(registration, position, options);
      }
      return;
    }
    log.warn("the connector's state was reset in OpenCTI: starting again");
    await store.checkpoint.clear();
  }
}

async function startPosition(
  registration: Registration,
  options: Follow,
): Promise<Position> {
  const { graphql, log, startFrom, recover, stop, store } = options;
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
  const platformNow = graphql.platformNow();
  return firstPosition(startFrom(platformNow), recover, platformNow);
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
