import { createHash } from "node:crypto";
import type { StateKey, TargetState } from "../target.ts";

/** Text of one row, in UTF-16 code units: at most 60,000 bytes stored. */
const CHUNK_UNITS = 30_000;
/** Longest name that stands in a key as it is. */
const MAX_NAME_UNITS = 200;

/** A row whose value fits, or says where its parts are. */
type Head =
  | { readonly json: string }
  | { readonly parts: number; readonly digest: string };

/**
 * Rows of any size under names of any length, in a state that takes 64 KiB and
 * keys of 2,048 bytes. A long name is replaced by its digest; a large value is
 * written in parts under its own digest before the row that names them, so
 * that a crash between two commits leaves the former value or the new one, as
 * long as a name is set once per commit.
 */
export class PackedRows<Value> {
  readonly #state: TargetState;
  readonly #prefix: StateKey;

  /** @param prefix Of all rows; no other rows may be below it. */
  constructor(state: TargetState, prefix: StateKey) {
    this.#state = state;
    this.#prefix = prefix;
  }

  /** In the order of the names. */
  async getMany(names: readonly string[]): Promise<(Value | undefined)[]> {
    const heads = await this.#state.getMany<Head>(
      names.map((name) => this.#headKey(name)),
    );
    return await Promise.all(
      heads.map((head, at) => this.#valueOf(names[at]!, head)),
    );
  }

  async get(name: string): Promise<Value | undefined> {
    const [value] = await this.getMany([name]);
    return value;
  }

  /** Every value; a value that must know its name holds it itself. */
  async *list(): AsyncGenerator<Value> {
    for await (
      const { key, value } of this.#state.list<Head>([...this.#prefix, "h"])
    ) {
      const found = await this.#read(`${key.at(-1)}`, value);
      if (found !== undefined) yield found;
    }
  }

  /** Stages values under their names; `undefined` deletes. */
  async setMany(
    entries: readonly (readonly [name: string, value: Value | undefined])[],
  ): Promise<void> {
    const keys = entries.map(([name]) => this.#headKey(name));
    const before = await this.#state.getMany<Head>(keys);
    entries.forEach(([name, value], at) => this.#set(name, value, before[at]));
  }

  #set(name: string, value: Value | undefined, before: Head | undefined): void {
    const short = shortName(name);
    const json = value === undefined ? undefined : JSON.stringify(value);
    const head = json === undefined ? undefined : this.#stageParts(short, json);
    if (head === undefined) this.#state.delete(this.#headKey(name));
    else this.#state.set(this.#headKey(name), head);
    if (before === undefined || !("parts" in before)) return;
    const isSame = head !== undefined && "digest" in head &&
      head.digest === before.digest;
    if (isSame) return;
    for (const key of this.#partKeys(short, before)) this.#state.delete(key);
  }

  #stageParts(short: string, json: string): Head {
    if (json.length <= CHUNK_UNITS) return { json };
    const head = {
      parts: Math.ceil(json.length / CHUNK_UNITS),
      digest: digestOf(json),
    };
    this.#partKeys(short, head).forEach((key, at) =>
      this.#state.set(
        key,
        json.slice(at * CHUNK_UNITS, (at + 1) * CHUNK_UNITS),
      )
    );
    return head;
  }

  #valueOf(name: string, head: Head | undefined): Promise<Value | undefined> {
    return this.#read(shortName(name), head);
  }

  async #read(
    short: string,
    head: Head | undefined,
  ): Promise<Value | undefined> {
    if (head === undefined) return undefined;
    if ("json" in head) return JSON.parse(head.json);
    const parts = await this.#state.getMany<string>(
      this.#partKeys(short, head),
    );
    return JSON.parse(parts.join(""));
  }

  #headKey(name: string): StateKey {
    return [...this.#prefix, "h", shortName(name)];
  }

  #partKeys(
    short: string,
    { parts, digest }: { parts: number; digest: string },
  ): StateKey[] {
    return Array.from(
      { length: parts },
      (_part, at) => [...this.#prefix, "p", short, digest, at],
    );
  }
}

function shortName(name: string): string {
  return name.length <= MAX_NAME_UNITS && !name.startsWith("#")
    ? name
    : `#${digestOf(name)}`;
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
