/** How long to wait between attempts. */
export interface BackoffOptions {
  /** Longest wait before the second attempt, in milliseconds. */
  readonly baseMs: number;
  /** Longest wait of all, in milliseconds. */
  readonly maxMs: number;
  /** A number in [0, 1); tests pass their own. */
  readonly random?: () => number;
}

/** 1 s doubling to 60 s. */
export const DEFAULT_BACKOFF: BackoffOptions = { baseMs: 1000, maxMs: 60_000 };

/**
 * Full jitter: a random time below the doubled wait, so that many clients of
 * one server do not come back together.
 *
 * @param attempt Failed attempts so far, from 1.
 */
export function fullJitterMs(
  attempt: number,
  { baseMs, maxMs, random = Math.random }: BackoffOptions,
): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.ceil(random() * ceiling);
}

/** Waits, or throws `signal.reason` as soon as `signal` is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
