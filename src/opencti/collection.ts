/** What OpenCTI holds now of a live stream, read out of its database. */
import { type BackoffOptions, fullJitterMs, sleep } from "../backoff.ts";
import { TransientError } from "../errors.ts";
import type { Log } from "../observability/log.ts";
import {
  extension,
  internalId,
  isRecord,
  OCTI_EXTENSION,
  type StixObject,
} from "../stix/object.ts";
import type { StreamEvent } from "./event.ts";
import { idAt } from "./event_id.ts";
import { readFilterGroup } from "./filter_group.ts";
import type { GraphqlClient } from "./graphql.ts";
import {
  ENTITY_IDS,
  ENTITY_PAGE,
  RELATIONSHIP_IDS,
  RELATIONSHIP_PAGE,
} from "./operations.ts";

/** Which objects are read, and how. */
export interface CollectionOptions {
  readonly graphql: GraphqlClient;
  /** `StreamInfo.filters`. */
  readonly filters: string;
  /** OpenCTI types of entities and observables; empty: none. */
  readonly entities: readonly string[];
  /** Types of relationships; empty: none. */
  readonly relationships: readonly string[];
  readonly withInferences: boolean;
  /** Of the events: above all that came before the objects were read. */
  readonly version: number;
  readonly backoff: BackoffOptions;
  readonly log: Log;
  /** Objects per page at most. Default 500. */
  readonly pageSize?: number;
}

const PAGE_SIZE = 500;
/** Ids are cheap: the platform's own limit is 5,000. */
const ID_PAGE_SIZE = 5000;
/** Ids per read of some objects. */
const SOME_IDS = 100;
/** Tries of a page that was made as small as it gets. */
const LAST_TRIES = 3;

/** One kind of thing that is read page by page. */
interface Source {
  readonly operation: string;
  readonly field: "stixCoreObjects" | "stixCoreRelationships";
  readonly types: readonly string[];
}

/** The objects of one live stream, as the database has them now. */
export class Collection {
  readonly #options: CollectionOptions;

  constructor(options: CollectionOptions) {
    this.#options = options;
  }

  /**
   * All objects that match the stream's filter, oldest first, page by page; one
   * that is changed meanwhile is read before or after. Each as an event of the
   * time of its last change.
   *
   * @throws {GraphqlRefusal} The platform cannot be asked this filter.
   * @throws {TransientError} It fails even for single objects.
   */
  async *all(signal: AbortSignal): AsyncGenerator<StreamEvent[]> {
    const { filters, pageSize = PAGE_SIZE } = this.#options;
    const group = readFilterGroup(filters) ?? null;
    for (const source of this.#sources(ENTITY_PAGE, RELATIONSHIP_PAGE)) {
      const pages = this.#pages(source, group, pageSize, signal);
      for await (const nodes of pages) yield this.#toEvents(nodes);
    }
  }

  /** Internal ids of all of them, page by page. */
  async *ids(signal: AbortSignal): AsyncGenerator<string[]> {
    const group = readFilterGroup(this.#options.filters) ?? null;
    for (const source of this.#sources(ENTITY_IDS, RELATIONSHIP_IDS)) {
      const pages = this.#pages(source, group, ID_PAGE_SIZE, signal);
      for await (const nodes of pages) yield nodes.map(({ id }) => id);
    }
  }

  /** Those with these internal ids that match the filter now. */
  async some(
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<StreamEvent[]> {
    const group = readFilterGroup(this.#options.filters);
    const events: StreamEvent[] = [];
    for (let at = 0; at < ids.length; at += SOME_IDS) {
      const values = ids.slice(at, at + SOME_IDS);
      const own = {
        mode: "and",
        filters: [{ key: ["ids"], values, operator: "eq", mode: "or" }],
        filterGroups: group === undefined ? [] : [group],
      };
      for (const source of this.#sources(ENTITY_PAGE, RELATIONSHIP_PAGE)) {
        const pages = this.#pages(source, own, SOME_IDS, signal);
        for await (const nodes of pages) events.push(...this.#toEvents(nodes));
      }
    }
    return events;
  }

  *#sources(entities: string, relationships: string): Generator<Source> {
    const { entities: types, relationships: links } = this.#options;
    if (types.length > 0) {
      yield { operation: entities, field: "stixCoreObjects", types };
    }
    if (links.length > 0) {
      yield {
        operation: relationships,
        field: "stixCoreRelationships",
        types: links,
      };
    }
  }

  /** Pages are halved while the platform fails, and grow again. */
  async *#pages(
    { operation, field, types }: Source,
    filters: unknown,
    pageSize: number,
    signal: AbortSignal,
  ): AsyncGenerator<Node[]> {
    const { backoff, graphql, log } = this.#options;
    let after: string | null = null;
    let first = pageSize;
    for (let failures = 0, last = 0;;) {
      let page: Page;
      try {
        const variables = { types, filters, first, after };
        const data = await graphql.query<Record<string, unknown>>(
          operation,
          variables,
          signal,
        );
        page = toPage(data[field]);
        failures = last = 0;
      } catch (error) {
        if (!(error instanceof TransientError) || signal.aborted) throw error;
        if (first === 1 && ++last === LAST_TRIES) throw error;
        first = Math.ceil(first / 2);
        const { message: reason } = error;
        log.debug("OpenCTI fails: smaller pages", { reason, first });
        const waitMs = fullJitterMs(++failures, backoff);
        await sleep(Math.max(waitMs, error.retryAfterMs ?? 0), signal);
        continue;
      }
      yield page.nodes;
      if (page.next === undefined) return;
      after = page.next;
      first = Math.min(pageSize, first * 2);
    }
  }

  #toEvents(nodes: readonly Node[]): StreamEvent[] {
    const { version, withInferences } = this.#options;
    return nodes.flatMap(({ toStix }): StreamEvent[] => {
      const object = parsed(toStix);
      if (object === undefined) return [];
      const octi = extension(object, OCTI_EXTENSION);
      if (octi.is_inferred === true && !withInferences) return [];
      return [{
        id: idAt(Date.parse(`${octi.updated_at}`) || 0),
        version,
        action: "create",
        cause: "recovered",
        internalId: internalId(object),
        object,
        bytes: toStix.length,
      }];
    });
  }
}

interface Node {
  readonly id: string;
  /** Absent where only ids are asked for. */
  readonly toStix: string;
}

interface Page {
  readonly nodes: Node[];
  /** Where the next page begins; absent after the last. */
  readonly next: string | undefined;
}

function toPage(value: unknown): Page {
  const { edges, pageInfo } = isRecord(value) ? value : {};
  const { endCursor, hasNextPage } = isRecord(pageInfo) ? pageInfo : {};
  const nodes = (Array.isArray(edges) ? edges : []).flatMap((edge): Node[] => {
    const node = isRecord(edge) ? edge.node : undefined;
    return isRecord(node) && typeof node.id === "string"
      ? [{ id: node.id, toStix: `${node.toStix ?? ""}` }]
      : [];
  });
  const hasNext = hasNextPage === true && typeof endCursor === "string" &&
    endCursor !== "";
  return { nodes, next: hasNext ? endCursor : undefined };
}

/** Nothing for an object that has gone meanwhile: its text is empty. */
function parsed(text: string): StixObject | undefined {
  if (text === "") return undefined;
  const object: unknown = JSON.parse(text);
  return isRecord(object) && typeof object.id === "string" &&
      typeof object.type === "string"
    ? { ...object, id: object.id, type: object.type }
    : undefined;
}
