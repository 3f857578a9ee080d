import { LoginError, RejectedError, TransientError } from "../../errors.ts";
import { SLOW_RETRY_MS } from "../_elastic/calls.ts";
import type { Outcome } from "../target.ts";
import type { RuleStep } from "./mapping.ts";
import { RuleKeeper } from "./rule_keeper.ts";

/** What became of an indicator's rule. */
export type RuleResult =
  | { readonly status: "done"; readonly changed: boolean }
  | Extract<Outcome, { status: "rejected" | "retry" }>;

/** @throws {LoginError} The key is refused, not only a right of it. */
export async function applyRule(
  rules: RuleKeeper,
  internalId: string,
  step: RuleStep,
  signal: AbortSignal,
): Promise<RuleResult> {
  try {
    return {
      status: "done",
      changed: await rules.apply(internalId, step, signal),
    };
  } catch (error) {
    if (error instanceof TransientError) {
      const { message: reason, retryAfterMs: afterMs } = error;
      return { status: "retry", reason, afterMs };
    }
    if (error instanceof RejectedError) {
      const { message: reason, status: httpStatus } = error;
      return { status: "rejected", reason, httpStatus };
    }
    if (error instanceof LoginError && error.status === 403) {
      // The rights may be given back; until then the event waits.
      const { message: reason } = error;
      return { status: "retry", reason, afterMs: SLOW_RETRY_MS };
    }
    throw error;
  }
}
