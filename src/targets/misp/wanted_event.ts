import type { ResolvedContainer } from "../../opencti/resolved_container.ts";
import type { StixObject } from "../../stix/object.ts";
import { internalId } from "../../stix/object.ts";
import type { TargetServices } from "../target.ts";
import type { MispClient } from "./client.ts";
import type { MispConfig } from "./config.ts";
import {
  containerType,
  originalsOf,
  withoutMispReferences,
} from "./container.ts";
import type { EventRow } from "./ledger.ts";
import { type MappedEvent, toMispEvent } from "./mapping/mod.ts";
import type { MispEvent } from "./misp_event.ts";
import type { MispUser } from "./role.ts";

/** The event that a container asks for, and what it was made of. */
export interface WantedEvent {
  readonly event: MispEvent;
  readonly container: StixObject;
  /** Internal ids of what is in it: their changes change it. */
  readonly contents: ReadonlySet<string>;
  /** The event is somebody else's, whom the container came from. */
  readonly isOriginal: boolean;
  /** What was left out, or put otherwise, and why. */
  readonly notes: MappedEvent["notes"];
}

/** What the wanted event depends on. */
export interface WantedContext {
  readonly config: MispConfig;
  readonly services: Pick<
    TargetServices,
    "contents" | "log" | "now" | "opencti"
  >;
  readonly client: MispClient;
  readonly user: MispUser | undefined;
  readonly types: ReadonlySet<string> | undefined;
}

/** Of what is referred to, only this says something beyond names. */
const NAMES = new Set(["identity", "marking-definition"]);

/**
 * Reads a container and maps it.
 *
 * @returns A text where it does not become an event: why.
 */
export async function readWanted(
  id: string,
  row: EventRow | undefined,
  context: WantedContext,
  signal: AbortSignal,
): Promise<WantedEvent | string> {
  const { config, services, user, types } = context;
  const resolved = await services.opencti.containers.resolve(id, signal);
  if (resolved === null) return "OpenCTI no longer has the container";
  const { container } = resolved;
  const type = containerType(container.type);
  if (!config.container_types.includes(type)) {
    return `containers of the type ${type} are left out`;
  }
  const refusal = await services.contents.reasonAgainst(container, signal);
  if (refusal !== undefined) return refusal;
  const { kept, left } = await permitted(resolved, {
    filter: services.contents,
    url: config.url,
    signal,
  });
  const original = await originalOf(id, container, { row, context, signal });
  const { event, notes } = toMispEvent(kept, {
    now: services.now(),
    tagOpencti: config.tag_opencti,
    tagPrefix: config.tag_prefix,
    distributionLevel: config.distribution_level as 0 | 1 | 2 | 3,
    threatLevel: config.threat_level as 1 | 2 | 3 | 4,
    ...(types === undefined ? {} : { instanceTypes: types }),
    eventUuid: original ?? id,
  });
  return {
    event: forKey(event, { user, isOriginal: original !== undefined }),
    container,
    contents: idsIn(kept),
    isOriginal: original !== undefined,
    notes: [...left, ...notes],
  };
}

/** Without what may not reach MISP, whatever holds it. */
async function permitted(
  resolved: ResolvedContainer,
  { filter, url, signal }: {
    filter: TargetServices["contents"];
    url: string;
    signal: AbortSignal;
  },
): Promise<{ kept: ResolvedContainer; left: MappedEvent["notes"] }> {
  const left: { id: string; type: string; reason: string }[] = [];
  const pass = async (objects: Iterable<StixObject>) => {
    const passed: StixObject[] = [];
    for (const object of objects) {
      const reason =
        NAMES.has(object.type) && resolved.references.has(object.id)
          ? undefined
          : await filter.reasonAgainst(object, signal);
      if (reason === undefined) passed.push(object);
      else left.push({ id: object.id, type: object.type, reason });
    }
    return passed;
  };
  const contents = (await pass(resolved.contents))
    .map((object) => withoutMispReferences(object, url));
  const sightings = await pass(resolved.sightings);
  const references = await pass(resolved.references.values());
  const kept = {
    container: resolved.container,
    contents,
    sightings,
    references: new Map(references.map((object) => [object.id, object])),
  };
  return { kept, left };
}

/**
 * The event of MISP that the container came from, where that is looked for.
 * What was decided once for a container stays.
 */
async function originalOf(
  id: string,
  container: StixObject,
  { row, context, signal }: {
    row: EventRow | undefined;
    context: WantedContext;
    signal: AbortSignal;
  },
): Promise<string | undefined> {
  if (row?.original === true) return row.uuid;
  if (row !== undefined || !context.config.detect_round_trip) return undefined;
  const candidates = originalsOf(container, id);
  const there: string[] = [];
  for (const uuid of new Set(candidates)) {
    if (await context.client.hasEvent(uuid, signal)) there.push(uuid);
  }
  if (there.length > 1) {
    context.services.log.warn(
      "a container refers to several events of MISP; taking the first",
      { container: id, events: there.slice(0, 10) },
    );
  }
  return there[0];
}

/** Without what MISP does not take from this key, or for this event. */
function forKey(
  event: MispEvent,
  { user, isOriginal }: { user: MispUser | undefined; isOriginal: boolean },
): MispEvent {
  const canSight = user === undefined ||
    user.permissions.has("perm_sighting") ||
    user.permissions.has("perm_site_admin");
  return {
    ...event,
    ...(canSight ? {} : { Sighting: [] }),
    // It marks events that we made: imports leave those out.
    ...(isOriginal
      ? { Tag: event.Tag.filter(({ name }) => name !== SOURCE_TAG) }
      : {}),
  };
}

/** The tag of every event that we made, unless `tag_opencti` is off. */
export const SOURCE_TAG = "source:opencti";

function idsIn({ contents, references }: ResolvedContainer): Set<string> {
  const others = [...references.values()].filter(({ type }) =>
    !NAMES.has(type)
  );
  return new Set([...contents, ...others].map(internalId));
}
