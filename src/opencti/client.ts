import { LoginError, RejectedError } from "../errors.ts";
import type { HttpClient } from "../http/client.ts";
import type { Log } from "../observability/log.ts";
import { isRecord, type StixObject, text } from "../stix/object.ts";
import { readFilterGroup } from "./filter_group.ts";
import { type ContainersClient, PlatformContainers } from "./containers.ts";
import {
  type ExternalReferencesClient,
  PlatformExternalReferences,
} from "./external_references.ts";
import { GraphqlClient } from "./graphql.ts";
import { type Marking, markingOf } from "./marking_of.ts";
import {
  OBSERVABLES_OF,
  PLATFORM_PROBE,
  STILL_IN_STREAM,
  STIX_OBJECT,
  STREAM_INFO,
} from "./operations.ts";
import { ensurePatternTypes } from "./pattern_types.ts";
import type { PlatformInfo, StreamInfo } from "./platform_info.ts";
import { PlatformSightings, type SightingsClient } from "./sightings.ts";

export type { Marking } from "./marking_of.ts";
export type { PlatformInfo } from "./platform_info.ts";

/** An observable as a list shows it. */
export interface ObservableName {
  /** "StixFile", "IPv4-Addr". */
  readonly type: string;
  /** Of a file its best hash, else its name. */
  readonly value: string;
}

/** What targets may ask the platform. */
export interface OpenctiClient {
  /** Base URL of the platform, without trailing slash. */
  readonly url: string;
  /**
   * Names of the authors behind `created_by_ref` ids. From what the stream
   * already carried, else read once and remembered (bounded). An id that the
   * platform does not know, or may not show, is absent from the map.
   */
  namesOf(
    refs: Iterable<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>>;
  /** The same for `object_marking_refs`. */
  markingsOf(
    refs: Iterable<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Marking>>;
  /**
   * Adds the pattern types that the vocabulary `pattern_type_ov` lacks: name
   * to description. Compares without case. Lacking the right is a warning.
   */
  ensurePatternTypes(
    types: ReadonlyMap<string, string>,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Observables that an indicator is based on, by its internal id: OpenCTI's
   * type and the value. None for an indicator that is not to be seen.
   */
  observablesOf(
    indicator: string,
    signal: AbortSignal,
  ): Promise<readonly ObservableName[]>;
  /** What was seen, and where. */
  readonly sightings: SightingsClient;
  /** Reports, groupings and cases with what they hold. */
  readonly containers: ContainersClient;
  /** Links from objects to what is known of them elsewhere. */
  readonly externalReferences: ExternalReferencesClient;
}

/** Entries kept of each kind; far above what a platform has of authors. */
const CACHE_ENTRIES = 20_000;
/** Ids per `StillInStream` call. */
const STILL_IN_STREAM_IDS = 100;
const PARALLEL_READS = 4;
/** Observables of one indicator, far above what a pattern names. */
const MAX_OBSERVABLES = 1000;

/** The platform, read over GraphQL and by what its stream carried. */
export class PlatformClient implements OpenctiClient {
  readonly url: string;
  readonly graphql: GraphqlClient;
  readonly sightings: SightingsClient;
  readonly containers: ContainersClient;
  readonly externalReferences: ExternalReferencesClient;
  readonly #log: Log;
  /** STIX id to the object, or `null` for what the platform does not show. */
  readonly #known = new Map<string, StixObject | null>();

  constructor(http: HttpClient, options: { url: string; log: Log }) {
    this.url = options.url;
    this.graphql = new GraphqlClient(http);
    this.sightings = new PlatformSightings(this.graphql);
    this.containers = new PlatformContainers(this.graphql, options.log);
    this.externalReferences = new PlatformExternalReferences(this.graphql);
    this.#log = options.log;
  }

  /** Keeps an author or a marking that the stream carried as context. */
  remember(object: StixObject): void {
    if (object.type !== "identity" && object.type !== "marking-definition") {
      return;
    }
    this.#keep(object.id, smallCopy(object));
  }

  async namesOf(
    refs: Iterable<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    const names = new Map<string, string>();
    for (const [ref, object] of await this.#objectsOf(refs, signal)) {
      const name = text(object.name);
      if (name !== undefined) names.set(ref, name);
    }
    return names;
  }

  async markingsOf(
    refs: Iterable<string>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Marking>> {
    const markings = new Map<string, Marking>();
    for (const [ref, object] of await this.#objectsOf(refs, signal)) {
      const marking = markingOf(object);
      if (marking !== undefined) markings.set(ref, marking);
    }
    return markings;
  }

  /** @throws {LoginError} The token is refused. */
  async probe(signal: AbortSignal): Promise<PlatformInfo> {
    const data = await this.graphql.query<{
      about?: { version?: string } | null;
      me: { name?: string; capabilities?: { name: string }[] | null };
    }>(PLATFORM_PROBE, {}, signal);
    return {
      version: data.about?.version ?? "unknown",
      user: data.me.name ?? "unknown",
      capabilities: (data.me.capabilities ?? []).map(({ name }) => name),
    };
  }

  /** `undefined` for a stream that does not exist, or not for this user. */
  async streamInfo(
    id: string,
    signal: AbortSignal,
  ): Promise<StreamInfo | undefined> {
    // The global stream is no collection: it has no filter.
    if (id === "live") return { name: "live", filters: "", live: true };
    const { streamCollection } = await this.graphql.query<{
      streamCollection: {
        name?: string | null;
        filters?: string | null;
        stream_live?: boolean | null;
      } | null;
    }>(STREAM_INFO, { id }, signal);
    if (streamCollection === null) return undefined;
    return {
      name: streamCollection.name ?? id,
      filters: streamCollection.filters ?? "",
      live: streamCollection.stream_live !== false,
    };
  }

  /** Of these internal ids, those that match the stream's filter now. */
  async stillInStream(
    filters: string,
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<Set<string>> {
    const group = readFilterGroup(filters);
    const matching = new Set<string>();
    for (let start = 0; start < ids.length; start += STILL_IN_STREAM_IDS) {
      const values = ids.slice(start, start + STILL_IN_STREAM_IDS);
      const { stixCoreObjects } = await this.graphql.query<{
        stixCoreObjects: { edges: { node: { id: string } }[] } | null;
      }>(STILL_IN_STREAM, {
        first: values.length,
        filters: {
          mode: "and",
          filters: [{ key: ["ids"], values, operator: "eq", mode: "or" }],
          filterGroups: group === undefined ? [] : [group],
        },
      }, signal);
      for (const { node } of stixCoreObjects?.edges ?? []) {
        matching.add(node.id);
      }
    }
    return matching;
  }

  /**
   * One object as it is now, by any of its ids; `undefined` where the platform
   * has none, or shows none to this user.
   *
   * @throws {RejectedError} The platform refuses the question.
   */
  async readObject(
    id: string,
    signal: AbortSignal,
  ): Promise<StixObject | undefined> {
    const { stix } = await this.graphql.query<{ stix: string | null }>(
      STIX_OBJECT,
      { id },
      signal,
    );
    const object: unknown = stix ? JSON.parse(stix) : undefined;
    return isRecord(object) ? object as StixObject : undefined;
  }

  async ensurePatternTypes(
    types: ReadonlyMap<string, string>,
    signal: AbortSignal,
  ): Promise<void> {
    await ensurePatternTypes(types, this.graphql, { log: this.#log, signal });
  }

  async observablesOf(
    indicator: string,
    signal: AbortSignal,
  ): Promise<readonly ObservableName[]> {
    const data = await this.graphql.query<{
      indicator: {
        observables?: { edges: { node: Record<string, unknown> }[] } | null;
      } | null;
    }>(OBSERVABLES_OF, { id: indicator, first: MAX_OBSERVABLES }, signal);
    return (data.indicator?.observables?.edges ?? []).flatMap(({ node }) => {
      const type = text(node.entity_type);
      const value = text(node.observable_value);
      return type === undefined || value === undefined ? [] : [{ type, value }];
    });
  }

  async #objectsOf(
    refs: Iterable<string>,
    signal: AbortSignal,
  ): Promise<Map<string, StixObject>> {
    const wanted = [...new Set(refs)];
    const missing = wanted.filter((ref) => !this.#known.has(ref));
    for (let start = 0; start < missing.length; start += PARALLEL_READS) {
      await Promise.all(
        missing.slice(start, start + PARALLEL_READS).map(async (ref) => {
          this.#keep(ref, await this.#read(ref, signal));
        }),
      );
    }
    const found = new Map<string, StixObject>();
    for (const ref of wanted) {
      const object = this.#known.get(ref);
      if (object) found.set(ref, object);
    }
    return found;
  }

  async #read(ref: string, signal: AbortSignal): Promise<StixObject | null> {
    try {
      const object = await this.readObject(ref, signal);
      return object === undefined ? null : smallCopy(object);
    } catch (error) {
      // A right that is missing, or an id the platform cannot read: the name
      // stays unknown, the object itself is delivered.
      const refused = error instanceof RejectedError ||
        error instanceof SyntaxError ||
        (error instanceof LoginError && error.status === 403);
      if (!refused) throw error;
      return null;
    }
  }

  #keep(ref: string, object: StixObject | null): void {
    this.#known.delete(ref);
    this.#known.set(ref, object);
    if (this.#known.size > CACHE_ENTRIES) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
  }
}

/** Only what is asked for later: an identity may carry pages of text. */
function smallCopy(object: StixObject): StixObject {
  const { id, type, name, definition_type, definition } = object;
  return { id, type, name, definition_type, definition };
}
