/** What `deliver()` would do, in the words of `--dry-run`. */
import type { StreamEvent } from "../../opencti/event.ts";
import type { PlannedAction, TargetServices } from "../target.ts";
import type { MispClient } from "./client.ts";
import type { MispConfig } from "./config.ts";
import { isMispUuid } from "./container.ts";
import { toJobs } from "./jobs.ts";
import type { Ledger } from "./ledger.ts";
import type { Session } from "./session.ts";
import { readWanted } from "./wanted_event.ts";

/** What planning needs. */
export interface PlanContext {
  readonly config: MispConfig;
  readonly services: TargetServices;
  readonly client: MispClient;
  readonly ledger: Ledger;
  readonly session: Session | undefined;
  isEcho(event: StreamEvent): Promise<boolean>;
}

const EVENTS = "MISP events";

/** The writes of a batch; whether one changes anything is not looked at. */
export async function planOf(
  events: readonly StreamEvent[],
  context: PlanContext,
  signal: AbortSignal,
): Promise<PlannedAction[]> {
  const { config, ledger } = context;
  // The same object may be planned several times: each event on its own.
  const actions: PlannedAction[] = [];
  for (const event of events) {
    const named = withUuid(event);
    const { concerned, reasons } = await toJobs([named], {
      containerTypes: config.container_types,
      containersOf: (content) => ledger.containersOf(content),
      isHeld: async (container) => await ledger.row(container) !== undefined,
      sizeOf: () => Promise.resolve(0),
      isEcho: (event) => context.isEcho(event),
    });
    const about = { event: event.id, object: event.internalId };
    const containers = [...concerned[0] ?? []];
    if (containers.length === 0) {
      const reason = reasons[0] ?? "";
      actions.push({ ...about, action: "skip", reason });
    }
    for (const container of containers) {
      const isOwn = container === named.internalId;
      actions.push(
        isOwn && event.action === "delete"
          ? await deletion(about, container, ledger)
          : await refreshing(about, container, context, signal),
      );
    }
  }
  return actions;
}

/**
 * What never was in OpenCTI has no id of the platform's, as in a file that
 * `convert` reads: the UUID of its STIX id stands for it.
 */
function withUuid(event: StreamEvent): StreamEvent {
  const { internalId, object } = event;
  const uuid = internalId === object.id
    ? internalId.slice(`${object.type}--`.length).toLowerCase()
    : "";
  return isMispUuid(uuid) ? { ...event, internalId: uuid } : event;
}

async function deletion(
  about: { event: string; object: string },
  container: string,
  ledger: Ledger,
): Promise<PlannedAction> {
  const row = await ledger.row(container);
  if (row?.original === true) {
    const reason = "the event came from MISP and stays there";
    return { ...about, action: "skip", reason };
  }
  return { ...about, action: "delete", to: EVENTS, id: row?.uuid ?? container };
}

async function refreshing(
  about: { event: string; object: string },
  container: string,
  context: PlanContext,
  signal: AbortSignal,
): Promise<PlannedAction> {
  const { ledger, session } = context;
  const wanted = await readWanted(container, await ledger.row(container), {
    ...context,
    user: session?.user,
    types: session?.types,
  }, signal);
  if (typeof wanted === "string") {
    return { ...about, action: "skip", reason: wanted };
  }
  const { Sighting, ...Event } = wanted.event;
  return {
    ...about,
    action: "write",
    to: EVENTS,
    id: Event.uuid,
    payload: { Event, Sighting },
  };
}
