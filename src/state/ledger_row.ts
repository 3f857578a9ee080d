/** What became of an object at a target. */
export type Fate =
  /** The far side holds it. */
  | "held"
  /** It was there and was removed, or was to be. */
  | "gone"
  /** The far side does not hold it, for the reason given. */
  | "skipped"
  /** The far side refused its last event: a dead letter. */
  | "rejected";

/** What is known of one object at one target. */
export interface LedgerRow {
  /** The platform's id. */
  readonly internalId: string;
  /** STIX id, at most 200 UTF-16 code units of it. */
  readonly stixId: string;
  /** STIX type. */
  readonly type: string;
  /** SSE ids of the first and the last event that was settled. */
  readonly firstEventId: string;
  readonly lastEventId: string;
  /** Version of the last event, see `StreamEvent`. */
  readonly version: number;
  readonly action: "create" | "update" | "delete";
  readonly fate: Fate;
  /**
   * Whether the far side holds it: after a refused event it may still hold
   * what was there before.
   */
  readonly isHeld: boolean;
  /** Why it was skipped or rejected, at most 500 UTF-16 code units. */
  readonly reason?: string;
  /** When it was settled, in milliseconds since 1970. */
  readonly at: number;
}

/** What can be read of a ledger beside a running writer. */
export interface LedgerReader {
  /** By the platform's id. */
  get(internalId: string): Promise<LedgerRow | undefined>;
  /** In the order of the ids. */
  getMany(
    internalIds: readonly string[],
  ): Promise<(LedgerRow | undefined)[]>;
  /** By STIX id: reads the whole ledger, some seconds for a million rows. */
  find(stixId: string): Promise<LedgerRow | undefined>;
  /** All rows on disk, in no order that means anything. */
  list(): AsyncIterable<LedgerRow>;
  /** Objects that the far side holds, by STIX type. */
  held(): Promise<ReadonlyMap<string, number>>;
}

/** One settled event, as the pipeline tells it. */
export interface LedgerEntry {
  readonly internalId: string;
  readonly stixId: string;
  readonly type: string;
  readonly eventId: string;
  readonly version: number;
  readonly action: LedgerRow["action"];
  readonly fate: Fate;
  readonly reason?: string | undefined;
  /** Recorded whatever the target holds of its type. */
  readonly isTold?: boolean;
}

/** The ledger of one target. */
export interface Ledger extends LedgerReader {
  /**
   * Highest version of any row there ever was; 0 for none. An object that is
   * new on the platform with an event above it has no row.
   */
  newestVersion(): Promise<number>;
  /**
   * Stages rows, in their order, for the next commit of the store. No two
   * concern the same object.
   *
   * @param former The objects' rows until now, in the same order.
   */
  record(
    entries: readonly LedgerEntry[],
    former: readonly (LedgerRow | undefined)[],
    at: number,
  ): Promise<void>;
  /**
   * Deletes rows of what is gone since before a time; returns how many. Reads
   * the whole ledger, unless `signal` is aborted.
   */
  prune(before: number, signal: AbortSignal): Promise<number>;
}

type Tuple = [
  first: string,
  last: string | 0,
  version: number,
  action: number,
  fate: number,
  isHeld: 0 | 1,
  at: number,
  stixId: string,
  type: string | 0,
  reason?: string,
];

const ACTIONS = ["create", "update", "delete"] as const;
const FATES = ["held", "gone", "skipped", "rejected"] as const;

/** About 130 bytes: what does not say anything new is 0. */
export function encodeRow(row: LedgerRow): Uint8Array {
  const { firstEventId, lastEventId, stixId, type } = row;
  const tuple: Tuple = [
    firstEventId,
    lastEventId === firstEventId ? 0 : lastEventId,
    row.version,
    ACTIONS.indexOf(row.action),
    FATES.indexOf(row.fate),
    row.isHeld ? 1 : 0,
    row.at,
    stixId,
    typeOfId(stixId) === type ? 0 : type,
  ];
  if (row.reason !== undefined) tuple.push(row.reason);
  return new TextEncoder().encode(JSON.stringify(tuple));
}

/** The row of a key and a stored value; `undefined` for anything else. */
export function decodeRow(
  internalId: string,
  value: unknown,
): LedgerRow | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  const [first, last, version, action, fate, isHeld, at, stixId, type, reason] =
    JSON.parse(new TextDecoder().decode(value)) as Tuple;
  return {
    internalId,
    stixId,
    type: type === 0 ? typeOfId(stixId) : type,
    firstEventId: first,
    lastEventId: last === 0 ? first : last,
    version,
    action: ACTIONS[action] ?? "update",
    fate: FATES[fate] ?? "held",
    isHeld: isHeld === 1,
    ...(reason === undefined ? {} : { reason }),
    at,
  };
}

function typeOfId(stixId: string): string {
  return stixId.split("--")[0] ?? "";
}
