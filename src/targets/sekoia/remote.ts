import { RejectedError } from "../../errors.ts";
import type { Log } from "../../observability/log.ts";
import type { Book } from "./book.ts";
import type { SekoiaClient } from "./client.ts";
import type { Fields } from "./fields.ts";
import type { Quota } from "./quota.ts";
import type { Trouble } from "./trouble.ts";

/** [Sekoia.io] Deleted for good a day after revocation; five minutes more. */
const PURGE_AFTER_MS = (24 * 60 + 5) * 60_000;

/** What all that changes the collection works with. */
export interface RemoteOptions {
  readonly client: SekoiaClient;
  readonly book: Book;
  readonly quota: Quota;
  readonly log: Log;
  /** Revoked indicators are deleted as soon as that is allowed. */
  readonly purges: boolean;
  /** What is worth least makes room for better. */
  readonly keepsBest: boolean;
  readonly importsText: boolean;
  /** Base URLs of OpenCTI in descriptions. */
  readonly urls: readonly string[];
  /** Id of the collection. */
  readonly collection: () => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Revokes an indicator of ours; one that is absent is as good as revoked. */
export async function revoke(
  { book, client, collection, now, purges, quota }: RemoteOptions,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  if (!await client.revokeIndicator(collection(), id, signal)) return;
  quota.freed();
  if (purges) book.addPurge({ id, dueAt: now() + PURGE_AFTER_MS });
}

/** Fields without the phases, which may be why they are refused. */
export function withoutPhases(fields: Fields): Fields {
  return { ...fields, kill_chain_phases: [] };
}

/** Changes an indicator of ours. False where it is absent. */
export async function update(
  { client, collection, log }: RemoteOptions,
  id: string,
  fields: Fields,
  signal: AbortSignal,
): Promise<boolean> {
  const send = (sent: Fields) =>
    client.updateIndicator(collection(), id, sent, signal);
  try {
    return await send(fields);
  } catch (error) {
    const isRefused = error instanceof RejectedError;
    if (!isRefused || fields.kill_chain_phases.length === 0) throw error;
    const isThere = await send(withoutPhases(fields));
    log.warn("kill chain phases are left out, Sekoia.io refuses them", {
      reason: error.message,
    });
    return isThere;
  }
}

/** A refusal as what became of a value. */
export function rejectionOf({ message, status }: RejectedError): Trouble {
  return { status: "rejected", reason: message, httpStatus: status };
}
