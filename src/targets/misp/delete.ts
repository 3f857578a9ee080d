/** Deleting events, hard or soft. */
import type { Log } from "../../observability/log.ts";
import type { MispClient } from "./client.ts";
import { MispRefusal } from "./refusal.ts";

/** What is known of an event that is to go. */
export interface Deletion {
  readonly client: MispClient;
  readonly log: Log;
  readonly uuid: string;
  /** For the blocklist: what it was about, and who made it. */
  readonly info: string;
  readonly org: string;
  /** Off the blocklist again, so that it may come back. */
  readonly isHard: boolean;
  /**
   * True where the event was there before: a former try may have ended
   * between the deletion and the blocklist.
   */
  readonly wasThere: boolean;
}

/**
 * Deletes an event. One that is not there is as good as deleted.
 *
 * [MISP] Deleting removes the event for good and puts its UUID on the
 * blocklist, if the instance has one. Soft leaves it there, hard takes it off.
 *
 * @throws {MispRefusal} The key may not delete it.
 */
export async function deleteEvent(
  deletion: Deletion,
  signal: AbortSignal,
): Promise<void> {
  const { client, uuid, isHard } = deletion;
  // [MISP] A missing event and a missing right give the same refusal.
  const isThere = await client.hasEvent(uuid, signal);
  if (isThere) await remove(deletion, signal);
  if (!isThere && !deletion.wasThere) return;
  if (isHard) await takeOff(deletion, signal);
  else await putOn(deletion, signal);
}

async function remove(
  { client, uuid }: Deletion,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.deleteEvent(uuid, signal);
  } catch (error) {
    if (!(error instanceof MispRefusal)) throw error;
    // Somebody else was faster.
    if (!await client.hasEvent(uuid, signal)) return;
    throw new MispRefusal(
      `${error.message}. The key needs the right to modify it: its ` +
        "organisation must be the event's creator, or the event be locked " +
        "for a key that may synchronise",
      "forbidden",
      error.status ?? 403,
    );
  }
}

/**
 * Takes an event off the blocklist.
 *
 * @returns "not listed" also where MISP has no blocklist.
 */
export async function unblock(
  { client, uuid }: Pick<Deletion, "client" | "uuid">,
  signal: AbortSignal,
): Promise<"taken off" | "not listed" | MispRefusal> {
  try {
    await client.unblock(uuid, signal);
    return "taken off";
  } catch (error) {
    if (!(error instanceof MispRefusal)) throw error;
    const isNotListed = error.kind === "missing" || error.kind === "off";
    return isNotListed ? "not listed" : error;
  }
}

async function takeOff(deletion: Deletion, signal: AbortSignal): Promise<void> {
  const refusal = await unblock(deletion, signal);
  if (!(refusal instanceof MispRefusal)) return;
  deletion.log.error(
    "the deleted event stays on MISP's blocklist, so its container cannot " +
      "come back: use a key of the organisation that hosts MISP, or take " +
      "it off by hand",
    { event: deletion.uuid, reason: refusal.message },
  );
}

async function putOn(
  { client, log, uuid, info, org }: Deletion,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.block({ uuid, info, org }, signal);
  } catch (error) {
    if (!(error instanceof MispRefusal)) throw error;
    log.warn(
      error.kind === "off"
        ? "MISP has no blocklist: the deleted event may come back"
        : "cannot make sure that the deleted event is on MISP's blocklist",
      { event: uuid, reason: error.message },
    );
  }
}
