/** What a comparison table holds, and how both sides are compared. */

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

/**
 * Tables of a comparison. No journal: the file is worth nothing after this
 * process.
 */
export const SCHEMA = `
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA cache_size = -16384;
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
export const JUDGEMENT = `
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

/** A row of the table `suspect`. */
export function toSuspect(row: Record<string, unknown>): Suspect {
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
