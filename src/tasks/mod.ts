import type { AnyTask } from "../pipeline/task.ts";
import { deadLettersDrop, deadLettersRetry } from "./dead_letters.ts";
import { offsetsReset, offsetsSet, replay } from "./offsets.ts";
import { resume } from "./resume.ts";
import { verifyFix } from "./verify_fix.ts";

/** Every task that a running program can be asked for. */
export const TASKS: readonly AnyTask[] = [
  deadLettersRetry,
  deadLettersDrop,
  offsetsSet,
  offsetsReset,
  replay,
  resume,
  verifyFix,
];
