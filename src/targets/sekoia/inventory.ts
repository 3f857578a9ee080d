import { createHash } from "node:crypto";
import { RejectedError, TransientError } from "../../errors.ts";
import type { StreamEvent } from "../../opencti/event.ts";
import { propsHash } from "../_ioc/ledger.ts";
import type { Holding, Inventory, Outcome } from "../target.ts";
import { lost, type Page } from "./book.ts";
import type { StoredIndicator } from "./answers.ts";
import { PAGE_SIZE } from "./client.ts";
import type { Delivery } from "./delivery.ts";
import { ownerIn } from "./description.ts";
import { covers } from "./fields.ts";
import { find, learn } from "./finder.ts";
import { keyOfStored, type MappingContext, toWish } from "./mapping.ts";
import { rejectionOf, type RemoteOptions, revoke } from "./remote.ts";
import { retryOf } from "./trouble.ts";

const KIND = "IOC";
/** Longest key of a holding that is the key of its value. */
const MAX_KEY_BYTES = 500;
/** Keys remembered of what cannot be found by its holding's key. */
const MAX_REMEMBERED = 100_000;

/** What an inventory works with. */
export interface InventoryOptions extends RemoteOptions {
  readonly delivery: Delivery;
  readonly context: () => MappingContext;
  /** Id of the collection, also of a target that only compares; none is made. */
  locate(signal: AbortSignal): Promise<string | undefined>;
  /** Runs work apart from the deliveries, which change the same rows. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** What the collection holds of ours, and what it should hold. */
export class SekoiaInventory implements Inventory {
  readonly #options: InventoryOptions;
  /** Id and key of holdings whose own key does not tell: long or double. */
  readonly #odd = new Map<string, { id: string; key: string }>();

  constructor(options: InventoryOptions) {
    this.#options = options;
  }

  wanted(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Holding[][]> {
    signal.throwIfAborted();
    return Promise.resolve(events.map((event) => {
      const wish = toWish(event, this.#options.context());
      if (typeof wish === "string" || wish.props === null) return [];
      const digest = propsHash(wish.props.fields);
      return wish.keys.map((key) => ({
        kind: KIND,
        key: shortKey(key),
        digest,
      }));
    }));
  }

  async *held(signal: AbortSignal): AsyncGenerator<Holding> {
    const { book, client, locate, urls } = this.#options;
    this.#odd.clear();
    const collection = await locate(signal);
    if (collection === undefined) return;
    const seen = new Set<string>();
    for (let offset = 0;; offset += PAGE_SIZE) {
      const items = await client.listIndicators(
        collection,
        { offset },
        signal,
      );
      const ours = items.flatMap((item) => {
        const isOurs = ownerIn(item.fields.description, urls) !== undefined;
        const key = item.revoked || !isOurs
          ? undefined
          : keyOfStored(item.pattern);
        return key === undefined ? [] : [{ item, key }];
      });
      const page = book.ledger.page();
      await page.load([], ours.map(({ key }) => key));
      for (const { item, key } of ours) {
        yield this.#holding(page, { item, key }, seen);
      }
      if (items.length < PAGE_SIZE) return;
    }
  }

  #holding(
    page: Page,
    { item, key }: { item: StoredIndicator; key: string },
    seen: Set<string>,
  ): Holding {
    const short = shortKey(key);
    const isDouble = seen.has(short);
    seen.add(short);
    const name = isDouble ? `${item.id} (double)` : short;
    if (name !== key && this.#odd.size < MAX_REMEMBERED) {
      this.#odd.set(name, { id: item.id, key });
    }
    const wanted = page.leadingOwner(key)?.props?.fields;
    // A date that is not sent is the server's to choose.
    const digest = wanted !== undefined && covers(item.fields, wanted)
      ? propsHash(wanted)
      : propsHash(item.fields);
    return { kind: KIND, key: name, digest };
  }

  repair(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    return this.#options.inTurn(async () => {
      const { book, delivery } = this.#options;
      const page = book.ledger.page();
      const keys = new Set(events.flatMap((event) => {
        const wish = toWish(event, this.#options.context());
        return typeof wish === "string" ? [] : wish.keys;
      }));
      await page.load([], [...keys]);
      for (const key of keys) {
        // Nothing is remembered: it is made by the ordinary path.
        if (page.value(key) !== undefined) {
          await learn(this.#options, page, key, signal);
        }
      }
      await page.stage();
      return await delivery.deliver(events, signal);
    });
  }

  remove(
    holdings: readonly Holding[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    return this.#options.inTurn(async () => {
      const outcomes: Outcome[] = [];
      for (const { key } of holdings) {
        outcomes.push(await this.#removeOne(key, signal));
      }
      await this.#options.book.state.flush();
      return outcomes;
    });
  }

  async #removeOne(name: string, signal: AbortSignal): Promise<Outcome> {
    const { book } = this.#options;
    const odd = this.#odd.get(name);
    try {
      if (odd !== undefined && name.endsWith("(double)")) {
        await revoke(this.#options, odd.id, signal);
        return { status: "delivered" };
      }
      const key = odd?.key ?? name;
      const { ours } = await find(this.#options, key, signal);
      for (const { id } of ours) await revoke(this.#options, id, signal);
      await this.#disown(key);
      return { status: "delivered" };
    } catch (error) {
      if (error instanceof TransientError) return retryOf(error);
      if (!(error instanceof RejectedError)) throw error;
      return rejectionOf(error);
    } finally {
      book.endWork(odd?.key ?? name);
    }
  }

  /** Nobody asks for the value: who was thought to is put right. */
  async #disown(key: string): Promise<void> {
    const { book, now } = this.#options;
    const page = book.ledger.page();
    await page.load([], [key]);
    const row = page.value(key);
    if (row === undefined) return;
    for (const id of row.owners) {
      const owner = page.owner(id);
      const version = owner?.parts.pattern?.version ?? 0;
      await page.load([id], []);
      const keys = page.keysOf(id).filter((one) => one !== key);
      page.apply(
        { id, part: "pattern", version, keys, suspects: [key] },
        now(),
      );
    }
    book.setRow(page, key, { ...lost(row), owners: [] });
    book.setRow(page, key, undefined);
    await page.stage();
  }
}

/** A key of at most 500 bytes. */
function shortKey(key: string): string {
  const bytes = new TextEncoder().encode(key).byteLength;
  if (bytes <= MAX_KEY_BYTES) return key;
  const digest = createHash("sha256").update(key).digest("hex");
  return `${key.slice(0, 60)}… ${digest}`;
}
