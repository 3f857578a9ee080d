/** Two lists of any length, compared on disk. */
import { dirname, join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import {
  type ComparedHolding,
  type Fault,
  type FaultCount,
  JUDGEMENT,
  SCHEMA,
  type Suspect,
  toSuspect,
} from "./comparison_rows.ts";
import { isUrl } from "./failure.ts";

export type { Fault, FaultCount, Suspect } from "./comparison_rows.ts";

const NAME_CHARS = 80;

/**
 * A table in a file of its own that nobody else can open and that is gone with
 * the process, however it ends. Holds 16 MiB in memory whatever its size; a
 * million entries take about 500 MB on disk.
 */
export class ComparisonTable {
  readonly #db: DatabaseSync;
  readonly #folder: string;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#db = new DatabaseSync(join(folder, "comparison.db"));
    this.#db.exec(SCHEMA);
  }

  /**
   * @param statePath Of the state file: beside it there is room. Where that
   *   folder is not to be written, or there is none, the system's is taken.
   */
  static async open(statePath: string): Promise<ComparisonTable> {
    const table = new ComparisonTable(await makeFolder(statePath));
    // [POSIX] A file without a name lives as long as it is open.
    if (Deno.build.os !== "windows") await table.#removeFolder();
    return table;
  }

  /** Says that one object asks for these, and for nothing else. */
  want(object: string, holdings: readonly ComparedHolding[]): void {
    this.#run("DELETE FROM wanted WHERE object = ?", object);
    for (const { kind, key, digest, name = "", optional } of holdings) {
      this.#run(
        "INSERT OR REPLACE INTO wanted VALUES (?, ?, ?, ?, ?, ?)",
        kind,
        key,
        object,
        digest,
        shortened(name),
        optional === true ? 1 : 0,
      );
    }
  }

  /** Says that one is there. */
  hold({ kind, key, digest, name = "" }: ComparedHolding): void {
    this.#run(
      `INSERT INTO held VALUES (?, ?, ?, ?, 1)
       ON CONFLICT DO UPDATE SET copies = copies + 1`,
      kind,
      key,
      digest,
      shortened(name),
    );
  }

  /** Says that one is not there, as far as is known now. */
  release({ kind, key }: Pick<ComparedHolding, "kind" | "key">): void {
    this.#run("DELETE FROM held WHERE kind = ? AND key = ?", kind, key);
  }

  /** Notes that an object changed, with all that it asks for. */
  touch(
    object: string,
    holdings: readonly Pick<ComparedHolding, "kind" | "key">[],
  ): void {
    this.#run(
      `INSERT OR IGNORE INTO touched
       SELECT kind, key FROM wanted WHERE object = ?`,
      object,
    );
    for (const { kind, key } of holdings) {
      this.#run("INSERT OR IGNORE INTO touched VALUES (?, ?)", kind, key);
    }
  }

  /** Compares both sides. The suspects of the time before are forgotten. */
  judge(): FaultCount[] {
    this.#db.exec(JUDGEMENT);
    return this.#all(
      `SELECT fault, kind, touched, count(*) AS count FROM suspect
       GROUP BY fault, kind, touched ORDER BY fault, kind`,
    ).map(({ fault, kind, touched, count }) => ({
      fault: fault as Fault,
      kind: `${kind}`,
      touched: touched === 1,
      count: Number(count),
    }));
  }

  /** The suspects of one fault, a page at a time. */
  *suspects(fault: Fault, pageSize: number): Generator<Suspect[]> {
    for (let after = 0;;) {
      const rows = this.#all(
        `SELECT rowid AS place, * FROM suspect WHERE fault = ? AND rowid > ?
         ORDER BY rowid LIMIT ?`,
        fault,
        after,
        pageSize,
      );
      if (rows.length === 0) return;
      after = Number(rows.at(-1)?.place);
      yield rows.map(toSuspect);
    }
  }

  /** The first of one fault, those that changed meanwhile last. */
  examples(fault: Fault, limit: number): Suspect[] {
    return this.#all(
      "SELECT * FROM suspect WHERE fault = ? ORDER BY touched, kind, key LIMIT ?",
      fault,
      limit,
    ).map(toSuspect);
  }

  suspectCount(): number {
    return this.#count("SELECT count(*) AS n FROM suspect");
  }

  /** Says that none of the suspects is there, as far as is known now. */
  releaseSuspects(): void {
    this.#db.exec(
      `DELETE FROM held WHERE EXISTS (
        SELECT 1 FROM suspect
        WHERE suspect.kind = held.kind AND suspect.key = held.key
      )`,
    );
  }

  /** True where the object asks for anything. */
  isWanting(object: string): boolean {
    return this.#all(
      "SELECT 1 FROM wanted WHERE object = ? LIMIT 1",
      object,
    ).length > 0;
  }

  isSuspect({ kind, key }: Pick<ComparedHolding, "kind" | "key">): boolean {
    return this.#all(
      "SELECT 1 FROM suspect WHERE kind = ? AND key = ? LIMIT 1",
      kind,
      key,
    ).length > 0;
  }

  /** Every object that asks for it. */
  objectsWanting(
    { kind, key }: Pick<ComparedHolding, "kind" | "key">,
  ): string[] {
    return this.#all(
      "SELECT DISTINCT object FROM wanted WHERE kind = ? AND key = ?",
      kind,
      key,
    ).map(({ object }) => `${object}`);
  }

  /** Different things that are wanted, optional ones too. */
  wantedCount(): number {
    return this.#count(
      "SELECT count(*) AS n FROM " +
        "(SELECT 1 FROM wanted GROUP BY kind, key)",
    );
  }

  /** Different things that are there. */
  heldCount(): number {
    return this.#count("SELECT count(*) AS n FROM held");
  }

  /** Many changes are much faster together. */
  together(work: () => void): void {
    this.#db.exec("BEGIN");
    try {
      work();
    } finally {
      this.#db.exec("COMMIT");
    }
  }

  async close(): Promise<void> {
    this.#statements.clear();
    this.#db.close();
    await this.#removeFolder();
  }

  async #removeFolder(): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
  }

  #count(sql: string): number {
    return Number(this.#all(sql)[0]?.n ?? 0);
  }

  #run(sql: string, ...values: (string | number)[]): void {
    this.#statement(sql).run(...values);
  }

  #all(
    sql: string,
    ...values: (string | number)[]
  ): Record<string, unknown>[] {
    return this.#statement(sql).all(...values);
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}

const PREFIX = "opencti-relay-verify-";

async function makeFolder(statePath: string): Promise<string> {
  const isFile = !isUrl(statePath) && statePath !== ":memory:";
  const beside = isFile
    ? await Deno.makeTempDir({ dir: dirname(statePath), prefix: PREFIX })
      .catch(() => undefined)
    : undefined;
  return beside ?? await Deno.makeTempDir({ prefix: PREFIX });
}

function shortened(name: string): string {
  return name.length > NAME_CHARS ? `${name.slice(0, NAME_CHARS - 1)}…` : name;
}
