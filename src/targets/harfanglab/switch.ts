/** Switching rules off and on, whatever release the console is. */
import type { Body, Item } from "./answers.ts";

/**
 * What disables a rule.
 *
 * @param hasState Rules of this release have `global_state`.
 */
export function disabling(hasState: boolean): Body {
  return hasState
    ? { enabled: false, global_state: "disabled" }
    : { enabled: false };
}

/**
 * What enables a rule as it is at the console. What an analyst made of it,
 * such as blocking, is left as it is.
 */
export function enabling(item: Item, action: string | undefined): Body {
  if (item.global_state === "disabled") {
    return { enabled: true, global_state: action ?? "alert" };
  }
  return item.enabled === true ? {} : { enabled: true };
}
