import { letDeletesPass } from "../pipeline/delete_budget.ts";
import type { StoreTask } from "../pipeline/task.ts";

/** What `resume` did. */
export interface ResumeResult {
  /** Why the target stood still, where it did. */
  readonly was: string | null;
}

/**
 * `resume`: deletes that are beyond the budget pass, as far as they happened
 * until now. A target that waits, or is paused, is tried again at once, since
 * its session begins anew after a task.
 */
export const resume: StoreTask = {
  name: "resume",
  needs: "store",
  async run({ platformNow, stats, store }): Promise<ResumeResult> {
    const flood = await letDeletesPass(store.budget, platformNow());
    await store.rows.flush();
    return { was: flood ?? stats.reason ?? null };
  },
};
