/** Compares one configured target, beside a program that may run. */
import { DEFAULT_BACKOFF } from "../backoff.ts";
import type { TargetConfig } from "../config/load.ts";
import { startOf } from "../config/start.ts";
import { ConfigError } from "../errors.ts";
import { createFilter } from "../filter/mod.ts";
import type { StreamEvent } from "../opencti/event.ts";
import { idMs } from "../opencti/event_id.ts";
import { PlatformObjects } from "../opencti/platform_objects.ts";
import { compare, type Comparison } from "../pipeline/compare.ts";
import { ComparisonTable } from "../state/comparison_table.ts";
import type { ContentFilter } from "../targets/target.ts";
import type { Beside, BesideStream, BesideTarget } from "./beside.ts";

/** A comparison, and what it was made from. */
export interface ComparedTarget {
  readonly comparison: Comparison;
  readonly table: ComparisonTable;
  readonly objects: PlatformObjects;
}

/** How it is compared. */
export interface CompareTargetOptions {
  readonly sample?: number | undefined;
  readonly settleMs?: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Compares the target, and hands the result to `use` while its table is open.
 *
 * @throws {ConfigError} This kind of target cannot be compared, or the stream
 *   is not there.
 * @throws {TransientError | LoginError} A side cannot be read.
 */
export async function withComparison<Result>(
  beside: Beside,
  config: TargetConfig,
  options: CompareTargetOptions,
  use: (compared: ComparedTarget) => Promise<Result>,
): Promise<Result> {
  const { signal } = options;
  const target = beside.target(config);
  const { inventory } = target.target;
  if (inventory === undefined) {
    throw new ConfigError(
      `Target "${config.name}" cannot be compared: ${config.type} has no ` +
        "inventory",
    );
  }
  const stream = await beside.stream(config, signal);
  const filter = filterOf(beside, config);
  const objects = await platformObjects(beside, target, stream, signal);
  const table = await ComparisonTable.open(beside.wiring.config.state.path);
  try {
    const comparison = await compare({
      inventory,
      objects,
      table,
      admitted: (events) => admitted(events, filter, signal),
      since: await sinceOf(beside, target),
      sample: options.sample,
      settleMs: options.settleMs,
    }, signal);
    return await use({ comparison, table, objects });
  } finally {
    await table.close();
  }
}

/**
 * When the first run began to read, or would begin now: what was last changed
 * before was never delivered. Milliseconds since 1970.
 */
async function sinceOf(
  { platform }: Beside,
  { config, reader }: BesideTarget,
): Promise<number> {
  const meta = await reader?.checkpoint.loadMeta();
  const from = typeof meta?.firstFrom === "string"
    ? meta.firstFrom
    : startOf(config, platform.graphql.platformNow());
  return idMs(from);
}

/** What may reach the target at all. */
export function filterOf(
  { platform, wiring }: Beside,
  { filter }: TargetConfig,
): ContentFilter {
  return createFilter(filter, platform, wiring.now);
}

/** One after the other: each author is read once. */
async function admitted(
  events: readonly StreamEvent[],
  filter: ContentFilter,
  signal: AbortSignal,
): Promise<StreamEvent[]> {
  const allowed: StreamEvent[] = [];
  for (const event of events) {
    const reason = await filter.reasonAgainst(event.object, signal);
    if (reason === undefined) allowed.push(event);
  }
  return allowed;
}

/** What OpenCTI holds for the target. */
export async function platformObjects(
  beside: Beside,
  { target, reader }: BesideTarget,
  { stream, scope, filters }: BesideStream,
  signal: AbortSignal,
): Promise<PlatformObjects> {
  const types = target.inventory?.types;
  return await PlatformObjects.open({
    platform: beside.platform,
    stream,
    scope,
    filters,
    ...(types === undefined ? {} : { types }),
    follower: await reader?.checkpoint.load(),
    backoff: beside.wiring.backoff ?? DEFAULT_BACKOFF,
  }, signal);
}
