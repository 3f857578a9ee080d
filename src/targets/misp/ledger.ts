/** What is remembered of the events in MISP: rows of the target's state. */
import type { TargetState } from "../target.ts";
import { packMarks, unpackMarks } from "./marks.ts";

/** One container's event in MISP. */
export interface EventRow {
  /** UUID of the event: the container's id, unless `original`. */
  readonly uuid: string;
  /** MISP's number of it, for links. */
  readonly id: string;
  /** Version of the newest event of the container that was applied. */
  readonly version: number;
  /** The container came from this event of somebody else's. */
  readonly original?: true;
  /** Digest of the container's external references but our own. */
  readonly references: string;
  /** How many rows of marks and of contents there are. */
  readonly rows: { readonly marks: number; readonly contents: number };
  /** How many objects the container holds. */
  readonly size: number;
}

/** What is remembered of a container. */
export interface Remembered {
  readonly row: EventRow;
  readonly marks: ReadonlySet<string>;
  /** Internal ids of what it held. */
  readonly contents: ReadonlySet<string>;
}

/** An event that waits for being published. Times in milliseconds since 1970. */
export interface PublishRow {
  readonly uuid: string;
  /** Of the first and of the last change that is not published. */
  readonly since: number;
  readonly changed: number;
}

/** An external reference that could not be written. */
export interface ReferenceRow {
  readonly uuid: string;
  /** MISP's number of the event; absent: the reference is to go. */
  readonly id?: string;
  readonly info: string;
}

/** Contents of one row: 36 characters each, below the row's 64 KiB. */
const CONTENTS_PER_ROW = 1_000;
const ROWS_PER_COMMIT = 500;

/** Rows by container, and by what containers hold. */
export class Ledger {
  readonly #state: TargetState;

  constructor(state: TargetState) {
    this.#state = state;
  }

  /** The row alone. */
  row(container: string): Promise<EventRow | undefined> {
    return this.#state.get<EventRow>(["event", container]);
  }

  async read(container: string): Promise<Remembered | undefined> {
    const row = await this.row(container);
    if (row === undefined) return undefined;
    const marks = await this.#state.getMany<Uint8Array>(
      keysOf("marks", container, row.rows.marks),
    );
    const contents = await this.#state.getMany<string[]>(
      keysOf("contents", container, row.rows.contents),
    );
    return {
      row,
      marks: unpackMarks(marks.filter((part) => part !== undefined)),
      contents: new Set(contents.flatMap((part) => part ?? [])),
    };
  }

  /** Stages what differs from what was remembered. */
  write(
    container: string,
    former: Remembered | undefined,
    next: {
      readonly row: Omit<EventRow, "rows" | "size">;
      readonly marks: ReadonlySet<string>;
      readonly contents: ReadonlySet<string>;
    },
  ): void {
    const { marks, contents } = next;
    const packed = packMarks(marks);
    const rows = { marks: packed.length, contents: rowsFor(contents) };
    const row: EventRow = { ...next.row, rows, size: contents.size };
    if (JSON.stringify(row) !== JSON.stringify(former?.row)) {
      this.#state.set(["event", container], row);
    }
    const before = former?.row.rows ?? { marks: 0, contents: 0 };
    if (former === undefined || !isSame(former.marks, marks)) {
      this.#replace("marks", container, packed, before.marks);
    }
    const held = former?.contents ?? new Set<string>();
    if (former !== undefined && isSame(held, contents)) return;
    const parts = chunked([...contents].sort());
    this.#replace("contents", container, parts, before.contents);
    for (const id of contents) {
      if (!held.has(id)) this.#state.set(["member", id, container], true);
    }
    for (const id of held) {
      if (!contents.has(id)) this.#state.delete(["member", id, container]);
    }
  }

  /** Stages that nothing of the container is in MISP any more. */
  forget(
    container: string,
    former: Remembered | undefined,
    version: number,
  ): void {
    this.#state.set(["gone", container], version);
    this.#state.delete(["publish", container]);
    if (former === undefined) return;
    this.#state.delete(["event", container]);
    this.#replace("marks", container, [], former.row.rows.marks);
    this.#replace("contents", container, [], former.row.rows.contents);
    for (const id of former.contents) {
      this.#state.delete(["member", id, container]);
    }
  }

  /** Version of the event with which the container went. */
  goneWith(container: string): Promise<number | undefined> {
    return this.#state.get<number>(["gone", container]);
  }

  /**
   * Forgets the containers that went long ago, and commits it.
   *
   * @param before Milliseconds since 1970, by the platform's clock.
   */
  async forgetGone(before: number): Promise<void> {
    let count = 0;
    for await (const { key, value } of this.#state.list<number>(["gone"])) {
      // A version: milliseconds and 3 digits.
      if (value >= before * 1_000) continue;
      this.#state.delete(key);
      if (++count % ROWS_PER_COMMIT === 0) await this.flush();
    }
    if (count > 0) await this.flush();
  }

  /** Stages that the container is there again. */
  isBack(container: string): void {
    this.#state.delete(["gone", container]);
  }

  /** Containers with an event in MISP that hold the object. */
  async containersOf(content: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of this.#state.list(["member", content])) {
      found.push(String(key.at(-1)));
    }
    return found;
  }

  /** Every container with an event in MISP. */
  async *rows(): AsyncGenerator<{ container: string; row: EventRow }> {
    for await (const { key, value } of this.#state.list<EventRow>(["event"])) {
      yield { container: String(key.at(-1)), row: value };
    }
  }

  /** Stages that the event waits for being published. */
  async awaitPublishing(
    container: string,
    uuid: string,
    now: number,
  ): Promise<void> {
    const key = ["publish", container];
    const waiting = await this.#state.get<PublishRow>(key);
    const row = { uuid, since: waiting?.since ?? now, changed: now };
    this.#state.set(key, row satisfies PublishRow);
  }

  /** Events that wait for being published. */
  unpublished(): Promise<[container: string, PublishRow][]> {
    return this.#list<PublishRow>("publish");
  }

  /** The container's event waits no more, unless it changed since. */
  async isPublished(container: string, { changed }: PublishRow): Promise<void> {
    const key = ["publish", container];
    const waiting = await this.#state.get<PublishRow>(key);
    if (waiting?.changed === changed) this.#state.delete(key);
  }

  /** Stages a write to OpenCTI that is to be tried again; or that it is done. */
  awaitReference(container: string, row: ReferenceRow | undefined): void {
    const key = ["reference", container];
    if (row === undefined) this.#state.delete(key);
    else this.#state.set(key, row);
  }

  /** Writes to OpenCTI that are to be tried again. */
  openReferences(): Promise<[container: string, ReferenceRow][]> {
    return this.#list<ReferenceRow>("reference");
  }

  /** Commits what is staged, without waiting for a checkpoint. */
  flush(): Promise<void> {
    return this.#state.flush();
  }

  async #list<Row>(kind: string): Promise<[string, Row][]> {
    const found: [string, Row][] = [];
    for await (const { key, value } of this.#state.list<Row>([kind])) {
      found.push([String(key.at(-1)), value]);
    }
    return found;
  }

  #replace(
    kind: "marks" | "contents",
    container: string,
    parts: readonly unknown[],
    before: number,
  ): void {
    parts.forEach((part, at) => this.#state.set([kind, container, at], part));
    for (let at = parts.length; at < before; at++) {
      this.#state.delete([kind, container, at]);
    }
  }
}

function keysOf(kind: string, container: string, count: number) {
  return Array.from({ length: count }, (_none, at) => [kind, container, at]);
}

function rowsFor(contents: ReadonlySet<string>): number {
  return Math.ceil(contents.size / CONTENTS_PER_ROW);
}

function chunked(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / CONTENTS_PER_ROW);
  return Array.from(
    { length: count },
    (_none, at) =>
      ids.slice(at * CONTENTS_PER_ROW, (at + 1) * CONTENTS_PER_ROW),
  );
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && a.isSubsetOf(b);
}
