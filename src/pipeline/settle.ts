import type { Position, StreamEvent } from "../opencti/event.ts";
import type { NewDeadLetter } from "../state/dead_letters.ts";
import type { Fate, Ledger, LedgerEntry, LedgerRow } from "../state/ledger.ts";
import type { TargetStore } from "../state/target_store.ts";
import type { ContentFilter, Outcome, Target } from "../targets/target.ts";
import type { Malformed } from "./batch.ts";
import type { DeleteBudget } from "./delete_budget.ts";
import {
  deliverAll,
  type DeliverOptions,
  type RejectedEvent,
} from "./deliver.ts";
import { retryTransient } from "./retry_transient.ts";
import { withhold } from "./withhold.ts";

/** What the ordinary write path needs beside the target itself. */
export interface SettleOptions extends DeliverOptions {
  readonly target: Pick<Target, "deliver">;
  /** What of the stream the target may carry. */
  readonly filter: ContentFilter;
  readonly budget: DeleteBudget;
  readonly store: Pick<
    TargetStore<Position>,
    "deadLetters" | "ledger" | "rows"
  >;
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * The ordinary write path: filter, delete budget, delivery until every event
 * is settled, dead letters for what the target refused, and a row of the
 * ledger for each object. Not yet on disk when it resolves: what is staged
 * waits for the checkpoint, or for `rows.flush()`.
 *
 * @throws {DeleteBudgetError} Before anything is delivered.
 * @throws The reason of `stop` or `abort`, when aborted before the end.
 */
export async function settle(
  events: readonly StreamEvent[],
  malformed: readonly Malformed[],
  options: SettleOptions,
): Promise<RejectedEvent[]> {
  const { filter, now, stats, stop, store, target } = options;
  const { deadLetters, ledger, rows } = store;
  const former = await rowsOf(events, ledger);
  const withheld = await retryTransient(
    () => withhold(events, former, filter, stop),
    options,
    stop,
  );
  if (stats.phase === "waiting") stats.enter("running");
  for (const reason of withheld.dropped.values()) stats.skip(reason);
  const { reasons } = withheld;
  const original = (event: StreamEvent) => reasons.get(event)?.event ?? event;
  const held = await ledger.held();
  const count = await options.budget.admit(
    withheld.events.filter((event) =>
      event.action === "delete" && former.get(original(event))?.isHeld
    ),
    total(held),
    () => rows.flush(),
  );
  const outcomes = new Map<StreamEvent, Outcome>();
  const rejected = await deliverAll(target, withheld.events, {
    ...options,
    withheld: (event) => reasons.get(event)?.reason,
    settled: (event, outcome) => outcomes.set(event, outcome),
  });
  count();
  await deadLetters.keep(toDeadLetters(malformed, rejected, now()));
  // What was dropped has a row only where it had one.
  const dropped = [...withheld.dropped].filter(([event]) => former.get(event));
  const entries = [
    ...withheld.events.map((event) =>
      toEntry(event, outcomes.get(event), reasons.get(event))
    ),
    ...dropped.map(([event, reason]) =>
      toEntry(event, { status: "skipped", reason }, { event, reason })
    ),
  ];
  await ledger.record(
    entries,
    [...withheld.events.map(original), ...dropped.map(([event]) => event)]
      .map((event) => former.get(event)),
    now(),
  );
  stats.objectsHeld = total(await ledger.held());
  return rejected;
}

/** Until now; what is certainly new is not looked up. */
async function rowsOf(
  events: readonly StreamEvent[],
  ledger: Ledger,
): Promise<ReadonlyMap<StreamEvent, LedgerRow | undefined>> {
  const newest = await ledger.newestVersion();
  const asked = events.filter(({ cause, outside, unsure, version }) =>
    cause !== "created" || unsure === true || outside === true ||
    version <= newest
  );
  const rows = await ledger.getMany(asked.map(({ internalId }) => internalId));
  return new Map(asked.map((event, index) => [event, rows[index]]));
}

/** Over all types. */
export function total(held: ReadonlyMap<string, number>): number {
  return [...held.values()].reduce((sum, count) => sum + count, 0);
}

/** Without an outcome it was refused. */
function toEntry(
  delivered: StreamEvent,
  outcome: Outcome | undefined,
  withheld: { event: StreamEvent; reason: string } | undefined,
): LedgerEntry {
  const event = withheld?.event ?? delivered;
  const isRefused = outcome === undefined || outcome.status === "rejected";
  const reason = outcome === undefined || outcome.status === "delivered"
    ? undefined
    : outcome.reason;
  return {
    internalId: event.internalId,
    stixId: event.object.id,
    type: event.object.type,
    eventId: event.id,
    version: event.version,
    action: event.action,
    fate: isRefused
      ? "rejected"
      : fateOf(event.action, withheld === undefined ? outcome : undefined),
    reason: isRefused ? reason : withheld?.reason ?? reason,
    ...(withheld === undefined ? {} : { isTold: true }),
  };
}

/** Without an outcome it was withheld. */
function fateOf(
  action: StreamEvent["action"],
  outcome: Outcome | undefined,
): Fate {
  if (action === "delete") return "gone";
  return outcome?.status === "delivered" ? "held" : "skipped";
}

function toDeadLetters(
  malformed: readonly Malformed[],
  rejected: readonly RejectedEvent[],
  at: number,
): NewDeadLetter[] {
  return [
    ...malformed.map(({ id, reason, payload }) => ({
      meta: {
        at,
        eventId: id,
        action: "unknown",
        internalId: "",
        stixId: "",
        type: "",
        reason,
        attempts: 1,
      },
      payload,
    })),
    ...rejected.map(({ event, reason, httpStatus, attempts }) => ({
      meta: {
        at,
        eventId: event.id,
        action: event.action,
        internalId: event.internalId,
        stixId: event.object.id,
        type: event.object.type,
        reason,
        ...(httpStatus === undefined ? {} : { httpStatus }),
        attempts,
      },
      payload: JSON.stringify(event.object),
    })),
  ];
}
