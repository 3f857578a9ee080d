/** Both sides of a comparison, for `verify`. */
import { RejectedError, TransientError } from "../../errors.ts";
import type { StreamEvent } from "../../opencti/event.ts";
import type { Holding, Inventory, Outcome } from "../target.ts";
import { isContainer, isMispUuid } from "./container.ts";
import type { SyncContext } from "./container_sync.ts";
import { deleteEvent } from "./delete.ts";
import { diffEvents } from "./diff.ts";
import { isEmpty } from "./event_diff.ts";
import { readWanted, SOURCE_TAG } from "./wanted_event.ts";

const KIND = "MISP event";

/**
 * The events in MISP that are ours. An event is told by its timestamp, which
 * MISP moves with every change: it equals the wanted one where a comparison of
 * the two finds nothing to send.
 */
export function mispInventory(
  context: SyncContext,
  { repair }: Pick<Inventory, "repair">,
): Inventory {
  return {
    async wanted(events, signal) {
      const lists: (readonly Holding[])[] = [];
      for (const event of events) {
        lists.push(await wantedOf(event, context, signal));
      }
      return lists;
    },
    held: (signal) => heldIn(context, signal),
    repair,
    async remove(holdings, signal) {
      const outcomes: Outcome[] = [];
      for (const { key } of holdings) {
        outcomes.push(await removeOne(key, context, signal));
      }
      return outcomes;
    },
  };
}

async function wantedOf(
  event: StreamEvent,
  context: SyncContext,
  signal: AbortSignal,
): Promise<Holding[]> {
  const { client, ledger } = context;
  const { internalId: id, object } = event;
  const isOurs = event.action !== "delete" && event.outside !== true &&
    isContainer(object) && isMispUuid(id);
  if (!isOurs) return [];
  const former = await ledger.read(id);
  const session = context.session();
  const wanted = await readWanted(id, former?.row, {
    ...context,
    user: session?.user,
    types: session?.types,
  }, signal);
  // Events that came from MISP are not among those that are held.
  if (typeof wanted === "string" || wanted.isOriginal) return [];
  const { uuid } = wanted.event;
  const live = await client.readEvent(uuid, signal);
  const diff = live && diffEvents(wanted.event, live, {
    known: former?.marks ?? new Set(),
    salt: session?.salt ?? "",
    fields: true,
  });
  const digest = diff === undefined
    ? "missing"
    : isEmpty(diff)
    ? digestOf(live?.timestamp ?? 0)
    : "different";
  return [{ kind: KIND, key: uuid, digest }];
}

/**
 * By their tag where they carry it, in the key's own organisation; else by
 * what is remembered.
 */
async function* heldIn(
  context: SyncContext,
  signal: AbortSignal,
): AsyncGenerator<Holding> {
  const { client, config, ledger } = context;
  const user = context.session()?.user ?? await client.readUser(signal);
  // Without that right the tag may never have come to be.
  const isTagged = config.tag_opencti &&
    (user.permissions.has("perm_tag_editor") ||
      user.permissions.has("perm_site_admin"));
  if (!isTagged) {
    for await (const { row } of ledger.rows()) {
      if (row.original === true) continue;
      const live = await client.readEventHead(row.uuid, signal);
      if (live === undefined) continue;
      const digest = digestOf(live.timestamp);
      yield { kind: KIND, key: row.uuid, digest };
    }
    return;
  }
  for await (const event of client.listEvents(SOURCE_TAG, signal)) {
    const isOurs = event.orgId === user.orgId && isMispUuid(event.uuid) &&
      event.tags.some((tag) => tag.toLowerCase() === SOURCE_TAG);
    if (!isOurs) continue;
    const digest = digestOf(Number(event.timestamp));
    yield { kind: KIND, key: event.uuid, digest };
  }
}

async function removeOne(
  uuid: string,
  context: SyncContext,
  signal: AbortSignal,
): Promise<Outcome> {
  const { client, config, ledger, references, services } = context;
  if (!isMispUuid(uuid)) {
    return { status: "skipped", reason: "its id is no UUID that MISP takes" };
  }
  try {
    const former = await ledger.read(uuid);
    await deleteEvent({
      client,
      log: services.log,
      uuid,
      info: "",
      org: context.session()?.user.orgName ?? "",
      isHard: config.hard_delete,
      wasThere: true,
    }, signal);
    await references.remove(uuid, uuid, signal);
    // Whatever event of the container comes next may bring it back.
    ledger.forget(uuid, former, 0);
    return { status: "delivered" };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof TransientError) {
      const { message: reason, retryAfterMs: afterMs } = error;
      return { status: "retry", reason, afterMs };
    }
    if (!(error instanceof RejectedError)) throw error;
    const { message: reason, status: httpStatus } = error;
    return { status: "rejected", reason, httpStatus };
  }
}

function digestOf(timestamp: number): string {
  return `as of ${timestamp}`;
}
