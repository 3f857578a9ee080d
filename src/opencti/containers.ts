import { LoginError, RejectedError } from "../errors.ts";
import type { Log } from "../observability/log.ts";
import { internalId, type StixObject, strings } from "../stix/object.ts";
import { referencesIn } from "./container_references.ts";
import type { GraphqlClient } from "./graphql.ts";
import {
  CONTAINER_PAGE,
  OBJECTS_AS_STIX,
  SIGHTINGS_AS_STIX,
  STIX_OBJECT,
} from "./operations.ts";
import {
  objectsOf,
  type Page,
  PAGE_SIZE,
  pages,
  toObject,
} from "./stix_pages.ts";
import type { ResolvedContainer } from "./resolved_container.ts";

/** What a target may ask about containers. */
export interface ContainersClient {
  /**
   * The container with all that it holds, read now. `null` where the platform
   * does not have it, or not show it; any failure is an error, never `null`.
   * What came, or went, between two pages is in its next event.
   */
  resolve(id: string, signal: AbortSignal): Promise<ResolvedContainer | null>;
}

/** Internal ids per question for sightings. */
const SIGHTED_IDS = 100;
/** More sightings of one container's contents than an analyst looks at. */
const MAX_SIGHTINGS = 20_000;
const PARALLEL_READS = 4;
/** Rounds of references: of the contents, and of what observed data hold. */
const ROUNDS = 2;
/** Markings that are remembered; a platform has a few dozen. */
const CACHED_MARKINGS = 1_000;

/** Objects that can be sighted, and whose sightings a container carries. */
const NOT_SIGHTED = new Set(["relationship", "sighting", "marking-definition"]);

/** Containers over GraphQL, in bounded pages. */
export class PlatformContainers implements ContainersClient {
  readonly #graphql: GraphqlClient;
  readonly #log: Log;
  readonly #markings = new Map<string, StixObject>();
  #warned = false;

  constructor(graphql: GraphqlClient, log: Log) {
    this.#graphql = graphql;
    this.#log = log;
  }

  async resolve(
    id: string,
    signal: AbortSignal,
  ): Promise<ResolvedContainer | null> {
    const container = await this.#readOne(id, signal);
    if (container === null) return null;
    const contents = await this.#readContents(container, signal);
    const sightings = await this.#readSightings(contents, signal);
    const references = await this.#readReferences(
      [container, ...contents, ...sightings],
      contents,
      signal,
    );
    return { container, contents, sightings, references };
  }

  async #readOne(id: string, signal: AbortSignal): Promise<StixObject | null> {
    const { stix } = await this.#graphql.query<{ stix?: string | null }>(
      STIX_OBJECT,
      { id },
      signal,
    );
    return toObject(stix) ?? null;
  }

  /** In the order of `object_refs`, so that two readings are alike. */
  async #readContents(
    container: StixObject,
    signal: AbortSignal,
  ): Promise<StixObject[]> {
    const contents = new Map<string, StixObject>();
    const id = internalId(container);
    const read = async (first: number, after: string | undefined) => {
      const answer = await this.#graphql.query<{
        container: { objects?: Page | null } | null;
      }>(CONTAINER_PAGE, { id, first, after }, signal);
      return answer.container?.objects;
    };
    const refs = strings(container.object_refs);
    for await (const page of pages(read)) {
      // No container by its type, or gone meanwhile: what it refers to tells.
      const objects = page === null
        ? await this.#readMany(refs, signal)
        : objectsOf(page);
      for (const object of objects) contents.set(object.id, object);
    }
    const order = new Map(refs.map((ref, at) => [ref, at]));
    const placeOf = ({ id }: StixObject) => order.get(id) ?? refs.length;
    return [...contents.values()].sort((a, b) =>
      placeOf(a) - placeOf(b) || (a.id < b.id ? -1 : 1)
    );
  }

  /** What cannot be read of sightings costs sightings alone. */
  async #readSightings(
    contents: readonly StixObject[],
    signal: AbortSignal,
  ): Promise<StixObject[]> {
    const own = contents.filter(({ type }) => type === "sighting");
    const found = new Map(own.map((object) => [object.id, object]));
    const ids = contents.filter(({ type }) => !NOT_SIGHTED.has(type))
      .map(internalId);
    try {
      await inParallel(chunksOf(ids, SIGHTED_IDS), async (values) => {
        const filters = oneOf("fromId", values);
        const read = async (first: number, after: string | undefined) => {
          const answer = await this.#graphql.query<{
            stixSightingRelationships?: Page | null;
          }>(SIGHTINGS_AS_STIX, { filters, first, after }, signal);
          return answer.stixSightingRelationships;
        };
        for await (const page of pages(read)) {
          for (const object of objectsOf(page)) found.set(object.id, object);
          if (found.size > MAX_SIGHTINGS) return;
        }
      });
    } catch (error) {
      const isRefused = error instanceof RejectedError ||
        (error instanceof LoginError && error.status === 403);
      if (!isRefused) throw error;
      if (!this.#warned) {
        this.#warned = true;
        this.#log.warn("OpenCTI does not tell the sightings of contents", {
          reason: error.message,
        });
      }
    }
    return [...found.values()].sort((a, b) => a.id < b.id ? -1 : 1)
      .slice(0, MAX_SIGHTINGS);
  }

  async #readReferences(
    objects: readonly StixObject[],
    contents: readonly StixObject[],
    signal: AbortSignal,
  ): Promise<Map<string, StixObject>> {
    const known = new Set(contents.map(({ id }) => id));
    const found = new Map<string, StixObject>();
    let last = objects;
    for (let round = 0; round < ROUNDS && last.length > 0; round++) {
      const wanted = new Set(
        last.flatMap((object) => referencesIn(object)).filter((ref) =>
          !known.has(ref)
        ),
      );
      for (const ref of wanted) known.add(ref);
      last = [
        ...await this.#readMany(wanted, signal),
        ...await this.#readMarkings(wanted, signal),
      ];
      for (const object of last) found.set(object.id, object);
    }
    return found;
  }

  async #readMany(
    refs: Iterable<string>,
    signal: AbortSignal,
  ): Promise<StixObject[]> {
    const ids = [...refs].filter((ref) => !isMarking(ref));
    const found: StixObject[] = [];
    await inParallel(chunksOf(ids, PAGE_SIZE), async (values) => {
      const { stixCoreObjects } = await this.#graphql.query<{
        stixCoreObjects?: Page | null;
      }>(OBJECTS_AS_STIX, {
        first: values.length,
        filters: oneOf("ids", values),
      }, signal);
      found.push(...objectsOf(stixCoreObjects));
    });
    return found;
  }

  /** Markings are no core objects: no list of them by id. They never change. */
  async #readMarkings(
    refs: Iterable<string>,
    signal: AbortSignal,
  ): Promise<StixObject[]> {
    const ids = [...refs].filter(isMarking);
    if (this.#markings.size > CACHED_MARKINGS) this.#markings.clear();
    await inParallel(
      ids.filter((id) => !this.#markings.has(id)),
      async (id) => {
        const object = await this.#readOne(id, signal);
        if (object !== null) this.#markings.set(id, object);
      },
    );
    return ids.flatMap((id) => this.#markings.get(id) ?? []);
  }
}

function isMarking(ref: string): boolean {
  return ref.startsWith("marking-definition--");
}

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  const chunks: Item[][] = [];
  for (let at = 0; at < items.length; at += size) {
    chunks.push(items.slice(at, at + size));
  }
  return chunks;
}

async function inParallel<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const workers = Array.from({ length: PARALLEL_READS }, async () => {
    for (const item of queue) await work(item);
  });
  const ends = await Promise.allSettled(workers);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

function oneOf(key: string, values: readonly string[]) {
  return {
    mode: "and",
    filters: [{ key: [key], values, operator: "eq", mode: "or" }],
    filterGroups: [],
  };
}
