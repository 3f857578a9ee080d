import type { Outcome } from "../../src/targets/target.ts";

/** An outcome in one line: the status, and the reason where there is one. */
export function wordOf(outcome: Outcome): string {
  return outcome.status === "delivered"
    ? "delivered"
    : `${outcome.status}: ${outcome.reason}`;
}
