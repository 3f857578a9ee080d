/** Publishing: at once for new events, once it is quiet for changed ones. */
import { LoginError, TransientError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import type { MispClient } from "./client.ts";
import type { Ledger, PublishRow } from "./ledger.ts";
import { MispRefusal } from "./refusal.ts";

/** A changed event is published once it was not changed for so long. */
export const QUIET_MS = 60_000;
/** However often it changes, it waits no longer than this. */
export const LONGEST_WAIT_MS = 900_000;

/** What publishes. */
export interface Publisher {
  readonly client: MispClient;
  readonly ledger: Ledger;
  readonly log: Log;
  /** Mail those who subscribed. */
  readonly alert: boolean;
  now(): number;
}

/**
 * Publishes one event. That MISP does not allow it is told, and no more: the
 * event itself is in place.
 *
 * @throws {TransientError} MISP cannot be reached.
 */
export async function publish(
  publisher: Pick<Publisher, "client" | "log" | "alert">,
  uuid: string,
  signal: AbortSignal,
): Promise<void> {
  const { client, log, alert } = publisher;
  try {
    await client.publishEvent(uuid, { alert, signal });
  } catch (error) {
    if (!(error instanceof MispRefusal)) throw error;
    // [MISP] Only the creator organisation may publish; a key that may
    // synchronise can hand a published event in instead.
    if (error.status === 405) {
      try {
        const patch = { Event: { uuid, published: true } };
        await client.editEvent(patch, { brief: true, signal });
        return;
      } catch (again) {
        if (!(again instanceof MispRefusal)) throw again;
      }
    }
    log.warn("MISP does not let the key publish an event", {
      event: uuid,
      reason: error.message,
    });
  }
}

/**
 * Publishes the events that have been quiet, or waited, for long enough.
 *
 * @param all True: those that were changed just now, too.
 */
export async function publishDue(
  publisher: Publisher,
  { all, signal }: { all: boolean; signal: AbortSignal },
): Promise<void> {
  const { ledger, log } = publisher;
  let done = 0;
  try {
    for (const [container, row] of await ledger.unpublished()) {
      if (!all && !isDue(row, publisher.now())) continue;
      await publish(publisher, row.uuid, signal);
      await ledger.isPublished(container, row);
      done++;
    }
  } catch (error) {
    const isOurs = error instanceof TransientError ||
      error instanceof LoginError;
    if (signal.aborted || !isOurs) throw error;
    log.warn("cannot publish events now; trying again later", {
      reason: error.message,
    });
  }
  if (done > 0) await ledger.flush();
}

function isDue({ since, changed }: PublishRow, now: number): boolean {
  return now - changed >= QUIET_MS || now - since >= LONGEST_WAIT_MS;
}
