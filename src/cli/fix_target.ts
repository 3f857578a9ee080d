/** `verify --fix` at one target: what differs is put right. */
import type { TargetConfig } from "../config/load.ts";
import type { Position } from "../opencti/event.ts";
import { type Comparison, driftOf } from "../pipeline/compare.ts";
import type {
  ComparisonTable,
  Fault,
  Suspect,
} from "../state/comparison_table.ts";
import {
  verifyFix,
  type VerifyFixArgs,
  type VerifyFixResult,
} from "../tasks/verify_fix.ts";
import type { Beside } from "./beside.ts";
import type { CommandArgs, CommandIo } from "./command.ts";
import { withComparison } from "./compare_target.ts";
import { runTask, throwFailure } from "./run_task.ts";

/** What was done, over all calls. */
export type Fixed = Omit<VerifyFixResult, "spared">;

/** Who asks, and with which words. */
interface FixOptions {
  readonly args: CommandArgs;
  readonly io: CommandIo;
  readonly signal: AbortSignal;
}

/** What one call of the task carries: a request has at most 1 MiB. */
const OBJECTS_PER_CALL = 5000;
const EXTRA_PER_CALL = 500;
const PAGE_SIZE = 500;
/** More than so many, and than this share of what is there, need `--yes`. */
const FREE_REMOVALS = 100;
const FREE_SHARE = 0.25;

/**
 * Compares, and has what differs repaired: by the program that runs on the
 * state, else by this one, which then makes the target ready first. Where no
 * place in the stream is saved and both sides are equal in the end, the stream
 * goes on where the comparison began.
 */
export async function fix(
  beside: Beside,
  target: TargetConfig,
  options: FixOptions,
): Promise<Fixed> {
  const { signal } = options;
  const total: Fixed = {
    repaired: 0,
    refused: 0,
    gone: 0,
    removed: 0,
    kept: [],
    positioned: false,
  };
  const isLost = await beside.isWithoutPosition(target);
  // A state that was lost is rebuilt from the target when it is made ready.
  if (isLost) {
    await call(target, {}, { from: "0-0" }, options);
    await beside.findState();
  }
  const first = await withComparison(
    beside,
    target,
    { signal },
    async ({ comparison, objects: { position }, table }) => {
      let sum = await repairAll(total, table, target, position, options);
      sum = await removeAll(sum, comparison, table, target, position, options);
      return { sum, position, isClean: driftOf(comparison) === 0 };
    },
  );
  if (!isLost) return first.sum;
  const settled = first.isClean ? first : await withComparison(
    beside,
    target,
    { signal },
    ({ comparison, objects: { position } }) =>
      Promise.resolve({ position, isClean: driftOf(comparison) === 0 }),
  );
  if (!settled.isClean) return first.sum;
  const { positioned } = await call(
    target,
    { isClean: true },
    settled.position,
    options,
  );
  return { ...first.sum, positioned };
}

async function repairAll(
  total: Fixed,
  table: ComparisonTable,
  target: TargetConfig,
  since: Position,
  options: FixOptions,
): Promise<Fixed> {
  let objects = new Set<string>();
  let sum = total;
  const send = async () => {
    const result = await call(
      target,
      { objects: [...objects] },
      since,
      options,
    );
    sum = added(sum, result);
    objects = new Set();
  };
  for (const fault of ["missing", "stale"] as const) {
    for (const page of suspects(table, fault)) {
      for (const suspect of page) {
        for (const id of table.objectsWanting(suspect)) objects.add(id);
      }
      if (objects.size >= OBJECTS_PER_CALL) await send();
    }
  }
  if (objects.size > 0) await send();
  return sum;
}

async function removeAll(
  total: Fixed,
  { faults, held }: Comparison,
  table: ComparisonTable,
  target: TargetConfig,
  since: Position,
  options: FixOptions,
): Promise<Fixed> {
  const count = faults
    .filter(({ fault, touched }) => fault === "extra" && !touched)
    .reduce((all, one) => all + one.count, 0);
  const isFlood = count > FREE_REMOVALS && count > held * FREE_SHARE;
  if (isFlood && options.args.values.yes !== true) {
    const reason = `${count} of ${held} things at the target belong to no ` +
      "object of the stream: is it the right stream and filter? Give --yes " +
      "to remove so many";
    return { ...total, kept: [...total.kept, reason] };
  }
  let sum = total;
  for (const page of suspects(table, "extra", EXTRA_PER_CALL)) {
    const extra = page.map(({ kind, key, digest }) => ({ kind, key, digest }));
    sum = added(sum, await call(target, { extra }, since, options));
  }
  return sum;
}

/** Without what changes by itself. */
function* suspects(
  table: ComparisonTable,
  fault: Fault,
  pageSize = PAGE_SIZE,
): Generator<Suspect[]> {
  for (const page of table.suspects(fault, pageSize)) {
    yield page.filter(({ touched }) => !touched);
  }
}

async function call(
  target: TargetConfig,
  more: Partial<VerifyFixArgs>,
  { from, lastEventId, versionFloor }: Position,
  { args, io }: FixOptions,
): Promise<VerifyFixResult> {
  const results = await runTask(args, io, verifyFix, {
    targets: [target.name],
    args: {
      objects: [],
      extra: [],
      isClean: false,
      since: { from, lastEventId, versionFloor },
      ...more,
    },
  });
  throwFailure(results);
  return results[0]?.result as VerifyFixResult;
}

function added(sum: Fixed, result: VerifyFixResult): Fixed {
  return {
    repaired: sum.repaired + result.repaired,
    refused: sum.refused + result.refused,
    gone: sum.gone + result.gone,
    removed: sum.removed + result.removed,
    kept: [...sum.kept, ...result.kept].slice(0, 20),
    positioned: sum.positioned || result.positioned,
  };
}
