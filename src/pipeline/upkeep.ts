import { sleep } from "../backoff.ts";
import { ConfigError, TransientError } from "../errors.ts";
import type { Log } from "../observability/log.ts";
import type { Position } from "../opencti/event.ts";
import type { DeadLetters } from "../state/dead_letters.ts";
import type { TargetStore } from "../state/target_store.ts";

/** What is tidied, and when. */
export interface UpkeepOptions {
  readonly store: Pick<TargetStore<Position>, "deadLetters" | "ledger">;
  /** Age at which dead letters are dropped. Default: never. */
  readonly maxLetterAgeMs: number | undefined;
  readonly log: Log;
  /** Milliseconds since 1970. */
  now(): number;
}

const DAY_MS = 86_400_000;
/** What is gone from a target may be asked about for so long. */
const GONE_MS = 30 * DAY_MS;

/**
 * Drops old dead letters, and rows of the ledger for what is long gone, now
 * and daily until `signal` is aborted. Works beside everything else.
 */
export async function keepTidy(
  options: UpkeepOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await tidy(options, signal);
    } catch (error) {
      const isOurs = error instanceof TransientError ||
        error instanceof ConfigError;
      if (!isOurs) throw error;
      options.log.warn("cannot tidy the state", { reason: error.message });
    }
    await sleep(DAY_MS, signal).catch(() => {});
  }
}

async function tidy(
  options: UpkeepOptions,
  signal: AbortSignal,
): Promise<void> {
  const { log, maxLetterAgeMs, now, store } = options;
  if (maxLetterAgeMs !== undefined) {
    const before = now() - maxLetterAgeMs;
    const dropped = await dropOld(store.deadLetters, before);
    if (dropped > 0) log.info("dropped old dead letters", { dropped });
  }
  await store.ledger.prune(now() - GONE_MS, signal);
}

/** They are listed oldest first. */
async function dropOld(
  deadLetters: DeadLetters,
  before: number,
): Promise<number> {
  let dropped = 0;
  for await (const { at, id } of deadLetters.list()) {
    if (at < before && await deadLetters.delete(id)) dropped++;
  }
  return dropped;
}
