import type { Log } from "../observability/log.ts";
import type { TargetStats } from "../observability/target_stats.ts";
import type { PlatformClient } from "../opencti/client.ts";
import type { Position, StreamEvent } from "../opencti/event.ts";
import type { StreamScope } from "../opencti/scope.ts";
import type { StreamOptions } from "../opencti/stream_options.ts";
import type { TargetStore } from "../state/target_store.ts";
import type { Target } from "../targets/target.ts";
import type { BatchLimits } from "./batch.ts";
import type { RejectedEvent } from "./deliver.ts";

/** One target whose stream is not being read; its far side may be down. */
export interface StoreContext {
  /** The target's configured name. */
  readonly name: string;
  readonly store: TargetStore<Position>;
  readonly stats: TargetStats;
  readonly log: Log;
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * The same by the platform's clock, as far as it is known: our own where
   * the platform has not answered yet.
   */
  platformNow(): number;
  /** Where a first run would begin now. */
  firstPosition(): Position;
  /** Saves where the stream goes on, whatever the platform remembers of it. */
  setPosition(position: Position): Promise<void>;
}

/** One target at rest: ready, its stream not being read. */
export interface TaskContext extends StoreContext {
  /** `prepare()` has succeeded. */
  readonly target: Target;
  readonly platform: PlatformClient;
  /** What of the stream it reads, and how. */
  readonly stream: StreamOptions;
  /** Which objects belong to the stream. */
  readonly scope: StreamScope;
  /** Whether it is given what a container holds, see `TargetDefinition`. */
  readonly followsContents: boolean;
  /** How much one `deliver()` may carry. */
  readonly limits: BatchLimits;
  /**
   * The ordinary write path: filters, delivery with its retries, dead letters,
   * record of what became of it; all of it is on disk when it resolves. No two
   * events may concern the same object. The result is what the target refused
   * for good.
   *
   * @throws {ConfigError} The deletes are beyond the budget.
   */
  deliver(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<RejectedEvent[]>;
  /**
   * The same by way of the target's inventory: what is remembered of the
   * objects is not trusted, what is there of them is replaced.
   *
   * @throws {ConfigError} The target has no inventory.
   */
  repair(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<RejectedEvent[]>;
}

/** What a task is, whatever it needs. */
interface TaskOf<Context> {
  /** "dead-letters retry": what the command line calls it. */
  readonly name: string;
  /**
   * @param args JSON of the command's options; checked here, since it may have
   *   come from another process.
   * @param signal Whoever asked has gone, or the program is ending.
   * @returns JSON that the command prints.
   * @throws {ConfigError} The options are wrong.
   */
  run(context: Context, args: unknown, signal: AbortSignal): Promise<unknown>;
}

/**
 * Work that a person asks for while the target's stream stands still, such as
 * trying dead letters again. In a running program it is done between two
 * batches; else by the command itself.
 */
export interface Task extends TaskOf<TaskContext> {
  /** The target is made ready first; where that fails the task fails. */
  readonly needs?: "target";
}

/** The same for work on the state alone: possible while the far side is down. */
export interface StoreTask extends TaskOf<StoreContext> {
  readonly needs: "store";
}

/** Either kind. */
export type AnyTask = Task | StoreTask;
