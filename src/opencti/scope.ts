import { LoginError, RejectedError } from "../errors.ts";
import type { Log } from "../observability/log.ts";
import { isRecord, strings } from "../stix/object.ts";
import type { PlatformClient } from "./client.ts";
import type { StreamEvent } from "./event.ts";

/** Types that hold other objects (`object_refs`), as OpenCTI spells them. */
const CONTAINER_TYPES = new Set([
  "container",
  "stix-domain-object",
  "stix-core-object",
  "basic-object",
  "report",
  "grouping",
  "note",
  "opinion",
  "observed-data",
  "case",
  "case-incident",
  "case-rfi",
  "case-rft",
  "feedback",
  "task",
]);

/** Which objects belong to one live stream, where its events do not say. */
export interface StreamScope {
  /**
   * True: a live `update` may concern an object that does not match the
   * filter, because a container that matches holds it (OpenCTI sends those).
   */
  readonly updatesAreUnsure: boolean;
  /** Of these events, those whose object does not match the filter now. */
  outside(
    events: readonly StreamEvent[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<StreamEvent>>;
}

/**
 * The scope of a stream with this filter text.
 *
 * @param filters JSON text of OpenCTI's FilterGroup, empty for none.
 */
export function streamScope(
  filters: string,
  platform: PlatformClient,
  log: Log,
): StreamScope {
  const group = parseFilters(filters);
  let warned = false;
  return {
    updatesAreUnsure: group !== undefined && mayMatchContainers(group),
    async outside(events, signal) {
      const unsure = events.filter((event) => event.unsure === true);
      if (unsure.length === 0 || group === undefined) return new Set();
      try {
        const asked = unsure.filter((event) => !isRelationship(event));
        const ids = asked.map((event) => event.internalId);
        const inside = await platform.stillInStream(filters, ids, signal);
        return new Set([
          ...asked.filter((event) => !inside.has(event.internalId)),
          ...unaskedOutside(unsure.filter(isRelationship)),
        ]);
      } catch (error) {
        const refused = error instanceof RejectedError ||
          (error instanceof LoginError && error.status === 403);
        if (!refused) throw error;
        if (!warned) {
          warned = true;
          log.warn("cannot ask OpenCTI which objects match the stream", {
            reason: error.message,
          });
        }
        return new Set(unaskedOutside(unsure));
      }
    },
  };
}

/** `stixCoreObjects`, which is asked, holds no relationships. */
function isRelationship({ object }: StreamEvent): boolean {
  return object.type === "relationship" || object.type === "sighting";
}

/**
 * Where the platform does not answer, what came as context of a recovery is
 * left out, and an update is taken as it came.
 */
function unaskedOutside(events: readonly StreamEvent[]): StreamEvent[] {
  return events.filter(({ action }) => action === "create");
}

function parseFilters(filters: string): Record<string, unknown> | undefined {
  try {
    const group: unknown = JSON.parse(filters);
    if (!isRecord(group)) return undefined;
    const empty = [group.filters, group.filterGroups].every((list) =>
      !Array.isArray(list) || list.length === 0
    );
    return empty ? undefined : group;
  } catch {
    return undefined;
  }
}

/** False only where the filter's entity types leave every container out. */
function mayMatchContainers(group: Record<string, unknown>): boolean {
  const filters = Array.isArray(group.filters) ? group.filters : [];
  if (group.mode === "or") return true;
  for (const filter of filters) {
    if (!isRecord(filter)) continue;
    const keys = Array.isArray(filter.key) ? strings(filter.key) : [filter.key];
    const equals = filter.operator === undefined || filter.operator === "eq";
    if (!keys.includes("entity_type") || !equals) continue;
    const types = strings(filter.values).map((type) => type.toLowerCase());
    if (!types.some((type) => CONTAINER_TYPES.has(type))) return false;
  }
  return true;
}
