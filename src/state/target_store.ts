import { commitInOrder, type Mutation, toStored } from "./commit.ts";
import {
  type DeadLetterReader,
  type DeadLetters,
  KvDeadLetters,
} from "./dead_letters.ts";
import { guarded } from "./failure.ts";
import { keys } from "./keys.ts";
import { KvLedger, type Ledger, type LedgerReader } from "./ledger.ts";
import { type RowKey, Rows } from "./rows.ts";

/** Small facts saved beside a checkpoint: counters by outcome and reason. */
export type CheckpointMeta = Readonly<Record<string, unknown>>;

/** What can be read of a checkpoint beside a running writer. */
export interface CheckpointReader<Position> {
  load(): Promise<Position | undefined>;
  /** What the last `save()` that had any carried. */
  loadMeta(): Promise<CheckpointMeta | undefined>;
}

/** Where a target's stream goes on after a restart. */
export interface Checkpoint<Position> extends CheckpointReader<Position> {
  /**
   * Saves the position together with all rows staged until now, in one atomic
   * write. Where the limits of one (1,000 writes, 819,200 bytes, 81,920 bytes
   * of keys) do not suffice, rows go before it in as many as it takes, the
   * position last: a crash in between leaves newer rows beside the older
   * position, whose events then come again.
   *
   * @throws {RangeError} `meta` is larger than 32 KiB as JSON.
   */
  save(position: Position, meta?: CheckpointMeta): Promise<void>;
  /** Forgets the position, not what was saved beside it. */
  clear(): Promise<void>;
}

/** Rows of one target; structurally the `TargetState` of `targets/`. */
export interface TargetRows {
  get<Value>(key: RowKey): Promise<Value | undefined>;
  getMany<Value>(keys: readonly RowKey[]): Promise<(Value | undefined)[]>;
  list<Value>(prefix: RowKey): AsyncIterable<{ key: RowKey; value: Value }>;
  /** @throws {RangeError} Key (2,048 bytes) or value (64 KiB) is too large. */
  set(key: RowKey, value: unknown): void;
  delete(key: RowKey): void;
  /** Commits what is staged now, without waiting for a checkpoint. */
  flush(): Promise<void>;
}

/** All that the state file holds for one target. */
export interface TargetStore<Position> {
  readonly checkpoint: Checkpoint<Position>;
  readonly rows: TargetRows;
  readonly deadLetters: DeadLetters;
  readonly ledger: Ledger;
  readonly budget: BudgetStore;
}

/** One small value of the pipeline's own, committed as rows are. */
export interface BudgetStore {
  load<Value>(): Promise<Value | undefined>;
  /** Stages it for the next commit. */
  set(value: unknown): void;
}

/** What of it can be read beside a running writer. */
export interface TargetReader<Position> {
  readonly checkpoint: CheckpointReader<Position>;
  readonly rows: Pick<TargetRows, "get" | "getMany" | "list">;
  readonly deadLetters: DeadLetterReader;
  readonly ledger: LedgerReader;
  readonly budget: Pick<BudgetStore, "load">;
}

/** Where a target's part of the state is. */
export interface StorePlace {
  readonly path: string;
  readonly name: string;
  /** True: nobody else writes to this state. */
  readonly isExclusive: boolean;
  /** True: only read, beside a writer. */
  readonly isReader?: boolean;
}

const MAX_META_BYTES = 32 * 1024;

/** Opens the part of the state that belongs to one target. */
export function createTargetStore<Position>(
  kv: Deno.Kv,
  place: StorePlace,
): TargetStore<Position> {
  const { name, path } = place;
  const inTurn = createQueue();
  const rows = new Rows(kv, place);
  const ledger = new KvLedger(kv, { ...place, isWriter: !place.isReader });
  let budget: Mutation | undefined;
  const commit = (last: readonly Mutation[]) =>
    inTurn(() =>
      guarded(path, async () => {
        const staged = rows.staged();
        const recorded = ledger.staged();
        const own = budget;
        await commitInOrder(kv, [
          ...staged.map((row) => [row]),
          ...recorded,
          own === undefined ? last : [own, ...last],
        ]);
        rows.settle(staged);
        ledger.settle(recorded);
        if (budget === own) budget = undefined;
      })
    );
  const load = async <Value>(key: Deno.KvKey) =>
    (await guarded(path, () => kv.get<Value>(key))).value ?? undefined;
  return {
    checkpoint: {
      load: () => load<Position>(keys.checkpoint(name)),
      loadMeta: () => load<CheckpointMeta>(keys.meta(name)),
      save: async (position, meta) =>
        await commit(checkpointWrites(name, position, meta)),
      clear: () =>
        inTurn(() => guarded(path, () => kv.delete(keys.checkpoint(name)))),
    },
    rows: {
      get: (key) => rows.get(key),
      getMany: (rowKeys) => rows.getMany(rowKeys),
      list: (prefix) => rows.list(prefix),
      set: (key, value) => rows.set(key, value),
      delete: (key) => rows.delete(key),
      flush: () => commit([]),
    },
    deadLetters: new KvDeadLetters(kv, { ...place, inTurn }),
    ledger,
    budget: {
      load: <Value>() =>
        budget?.value === undefined
          ? load<Value>(keys.budget(name))
          : Promise.resolve(budget.value.copy() as Value),
      set: (value) =>
        budget = { key: keys.budget(name), value: toStored(value) },
    },
  };
}

function checkpointWrites(
  name: string,
  position: unknown,
  meta: CheckpointMeta | undefined,
): Mutation[] {
  const writes = [{ key: keys.checkpoint(name), value: toStored(position) }];
  if (meta === undefined) return writes;
  const text = JSON.stringify(meta);
  const bytes = new TextEncoder().encode(text).byteLength;
  if (bytes > MAX_META_BYTES) {
    throw new RangeError(
      `what is saved beside the checkpoint has ${bytes} bytes, at most ` +
        `${MAX_META_BYTES} are stored`,
    );
  }
  return [...writes, {
    key: keys.meta(name),
    value: toStored(JSON.parse(text)),
  }];
}

/** Runs one piece of work after the other, also after one that failed. */
function createQueue(): <Result>(
  work: () => Promise<Result>,
) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work, work);
    last = done.catch(() => {});
    return done;
  };
}
