import { createHash } from "node:crypto";
import { type Mutation, type StoredValue, toStored } from "./commit.ts";
import { guarded } from "./failure.ts";
import { keys } from "./keys.ts";
import {
  decodeRow,
  encodeRow,
  type Ledger,
  type LedgerEntry,
  type LedgerRow,
} from "./ledger_row.ts";
import { readMany } from "./read_many.ts";

export type {
  Fate,
  Ledger,
  LedgerEntry,
  LedgerReader,
  LedgerRow,
} from "./ledger_row.ts";

/** What is counted over all rows, always committed together with them. */
interface Tally {
  /** By STIX type; a type stays with 0 when the last object is gone. */
  readonly held: Readonly<Record<string, number>>;
  /** Highest version of any row there ever was. */
  readonly version: number;
}

const NOTHING: Tally = { held: {}, version: 0 };

/** Rows per group: each carries the tally as of its end, about 60 KB. */
const GROUP_ROWS = 200;

const MAX_ID_CHARS = 200;
const MAX_REASON_CHARS = 500;

/**
 * The ledger in Deno KV: one row per object, and a tally that is right after
 * any crash, since no row is committed without the tally that counts it.
 */
export class KvLedger implements Ledger {
  readonly #kv: Deno.Kv;
  readonly #path: string;
  readonly #name: string;
  /** A reader beside a writer counts on nothing it read before. */
  readonly #isWriter: boolean;
  #tally: Tally | undefined;
  #staged: (readonly Mutation[])[] = [];
  readonly #stagedRows = new Map<string, LedgerRow>();

  constructor(
    kv: Deno.Kv,
    place: { path: string; name: string; isWriter: boolean },
  ) {
    this.#kv = kv;
    this.#path = place.path;
    this.#name = place.name;
    this.#isWriter = place.isWriter;
  }

  async get(internalId: string): Promise<LedgerRow | undefined> {
    const [row] = await this.getMany([internalId]);
    return row;
  }

  async getMany(
    internalIds: readonly string[],
  ): Promise<(LedgerRow | undefined)[]> {
    const missing = internalIds.filter((id) => !this.#stagedRows.has(id));
    const values = await guarded(this.#path, () =>
      readMany(
        this.#kv,
        missing.map((id) => keys.object(this.#name, keyOf(id))),
      ));
    let next = 0;
    return internalIds.map((id) =>
      this.#stagedRows.get(id) ?? decodeRow(id, values[next++])
    );
  }

  async find(stixId: string): Promise<LedgerRow | undefined> {
    for await (const row of this.list()) {
      if (row.stixId === stixId) return row;
    }
    return undefined;
  }

  async *list(): AsyncGenerator<LedgerRow> {
    for await (const { key, value } of this.#entries()) {
      const row = decodeRow(String(key.at(-1)), value);
      if (row !== undefined) yield row;
    }
  }

  async *#entries(): AsyncGenerator<Deno.KvEntry<unknown>> {
    const prefix = keys.objects(this.#name);
    const entries = this.#kv.list({ prefix }, { batchSize: 500 });
    while (true) {
      const { done, value } = await guarded(this.#path, () => entries.next());
      if (done) return;
      yield value;
    }
  }

  async held(): Promise<ReadonlyMap<string, number>> {
    return new Map(Object.entries((await this.#load()).held));
  }

  async newestVersion(): Promise<number> {
    return (await this.#load()).version;
  }

  async #load(): Promise<Tally> {
    if (this.#tally !== undefined) return this.#tally;
    const { value } = await guarded(
      this.#path,
      () => this.#kv.get<Tally>(keys.tally(this.#name)),
    );
    const tally = value ?? NOTHING;
    if (this.#isWriter) this.#tally = tally;
    return tally;
  }

  async record(
    entries: readonly LedgerEntry[],
    former: readonly (LedgerRow | undefined)[],
    at: number,
  ): Promise<void> {
    const before = await this.#load();
    const held = new Map(Object.entries(before.held));
    let version = before.version;
    let group: Mutation[] = [];
    const close = () => {
      const tally = { held: Object.fromEntries(held), version };
      const value = toStored(tally);
      this.#staged.push([...group, { key: keys.tally(this.#name), value }]);
      this.#tally = tally;
      group = [];
    };
    entries.forEach((entry, index) => {
      const old = former[index];
      const row = toRow(entry, old, at);
      if (entry.isTold !== true && isUntold(row, old, held)) return;
      const change = Number(row.isHeld) - Number(old?.isHeld ?? false);
      if (change !== 0) {
        // The type it was counted under, which a merge may have changed.
        const type = row.isHeld ? row.type : old?.type ?? row.type;
        held.set(type, (held.get(type) ?? 0) + change);
      }
      version = Math.max(version, row.version);
      this.#stagedRows.set(row.internalId, row);
      group.push({
        key: keys.object(this.#name, keyOf(row.internalId)),
        value: bytesOf(row),
      });
      if (group.length === GROUP_ROWS) close();
    });
    if (group.length > 0) close();
  }

  /** What is staged now, for a commit: each group whole in one write. */
  staged(): readonly (readonly Mutation[])[] {
    return [...this.#staged];
  }

  /** Forgets what was committed, but not what was staged since. */
  settle(committed: readonly (readonly Mutation[])[]): void {
    this.#staged = this.#staged.filter((group) => !committed.includes(group));
    if (this.#staged.length === 0) this.#stagedRows.clear();
  }

  async prune(before: number, signal: AbortSignal): Promise<number> {
    let pruned = 0;
    for await (const entry of this.#entries()) {
      if (signal.aborted) break;
      const row = decodeRow(String(entry.key.at(-1)), entry.value);
      if (row === undefined || row.isHeld || row.at >= before) continue;
      if (row.fate !== "gone") continue;
      // Unless it was written meanwhile.
      const { ok } = await guarded(
        this.#path,
        () => this.#kv.atomic().check(entry).delete(entry.key).commit(),
      );
      if (ok) pruned++;
    }
    return pruned;
  }
}

/** Also where an update replays an older event: the last one stays the last. */
function toRow(
  { eventId, reason, isTold: _, ...entry }: LedgerEntry,
  old: LedgerRow | undefined,
  at: number,
): LedgerRow {
  const { fate } = entry;
  const isNewer = old === undefined || entry.version >= old.version;
  return {
    ...entry,
    stixId: cut(entry.stixId, MAX_ID_CHARS),
    type: cut(entry.type, MAX_ID_CHARS),
    firstEventId: old?.firstEventId ?? cut(eventId, MAX_ID_CHARS),
    lastEventId: isNewer ? cut(eventId, MAX_ID_CHARS) : old.lastEventId,
    version: isNewer ? entry.version : old.version,
    isHeld: fate === "held" || (fate === "rejected" && (old?.isHeld ?? false)),
    ...(reason === undefined ? {} : { reason: cut(reason, MAX_REASON_CHARS) }),
    at,
  };
}

/**
 * What was not there, and is not: a target that takes indicators would else
 * have a row for every report and country of the platform. Of types that it
 * does hold objects of, each one it does not hold has a row, with the reason.
 */
function isUntold(
  { fate, type }: LedgerRow,
  old: LedgerRow | undefined,
  held: ReadonlyMap<string, number>,
): boolean {
  return old === undefined && !held.has(type) &&
    (fate === "skipped" || fate === "gone");
}

/** As bytes, which Deno KV stores as they are. */
function bytesOf(row: LedgerRow): StoredValue {
  return toStored(encodeRow(row));
}

/** The platform's ids are UUIDs; what else is received has no limits. */
function keyOf(internalId: string): string {
  return internalId.length <= MAX_ID_CHARS
    ? internalId
    : `sha256:${createHash("sha256").update(internalId).digest("base64url")}`;
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : text.slice(0, limit).toWellFormed();
}
