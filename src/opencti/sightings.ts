import type { GraphqlClient } from "./graphql.ts";
import {
  ADD_SIGHTING,
  ADD_SYSTEM,
  FIND_OBJECTS,
  KNOWN_IDS,
  SIGHTINGS_OF,
} from "./operations.ts";

/** How often something was seen between two moments, milliseconds since 1970. */
export interface SightedSpan {
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

/** A sighting to add. */
export interface NewSighting extends SightedSpan {
  /** What was seen: any id of the object. */
  readonly fromId: string;
  /** Where: internal id of the identity, which is the author too. */
  readonly toId: string;
  readonly description: string;
  /** 0 to 100. */
  readonly confidence: number;
  /** Ids of marking definitions. */
  readonly markingIds: readonly string[];
}

/** The identity that sees. */
export interface SightingPlace {
  readonly name: string;
  readonly description: string;
}

/** What a target may ask about sightings. */
export interface SightingsClient {
  /**
   * Internal ids of objects by any of their ids; one that the platform does
   * not have, or not show, is absent from the map.
   */
  idsOf(
    ids: Iterable<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>>;
  /** Internal ids of at most 10 indicators with one of these patterns. */
  indicatorsByPattern(
    patterns: readonly string[],
    signal: AbortSignal,
  ): Promise<string[]>;
  /** Internal id of the identity with this name, which is made if missing. */
  ensurePlace(place: SightingPlace, signal: AbortSignal): Promise<string>;
  /** The newest 100 sightings of one object at one place. */
  sightingsOf(
    fromId: string,
    toId: string,
    signal: AbortSignal,
  ): Promise<SightedSpan[]>;
  /**
   * Adds a sighting. Where one of the same two ends has both dates within
   * 30 days, the platform widens that one instead: the count is added if this
   * makes it longer, else the sent count replaces its count.
   *
   * @throws {GraphqlRefusal} `MISSING_REFERENCE_ERROR`: one of the ids is gone.
   */
  addSighting(sighting: NewSighting, signal: AbortSignal): Promise<void>;
}

/** Ids per `KnownIds` call. */
const IDS_PER_CALL = 100;
const MAX_FOUND = 10;
const MAX_SIGHTINGS = 100;
/** Identities that may see, the one to prefer first. */
const PLACE_TYPES = ["System", "SecurityPlatform", "Organization"];

interface Edges<Node> {
  readonly edges: readonly { readonly node: Node }[];
}

/** Sightings over GraphQL. */
export class PlatformSightings implements SightingsClient {
  readonly #graphql: GraphqlClient;

  constructor(graphql: GraphqlClient) {
    this.#graphql = graphql;
  }

  async idsOf(
    ids: Iterable<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    const wanted = [...new Set(ids)];
    const known = new Map<string, string>();
    for (let start = 0; start < wanted.length; start += IDS_PER_CALL) {
      const values = wanted.slice(start, start + IDS_PER_CALL);
      const { stixCoreObjects } = await this.#graphql.query<{
        stixCoreObjects:
          | Edges<{
            id: string;
            standard_id: string;
            x_opencti_stix_ids?: string[] | null;
          }>
          | null;
      }>(
        KNOWN_IDS,
        { first: values.length, filters: oneOf("ids", values) },
        signal,
      );
      for (const { node } of stixCoreObjects?.edges ?? []) {
        const others = [node.standard_id, ...node.x_opencti_stix_ids ?? []];
        for (const id of [node.id, ...others]) known.set(id, node.id);
      }
    }
    return new Map(
      wanted.flatMap((id) => {
        const own = known.get(id);
        return own === undefined ? [] : [[id, own] as const];
      }),
    );
  }

  async indicatorsByPattern(
    patterns: readonly string[],
    signal: AbortSignal,
  ): Promise<string[]> {
    if (patterns.length === 0) return [];
    const found = await this.#find(["Indicator"], "pattern", patterns, signal);
    return found.map(({ id }) => id);
  }

  async ensurePlace(
    { name, description }: SightingPlace,
    signal: AbortSignal,
  ): Promise<string> {
    const found = await this.#find(PLACE_TYPES, "name", [name], signal);
    const order = ({ entity_type }: { entity_type: string }) =>
      PLACE_TYPES.indexOf(entity_type);
    const [known] = found.toSorted((a, b) => order(a) - order(b));
    if (known !== undefined) return known.id;
    // The platform gives the one there is if another was faster.
    const { systemAdd } = await this.#graphql.query<{
      systemAdd: { id: string };
    }>(ADD_SYSTEM, { input: { name, description } }, signal);
    return systemAdd.id;
  }

  async sightingsOf(
    fromId: string,
    toId: string,
    signal: AbortSignal,
  ): Promise<SightedSpan[]> {
    const { stixSightingRelationships } = await this.#graphql.query<{
      stixSightingRelationships:
        | Edges<{
          first_seen: string;
          last_seen: string;
          attribute_count: number;
        }>
        | null;
    }>(SIGHTINGS_OF, { fromId, toId, first: MAX_SIGHTINGS }, signal);
    return (stixSightingRelationships?.edges ?? []).map(({ node }) => ({
      first: Date.parse(node.first_seen),
      last: Date.parse(node.last_seen),
      count: node.attribute_count,
    }));
  }

  async addSighting(
    sighting: NewSighting,
    signal: AbortSignal,
  ): Promise<void> {
    const { fromId, toId, first, last, count, markingIds } = sighting;
    await this.#graphql.query(ADD_SIGHTING, {
      input: {
        fromId,
        toId,
        createdBy: toId,
        description: sighting.description,
        // Without dates the platform takes 1970 and 5138.
        first_seen: new Date(first).toISOString(),
        last_seen: new Date(last).toISOString(),
        attribute_count: count,
        confidence: sighting.confidence,
        x_opencti_negative: false,
        ...(markingIds.length > 0 ? { objectMarking: markingIds } : {}),
      },
    }, signal);
  }

  async #find(
    types: readonly string[],
    key: string,
    values: readonly string[],
    signal: AbortSignal,
  ): Promise<{ id: string; entity_type: string }[]> {
    const { stixCoreObjects } = await this.#graphql.query<{
      stixCoreObjects: Edges<{ id: string; entity_type: string }> | null;
    }>(
      FIND_OBJECTS,
      { types, first: MAX_FOUND, filters: oneOf(key, values) },
      signal,
    );
    return (stixCoreObjects?.edges ?? []).map(({ node }) => node);
  }
}

/** The filter for objects whose property is one of the values. */
function oneOf(key: string, values: readonly string[]) {
  return {
    mode: "and",
    filters: [{ key: [key], values, operator: "eq", mode: "or" }],
    filterGroups: [],
  };
}
