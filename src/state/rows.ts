import { checkKey, type Mutation, toStored } from "./commit.ts";
import { guarded } from "./failure.ts";
import { compareKeys, keys, keyText, type StoredKey } from "./keys.ts";
import { readMany } from "./read_many.ts";

/** A row's key, below the target's own namespace. */
export type RowKey = readonly (string | number)[];

/**
 * Rows of one target: what is stored, covered by what is staged.
 *
 * A staged row stays visible until it is committed, also while the commit is
 * under way; one staged meanwhile is left for the next commit.
 */
export class Rows {
  readonly #kv: Deno.Kv;
  readonly #path: string;
  readonly #prefix: StoredKey;
  readonly #staged = new Map<string, Mutation>();

  constructor(kv: Deno.Kv, place: { path: string; name: string }) {
    this.#kv = kv;
    this.#path = place.path;
    this.#prefix = keys.rows(place.name);
  }

  async get<Value>(key: RowKey): Promise<Value | undefined> {
    const [value] = await this.getMany<Value>([key]);
    return value;
  }

  async getMany<Value>(
    rowKeys: readonly RowKey[],
  ): Promise<(Value | undefined)[]> {
    const stored = rowKeys.map((key) => this.#stored(key));
    const staged = stored.map((key) => this.#staged.get(keyText(key)));
    const missing = stored.filter((_key, at) => staged[at] === undefined);
    const read = await guarded(this.#path, () => readMany(this.#kv, missing));
    let next = 0;
    return staged.map((mutation) =>
      (mutation === undefined ? read[next++] : mutation.value?.copy()) as Value
    );
  }

  /** In the order of Deno KV: strings by their UTF-8, then numbers. */
  async *list<Value>(
    prefix: RowKey,
  ): AsyncGenerator<{ key: RowKey; value: Value }> {
    const full = [...this.#prefix, ...prefix];
    const staged = this.#stagedBelow(full);
    const covered = new Set(staged.map(({ key }) => keyText(key)));
    const toRow = (key: StoredKey, value: unknown) => ({
      key: key.slice(this.#prefix.length),
      value: value as Value,
    });
    let next = 0;
    for await (const entry of this.#listStored(full)) {
      const key = entry.key as StoredKey;
      while (next < staged.length && compareKeys(staged[next]!.key, key) < 0) {
        const { key: before, value } = staged[next++]!;
        if (value !== undefined) yield toRow(before, value.copy());
      }
      if (!covered.has(keyText(key))) yield toRow(key, entry.value);
    }
    for (const { key, value } of staged.slice(next)) {
      if (value !== undefined) yield toRow(key, value.copy());
    }
  }

  async *#listStored(
    prefix: StoredKey,
  ): AsyncGenerator<Deno.KvEntry<unknown>> {
    const entries = this.#kv.list({ prefix }, { batchSize: 500 });
    while (true) {
      const { done, value } = await guarded(this.#path, () => entries.next());
      if (done) return;
      yield value;
    }
  }

  #stagedBelow(prefix: StoredKey): Mutation[] {
    return [...this.#staged.values()].filter(({ key }) =>
      key.length > prefix.length &&
      compareKeys(key.slice(0, prefix.length), prefix) === 0
    ).sort((a, b) => compareKeys(a.key, b.key));
  }

  /** @throws {RangeError} Key or value is too large. */
  set(key: RowKey, value: unknown): void {
    // A row without a value is no row.
    if (value === undefined) return this.delete(key);
    this.#stage({ key: this.#stored(key), value: toStored(value) });
  }

  delete(key: RowKey): void {
    this.#stage({ key: this.#stored(key) });
  }

  #stage(mutation: Mutation): void {
    this.#staged.set(keyText(mutation.key), mutation);
  }

  #stored(key: RowKey): StoredKey {
    if (key.length === 0) throw new RangeError("the key is empty");
    const stored = [...this.#prefix, ...key];
    checkKey(stored);
    return stored;
  }

  /** What is staged now, for a commit. */
  staged(): readonly Mutation[] {
    return [...this.#staged.values()];
  }

  /** Forgets what was committed, but not what was staged since. */
  settle(committed: readonly Mutation[]): void {
    for (const mutation of committed) {
      const text = keyText(mutation.key);
      if (this.#staged.get(text) === mutation) this.#staged.delete(text);
    }
  }
}
