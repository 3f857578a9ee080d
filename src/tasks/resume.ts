import type { StoreTask } from "../pipeline/task.ts";

/** What `resume` did. */
export interface ResumeResult {
  /** Why the target stood still, where it did. */
  readonly was: string | null;
}

/**
 * `resume`: a target that waits, or is paused, is tried again at once, since
 * its session begins anew after a task.
 */
export const resume: StoreTask = {
  name: "resume",
  needs: "store",
  run({ stats }): Promise<ResumeResult> {
    return Promise.resolve({ was: stats.reason ?? null });
  },
};
