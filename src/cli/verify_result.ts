import type { Comparison } from "../pipeline/compare.ts";
import type { Fixed } from "./fix_target.ts";

/** What became of one target, as `--json` prints it. */
export interface VerifyResult {
  readonly target: string;
  /** True: nothing is missing, different or too much. */
  readonly clean: boolean;
  /** Absent where a side could not be read. */
  readonly comparison?: Comparison;
  /** How the objects were read. */
  readonly source?: "database" | "stream";
  /** What `--fix` did before that comparison. */
  readonly fixed?: Fixed;
  /** Why it could not be compared. */
  readonly error?: string;
}
