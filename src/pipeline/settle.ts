import type { Position, StreamEvent } from "../opencti/event.ts";
import type { NewDeadLetter } from "../state/dead_letters.ts";
import type { TargetStore } from "../state/target_store.ts";
import type { Fate, Ledger, LedgerEntry, LedgerRow } from "../state/ledger.ts";
import type { Outcome, Target } from "../targets/target.ts";
import type { Malformed } from "./batch.ts";
import {
  deliverAll,
  type DeliverOptions,
  type RejectedEvent,
} from "./deliver.ts";

/** What the ordinary write path needs beside the target itself. */
export interface SettleOptions extends DeliverOptions {
  readonly target: Pick<Target, "deliver">;
  readonly store: Pick<TargetStore<Position>, "deadLetters" | "ledger">;
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * The ordinary write path: delivers until every event is settled and keeps
 * what the target refused. Not yet on disk when it resolves: what is staged
 * waits for the checkpoint, or for `rows.flush()`.
 *
 * @throws The reason of `stop` or `abort`, when aborted before the end.
 */
export async function settle(
  events: readonly StreamEvent[],
  malformed: readonly Malformed[],
  options: SettleOptions,
): Promise<RejectedEvent[]> {
  const { stats, store, target } = options;
  const { ledger } = store;
  const former = await rowsOf(events, ledger);
  const outcomes = new Map<StreamEvent, Outcome>();
  const rejected = await deliverAll(target, events, {
    ...options,
    settled: (event, outcome) => outcomes.set(event, outcome),
  });
  await store.deadLetters.keep(
    toDeadLetters(malformed, rejected, options.now()),
  );
  await ledger.record(
    events.map((event) => toEntry(event, outcomes.get(event))),
    events.map((event) => former.get(event)),
    options.now(),
  );
  stats.held = await ledger.held();
  return rejected;
}

/** Until now; what is certainly new is not looked up. */
async function rowsOf(
  events: readonly StreamEvent[],
  ledger: Ledger,
): Promise<ReadonlyMap<StreamEvent, LedgerRow | undefined>> {
  const asked: StreamEvent[] = [];
  for (const event of events) {
    const isNew = event.cause === "created" && event.unsure === undefined &&
      event.outside === undefined && await ledger.isBeyond(event.version);
    if (!isNew) asked.push(event);
  }
  const rows = await ledger.getMany(asked.map(({ internalId }) => internalId));
  return new Map(asked.map((event, index) => [event, rows[index]]));
}

/** Without an outcome it was refused. */
function toEntry(
  { action, id, internalId, object, version }: StreamEvent,
  outcome: Outcome | undefined,
): LedgerEntry {
  return {
    internalId,
    stixId: object.id,
    type: object.type,
    eventId: id,
    version,
    action,
    fate: fateOf(action, outcome),
    ...(outcome === undefined || outcome.status === "delivered"
      ? {}
      : { reason: outcome.reason }),
  };
}

function fateOf(
  action: StreamEvent["action"],
  outcome: Outcome | undefined,
): Fate {
  if (outcome?.status === "skipped") {
    return action === "delete" ? "gone" : "skipped";
  }
  if (outcome?.status === "delivered") {
    return action === "delete" ? "gone" : "held";
  }
  return "rejected";
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
