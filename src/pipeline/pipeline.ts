import { type BackoffOptions, fullJitterMs, sleep } from "../backoff.ts";
import { ConfigError, RejectedError, TransientError } from "../errors.ts";
import type { Log } from "../observability/log.ts";
import type { TargetStats } from "../observability/target_stats.ts";
import type { Position, StreamItem } from "../opencti/event.ts";
import type { StreamScope } from "../opencti/scope.ts";
import type { Target } from "../targets/target.ts";
import { type Batch, type BatchLimits, inBatches } from "./batch.ts";
import type { RejectedEvent } from "./deliver.ts";
import { retryTransient } from "./retry_transient.ts";
import { settle, type SettleOptions } from "./settle.ts";

export { retryTransient } from "./retry_transient.ts";

/** One configured target and all that carries events to it. */
export interface Pipeline {
  readonly target: Target;
  /** Where to begin, once the target is ready. */
  start(signal: AbortSignal): Promise<Position>;
  /** Reads the stream from a position on. */
  open(position: Position, signal: AbortSignal): AsyncIterable<StreamItem>;
  readonly scope: StreamScope;
  readonly checkpoint: { save(position: Position): Promise<void> };
  readonly store: SettleOptions["store"];
  readonly filter: SettleOptions["filter"];
  readonly budget: SettleOptions["budget"];
  readonly limits: BatchLimits;
  readonly backoff: BackoffOptions;
  readonly stats: TargetStats;
  readonly log: Log;
  /** Milliseconds since 1970. */
  now(): number;
}

/** The two ways to end. */
export interface PipelineSignals {
  /** Stop reading and waiting; the batch in hand is finished and saved. */
  readonly stop: AbortSignal;
  /** Give up the batch in hand too. */
  readonly abort: AbortSignal;
}

/**
 * From the socket to the checkpoint. Resolves when `stop` is aborted or the
 * stream ends.
 *
 * @throws {LoginError} Credentials refused at start.
 * @throws {ConfigError} A person must change a setting.
 */
export async function runPipeline(
  pipeline: Pipeline,
  signals: PipelineSignals,
): Promise<void> {
  const { checkpoint, limits, log, stats, target } = pipeline;
  const reading = new AbortController();
  const signal = AbortSignal.any([signals.stop, reading.signal]);
  const background = new AbortController();
  let backgroundWork: Promise<void> | undefined;
  try {
    await retryTransient(() => target.prepare(signal), pipeline, signal);
    const items = pipeline.open(await pipeline.start(signal), signal);
    stats.enter("running");
    backgroundWork = inBackground(pipeline, background.signal)
      .catch((error) => reading.abort(error));
    for await (const batch of inBatches(items, limits)) {
      const inside = await withoutOutsiders(batch, pipeline, signal);
      const rejected = await settle(inside, batch.malformed, {
        ...pipeline,
        ...signals,
      });
      await checkpoint.save(batch.resumeFrom);
      count(batch, rejected, stats);
      if (signal.aborted) break;
    }
    if (reading.signal.aborted) throw reading.signal.reason;
  } catch (error) {
    // A batch that was given up is not saved: it comes again.
    if (!signals.stop.aborted && !signals.abort.aborted) throw error;
    if (!isAbort(error, signals)) throw error;
    log.debug("stopped before the batch in hand was settled");
  } finally {
    reading.abort();
    background.abort();
    await backgroundWork;
    // Who resumes it is told why it stood still.
    stats.enter("stopped", stats.reason);
  }
}

function isAbort(error: unknown, { stop, abort }: PipelineSignals): boolean {
  return error === stop.reason || error === abort.reason ||
    (error instanceof DOMException && error.name === "AbortError");
}

/** Objects that the stream's filter does not match have no place here. */
async function withoutOutsiders(
  batch: Batch,
  pipeline: Pipeline,
  signal: AbortSignal,
): Promise<Batch["events"]> {
  const { scope, stats } = pipeline;
  const outside = await retryTransient(
    () => scope.outside(batch.events, signal),
    pipeline,
    signal,
  );
  stats.enter("running");
  if (outside.size === 0) return batch.events;
  return batch.events.flatMap((event) => {
    if (!outside.has(event)) return event;
    const gone = batch.deletes.get(event);
    if (gone === undefined) stats.skip("outside the stream's filter");
    return gone ?? [];
  });
}

function count(
  batch: Batch,
  rejected: readonly RejectedEvent[],
  stats: TargetStats,
): void {
  stats.batches++;
  stats.events += batch.events.length + batch.malformed.length +
    batch.superseded;
  stats.superseded += batch.superseded;
  stats.malformed += batch.malformed.length;
  stats.rejected += rejected.length;
}

/**
 * Work beside the stream. What the far side makes fail is logged, tried again
 * and disturbs nothing; anything else is a bug and ends the pipeline.
 */
async function inBackground(
  { target, backoff, log }: Pipeline,
  signal: AbortSignal,
): Promise<void> {
  if (target.background === undefined) return;
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      return await target.background(signal);
    } catch (error) {
      if (signal.aborted) return;
      const isOurs = error instanceof TransientError ||
        error instanceof RejectedError || error instanceof ConfigError;
      if (!isOurs) throw error;
      const retryInMs = fullJitterMs(failures, backoff);
      log.warn("background work failed", { reason: error.message, retryInMs });
      await sleep(retryInMs, signal).catch(() => {});
    }
  }
}
