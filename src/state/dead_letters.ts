import { createHash } from "node:crypto";
import { commitInOrder, type Mutation, toStored } from "./commit.ts";
import type { DeadLetter, DeadLetters, NewDeadLetter } from "./dead_letter.ts";
import { guarded } from "./failure.ts";
import { keys } from "./keys.ts";
import { readMany } from "./read_many.ts";

export type {
  DeadLetter,
  DeadLetterReader,
  DeadLetters,
  NewDeadLetter,
} from "./dead_letter.ts";

/** Where dead letters are, and how writers take turns. */
export interface LetterPlace {
  readonly path: string;
  readonly name: string;
  /** True: nobody else writes, so that a count stays right. */
  readonly isExclusive: boolean;
  /** Runs work when everything handed in before is done. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** Bytes of one piece of a payload: below the 65,536 of a value. */
const CHUNK_BYTES = 60_000;

const MAX_REASON_CHARS = 4_000;

const MAX_TEXT_CHARS = 500;

/** A letter as it is stored. */
interface StoredLetter extends DeadLetter {
  readonly chunks: number;
}

/**
 * Dead letters in Deno KV. A payload is written before its letter and erased
 * after it, under a mark that says it belongs to nothing: a crash at any
 * moment leaves whole letters, and marks for `sweepOrphans()`.
 */
export class KvDeadLetters implements DeadLetters {
  readonly #kv: Deno.Kv;
  readonly #place: LetterPlace;
  #count: number | undefined;
  /** Time and sequence of the newest id. */
  #newest: { ms: number; sequence: number } | undefined;

  constructor(kv: Deno.Kv, place: LetterPlace) {
    this.#kv = kv;
    this.#place = place;
  }

  keep(letters: readonly NewDeadLetter[]): Promise<void> {
    const last = new Map(
      letters.map(({ meta, payload }) => {
        const short = shortened(meta);
        return [digestOf(short), { meta: short, payload }];
      }),
    );
    return this.#inTurn(async () => {
      for (const [digest, letter] of last) await this.#keepOne(digest, letter);
    });
  }

  async #keepOne(
    digest: string,
    { meta, payload }: NewDeadLetter,
  ): Promise<void> {
    const { name } = this.#place;
    const letterOf = keys.letterOf(name, digest);
    const former = await this.#former(letterOf);
    const bytes = new TextEncoder().encode(payload);
    const pieces = piecesOf(bytes);
    const id = await this.#nextId();
    const letter: StoredLetter = {
      ...meta,
      id,
      payloadBytes: bytes.byteLength,
      chunks: pieces.length,
    };
    await commitInOrder(this.#kv, [
      [{ key: keys.orphan(name, id), value: toStored(true) }],
      ...pieces.map((piece, index) => [
        { key: keys.chunk(name, id, index), value: toStored(piece) },
      ]),
      [
        { key: keys.letter(name, id), value: toStored(letter) },
        { key: letterOf, value: toStored(id) },
        { key: keys.orphan(name, id) },
        ...(former === undefined ? [] : this.#abandon(former.id)),
      ],
      ...(former === undefined ? [] : this.#erase(former)),
    ]);
    if (this.#count !== undefined && former === undefined) this.#count++;
  }

  #abandon(id: string): Mutation[] {
    const { name } = this.#place;
    return [
      { key: keys.letter(name, id) },
      { key: keys.orphan(name, id), value: toStored(true) },
    ];
  }

  #erase({ id, chunks }: StoredLetter): Mutation[][] {
    const { name } = this.#place;
    return [
      ...indexes(chunks).map((index) => [{ key: keys.chunk(name, id, index) }]),
      [{ key: keys.orphan(name, id) }],
    ];
  }

  async #former(letterOf: Deno.KvKey): Promise<StoredLetter | undefined> {
    const { value: id } = await this.#kv.get(letterOf);
    return typeof id === "string" ? await this.#read(id) : undefined;
  }

  async #read(id: string): Promise<StoredLetter | undefined> {
    const key = keys.letter(this.#place.name, id);
    return (await this.#kv.get<StoredLetter>(key)).value ?? undefined;
  }

  /** Above every id there is, also when the clock went back. */
  async #nextId(): Promise<string> {
    const newest = this.#newest ?? await this.#findNewest();
    const ms = Math.max(Date.now(), newest.ms);
    const sequence = ms === newest.ms ? newest.sequence + 1 : 0;
    this.#newest = { ms, sequence };
    return `${digits(ms, 15)}-${digits(sequence, 9)}`;
  }

  async #findNewest(): Promise<{ ms: number; sequence: number }> {
    const prefix = keys.letters(this.#place.name);
    const options = { reverse: true, limit: 1 };
    for await (const { key } of this.#kv.list({ prefix }, options)) {
      const [ms, sequence] = String(key.at(-1)).split("-").map(Number);
      return { ms: ms ?? 0, sequence: sequence ?? 0 };
    }
    return { ms: 0, sequence: 0 };
  }

  async *list(): AsyncGenerator<DeadLetter> {
    const { name, path } = this.#place;
    const prefix = keys.letters(name);
    const entries = this.#kv.list<StoredLetter>({ prefix }, { batchSize: 500 });
    while (true) {
      const { done, value } = await guarded(path, () => entries.next());
      if (done) return;
      yield toLetter(value.value);
    }
  }

  newest(limit: number): Promise<DeadLetter[]> {
    const { name, path } = this.#place;
    const prefix = keys.letters(name);
    const options = { reverse: true, limit };
    return guarded(path, async () => {
      const entries = await Array.fromAsync(
        this.#kv.list<StoredLetter>({ prefix }, options),
      );
      return entries.map(({ value }) => toLetter(value));
    });
  }

  async get(id: string): Promise<DeadLetter | undefined> {
    const letter = await guarded(this.#place.path, () => this.#read(id));
    return letter && toLetter(letter);
  }

  payload(id: string): Promise<string | undefined> {
    const { name, path } = this.#place;
    return guarded(path, async () => {
      const letter = await this.#read(id);
      if (letter === undefined) return undefined;
      const pieces = await readMany(
        this.#kv,
        indexes(letter.chunks).map((index) => keys.chunk(name, id, index)),
      );
      const isWhole = pieces.every((piece) => piece instanceof Uint8Array);
      // Else it was replaced or deleted while it was read.
      if (!isWhole) return undefined;
      const whole = await new Blob(pieces as BlobPart[]).arrayBuffer();
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(whole);
    });
  }

  delete(id: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const letter = await this.#read(id);
      if (letter === undefined) return false;
      await commitInOrder(this.#kv, [
        [
          ...this.#abandon(id),
          { key: keys.letterOf(this.#place.name, digestOf(letter)) },
        ],
        ...this.#erase(letter),
      ]);
      if (this.#count !== undefined) this.#count--;
      return true;
    });
  }

  /** Counts once, then keeps count where nobody else writes. */
  count(): Promise<number> {
    return this.#inTurn(async () => {
      if (this.#count !== undefined) return this.#count;
      let count = 0;
      const prefix = keys.letters(this.#place.name);
      for await (const _ of this.#kv.list({ prefix }, { batchSize: 500 })) {
        count++;
      }
      if (this.#place.isExclusive) this.#count = count;
      return count;
    });
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const { path, inTurn } = this.#place;
    return inTurn(() => guarded(path, work));
  }
}

/** Deletes the payloads that a crash left without a letter. */
export async function sweepOrphans(kv: Deno.Kv, name: string): Promise<void> {
  for await (const { key } of kv.list({ prefix: keys.orphans(name) })) {
    const id = String(key.at(-1));
    const erased: Mutation[][] = [];
    const prefix = keys.payload(name, id);
    for await (const chunk of kv.list({ prefix }, { batchSize: 10 })) {
      erased.push([{ key: chunk.key as Mutation["key"] }]);
    }
    await commitInOrder(kv, [...erased, [{ key: keys.orphan(name, id) }]]);
  }
}

/** Of fixed length: a key has limits, what is received has none. */
function digestOf(
  { eventId, internalId }: Pick<DeadLetter, "eventId" | "internalId">,
): string {
  return createHash("sha256")
    .update(JSON.stringify([eventId, internalId]))
    .digest("base64url");
}

function shortened(meta: NewDeadLetter["meta"]): NewDeadLetter["meta"] {
  return {
    at: meta.at,
    eventId: cut(meta.eventId),
    action: cut(meta.action),
    internalId: cut(meta.internalId),
    stixId: cut(meta.stixId),
    type: cut(meta.type),
    reason: cut(meta.reason, MAX_REASON_CHARS),
    ...(meta.httpStatus === undefined ? {} : { httpStatus: meta.httpStatus }),
    attempts: meta.attempts,
  };
}

function cut(text: string, limit = MAX_TEXT_CHARS): string {
  return text.length <= limit ? text : text.slice(0, limit).toWellFormed();
}

function piecesOf(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  return indexes(Math.ceil(bytes.byteLength / CHUNK_BYTES)).map((index) =>
    bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)
  );
}

function indexes(length: number): number[] {
  return Array.from({ length }, (_none, index) => index);
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

function toLetter({ chunks: _, ...letter }: StoredLetter): DeadLetter {
  return letter;
}
