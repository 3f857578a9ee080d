/** Both sides of a comparison, for `verify`. */
import { RejectedError, TransientError } from "../../errors.ts";
import type { StreamEvent } from "../../opencti/event.ts";
import type { Holding, Inventory, Outcome } from "../target.ts";
import { isContainer, isMispUuid } from "./container.ts";
import type { MispClient } from "./client.ts";
import type { SyncContext } from "./container_sync.ts";
import { deleteEvent } from "./delete.ts";
import { diffEvents } from "./diff.ts";
import { isEmpty } from "./event_diff.ts";
import { holders } from "./jobs.ts";
import type { EventRow } from "./ledger.ts";
import type { MispUser } from "./role.ts";
import { readSession, type Session } from "./session.ts";
import { readWanted, SOURCE_TAG } from "./wanted_event.ts";

const KIND = "MISP event";

/** Containers that can become events, in OpenCTI's spelling of types. */
const ENTITY_TYPES: readonly string[] = [
  "Report",
  "Grouping",
  "Case-Incident",
  "Case-Rfi",
  "Case-Rft",
];

/**
 * The events in MISP that are ours. An event is told by its timestamp, which
 * MISP moves with every change: it equals the wanted one where a comparison of
 * the two finds nothing to send.
 */
export function mispInventory(
  sync: SyncContext,
  { repair }: Pick<Inventory, "repair">,
): Inventory {
  const context: ComparedContext = { ...sync, learn: learner(sync) };
  return {
    types: { entities: ENTITY_TYPES, relationships: [] },
    async wanted(events, signal) {
      const read = new Map<string, Promise<Holding[]>>();
      const once = (id: string) =>
        read.getOrInsertComputed(id, () => wantedOf(id, context, signal));
      const lists: (readonly Holding[])[] = [];
      for (const event of events) {
        const list = isOwn(event) ? await once(event.internalId) : [];
        const others: Holding[] = [];
        // What a container holds changes its event, but does not ask for it.
        for (const id of new Set(await holders(event, context.ledger))) {
          const held = await once(id);
          others.push(...held.map((one): Holding => ({
            ...one,
            optional: true,
          })));
        }
        lists.push([...list, ...others]);
      }
      return lists;
    },
    held: (signal) => heldIn(context, signal),
    async find(keys, signal) {
      const uuids = keys.filter(({ kind, key }) =>
        kind === KIND && isMispUuid(key)
      ).map(({ key }) => key);
      if (uuids.length === 0) return [];
      return await Array.fromAsync(foundIn(context, uuids, signal));
    },
    ownerOf: (id) => ownerOf(id, context),
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

/** What is compared with what. */
interface ComparedContext extends SyncContext {
  /** The session, also where the target was not prepared. */
  learn(signal: AbortSignal): Promise<Session>;
}

/**
 * What MISP takes from the key decides what is wanted, and which differences
 * are known not to go away: who compares must know it as who writes does.
 */
function learner({ client, session }: SyncContext): ComparedContext["learn"] {
  let learnt: Session | undefined;
  return async (signal) =>
    session() ?? (learnt ??= await readSession(client, signal));
}

function isOwn({ action, internalId, object, outside }: StreamEvent): boolean {
  return action !== "delete" && outside !== true && isContainer(object) &&
    isMispUuid(internalId);
}

async function wantedOf(
  id: string,
  context: ComparedContext,
  signal: AbortSignal,
): Promise<Holding[]> {
  const { client, ledger } = context;
  const former = await ledger.read(id);
  const { salt, types, user } = await context.learn(signal);
  const wanted = await readWanted(
    id,
    former?.row,
    { ...context, user, types },
    signal,
  );
  // Events that came from MISP are not among those that are held.
  if (typeof wanted === "string" || wanted.isOriginal) return [];
  const { uuid } = wanted.event;
  const live = await client.readEvent(uuid, signal);
  const diff = live && diffEvents(wanted.event, live, {
    known: former?.marks ?? new Set(),
    salt,
    fields: true,
  });
  const digest = diff === undefined
    ? "missing"
    : isEmpty(diff)
    ? digestOf(live?.timestamp ?? 0)
    : "different";
  return [{ kind: KIND, key: uuid, digest }];
}

/** By their tag where they carry it; else by what is remembered. */
async function* heldIn(
  context: ComparedContext,
  signal: AbortSignal,
): AsyncGenerator<Holding> {
  const { user } = await context.learn(signal);
  if (isTagged(context, user)) {
    yield* tagged(context, { user, wanted: { tag: SOURCE_TAG } }, signal);
    return;
  }
  for await (const { row } of context.ledger.rows()) {
    yield* remembered(context, row, signal);
  }
}

/** The same for some of them. */
async function* foundIn(
  context: ComparedContext,
  uuids: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Holding> {
  const { user } = await context.learn(signal);
  if (isTagged(context, user)) {
    yield* tagged(context, { user, wanted: { uuids } }, signal);
    return;
  }
  for (const uuid of uuids) {
    const row = await context.ledger.row(uuid);
    if (row !== undefined) yield* remembered(context, row, signal);
  }
}

/** Without that right the tag may never have come to be. */
function isTagged(
  { config }: SyncContext,
  { permissions }: MispUser,
): boolean {
  return config.tag_opencti &&
    (permissions.has("perm_tag_editor") || permissions.has("perm_site_admin"));
}

/** Events that carry our tag, in the key's own organisation. */
async function* tagged(
  { client }: SyncContext,
  { user, wanted }: {
    user: MispUser;
    wanted: Parameters<MispClient["listEvents"]>[0];
  },
  signal: AbortSignal,
): AsyncGenerator<Holding> {
  for await (const event of client.listEvents(wanted, signal)) {
    const isOurs = event.orgId === user.orgId && isMispUuid(event.uuid) &&
      event.tags.some((tag) => tag.toLowerCase() === SOURCE_TAG);
    if (!isOurs) continue;
    const digest = digestOf(Number(event.timestamp));
    yield { kind: KIND, key: event.uuid, digest };
  }
}

async function* remembered(
  { client }: SyncContext,
  { uuid, original }: EventRow,
  signal: AbortSignal,
): AsyncGenerator<Holding> {
  if (original === true) return;
  const live = await client.readEventHead(uuid, signal);
  if (live === undefined) return;
  yield { kind: KIND, key: uuid, digest: digestOf(live.timestamp) };
}

/** By UUID, or by the number that MISP shows. */
async function ownerOf(
  id: string,
  { ledger }: SyncContext,
): Promise<string | undefined> {
  const isNumber = /^[1-9]\d{0,9}$/.test(id);
  if (!isNumber && !isMispUuid(id)) return undefined;
  if (!isNumber && await ledger.row(id) !== undefined) return id;
  for await (const { container, row } of ledger.rows()) {
    if (isNumber ? row.id === id : row.uuid === id) return container;
  }
  return undefined;
}

async function removeOne(
  uuid: string,
  context: ComparedContext,
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
