/** Two sides of one target: what OpenCTI has for it, and what it holds. */
import { sleep } from "../backoff.ts";
import type { StreamEvent } from "../opencti/event.ts";
import { idMs } from "../opencti/event_id.ts";
import type { PlatformObjects } from "../opencti/platform_objects.ts";
import type {
  ComparisonTable,
  Fault,
  FaultCount,
  Suspect,
} from "../state/comparison_table.ts";
import type { Holding, HoldingKey, Inventory } from "../targets/target.ts";

/** What is compared, and with what. */
export interface CompareOptions {
  readonly inventory: Inventory;
  readonly objects: PlatformObjects;
  readonly table: ComparisonTable;
  /** Of these events, those whose object may reach the target. */
  admitted(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<readonly StreamEvent[]>;
  /**
   * What was last changed before this time need not be there, because the
   * first run began after it. Milliseconds since 1970.
   */
  readonly since?: number | undefined;
  /** Look at so many objects, chosen at random; absent: at all. */
  readonly sample?: number | undefined;
  /** Pause before what changed meanwhile is looked at again. Default 1,000. */
  readonly settleMs?: number | undefined;
  /** In [0, 1), for the sample. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** What a comparison came to. */
export interface Comparison {
  /** Objects of the stream that were looked at. */
  readonly objects: number;
  /** Things they ask for, and things that are there. */
  readonly wanted: number;
  readonly held: number;
  /** How many of each kind are not as they should be. */
  readonly faults: readonly FaultCount[];
  /** At most 10 of each fault. */
  readonly examples: Readonly<Record<Fault, readonly Suspect[]>>;
  /** Size of the sample; absent: all were looked at. */
  readonly sample?: number;
}

const PAGE_SIZE = 200;
const EXAMPLES = 10;
/** Looks at what changed while both sides were being read. */
const MAX_LOOKS = 3;
const SETTLE_MS = 1000;
/** Above this share of all, reading everything again is faster. */
const MANY = 0.05;
const FAULTS: readonly Fault[] = ["missing", "stale", "extra"];

/**
 * Compares both sides, in bounded memory whatever their size. Nothing is
 * written anywhere. What differs is looked at again on both sides before it is
 * reported; what changed meanwhile, or is still to be delivered, is counted
 * apart as touched.
 *
 * @throws What either side throws: it could not be read.
 */
export async function compare(
  options: CompareOptions,
  signal: AbortSignal,
): Promise<Comparison> {
  const { sample, table } = options;
  const objects = sample === undefined
    ? await wantAll(options, signal)
    : await wantSome(sample, options, signal);
  if (sample === undefined) await holdAll(options, signal);
  else await holdWanted(options, signal);
  let faults = table.judge();
  for (let look = 0; look < MAX_LOOKS && faults.length > 0; look++) {
    if (look > 0) await sleep(options.settleMs ?? SETTLE_MS, signal);
    await followChanges(options, signal);
    await lookAgain(options, signal);
    faults = table.judge();
    // What did not change meanwhile will not change by waiting.
    if (!faults.some(({ touched }) => touched)) break;
  }
  return {
    objects,
    wanted: table.wantedCount(),
    held: table.heldCount(),
    faults,
    examples: {
      missing: examplesOf(table, "missing"),
      stale: examplesOf(table, "stale"),
      extra: examplesOf(table, "extra"),
    },
    ...(sample === undefined ? {} : { sample }),
  };
}

/** Number of faults that only a repair ends: not those that will pass. */
export function driftOf({ faults }: Pick<Comparison, "faults">): number {
  return faults.reduce(
    (sum, { count, touched }) => touched ? sum : sum + count,
    0,
  );
}

async function wantAll(
  options: CompareOptions,
  signal: AbortSignal,
): Promise<number> {
  const seen = { count: 0 };
  for await (const page of options.objects.all(signal)) {
    seen.count += await want(page, options, signal);
  }
  return seen.count;
}

/** A sample of the ids, each as likely as any other, then their objects. */
async function wantSome(
  size: number,
  options: CompareOptions,
  signal: AbortSignal,
): Promise<number> {
  const { objects, random = Math.random } = options;
  const chosen: string[] = [];
  let seen = 0;
  for await (const ids of objects.ids(signal)) {
    for (const id of ids) {
      const place = seen < size ? seen : Math.floor(random() * (seen + 1));
      seen++;
      if (place < size) chosen[place] = id;
    }
  }
  let count = 0;
  for (let at = 0; at < chosen.length; at += PAGE_SIZE) {
    const ids = chosen.slice(at, at + PAGE_SIZE);
    count += await want(await objects.some(ids, signal), options, signal);
  }
  return count;
}

/**
 * Takes note of what objects ask for: nothing where they are gone, or may not
 * reach the target.
 *
 * @returns How many of them are there.
 */
async function want(
  events: readonly StreamEvent[],
  { admitted, inventory, since = 0, table }: CompareOptions,
  signal: AbortSignal,
): Promise<number> {
  const last = new Map(events.map((event) => [event.internalId, event]));
  const present = [...last.values()].filter(({ action }) =>
    action !== "delete"
  );
  const allowed = await admitted(present, signal);
  const lists = await inventory.wanted(allowed, signal);
  const byObject = new Map(allowed.map(({ id, internalId }, at) => {
    const list = lists[at] ?? [];
    const isOld = idMs(id) < since;
    return [internalId, isOld ? list.map(optional) : list];
  }));
  table.together(() => {
    for (const id of last.keys()) table.want(id, byObject.get(id) ?? []);
  });
  return present.length;
}

function optional(holding: Holding): Holding {
  return { ...holding, optional: true };
}

async function holdAll(
  { inventory, table }: CompareOptions,
  signal: AbortSignal,
): Promise<void> {
  await inPages(inventory.held(signal), (page) => {
    for (const holding of page) table.hold(holding);
  }, table);
}

/** Of what is there, only what the sample asks for: it is missing until found. */
async function holdWanted(
  options: CompareOptions,
  signal: AbortSignal,
): Promise<void> {
  options.table.judge();
  await lookAgain(options, signal);
}

/** Applies what the stream tells, and remembers whom it concerned. */
async function followChanges(
  options: CompareOptions,
  signal: AbortSignal,
): Promise<void> {
  const { inventory, objects, sample, table } = options;
  for await (const page of objects.changes(signal)) {
    const last = [
      ...new Map(page.map((event) => [event.internalId, event])).values(),
    ];
    // Of what is gone too: it may still be there for a moment.
    const lists = await inventory.wanted(
      last.map((event) => ({ ...event, action: "update", cause: "changed" })),
      signal,
    );
    table.together(() => {
      last.forEach(({ internalId }, at) =>
        table.touch(internalId, lists[at] ?? [])
      );
    });
    // A sample does not grow.
    const known = sample === undefined
      ? page
      : page.filter(({ internalId }) => table.isWanting(internalId));
    await want(known, options, signal);
    table.together(() => {
      for (const { internalId } of last) table.touch(internalId, []);
    });
  }
}

/** Looks at the far side again where it was not as it should be. */
async function lookAgain(
  { inventory, sample, table }: CompareOptions,
  signal: AbortSignal,
): Promise<void> {
  const count = table.suspectCount();
  const isMany = sample === undefined &&
    count > MANY * (table.wantedCount() + table.heldCount());
  if (inventory.find === undefined || isMany && count > PAGE_SIZE) {
    table.releaseSuspects();
    await inPages(inventory.held(signal), (page) => {
      for (const one of page) if (table.isSuspect(one)) table.hold(one);
    }, table);
    return;
  }
  for (const fault of FAULTS) {
    for (const suspects of table.suspects(fault, PAGE_SIZE)) {
      const found = await inventory.find(suspects.map(toKey), signal);
      table.together(() => {
        for (const suspect of suspects) table.release(suspect);
        for (const holding of found) table.hold(holding);
      });
    }
  }
}

function toKey({ kind, key }: Suspect): HoldingKey {
  return { kind, key };
}

async function inPages(
  holdings: AsyncIterable<Holding>,
  take: (page: readonly Holding[]) => void,
  table: ComparisonTable,
): Promise<void> {
  let page: Holding[] = [];
  for await (const holding of holdings) {
    page.push(holding);
    if (page.length < PAGE_SIZE) continue;
    const full = page;
    page = [];
    table.together(() => take(full));
  }
  table.together(() => take(page));
}

/** Untouched ones first: they are what a person has to know. */
function examplesOf(table: ComparisonTable, fault: Fault): Suspect[] {
  return table.examples(fault, EXAMPLES);
}
