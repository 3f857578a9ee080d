import { RejectedError } from "../../errors.ts";
import { propsHash } from "../_ioc/ledger.ts";
import {
  held,
  idsOf,
  isWorse,
  lost,
  type Page,
  rankOfKey,
  type Row,
} from "./book.ts";
import { creationJobs, IGNORED } from "./creator.ts";
import { covers } from "./fields.ts";
import { learn } from "./finder.ts";
import { rejectionOf, type RemoteOptions, revoke, update } from "./remote.ts";
import { makeRoom } from "./room.ts";
import { type Job, runJobs, type Trouble } from "./trouble.ts";

/** What has to be done with a value; all but the last three are calls. */
type Need =
  | "find"
  | "create"
  | "update"
  | "revoke"
  | "note"
  | "forget"
  | "rest";

/** One settlement under way. */
interface Settlement {
  readonly page: Page;
  readonly signal: AbortSignal;
  tell(key: string, trouble: Trouble): void;
}

/**
 * Brings the collection in line with the rows of values. What a row says of
 * the collection changes after the answer alone; what cannot be known after a
 * broken connection is looked up before it is tried again.
 */
export class Writer {
  readonly #options: RemoteOptions;

  constructor(options: RemoteOptions) {
    this.#options = options;
  }

  /** True where nothing at the far side has to change. */
  isSettled(page: Page, key: string): boolean {
    return ["note", "forget", "rest"].includes(needOf(page, key));
  }

  /**
   * Settles values whose rows, owners included, are in the page. What changes
   * in the page is staged, also where an error is thrown.
   *
   * @returns Why some of them are not as they should be.
   */
  async settle(
    page: Page,
    keys: Iterable<string>,
    signal: AbortSignal,
  ): Promise<Map<string, Trouble>> {
    const troubles = new Map<string, Trouble>();
    const tell = (key: string, trouble: Trouble) => {
      troubles.set(key, trouble);
    };
    const settlement = { page, signal, tell };
    const all = [...new Set(keys)];
    const open = (need: Need) =>
      all.filter((key) => !troubles.has(key) && needOf(page, key) === need);
    const jobs = (need: Need, run: (key: string) => Promise<unknown>): Job[] =>
      open(need).map((key) => ({
        keys: [key],
        run: async () => void await run(key),
      }));
    try {
      await runJobs(
        jobs("find", (key) => learn(this.#options, page, key, signal)),
        tell,
      );
      this.#note(page, all);
      // Revoking comes first: it may make room.
      await runJobs([
        ...jobs("revoke", (key) => this.#revoke(key, settlement)),
        ...jobs("update", (key) => this.#update(key, settlement)),
      ], tell);
      await this.#create(open("create"), settlement);
      for (const key of all) noteIgnored(page, key, troubles);
    } finally {
      await page.stage();
    }
    return troubles;
  }

  /** What needs no call. */
  #note(page: Page, keys: readonly string[]): void {
    const { book } = this.#options;
    for (const key of keys) {
      const need = needOf(page, key);
      if (need === "forget") book.setRow(page, key, undefined);
      else if (need === "note") {
        const id = page.value(key)?.remoteId as string;
        book.setRow(page, key, held(page, key, id));
      }
    }
  }

  async #revoke(
    key: string,
    { page, signal, tell }: Settlement,
  ): Promise<void> {
    try {
      for (const id of idsOf(page.value(key))) {
        await revoke(this.#options, id, signal);
      }
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      return tell(key, rejectionOf(error));
    }
    this.#options.book.setRow(page, key, undefined);
  }

  async #update(
    key: string,
    { page, signal, tell }: Settlement,
  ): Promise<void> {
    const { book } = this.#options;
    const row = page.value(key);
    const fields = page.leadingOwner(key)?.props?.fields;
    if (row?.remoteId === undefined || fields === undefined) return;
    try {
      const id = row.remoteId;
      const isThere = await update(this.#options, id, fields, signal);
      book.setRow(page, key, isThere ? held(page, key, id) : lost(row));
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      tell(key, rejectionOf(error));
    }
  }

  async #create(
    keys: readonly string[],
    settlement: Settlement,
  ): Promise<void> {
    if (keys.length === 0) return;
    const { page, signal, tell } = settlement;
    const { book, keepsBest, quota } = this.#options;
    let room = await quota.room(keys.length, signal);
    const best = room < keys.length ? bestFirst(page, keys) : keys;
    if (keepsBest && room < best.length) {
      await makeRoom(this.#options, page, best.slice(room), signal);
      room = await quota.room(best.length, signal);
    }
    const park = (key: string) => this.#park(key, settlement);
    best.slice(room).forEach(park);
    const taken = best.slice(0, room);
    // The answer may be cut off: then it is known that it was asked for.
    for (const key of taken) {
      const row = page.value(key) as Row;
      book.setRow(page, key, { ...lost(row), more: { state: "asked" } });
    }
    await page.stage();
    await book.state.flush();
    const creation = { page, signal, tell, park };
    const jobs = creationJobs(this.#options, taken, creation);
    const waiting = new Set(taken);
    const watched = jobs.map(({ keys, run }) => ({
      keys,
      run: () => {
        keys.forEach((key) => waiting.delete(key));
        return run();
      },
    }));
    try {
      await runJobs(watched, tell);
    } finally {
      // What was never sent need not be looked up.
      for (const key of waiting) {
        book.setRow(page, key, lost(page.value(key) as Row));
      }
    }
  }

  #park(key: string, { page, tell }: Settlement): void {
    const row = page.value(key) as Row;
    const rank = rankOfKey(page, key);
    this.#options.book.setRow(page, key, {
      ...lost(row),
      more: { state: "parked", rank },
    });
    tell(key, {
      status: "skipped",
      reason: "it waits for room in the quota of indicators",
    });
  }
}

function bestFirst(page: Page, keys: readonly string[]): readonly string[] {
  return keys.toSorted((a, b) =>
    isWorse(rankOfKey(page, a), rankOfKey(page, b)) ? 1 : -1
  );
}

/** A value that was ignored before is so still, without a call. */
function noteIgnored(
  page: Page,
  key: string,
  troubles: Map<string, Trouble>,
): void {
  const row = page.value(key);
  if (row?.more?.state !== "ignored" || troubles.has(key)) return;
  troubles.set(key, { status: "skipped", reason: IGNORED });
}

/** What the row, and who gives the value, ask for. */
function needOf(page: Page, key: string): Need {
  const row = page.value(key);
  if (row === undefined) return "rest";
  const { more, owners, remoteId, sent } = row;
  if (more?.state === "asked") return "find";
  if (owners.length === 0) {
    if (remoteId !== undefined) return "revoke";
    return more?.state === "foreign" ? "rest" : "forget";
  }
  const props = page.leadingOwner(key)?.props;
  // Taken over, and its indicator was not seen yet.
  if (props === undefined) return "rest";
  if (more?.state === "foreign" || more?.state === "ignored") return "rest";
  if (remoteId === undefined) return "create";
  const [score, since] = more?.rank ?? [];
  const isRanked = score === props.score && since === props.since;
  if (sent === propsHash(props.fields)) return isRanked ? "rest" : "note";
  return covers(more?.found, props.fields) ? "note" : "update";
}
