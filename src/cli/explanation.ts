import type { DeadLetter } from "../state/dead_letters.ts";
import type { LedgerRow } from "../state/ledger.ts";
import type { PlannedAction } from "../targets/target.ts";

/** What is known of one object, as `--json` prints it. */
export interface Explanation {
  /** What was asked for. */
  readonly asked: string;
  readonly internalId: string;
  readonly standardId: string;
  readonly type: string;
  readonly name: string;
  /** What OpenCTI has now; absent: it has no such object, or shows none. */
  readonly platform?: {
    readonly entityType: string;
    readonly modified: string;
    readonly revoked: boolean;
  };
  readonly targets: readonly TargetExplanation[];
}

/** The object at one target. */
export interface TargetExplanation {
  readonly target: string;
  readonly type: string;
  /** Whether the stream's filter matches it now; absent: not to be asked. */
  readonly inStream?: boolean;
  /** Why the target's own filter keeps it away; absent: it does not. */
  readonly refusedBy?: string;
  /** What became of its events; absent: none was settled. */
  readonly row?: LedgerRow;
  /** Events that were refused for good and wait for a person. */
  readonly deadLetters: readonly DeadLetter[];
  /** What would be done with it, with the reason for each thing skipped. */
  readonly mapping: readonly PlannedAction[];
  /** What it asks for, and what is there of that. */
  readonly holdings: readonly HeldHolding[];
  /** What could not be found out, and why. */
  readonly errors: readonly string[];
}

/** One thing that the object asks for. */
export interface HeldHolding {
  readonly kind: string;
  readonly key: string;
  readonly name?: string;
  readonly state: "in line" | "different" | "missing" | "absent" | "unknown";
}
