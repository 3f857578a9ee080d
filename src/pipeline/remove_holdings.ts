import { type BackoffOptions, fullJitterMs, sleep } from "../backoff.ts";
import { RejectedError, TransientError } from "../errors.ts";
import type { Holding, Inventory, Outcome } from "../targets/target.ts";

/** One that could not be removed. */
export interface KeptHolding {
  readonly holding: Holding;
  readonly reason: string;
}

/** Tries of a removal that is refused. */
const MAX_TRIES = 3;

/**
 * Removes holdings until each is settled, and returns those that the far side
 * refuses to give up. One that is in trouble is waited for without end.
 *
 * @throws The signal's reason, when aborted before the end.
 */
export async function removeHoldings(
  inventory: Inventory,
  holdings: readonly Holding[],
  { backoff, signal }: { backoff: BackoffOptions; signal: AbortSignal },
): Promise<KeptHolding[]> {
  const kept: KeptHolding[] = [];
  const refusals = new Map<Holding, number>();
  let open = holdings;
  for (let failures = 0; open.length > 0;) {
    const outcomes = await tryOnce(inventory, open, signal);
    let waitMs: number | undefined;
    open = open.filter((holding, at) => {
      const outcome = outcomes[at];
      if (outcome?.status === "retry") {
        waitMs = Math.max(waitMs ?? 0, outcome.afterMs ?? 0);
        return true;
      }
      if (outcome?.status !== "rejected") return false;
      const tries = (refusals.get(holding) ?? 0) + 1;
      refusals.set(holding, tries);
      if (tries < MAX_TRIES) return true;
      kept.push({ holding, reason: outcome.reason });
      return false;
    });
    if (waitMs === undefined) continue;
    const jitterMs = fullJitterMs(++failures, backoff);
    await sleep(Math.max(jitterMs, waitMs), signal);
  }
  return kept;
}

async function tryOnce(
  inventory: Inventory,
  holdings: readonly Holding[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  try {
    return await inventory.remove(holdings, signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof TransientError) {
      const { message: reason, retryAfterMs: afterMs } = error;
      return holdings.map(() => ({ status: "retry", reason, afterMs }));
    }
    if (!(error instanceof RejectedError)) throw error;
    const { message: reason } = error;
    if (holdings.length === 1) return [{ status: "rejected", reason }];
    // The far side refused the whole call: find out which one it means.
    const outcomes: Outcome[] = [];
    for (const holding of holdings) {
      outcomes.push(...await tryOnce(inventory, [holding], signal));
    }
    return outcomes;
  }
}
