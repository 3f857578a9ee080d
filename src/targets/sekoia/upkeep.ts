/** Work that no event asks for. */
import type { Log } from "../../observability/log.ts";
import type { Book } from "./book.ts";
import { PAGE_SIZE, type SekoiaClient } from "./client.ts";
import type { Quota } from "./quota.ts";
import type { Writer } from "./writer.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Longer than a live stream remembers deletes. */
const FORGET_AFTER_MS = 90 * DAY_MS;
const ROUND_MS = 60_000;

/** What upkeep works on. */
export interface Upkeep {
  readonly book: Book;
  readonly client: SekoiaClient;
  readonly quota: Quota;
  readonly writer: Writer;
  readonly log: Log;
  readonly collection: () => string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs work apart from the deliveries, which change the same rows. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** Deletes, makes what waits for room, and forgets, every minute. */
export async function keepUp(
  upkeep: Upkeep,
  signal: AbortSignal,
): Promise<void> {
  let forgotAt = -Infinity;
  try {
    while (!signal.aborted) {
      await purge(upkeep, signal);
      await makeParked(upkeep, signal);
      if (upkeep.now() - forgotAt >= DAY_MS) {
        forgotAt = upkeep.now();
        await forgetGone(upkeep);
      }
      await pause(signal);
    }
  } catch (error) {
    // Being stopped in the middle of a call is a proper end.
    if (!signal.aborted) throw error;
  }
}

/**
 * Deletes for good what was revoked more than a day ago. What is too early for
 * Sekoia.io is tried again an hour later.
 *
 * @returns How many are gone.
 */
export async function purge(
  upkeep: Upkeep,
  signal: AbortSignal,
): Promise<number> {
  const { book, client, collection, inTurn, now, quota } = upkeep;
  let gone = 0;
  for await (const due of book.purges()) {
    if (due.dueAt > now()) break;
    await inTurn(async () => {
      const isGone = await client.purgeIndicator(collection(), due.id, signal);
      book.endPurge(due);
      if (isGone) gone++;
      else book.addPurge({ id: due.id, dueAt: now() + HOUR_MS });
      await book.state.flush();
    });
  }
  if (gone > 0) quota.freed();
  return gone;
}

/**
 * Makes what waits, best first, as far as there is room.
 *
 * @returns How many no longer wait.
 */
export async function makeParked(
  upkeep: Upkeep,
  signal: AbortSignal,
): Promise<number> {
  const { book, inTurn, log, quota, writer } = upkeep;
  let made = 0;
  for (let last = 1; last > 0; made += last) {
    last = await inTurn(async () => {
      const waiting = await first(book.parked(), PAGE_SIZE);
      if (waiting.length === 0) return 0;
      const room = await quota.room(waiting.length, signal);
      const keys = waiting.slice(0, room);
      const page = book.ledger.page();
      await page.load([], keys);
      const troubles = await writer.settle(page, keys, signal);
      await book.state.flush();
      const parked = keys.filter((key) =>
        page.value(key)?.more?.state === "parked"
      );
      return troubles.values().some(({ status }) => status === "retry")
        ? 0
        : keys.length - parked.length;
    });
  }
  if (made > 0) log.info("values that waited for room are made", { made });
  return made;
}

async function first<Item>(
  items: AsyncIterable<Item>,
  count: number,
): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) {
    found.push(item);
    if (found.length === count) break;
  }
  return found;
}

/**
 * Forgets indicators that gave nothing for long: their rows were kept so that
 * a replay of the stream does not bring them back for a moment.
 */
export async function forgetGone(upkeep: Upkeep): Promise<void> {
  const { book, inTurn, now } = upkeep;
  const before = now() - FORGET_AFTER_MS;
  const gone: string[] = [];
  for await (const { goneAt, id } of book.ledger.owners.list()) {
    if (goneAt !== undefined && goneAt < before) gone.push(id);
  }
  for (let at = 0; at < gone.length; at += PAGE_SIZE) {
    const ids = gone.slice(at, at + PAGE_SIZE);
    await inTurn(async () => {
      const rows = await book.ledger.owners.getMany(ids);
      // One that came back meanwhile stays.
      await book.ledger.owners.setMany(
        ids.filter((_id, index) => rows[index]?.goneAt !== undefined)
          .map((id) => [id, undefined]),
      );
      await book.state.flush();
    });
  }
}

/** Resolves after a round, or once the signal is aborted. */
function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ROUND_MS);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
  });
}
