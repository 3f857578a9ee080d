/** From events to what has to be done for containers: each once. */
import type { StreamEvent } from "../../opencti/event.ts";
import {
  extension,
  OCTI_EXTENSION,
  type StixObject,
  text,
} from "../../stix/object.ts";
import type { Outcome } from "../target.ts";
import { containerType, isContainer, isMispUuid } from "./container.ts";

/** What has to be done for one container. */
export interface Job {
  readonly container: string;
  /** The container's own event; absent: something that it holds changed. */
  readonly own: StreamEvent | undefined;
  /** About how many objects it holds. */
  readonly size: number;
}

/** The work of a batch. */
export interface Jobs {
  /** By container. */
  readonly jobs: ReadonlyMap<string, Job>;
  /**
   * Of each event, the containers whose jobs settle it: as of before the batch.
   * Those that the batch brings are `broughtFor()`.
   */
  readonly concerned: readonly ReadonlySet<string>[];
  /** Of each event, why nothing is to be done if no container is concerned. */
  readonly reasons: readonly string[];
}

/** What is asked while jobs are found. */
export interface JobSource {
  readonly containerTypes: readonly string[];
  /** Containers with an event in MISP that hold this object. */
  containersOf(content: string): Promise<readonly string[]>;
  /** Whether the container has an event in MISP. */
  isHeld(container: string): Promise<boolean>;
  /** How many objects such a container held. */
  sizeOf(container: string): Promise<number>;
  isEcho(event: StreamEvent): Promise<boolean>;
}

const NOT_HELD = "in no container that is in MISP";
const ECHO = "our own reference to MISP came back";
const NO_UUID = "its id is no UUID that MISP takes";

/** Events whose containers are looked up at once. */
const LOOK_UPS = 32;

/** Finds the containers that a batch concerns. Several changes are one job. */
export async function toJobs(
  events: readonly StreamEvent[],
  source: JobSource,
): Promise<Jobs> {
  const jobs = new Map<string, Job>();
  const concerned = events.map(() => new Set<string>());
  const reasons: string[] = [];
  const deletedAt = new Map<string, number>();
  for (const [at, event] of events.entries()) {
    const reason = await ownReason(event, source);
    reasons[at] = reason ?? NOT_HELD;
    if (reason !== undefined) continue;
    concerned[at]?.add(event.internalId);
    if (event.action === "delete") deletedAt.set(event.internalId, at);
    jobs.set(event.internalId, {
      container: event.internalId,
      own: event,
      size: sizeIn(event.object),
    });
  }
  for (let at = 0; at < events.length; at += LOOK_UPS) {
    const part = events.slice(at, at + LOOK_UPS);
    const held = await Promise.all(part.map((event) => holders(event, source)));
    for (const [index, containers] of held.entries()) {
      for (const container of containers) {
        // Gone by then.
        if ((deletedAt.get(container) ?? Infinity) < at + index) continue;
        concerned[at + index]?.add(container);
        if (jobs.has(container)) continue;
        const size = await source.sizeOf(container);
        jobs.set(container, { container, own: undefined, size });
      }
    }
  }
  return { jobs, concerned, reasons };
}

/**
 * Containers that came with earlier events of the batch and hold the object of
 * this one: they were read when it had changed.
 */
export function broughtFor(
  at: number,
  events: readonly StreamEvent[],
  contentsOf: (container: string) => ReadonlySet<string> | undefined,
): string[] {
  const event = events[at] as StreamEvent;
  if (isOfNoMatter(event)) return [];
  const ids = idsOf(event);
  return events.slice(0, at).map(({ internalId }) => internalId)
    .filter((container) => {
      const contents = contentsOf(container);
      return contents !== undefined && ids.some((id) => contents.has(id));
    });
}

/** What became of an event, from the outcomes of its jobs. */
export function outcomeOf(
  outcomes: readonly Outcome[],
  reason: string,
): Outcome {
  const of = <Status extends Outcome["status"]>(status: Status) =>
    outcomes.filter((one) => one.status === status) as Extract<
      Outcome,
      { status: Status }
    >[];
  const [retry] = of("retry").toSorted((a, b) =>
    (b.afterMs ?? 0) - (a.afterMs ?? 0)
  );
  const found = retry ?? of("rejected")[0] ?? of("delivered")[0] ??
    outcomes[0] ?? { status: "skipped", reason };
  // The far side holds an object whose echo needs no writing.
  return reason === ECHO && found.status === "skipped"
    ? { status: "delivered" }
    : found;
}

/** Why an event is none of a container of ours; `undefined`: it is. */
async function ownReason(
  event: StreamEvent,
  source: JobSource,
): Promise<string | undefined> {
  const { object, internalId } = event;
  if (!isContainer(object) || event.outside === true) return NOT_HELD;
  if (!isMispUuid(internalId)) return NO_UUID;
  const type = containerType(object.type);
  const isWanted = source.containerTypes.includes(type) ||
    // It was, by the settings of then.
    event.action === "delete" && await source.isHeld(internalId);
  if (!isWanted) return `containers of the type ${type} are left out`;
  return await source.isEcho(event) ? ECHO : undefined;
}

/** Other containers with an event in MISP that the event's object is in. */
export async function holders(
  event: StreamEvent,
  source: Pick<JobSource, "containersOf">,
): Promise<readonly string[]> {
  if (isOfNoMatter(event)) return [];
  const ids = idsOf(event);
  const lists = await Promise.all(ids.map((id) => source.containersOf(id)));
  return lists.flat().filter((id) => id !== event.internalId);
}

/** Whose containers the event changes: a sighting those of what was sighted. */
function idsOf({ internalId, object }: StreamEvent): string[] {
  const sighted = object.type === "sighting"
    ? text(extension(object, OCTI_EXTENSION).sighting_of_ref)
    : undefined;
  return [internalId, sighted ?? internalId].filter(isMispUuid);
}

/**
 * Changes that reach no event: bookkeeping of the platform.
 * Source: OpenCTI `stix-2-1-converter.ts`.
 */
const BOOKKEEPING =
  /^\/(modified|extensions\/[^/]+\/(updated_at|modified_at|creator_ids|files|metrics|pir_information|workflow_id|assignee_ids|participant_ids)(\/.*)?)$/;

function isOfNoMatter({ action, changed }: StreamEvent): boolean {
  return action === "update" && changed !== undefined && changed.length > 0 &&
    changed.every((path) => BOOKKEEPING.test(path));
}

function sizeIn({ object_refs: refs }: StixObject): number {
  return Array.isArray(refs) ? refs.length : 0;
}
