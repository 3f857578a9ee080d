/**
 * The way back: alerts of Elastic's indicator match rules become sightings of
 * the indicators in OpenCTI.
 */
import { DEFAULT_BACKOFF, fullJitterMs, sleep } from "../../backoff.ts";
import { ConfigError, TransientError } from "../../errors.ts";
import { readAlerts } from "./sightings_collect.ts";
import type { SightingsOptions } from "./sightings_options.ts";
import { sendSightings } from "./sightings_send.ts";

export type {
  SightingsOptions,
  SightingsSettings,
} from "./sightings_options.ts";

/** Longest time a timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Turns alerts into sightings, round after round, until `signal` is aborted;
 * then it resolves. Each alert counts once per indicator, whatever fails or
 * is killed in between; a round that fails is logged and tried again.
 */
export async function pollSightings(
  options: SightingsOptions,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted;) {
    const started = performance.now();
    let waitMs: number;
    try {
      await pollSightingsOnce(options, signal);
      failures = 0;
      const { intervalMs } = options.settings;
      waitMs = intervalMs - (performance.now() - started);
    } catch (error) {
      if (signal.aborted) return;
      waitMs = waitAfter(error, ++failures, options);
    }
    const ms = Math.min(Math.max(waitMs, 0), MAX_TIMER_MS);
    // Aborted: the loop ends.
    await sleep(ms, signal).catch(() => {});
  }
}

/**
 * One round: what is new is collected first, then sent.
 *
 * @throws {TransientError} Something cannot be reached. A later round does what
 * this one left.
 */
export async function pollSightingsOnce(
  options: SightingsOptions,
  signal: AbortSignal,
): Promise<void> {
  const read = await readAlerts(options, signal);
  const sent = await sendSightings(options, signal);
  const { alerts, skipped } = read;
  if (alerts === 0 && sent.sightings === 0 && sent.gone === 0) return;
  options.log.info("alerts turned into sightings", {
    alerts,
    sightings: sent.sightings,
    ...Object.fromEntries(skipped),
    ...(sent.gone > 0 ? { "indicator deleted in OpenCTI": sent.gone } : {}),
  });
}

/** Nothing is lost: what was not done is done in a later round. */
function waitAfter(
  error: unknown,
  failures: number,
  { log, backoff = DEFAULT_BACKOFF }: SightingsOptions,
): number {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof TransientError) {
    const retryInMs = Math.max(
      fullJitterMs(failures, backoff),
      error.retryAfterMs ?? 0,
    );
    log.warn("cannot turn alerts into sightings yet", { reason, retryInMs });
    return retryInMs;
  }
  const retryInMs = backoff.maxMs;
  const what = error instanceof ConfigError ? {} : { error };
  log.error("cannot turn alerts into sightings", {
    reason,
    retryInMs,
    ...what,
  });
  return retryInMs;
}
