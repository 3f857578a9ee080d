/** What a target is doing. */
export type TargetPhase =
  /** Being made ready. */
  | "starting"
  /** Reading and delivering. */
  | "running"
  /** The far side or the platform is in trouble: tried again by itself. */
  | "waiting"
  /** A person must act, see `reason`; tried again slowly. */
  | "paused"
  | "stopped";

/** How many reasons to skip are told apart; the rest is counted together. */
const MAX_REASONS = 200;
const OTHER_REASONS = "other reasons";

/** Counts and position of one target since the program started. */
export class TargetStats {
  /** The target's configured name. */
  readonly name: string;
  phase: TargetPhase = "starting";
  /** Why it waits or is paused. */
  reason: string | undefined;
  /** Events that are settled, in any way. */
  events = 0;
  delivered = 0;
  rejected = 0;
  malformed = 0;
  /** Events that a later one of the same object made needless. */
  superseded = 0;
  retries = 0;
  batches = 0;
  gaps = 0;
  connections = 0;
  /** SSE ids: where reading began, what was read last, the newest there is. */
  startId: string | undefined;
  reachedId: string | undefined;
  newestId: string | undefined;
  /** Deletes beyond the budget that wait for a person, at least so many. */
  blockedDeletes = 0;
  /** Objects the far side holds; absent until it is known. */
  objectsHeld: number | undefined;
  readonly #skipped = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  /** Reasons to skip with their counts, in order of appearance. */
  get skipped(): ReadonlyMap<string, number> {
    return this.#skipped;
  }

  get skippedTotal(): number {
    let total = 0;
    for (const count of this.#skipped.values()) total += count;
    return total;
  }

  skip(reason: string, count = 1): void {
    const known = this.#skipped.has(reason) ||
      this.#skipped.size < MAX_REASONS;
    const key = known ? reason : OTHER_REASONS;
    this.#skipped.set(key, (this.#skipped.get(key) ?? 0) + count);
  }

  enter(phase: TargetPhase, reason?: string): void {
    this.phase = phase;
    this.reason = reason;
  }
}
