import type { BackoffOptions } from "../backoff.ts";
import { ConfigError } from "../errors.ts";
import type { Log } from "../observability/log.ts";
import type { TargetStats } from "../observability/target_stats.ts";
import type { PlatformClient } from "../opencti/client.ts";
import type { Position, StreamEvent } from "../opencti/event.ts";
import type { RegistrationMemory } from "../opencti/registration.ts";
import type { StreamScope } from "../opencti/scope.ts";
import { firstPosition } from "../opencti/stream.ts";
import type { StreamOptions } from "../opencti/stream_options.ts";
import type { Checkpoint, TargetStore } from "../state/target_store.ts";
import type { ContentFilter, Inventory, Target } from "../targets/target.ts";
import type { BatchLimits } from "./batch.ts";
import type { DeleteBudget } from "./delete_budget.ts";
import type { RejectedEvent } from "./deliver.ts";
import type { PipelineSignals } from "./pipeline.ts";
import { settle } from "./settle.ts";
import type { AnyTask, StoreContext, TaskContext } from "./task.ts";

/** One configured target with its stream and its part of the state. */
export interface TargetPlace {
  /** The target's configured name. */
  readonly name: string;
  /** Where a first run begins: see `firstPosition`. */
  startFrom(platformNow: number): string;
  readonly recover: string;
  /** Looks the stream up on the platform. */
  openSource(
    signal: AbortSignal,
  ): Promise<{ scope: StreamScope; stream: StreamOptions }>;
  createTarget(): Target;
  readonly platform: PlatformClient;
  readonly store: TargetStore<Position>;
  /** What of the stream it may carry. */
  readonly filter: ContentFilter;
  readonly budget: DeleteBudget;
  /** What is remembered of the registration, apart from the target's rows. */
  readonly memory: Checkpoint<RegistrationMemory>;
  /** See `TargetDefinition`. */
  readonly followsContents: boolean;
  readonly limits: BatchLimits;
  readonly backoff: BackoffOptions;
  readonly stats: TargetStats;
  readonly log: Log;
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * Does one task. The target's stream must not be read meanwhile, and no other
 * task of the target be under way.
 *
 * @throws What the task throws, and `prepare()`, which is not tried again.
 */
export async function performTask(
  task: AnyTask,
  args: unknown,
  place: TargetPlace,
  signals: PipelineSignals,
): Promise<unknown> {
  const { stop } = signals;
  const context = storeContext(place);
  if (task.needs === "store") return await task.run(context, args, stop);
  const { scope, stream } = await place.openSource(stop);
  const target = place.createTarget();
  await target.prepare(stop);
  const ready: TaskContext = {
    ...context,
    target,
    platform: place.platform,
    stream,
    scope,
    followsContents: place.followsContents,
    limits: place.limits,
    deliver: (events, signal) => write(target, events, signal),
    repair: (events, signal) =>
      write(
        {
          deliver: (some, abort) =>
            inventoryOf(target, place).repair(some, abort),
        },
        events,
        signal,
      ),
  };
  return await task.run(ready, args, stop);

  async function write(
    through: Pick<Target, "deliver">,
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<RejectedEvent[]> {
    const rejected = await settle(events, [], {
      ...place,
      target: through,
      stop: signal,
      abort: signals.abort,
    });
    await place.store.rows.flush();
    return rejected;
  }
}

function inventoryOf(
  { inventory }: Target,
  { name }: Pick<TargetPlace, "name">,
): Inventory {
  if (inventory !== undefined) return inventory;
  throw new ConfigError(`Target "${name}" cannot be repaired by comparison`);
}

function storeContext(place: TargetPlace): StoreContext {
  const { log, memory, name, platform, stats, store } = place;
  const platformNow = () => platform.graphql.platformNow();
  return {
    name,
    store,
    stats,
    log,
    now: () => place.now(),
    platformNow,
    firstPosition() {
      const now = platformNow();
      return firstPosition(place.startFrom(now), place.recover, now);
    },
    async setPosition(position) {
      // Else what the platform remembers could win at the next start.
      await memory.save({});
      await store.checkpoint.save(position);
    },
  };
}
