import { createHash } from "node:crypto";
import type { TargetState } from "../target.ts";
import { PackedRows } from "./packed_rows.ts";

/** What one part of an indicator (its pattern, a relationship) gives. */
export interface Contribution {
  /** Of the last event applied; see `StreamEvent.version`. */
  readonly version: number;
  /** Keys of values, each once. Empty: it gives nothing any more. */
  readonly keys: readonly string[];
}

/** What is remembered of one indicator. */
export interface OwnerRow<Props> {
  /** Internal id. */
  readonly id: string;
  /** Of the last event of the indicator itself. 0: only seen at the far side. */
  readonly version: number;
  /** What is sent with its values; absent once it is gone. */
  readonly props?: Props | undefined;
  readonly parts: Readonly<Record<string, Contribution>>;
  /** When it stopped to give anything, milliseconds since 1970. */
  readonly goneAt?: number | undefined;
}

/** What is remembered of one value at the far side. */
export interface ValueRow<More> {
  /** `type|value`. */
  readonly key: string;
  /** The far side's id, once it has it. */
  readonly remoteId?: string | undefined;
  /** Internal ids of the indicators that give it, sorted. */
  readonly owners: readonly string[];
  /** `propsHash()` of the properties last sent. */
  readonly sent?: string | undefined;
  /** What a target remembers beside it. */
  readonly more?: More | undefined;
}

/** One event as far as it concerns values. */
export interface Contributing<Props> {
  readonly id: string;
  /** "pattern", or the id of a relationship. */
  readonly part: string;
  readonly version: number;
  readonly keys: readonly string[];
  /**
   * Absent: as they were. `null`: the indicator gives nothing of its own any
   * more. The version of the indicator follows only where they are given.
   */
  readonly props?: Props | null | undefined;
  /**
   * Keys that the indicator may have given before, whatever its row says: a
   * crash can leave a value that names an owner whose row was not written.
   */
  readonly suspects?: readonly string[] | undefined;
}

/** What an event changed. The lists share no key. */
export interface Change {
  /** Given by this indicator only now. */
  readonly added: readonly string[];
  /** Given before and now: its properties may differ. */
  readonly kept: readonly string[];
  /** No longer given by this indicator, in any of its parts. */
  readonly dropped: readonly string[];
  /** Those of `dropped` that no other indicator gives either. */
  readonly freed: readonly string[];
}

/**
 * Who gives which value: reference counts that survive restarts. All rows are
 * below `["i"]` and `["v"]` of the target's state.
 */
export class Ledger<Props, More = unknown> {
  readonly owners: PackedRows<OwnerRow<Props>>;
  readonly values: PackedRows<ValueRow<More>>;

  constructor(state: TargetState) {
    this.owners = new PackedRows(state, ["i"]);
    this.values = new PackedRows(state, ["v"]);
  }

  /** An empty page, which reads rows as they are asked for. */
  page(): LedgerPage<Props, More> {
    return new LedgerPage(this);
  }
}

/**
 * The rows that a batch concerns, in memory: read with `load()`, changed, and
 * staged with `stage()`. Two pages must not change the same rows at one time.
 */
export class LedgerPage<Props, More = unknown> {
  readonly #ledger: Ledger<Props, More>;
  readonly #owners = new Map<string, OwnerRow<Props> | undefined>();
  readonly #values = new Map<string, ValueRow<More> | undefined>();
  readonly #changedOwners = new Set<string>();
  readonly #changedValues = new Set<string>();

  constructor(ledger: Ledger<Props, More>) {
    this.#ledger = ledger;
  }

  /**
   * Reads indicators with the values they give, the values under `keys`, and
   * whoever else gives any of these.
   */
  async load(ids: readonly string[], keys: readonly string[]): Promise<void> {
    await this.#loadOwners(ids);
    const given = ids.flatMap((id) => this.keysOf(id));
    await this.#loadValues([...keys, ...given]);
    await this.#loadOwners(
      [...keys, ...given].flatMap((key) => this.value(key)?.owners ?? []),
    );
  }

  async #loadOwners(ids: readonly string[]): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.#owners.has(id));
    const rows = await this.#ledger.owners.getMany(missing);
    missing.forEach((id, at) => this.#owners.set(id, rows[at]));
  }

  async #loadValues(keys: readonly string[]): Promise<void> {
    const missing = [...new Set(keys)].filter((key) => !this.#values.has(key));
    const rows = await this.#ledger.values.getMany(missing);
    missing.forEach((key, at) => this.#values.set(key, rows[at]));
  }

  /** @throws {Error} It was not loaded. */
  owner(id: string): OwnerRow<Props> | undefined {
    if (!this.#owners.has(id)) throw new Error(`owner "${id}" is not loaded`);
    return this.#owners.get(id);
  }

  /** @throws {Error} It was not loaded. */
  value(key: string): ValueRow<More> | undefined {
    if (!this.#values.has(key)) throw new Error(`value "${key}" is not loaded`);
    return this.#values.get(key);
  }

  /** Replaces the row of a value; `undefined` forgets it. */
  setValue(key: string, row: ValueRow<More> | undefined): void {
    this.#values.set(key, row);
    this.#changedValues.add(key);
  }

  /** All that an indicator gives, each key once. */
  keysOf(id: string): string[] {
    return keysOf(this.owner(id));
  }

  /** True: something newer was applied, so this must not be. */
  isOutdated(id: string, part: string, version: number): boolean {
    const known = this.owner(id)?.parts[part]?.version;
    return known !== undefined && version < known;
  }

  /**
   * Sets what one part of an indicator gives. Everything concerned must have
   * been loaded: the indicator, the values under the new keys and suspects.
   */
  apply(event: Contributing<Props>, now: number): Change {
    const { id, part, version, keys, props, suspects = [] } = event;
    const before = this.owner(id);
    const former = new Set([
      ...keysOf(before),
      ...[...keys, ...suspects].filter((key) => this.#isOwned(key, id)),
    ]);
    const parts = {
      ...before?.parts,
      [part]: { version, keys: [...new Set(keys)] },
    };
    const given = new Set(Object.values(parts).flatMap((one) => one.keys));
    const isGone = given.size === 0;
    this.#owners.set(id, {
      id,
      version: props === undefined ? before?.version ?? 0 : version,
      props: props === undefined ? before?.props : props ?? undefined,
      parts,
      ...(isGone ? { goneAt: before?.goneAt ?? now } : {}),
    });
    this.#changedOwners.add(id);
    const added = [...given].filter((key) => !former.has(key));
    const dropped = [...former].filter((key) => !given.has(key));
    for (const key of added) this.#own(key, id);
    const freed = dropped.filter((key) => this.#disown(key, id));
    const kept = [...given].filter((key) => former.has(key));
    return { added, kept, dropped, freed };
  }

  #isOwned(key: string, id: string): boolean {
    return this.value(key)?.owners.includes(id) === true;
  }

  #own(key: string, id: string): void {
    const row = this.value(key) ?? { key, owners: [] };
    if (row.owners.includes(id)) return;
    this.setValue(key, { ...row, owners: [...row.owners, id].sort() });
  }

  /** True where nobody is left. */
  #disown(key: string, id: string): boolean {
    const row = this.value(key);
    if (row === undefined) return true;
    const owners = row.owners.filter((owner) => owner !== id);
    this.setValue(key, { ...row, owners });
    return owners.length === 0;
  }

  /**
   * The indicator whose properties a value carries: of those that give it, the
   * one changed last, whatever the order of arrival was.
   */
  leadingOwner(key: string): OwnerRow<Props> | undefined {
    const rows = (this.value(key)?.owners ?? []).map((id) => this.owner(id))
      .filter((row) => row?.props !== undefined) as OwnerRow<Props>[];
    return rows.reduce<OwnerRow<Props> | undefined>(
      (best, row) => best === undefined || isBefore(best, row) ? row : best,
      undefined,
    );
  }

  /**
   * Takes owners off values that they do not give, as their own rows say: a
   * crash between two commits of one large change can leave such. The values
   * and their owners must have been loaded.
   */
  dropPhantoms(keys: Iterable<string>): void {
    const given = new Map<string, ReadonlySet<string>>();
    const gives = (id: string, key: string) => {
      const keys = given.get(id) ?? new Set(this.keysOf(id));
      given.set(id, keys);
      return keys.has(key);
    };
    for (const key of keys) {
      const row = this.value(key);
      const owners = row?.owners.filter((id) => gives(id, key)) ?? [];
      if (row === undefined || owners.length === row.owners.length) continue;
      this.setValue(key, { ...row, owners });
    }
  }

  /** Stages every row that changed, for the next commit. */
  async stage(): Promise<void> {
    // Values first: who gives something must be able to find it.
    await this.#ledger.values.setMany(
      [...this.#changedValues].map((key) => [key, this.#values.get(key)]),
    );
    await this.#ledger.owners.setMany(
      [...this.#changedOwners].map((id) => [id, this.#owners.get(id)]),
    );
    this.#changedValues.clear();
    this.#changedOwners.clear();
  }
}

function keysOf(row: OwnerRow<unknown> | undefined): string[] {
  const parts = Object.values(row?.parts ?? {});
  return [...new Set(parts.flatMap(({ keys }) => keys))];
}

function isBefore<Props>(
  left: OwnerRow<Props>,
  right: OwnerRow<Props>,
): boolean {
  return left.version === right.version
    ? left.id < right.id
    : left.version < right.version;
}

/** Short text that is equal for properties of equal members and values. */
export function propsHash(props: unknown): string {
  return createHash("sha256").update(ordered(props)).digest("base64url")
    .slice(0, 22);
}

function ordered(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, member) =>
      typeof member === "object" && member !== null && !Array.isArray(member)
        ? Object.fromEntries(
          Object.entries(member).sort(([a], [b]) => a < b ? -1 : 1),
        )
        : member,
  ) ?? "null";
}
