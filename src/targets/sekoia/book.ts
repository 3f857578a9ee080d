/** What is remembered of one collection, beyond the program's end. */
import { createHash } from "node:crypto";
import {
  Ledger,
  type LedgerPage,
  propsHash,
  type ValueRow,
} from "../_ioc/ledger.ts";
import type { StateKey, TargetState } from "../target.ts";
import type { Props, StoredFields } from "./fields.ts";

/** What is remembered of a value beside its id and its owners. */
export interface More {
  /**
   * - asked: sent, and what became of it is not known
   * - parked: it waits for room
   * - ignored: Sekoia.io takes no such value
   * - refused: Sekoia.io answered 400 to this value alone
   * - foreign: somebody else's indicator holds it, which is left alone
   */
  readonly state?: "asked" | "parked" | "ignored" | "refused" | "foreign";
  /** What a refusal said. */
  readonly why?: string | undefined;
  /** What it carried when it was taken over. */
  readonly found?: StoredFields | undefined;
  /** Further ids of the same value, to be revoked with it. */
  readonly others?: readonly string[] | undefined;
  /** Under which it is in the order of ranks, or waits. */
  readonly rank?: Rank | undefined;
}

/** Score, then age: the lowest goes first. */
export type Rank = readonly [score: number, since: number];

/** A row of a value in this collection. */
export type Row = ValueRow<More>;
/** Rows of a batch. */
export type Page = LedgerPage<Props, More>;

/** Something that is not yet as it should be at the far side. */
export interface Work {
  readonly key: string;
  /** Internal ids of the indicators whose events wait for it. */
  readonly by: readonly string[];
  /** How often it was refused. */
  readonly refusals: number;
}

/** The collection that the rows speak of. */
export interface Home {
  readonly id: string;
  /** What was there before us is known up to this place. */
  readonly offset: number;
  readonly isAdopted: boolean;
}

/** A revoked indicator that is to be deleted for good. */
export interface Purge {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
}

const MIN_RANK: Rank = [0, 0];

/**
 * Rows beside those of the ledger: `c` the collection, `w` work under way, `q`
 * what waits for room, best first, `r` the ranks of what is there, worst
 * first, `d` what is to be deleted, by time.
 */
export class Book {
  readonly state: TargetState;
  readonly ledger: Ledger<Props, More>;

  constructor(state: TargetState) {
    this.state = state;
    this.ledger = new Ledger(state);
  }

  home(): Promise<Home | undefined> {
    return this.state.get(["c"]);
  }

  setHome(home: Home): void {
    this.state.set(["c"], home);
  }

  /** All work that was begun, by key. */
  async work(): Promise<Map<string, Work>> {
    const rows = await Array.fromAsync(this.state.list<Work>(["w"]));
    return new Map(rows.map(({ value }) => [value.key, value]));
  }

  setWork(work: Work): void {
    this.state.set(["w", digest(work.key)], work);
  }

  endWork(key: string): void {
    this.state.delete(["w", digest(key)]);
  }

  /** Changes the row of a value, and its place among ranks. */
  setRow(page: Page, key: string, row: Row | undefined): void {
    const before = page.value(key);
    for (const place of places(key, before)) this.state.delete(place);
    for (const place of places(key, row)) this.state.set(place, key);
    page.setValue(key, row);
  }

  /** Keys of what waits, best first. */
  parked(): AsyncIterable<string> {
    return this.#keysBelow("q");
  }

  /** Keys of what is there, worst first. */
  ranked(): AsyncIterable<string> {
    return this.#keysBelow("r");
  }

  async *#keysBelow(name: string): AsyncGenerator<string> {
    for await (const { value } of this.state.list<string>([name])) yield value;
  }

  addPurge({ id, dueAt }: Purge): void {
    this.state.set(["d", dueAt, id], id);
  }

  endPurge({ id, dueAt }: Purge): void {
    this.state.delete(["d", dueAt, id]);
  }

  /** The first to be due first. */
  async *purges(): AsyncGenerator<Purge> {
    for await (const { key, value } of this.state.list<string>(["d"])) {
      yield { id: value, dueAt: Number(key[1]) };
    }
  }

  /** Forgets all rows below a name. */
  async clear(name: string): Promise<void> {
    for await (const { key } of this.state.list([name])) {
      this.state.delete(key);
    }
  }
}

function* places(key: string, row: Row | undefined): Generator<StateKey> {
  const [score, since] = row?.more?.rank ?? MIN_RANK;
  if (row?.remoteId !== undefined) yield ["r", score, since, digest(key)];
  else if (row?.more?.state === "parked") {
    yield ["q", -score, -since, digest(key)];
  }
}

function digest(key: string): string {
  return createHash("sha256").update(key).digest("base64url");
}

/** The rank that an indicator gives its values. */
export function rankOf(props: Props | undefined): Rank {
  return props === undefined ? MIN_RANK : [props.score, props.since];
}

/** True where `left` has to go before `right`. */
export function isWorse(left: Rank, right: Rank): boolean {
  return left[0] === right[0] ? left[1] < right[1] : left[0] < right[0];
}

/** The row of a value that is not at the far side. */
export function lost({ key, owners }: Row): Row {
  return { key, owners };
}

/** The row of a value that is there as it should be. */
export function held(page: Page, key: string, remoteId: string): Row {
  const row = page.value(key);
  const props = page.leadingOwner(key)?.props;
  const others = row?.more?.others;
  return {
    key,
    owners: row?.owners ?? [],
    remoteId,
    ...(props === undefined ? {} : { sent: propsHash(props.fields) }),
    more: { rank: rankOf(props), ...(others === undefined ? {} : { others }) },
  };
}

/** Every id under which the far side holds the value. */
export function idsOf(row: Row | undefined): string[] {
  const first = row?.remoteId === undefined ? [] : [row.remoteId];
  return [...first, ...row?.more?.others ?? []];
}

/** The rank of a value by the indicator whose properties it carries. */
export function rankOfKey(page: Page, key: string): Rank {
  return rankOf(page.leadingOwner(key)?.props);
}
