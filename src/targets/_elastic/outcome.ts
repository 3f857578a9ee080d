import type { Outcome } from "../target.ts";
import type { Verdict } from "./verdict.ts";

/** What was not written, as the pipeline takes it. */
export function toOutcome(
  result: Extract<Verdict | Outcome, { status: "retry" | "rejected" }>,
): Outcome {
  if (result.status === "retry") {
    const { reason, afterMs } = result;
    return { status: "retry", reason, afterMs };
  }
  const { reason, httpStatus } = result;
  return { status: "rejected", reason, httpStatus };
}
