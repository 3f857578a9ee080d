import type { StreamEvent } from "../../opencti/event.ts";
import type { Outcome } from "../target.ts";

/** One event with a place at the far side, and where it stands. */
export interface Work<Plan> {
  /** Index of the event in its batch. */
  readonly at: number;
  readonly event: StreamEvent;
  readonly plan: Plan;
}

/**
 * The events that have a plan, and the outcomes of the others: the text in
 * place of a plan says why an event is skipped. The outcomes' array has holes
 * for the works, each at its `at`.
 */
export function toWorks<Plan extends object>(
  events: readonly StreamEvent[],
  plans: readonly (Plan | string)[],
): { works: Work<Plan>[]; outcomes: Outcome[] } {
  const works: Work<Plan>[] = [];
  const outcomes: Outcome[] = [];
  for (const [at, event] of events.entries()) {
    const plan = plans[at] as Plan | string;
    if (typeof plan === "string") {
      outcomes[at] = { status: "skipped", reason: plan };
    } else {
      works.push({ at, event, plan });
    }
  }
  return { works, outcomes };
}
