import type { StreamEvent } from "../opencti/event.ts";
import { compareIds, laterId, versionOf } from "../opencti/event_id.ts";
import type { BatchLimits } from "../pipeline/batch.ts";
import type { TaskContext } from "../pipeline/task.ts";
import type { DeadLetter } from "../state/dead_letters.ts";
import type { LedgerRow } from "../state/ledger.ts";
import { internalId, isRecord, type StixObject } from "../stix/object.ts";

/** The letters of one object, oldest first. */
export type LettersOfObject = readonly DeadLetter[];

/** False for data that could not be understood: it names no object. */
export function isRetryable({ internalId, action }: DeadLetter): boolean {
  return internalId !== "" && action !== "unknown";
}

/** Letters by object, as many objects at a time as one delivery may carry. */
export function* retryBatches(
  letters: readonly DeadLetter[],
  { maxBytes, maxEvents }: BatchLimits,
): Generator<LettersOfObject[]> {
  const objects = Map.groupBy(letters, ({ internalId }) => internalId);
  let batch: LettersOfObject[] = [];
  let bytes = 0;
  for (const ofObject of objects.values()) {
    const sorted = ofObject.toSorted((left, right) =>
      compareIds(left.eventId, right.eventId)
    );
    const size = sorted.at(-1)?.payloadBytes ?? 0;
    const isFull = batch.length >= maxEvents || bytes + size > maxBytes;
    if (isFull && batch.length > 0) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(sorted);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** Reads of the platform at the same time. */
const PARALLEL_READS = 4;

/**
 * What is to be delivered for these letters, one event per object.
 *
 * A letter is older than all that came since: delivered late it could bring an
 * object back that was removed, or an older state of it. So its event is
 * delivered only if the ledger says that it is the object's last; else the
 * object is read from the platform and delivered as it is now, or removed
 * where it is gone, or no longer matches the stream's filter.
 */
export async function retryEvents(
  batch: readonly LettersOfObject[],
  context: TaskContext,
  signal: AbortSignal,
): Promise<StreamEvent[]> {
  const letters = batch.flatMap((ofObject) => ofObject.at(-1) ?? []);
  const rows = await context.store.ledger.getMany(
    letters.map(({ internalId }) => internalId),
  );
  const events: StreamEvent[] = [];
  for (let start = 0; start < letters.length; start += PARALLEL_READS) {
    const some = letters.slice(start, start + PARALLEL_READS);
    events.push(
      ...await Promise.all(
        some.map((letter, index) =>
          eventOf(letter, rows[start + index], context, signal)
        ),
      ),
    );
  }
  const outside = await context.scope.outside(events, signal);
  return events.map(({ unsure: _, ...event }, index): StreamEvent => {
    if (!outside.has(events[index] as StreamEvent)) return event;
    return context.followsContents
      ? { ...event, outside: true }
      : { ...event, action: "delete", cause: "left-filter" };
    // Who does not follow deletions keeps what is there.
  }).filter(({ action }) => action !== "delete" || context.stream.listenDelete);
}

async function eventOf(
  letter: DeadLetter,
  row: LedgerRow | undefined,
  { platform, store }: TaskContext,
  signal: AbortSignal,
): Promise<StreamEvent> {
  const kept = await keptObject(letter, store.deadLetters);
  const isDelete = letter.action === "delete";
  const isLast = row !== undefined && (isDelete || kept !== undefined) &&
    compareIds(letter.eventId, row.lastEventId) >= 0;
  const base = {
    id: laterId(letter.eventId, row?.lastEventId ?? ""),
    // Not above what the object had: its next event must win.
    version: Math.max(versionOf(letter.eventId), row?.version ?? 0),
    internalId: letter.internalId,
    bytes: letter.payloadBytes,
  };
  const gone: StreamEvent = {
    ...base,
    action: "delete",
    cause: "deleted",
    object: kept ?? { id: letter.stixId, type: letter.type },
  };
  if (isDelete && isLast) return gone;
  const object = isLast
    ? kept
    : await platform.readObject(letter.internalId, signal);
  // Merged into another one, it is that one which is found.
  if (object === undefined || internalId(object) !== letter.internalId) {
    return gone;
  }
  // A letter does not say whether its object matched the stream's filter.
  return {
    ...base,
    action: "update",
    cause: "recovered",
    object,
    unsure: true,
  };
}

/** The object in the letter; `undefined` where its payload is gone. */
async function keptObject(
  { id }: DeadLetter,
  deadLetters: TaskContext["store"]["deadLetters"],
): Promise<StixObject | undefined> {
  const text = await deadLetters.payload(id);
  const object: unknown = text === undefined ? undefined : JSON.parse(text);
  return isRecord(object) ? object as StixObject : undefined;
}
