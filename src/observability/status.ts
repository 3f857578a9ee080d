import type { HistogramCounts } from "./histogram.ts";
import { msOf } from "./lag.ts";
import type { Sample } from "./series.ts";
import type { TargetPhase, TargetStats } from "./target_stats.ts";

/** What `/status` answers. Times are ISO 8601, lengths of time seconds. */
export interface RelayStatus {
  readonly version: string;
  readonly startedAt: string;
  /** When this was put together. */
  readonly now: string;
  readonly targets: readonly TargetStatus[];
}

/** An id of the platform's stream, and the time it stands for. */
export interface StreamPlace {
  readonly id: string;
  readonly at: string;
}

/** One target: where it is, what became of events, what went wrong. */
export interface TargetStatus {
  readonly name: string;
  readonly phase: TargetPhase;
  /** Why it waits or is paused. */
  readonly reason?: string;
  /** When it entered its phase. */
  readonly since: string;
  /** The position saved last: what a restart goes on from. */
  readonly position?: StreamPlace;
  readonly checkpointAgeSeconds?: number;
  /** The newest id that was read. */
  readonly reached?: StreamPlace;
  /** A recovery from the platform's database is under way. */
  readonly recovering: boolean;
  /** Behind the platform; absent while unknown. */
  readonly lagSeconds?: number;
  /** Since `countedSince`. */
  readonly counts: TargetCounts;
  readonly countedSince: string;
  /** Reasons to skip, most frequent first. */
  readonly skipped: readonly ReasonCount[];
  readonly retries: readonly ReasonCount[];
  readonly writeSeconds: HistogramCounts;
  readonly batchSizes: HistogramCounts;
  /** Absent while the state cannot be read. */
  readonly deadLetters?: DeadLetterStatus;
  readonly blockedDeletes: number;
  readonly objectsHeld?: number;
  /** What the target reports of itself, such as `quota_ratio`. */
  readonly gauges: Readonly<Record<string, number>>;
  /** Newest first. */
  readonly errors: readonly ErrorStatus[];
  /** The last hour, oldest first. */
  readonly series: readonly Sample[];
}

/** Events by outcome, and what else is counted. */
export interface TargetCounts {
  readonly events: number;
  readonly delivered: number;
  readonly skipped: number;
  readonly rejected: number;
  readonly malformed: number;
  readonly superseded: number;
  readonly batches: number;
  readonly retries: number;
  readonly gaps: number;
  readonly connections: number;
  readonly pings: number;
  readonly errors: number;
}

/** One reason, and how often. */
export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
}

/** Dead letters that are held, and the newest of them. */
export interface DeadLetterStatus {
  readonly held: number;
  /** Newest first, at most 20. */
  readonly newest: readonly {
    readonly id: string;
    readonly at: string;
    readonly type: string;
    readonly stixId: string;
    readonly reason: string;
  }[];
}

/** A letter as the state holds it; see `DeadLetter` of `state/`. */
interface Letter {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly type: string;
  readonly stixId: string;
  readonly reason: string;
}

/** What is shown of dead letters: how many, and the newest, newest first. */
export function deadLetterStatus(
  held: number,
  newest: readonly Letter[],
): DeadLetterStatus {
  return {
    held,
    newest: newest.map(({ id, at, type, stixId, reason }) => ({
      id,
      at: iso(at),
      type,
      stixId,
      reason,
    })),
  };
}

/** Something that went wrong, `times` in a row; the last time `at`. */
export interface ErrorStatus {
  readonly at: string;
  readonly during: string;
  readonly reason: string;
  readonly times: number;
}

/**
 * The status of one target.
 *
 * @param now Milliseconds since 1970.
 */
export function targetStatus(
  stats: TargetStats,
  now: number,
  deadLetters?: DeadLetterStatus,
): TargetStatus {
  const { checkpoint, lag, lagSeconds, objectsHeld, reason } = stats;
  return {
    name: stats.name,
    phase: stats.phase,
    ...(reason === undefined ? {} : { reason }),
    since: iso(stats.since),
    ...(checkpoint === undefined ? {} : {
      ...placeOf("position", checkpoint.from),
      checkpointAgeSeconds: Math.max(0, now - checkpoint.at) / 1000,
    }),
    ...placeOf("reached", stats.reachedId),
    recovering: lag.isRecovering,
    ...(lagSeconds === undefined ? {} : { lagSeconds }),
    counts: countsOf(stats),
    countedSince: iso(stats.startedAt),
    skipped: mostFirst(stats.skipped),
    retries: mostFirst(stats.retriesByReason),
    writeSeconds: stats.writeSeconds.counts,
    batchSizes: stats.batchSizes.counts,
    ...(deadLetters === undefined ? {} : { deadLetters }),
    blockedDeletes: stats.blockedDeletes,
    ...(objectsHeld === undefined ? {} : { objectsHeld }),
    gauges: Object.fromEntries(stats.gauges),
    errors: stats.errors.list.map(({ at, ...rest }) => ({
      at: iso(at),
      ...rest,
    })),
    series: stats.series.samples,
  };
}

function countsOf(stats: TargetStats): TargetCounts {
  const { events, delivered, rejected, malformed, superseded } = stats;
  const { batches, retries, gaps, connections, pings } = stats;
  return {
    events,
    delivered,
    skipped: stats.skippedTotal,
    rejected,
    malformed,
    superseded,
    batches,
    retries,
    gaps,
    connections,
    pings,
    errors: stats.errors.total,
  };
}

/** What of a status is kept in the state file. */
export type StatusRecord = Omit<TargetStatus, "series" | "deadLetters"> & {
  /** When it was kept. */
  readonly keptAt: string;
};

const KEPT_REASONS = 30;
const KEPT_ERRORS = 5;
const KEPT_CHARS = 300;

/** A status without its series, short enough for the state: 32 KiB at most. */
export function toRecord(status: TargetStatus, now: number): StatusRecord {
  const { series: _series, deadLetters: _letters, ...rest } = status;
  const shortened = <Item extends { readonly reason: string }>(item: Item) => ({
    ...item,
    reason: item.reason.slice(0, KEPT_CHARS).toWellFormed(),
  });
  return {
    ...rest,
    ...(rest.reason === undefined
      ? {}
      : { reason: rest.reason.slice(0, KEPT_CHARS).toWellFormed() }),
    skipped: rest.skipped.slice(0, KEPT_REASONS).map(shortened),
    errors: rest.errors.slice(0, KEPT_ERRORS).map(shortened),
    keptAt: iso(now),
  };
}

/** The place of an SSE id; absent for what is no id, and for the beginning. */
export function streamPlace(id: string | undefined): StreamPlace | undefined {
  const ms = msOf(id);
  const hasTime = ms !== undefined && ms > 0 && ms <= 8.64e15;
  return hasTime ? { id: id ?? "", at: iso(ms) } : undefined;
}

function placeOf<Name extends string>(
  name: Name,
  id: string | undefined,
): Partial<Record<Name, StreamPlace>> {
  const place = streamPlace(id);
  return place === undefined
    ? {}
    : { [name]: place } as Record<Name, StreamPlace>;
}

function mostFirst(counts: ReadonlyMap<string, number>): ReasonCount[] {
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count);
}

/** ISO 8601 of milliseconds since 1970. */
function iso(ms: number): string {
  return new Date(ms).toISOString();
}
