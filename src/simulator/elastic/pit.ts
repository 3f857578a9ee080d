import { ElasticError, illegalArgument } from "./errors.ts";
import type { SearchScope } from "./search_scope.ts";
import type { StoredDocument } from "./stored_document.ts";
import type { StoredIndex } from "./stored_index.ts";

/** A frozen view of indices. */
export interface PointInTime {
  readonly id: string;
  /** The documents that were searchable when it was opened. */
  scopes(): SearchScope[];
}

interface OpenPit {
  readonly point: PointInTime;
  expiresAt: number;
}

/** The open points in time of a cluster. They expire on its clock. */
export class PitStore {
  readonly #open = new Map<string, OpenPit>();

  /** How many are open: a test looks for ones left behind. */
  get size(): number {
    return this.#open.size;
  }

  /** @throws {ElasticError} 400 for a keep-alive that is no time. */
  open(
    indices: readonly StoredIndex[],
    keepAlive: unknown,
    now: number,
  ): PointInTime {
    const lifeMs = keepAliveMs(keepAlive);
    const frozen: [StoredIndex, StoredDocument[]][] = indices.map((index) => [
      index,
      [...index.searchable(now).values()],
    ]);
    const point: PointInTime = {
      id: btoa(crypto.randomUUID()).replaceAll("=", ""),
      scopes: () =>
        frozen.map(([index, documents]) => ({ index, documents, live: false })),
    };
    this.#open.set(point.id, { point, expiresAt: now + lifeMs });
    return point;
  }

  /**
   * The point in time, its life prolonged by `keepAlive` if that is given.
   *
   * @throws {ElasticError} 404 `search_context_missing_exception` if it was
   * closed, has expired or never was.
   */
  use(id: string, keepAlive: unknown, now: number): PointInTime {
    const known = this.#open.get(id);
    if (known === undefined || known.expiresAt <= now) {
      this.#open.delete(id);
      throw missingContext(id);
    }
    if (keepAlive !== undefined) {
      known.expiresAt = Math.max(known.expiresAt, now + keepAliveMs(keepAlive));
    }
    return known.point;
  }

  /** True if it was open. */
  close(id: string): boolean {
    return this.#open.delete(id);
  }

  /** Closes all, as a restart of the node does. */
  clear(): void {
    this.#open.clear();
  }
}

function missingContext(id: string): ElasticError {
  const cause = {
    type: "search_context_missing_exception",
    reason: `No search context found for id [${id.slice(0, 8)}]`,
  };
  return new ElasticError(
    404,
    "search_phase_execution_exception",
    "all shards failed",
    {
      extra: {
        phase: "query",
        grouped: true,
        failed_shards: [{ shard: 0, index: null, reason: cause }],
      },
      causedBy: cause,
    },
  );
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const MAX_KEEP_ALIVE_MS = 86_400_000;

function keepAliveMs(value: unknown): number {
  const parts = /^(\d+)(ms|s|m|h|d)$/.exec(String(value));
  if (parts === null) {
    throw illegalArgument(
      `failed to parse setting [keep_alive] with value [${value}] as a time ` +
        "value: unit is missing or unrecognized",
    );
  }
  const millis = Number(parts[1]) * (UNITS[parts[2] ?? ""] ?? 1);
  if (millis <= MAX_KEEP_ALIVE_MS) return millis;
  throw illegalArgument(
    `Keep alive for request (${value}) is too large. It must be less than ` +
      "(1d).",
  );
}
