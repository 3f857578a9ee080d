import { z } from "zod";
import { DEFAULT_BACKOFF } from "../backoff.ts";
import { ConfigError } from "../errors.ts";
import { isEventId } from "../opencti/event_id.ts";
import { PlatformObjects } from "../opencti/platform_objects.ts";
import { removeHoldings } from "../pipeline/remove_holdings.ts";
import type { Task, TaskContext } from "../pipeline/task.ts";
import { taskArgs } from "./args.ts";

const POSITION = z.strictObject({
  from: z.string().refine(isEventId, "is no event id"),
  lastEventId: z.string().optional(),
  versionFloor: z.number().optional(),
});

const ARGS = z.strictObject({
  /** Internal ids of objects of which something is missing or different. */
  objects: z.array(z.string()),
  /** What no object asked for. */
  extra: z.array(z.strictObject({
    kind: z.string(),
    key: z.string(),
    digest: z.string(),
    name: z.string().optional(),
  })),
  /** Where the stream stood before the comparison began. */
  since: POSITION,
  /** Both sides were equal: the stream may go on there if it has no place. */
  isClean: z.boolean(),
});

/** Options of the task. */
export type VerifyFixArgs = z.output<typeof ARGS>;

/** What a repair did. */
export interface VerifyFixResult {
  /** Objects that were written again. */
  readonly repaired: number;
  /** Objects that the target refused: they are among the dead letters. */
  readonly refused: number;
  /** Objects that are no longer in the stream. */
  readonly gone: number;
  /** Things that were removed. */
  readonly removed: number;
  /** Things that an object asks for after all. */
  readonly spared: number;
  /** Why things could not be removed. */
  readonly kept: readonly string[];
  /** True: the stream goes on where the comparison began. */
  readonly positioned: boolean;
}

/** Objects and things per call of the target. */
const BATCH = 500;

/**
 * `verify --fix`: writes objects again as OpenCTI has them now, and removes
 * what none of them asks for. Both are looked at again first: the comparison
 * was made while everything went on.
 */
export const verifyFix: Task = {
  name: "verify --fix",
  async run(context, args, signal): Promise<VerifyFixResult> {
    const { objects: ids, extra, since, isClean } = taskArgs(ARGS, args);
    const objects = await openObjects(context, since, signal);
    let repaired = 0;
    let refused = 0;
    for (let at = 0; at < ids.length; at += BATCH) {
      const events = (await objects.some(ids.slice(at, at + BATCH), signal))
        .map(({ unsure: _, ...event }) => event);
      const rejected = await context.repair(events, signal);
      repaired += events.length - rejected.length;
      refused += rejected.length;
    }
    const removal = await removeExtra(extra, objects, context, signal);
    return {
      repaired,
      refused,
      gone: ids.length - repaired - refused,
      ...removal,
      positioned: isClean && await takePosition(context, since),
    };
  },
};

async function openObjects(
  { platform, scope, store, stream, target }: TaskContext,
  since: VerifyFixArgs["since"],
  signal: AbortSignal,
): Promise<PlatformObjects> {
  const info = await platform.streamInfo(stream.streamId, signal);
  if (info === undefined) {
    throw new ConfigError(
      `The live stream "${stream.streamId}" is not there any more`,
    );
  }
  const types = target.inventory?.types;
  const { versionFloor } = await store.checkpoint.load() ?? since;
  return await PlatformObjects.open({
    platform,
    stream,
    scope,
    filters: info.filters,
    ...(types === undefined ? {} : { types }),
    follower: {
      from: since.from,
      ...(versionFloor === undefined ? {} : { versionFloor }),
    },
    backoff: stream.backoff ?? DEFAULT_BACKOFF,
  }, signal);
}

/** Without what objects ask for that changed since the comparison. */
async function removeExtra(
  extra: VerifyFixArgs["extra"],
  objects: PlatformObjects,
  { target, stream }: TaskContext,
  signal: AbortSignal,
): Promise<Pick<VerifyFixResult, "removed" | "spared" | "kept">> {
  const { inventory } = target;
  if (inventory === undefined || extra.length === 0) {
    return { removed: 0, spared: 0, kept: [] };
  }
  const wanted = new Set<string>();
  for await (const page of objects.changes(signal)) {
    const present = page.filter(({ action }) => action !== "delete");
    for (const list of await inventory.wanted(present, signal)) {
      for (const { kind, key } of list) wanted.add(`${kind} ${key}`);
    }
  }
  const unwanted = extra.filter(({ kind, key }) =>
    !wanted.has(`${kind} ${key}`)
  );
  const kept: string[] = [];
  for (let at = 0; at < unwanted.length; at += BATCH) {
    const holdings = unwanted.slice(at, at + BATCH).map(
      ({ name, ...holding }) =>
        name === undefined ? holding : { ...holding, name },
    );
    const backoff = stream.backoff ?? DEFAULT_BACKOFF;
    const left = await removeHoldings(inventory, holdings, { backoff, signal });
    kept.push(
      ...left.map(({ holding: { kind, key }, reason }) =>
        `${kind} ${key}: ${reason}`
      ),
    );
  }
  return {
    removed: unwanted.length - kept.length,
    spared: extra.length - unwanted.length,
    kept,
  };
}

/** A lost state file need not mean that everything is read again. */
async function takePosition(
  { setPosition, store }: TaskContext,
  { from, lastEventId, versionFloor }: VerifyFixArgs["since"],
): Promise<boolean> {
  if (await store.checkpoint.load() !== undefined) return false;
  await setPosition({
    from,
    ...(lastEventId === undefined ? {} : { lastEventId }),
    ...(versionFloor === undefined ? {} : { versionFloor }),
  });
  return true;
}
