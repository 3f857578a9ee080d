/** What `deliver()` would do with an event, in the words of `--dry-run`. */
import type { StreamEvent } from "../../opencti/event.ts";
import { entityDocId } from "../_elastic/document.ts";
import type { PlannedAction } from "../target.ts";
import type { EntityPlan } from "./mapping.ts";
import { ruleIdOf } from "./rule.ts";

const RULES = "Kibana detection rules";

/** Where the target writes to. */
export interface PlanOptions {
  readonly index: string;
  readonly hasRules: boolean;
}

/**
 * The writes of an event. Whether there are documents or a rule to remove is
 * known only when it is done.
 */
export function toPlannedActions(
  event: StreamEvent,
  plan: EntityPlan | string,
  options: PlanOptions,
): PlannedAction[] {
  const about = { event: event.id, object: event.internalId };
  if (typeof plan === "string") {
    return [{ ...about, action: "skip", reason: plan }];
  }
  const { documents, withheld } = plan;
  const reason = withheld === undefined ? {} : { reason: withheld };
  const writes = documents.map(({ id, source }): PlannedAction => ({
    ...about,
    action: "write",
    to: options.index,
    id,
    payload: source,
  }));
  const removal: PlannedAction = {
    ...about,
    action: "delete",
    to: options.index,
    id: entityDocId(event.internalId),
    ...reason,
  };
  return [
    ...(writes.length > 0 ? writes : [removal]),
    ...options.hasRules ? ruleActions(event, plan) : [],
  ];
}

function ruleActions(
  event: StreamEvent,
  { rule }: EntityPlan,
): PlannedAction[] {
  const about = {
    event: event.id,
    object: event.internalId,
    to: RULES,
    id: ruleIdOf(event.internalId),
  };
  switch (rule.do) {
    case "write":
      return [{ ...about, action: "write", payload: rule.rule }];
    case "disable":
      return [{ ...about, action: "write", payload: { enabled: false } }];
    case "remove":
      return [{ ...about, action: "delete" }];
    case "drop":
      return [];
  }
}
