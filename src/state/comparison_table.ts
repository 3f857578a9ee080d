/** Two lists of any length, compared on disk. */
import { dirname, join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { isUrl } from "./failure.ts";

/** One thing at a far side, as it is wanted or held. */
export interface ComparedHolding {
  readonly kind: string;
  readonly key: string;
  readonly digest: string;
  readonly name?: string;
  readonly optional?: true;
}

/** What is wrong with one. */
export type Fault = "missing" | "stale" | "extra";

/** One that is not as it should be. */
export interface Suspect {
  readonly fault: Fault;
  readonly kind: string;
  readonly key: string;
  /** Digest of what is there; empty for what is missing. */
  readonly digest: string;
  readonly name: string;
  /** An object that asks for it; empty for an extra one. */
  readonly object: string;
  /** Its object changed while both sides were being read. */
  readonly touched: boolean;
}

/** How many of one kind have one fault. */
export interface FaultCount {
  readonly fault: Fault;
  readonly kind: string;
  readonly touched: boolean;
  readonly count: number;
}

const NAME_CHARS = 80;

// No journal: the file is worth nothing after this process.
const SCHEMA = `
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -32768;
  CREATE TABLE wanted (
    kind TEXT, key TEXT, object TEXT, digest TEXT, name TEXT, optional INTEGER,
    PRIMARY KEY (kind, key, object, digest)
  ) WITHOUT ROWID;
  CREATE INDEX wanted_by_object ON wanted (object);
  CREATE TABLE held (
    kind TEXT, key TEXT, digest TEXT, name TEXT, copies INTEGER,
    PRIMARY KEY (kind, key)
  ) WITHOUT ROWID;
  CREATE TABLE touched (
    kind TEXT, key TEXT, PRIMARY KEY (kind, key)
  ) WITHOUT ROWID;
  CREATE TABLE suspect (
    fault TEXT, kind TEXT, key TEXT, digest TEXT, name TEXT, object TEXT,
    touched INTEGER
  );
  CREATE INDEX suspect_by_key ON suspect (kind, key);
`;

/** What is wanted and not there, what differs, and what nobody asks for. */
const JUDGEMENT = `
  DELETE FROM suspect;
  INSERT INTO suspect
    SELECT 'missing', kind, key, '', min(name), min(object), 0
    FROM wanted WHERE NOT EXISTS (
      SELECT 1 FROM held WHERE held.kind = wanted.kind AND held.key = wanted.key
    ) GROUP BY kind, key HAVING min(optional) = 0;
  INSERT INTO suspect
    SELECT 'stale', held.kind, held.key, held.digest, min(wanted.name),
      min(wanted.object), 0
    FROM held JOIN wanted ON wanted.kind = held.kind AND wanted.key = held.key
    GROUP BY held.kind, held.key
    HAVING max(wanted.digest = held.digest) = 0 OR max(held.copies) > 1;
  INSERT INTO suspect
    SELECT 'extra', kind, key, digest, name, '', 0
    FROM held WHERE NOT EXISTS (
      SELECT 1 FROM wanted
      WHERE wanted.kind = held.kind AND wanted.key = held.key
    );
  UPDATE suspect SET touched = 1 WHERE EXISTS (
    SELECT 1 FROM touched
    WHERE touched.kind = suspect.kind AND touched.key = suspect.key
  );
`;

/**
 * A table in a file of its own that nobody else can open and that is gone with
 * the process, however it ends. Holds 32 MiB in memory whatever its size; a
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

function toSuspect(row: Record<string, unknown>): Suspect {
  return {
    fault: row.fault as Fault,
    kind: `${row.kind}`,
    key: `${row.key}`,
    digest: `${row.digest}`,
    name: `${row.name}`,
    object: `${row.object}`,
    touched: row.touched === 1,
  };
}
