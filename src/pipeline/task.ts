import type { Log } from "../observability/log.ts";
import type { TargetStats } from "../observability/target_stats.ts";
import type { PlatformClient } from "../opencti/client.ts";
import type { Position, StreamEvent } from "../opencti/event.ts";
import type { StreamOptions } from "../opencti/stream_options.ts";
import type { TargetStore } from "../state/target_store.ts";
import type { Target } from "../targets/target.ts";
import type { RejectedEvent } from "./deliver.ts";

/** One target at rest: ready, its stream not being read. */
export interface TaskContext {
  /** The target's configured name. */
  readonly name: string;
  /** `prepare()` has succeeded. */
  readonly target: Target;
  readonly platform: PlatformClient;
  /** What of the stream it reads, and how. */
  readonly stream: StreamOptions;
  readonly store: TargetStore<Position>;
  readonly stats: TargetStats;
  readonly log: Log;
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * The ordinary write path: filters, delivery with its retries, record of
   * what became of it. The result is what the target refused for good.
   */
  deliver(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<RejectedEvent[]>;
}

/**
 * Work that a person asks for while the target's stream stands still, such as
 * trying dead letters again. In a running program it is done between two
 * batches; else by the command itself.
 */
export interface Task {
  /** "dead-letters retry": what the command line calls it. */
  readonly name: string;
  /**
   * @param args JSON of the command's options; checked here, since it may have
   *   come from another process.
   * @returns JSON that the command prints.
   * @throws {ConfigError} The options are wrong.
   */
  run(
    context: TaskContext,
    args: unknown,
    signal: AbortSignal,
  ): Promise<unknown>;
}
