/** Searches that see one state of the indices, page by page. */
import { TransientError } from "../../errors.ts";
import type { HttpClient } from "../../http/client.ts";
import { isRecord, text } from "../../stix/object.ts";
import { countOf, list, record } from "./answer.ts";
import { ElasticCalls, type ElasticSettingNames } from "./calls.ts";
import type { Json } from "./document.ts";

/** One hit of a search in a point in time. */
export interface SortedHit {
  readonly id: string;
  readonly source: Json;
  /** Where the next page begins: `search_after`. */
  readonly sort: readonly unknown[];
}

/** One page of a search in a point in time. */
export interface Page {
  /** The newest id of the point in time. */
  readonly pit: string;
  readonly hits: readonly SortedHit[];
}

/** Where a document is. */
export interface DocumentPlace {
  readonly index: string;
  readonly id: string;
}

/** Reads alerts, and the documents they name, from one Elasticsearch cluster. */
export class PointInTimeClient {
  readonly #calls: ElasticCalls;

  constructor(http: HttpClient, names: ElasticSettingNames) {
    this.#calls = new ElasticCalls(http, names);
  }

  /**
   * `POST /<index>/_pit`: freezes what a search sees. Missing indices are
   * left out; nothing where there is none at all.
   */
  async openPointInTime(
    index: string,
    keepAlive: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const answer = await this.#calls.call(
      (client, options) =>
        client.openPointInTime({
          index,
          keep_alive: keepAlive,
          ignore_unavailable: true,
        }, options),
      [403, 404],
      signal,
    );
    this.#calls.allow(answer, `open a point in time on "${index}"`, "read");
    if (answer.status === 404) return undefined;
    const { id, _shards } = record(answer.body);
    const isEmpty = record(_shards).total === 0;
    if (!isEmpty) return text(id);
    if (text(id) !== undefined) await this.closePointInTime(`${id}`, signal);
    return undefined;
  }

  /** `DELETE /_pit`; one that is gone already is fine. */
  async closePointInTime(id: string, signal: AbortSignal): Promise<void> {
    await this.#calls.call(
      (client, options) => client.closePointInTime({ id }, options),
      [404],
      signal,
    );
  }

  /**
   * `POST /_search` in a point in time; nothing where that has expired.
   *
   * @throws {TransientError} Some shards gave no answer: hits would be missing.
   */
  async searchPointInTime(
    body: Json,
    signal: AbortSignal,
  ): Promise<Page | undefined> {
    const answer = await this.#calls.call(
      (client, options) => client.search(body, options),
      [403, 404],
      signal,
    );
    this.#calls.allow(answer, "search", "read");
    if (answer.status === 404) return undefined;
    const found = record(answer.body);
    const failed = countOf(record(found._shards).failed);
    if (failed > 0 || found.timed_out === true) {
      throw new TransientError(
        `Cannot search: ${failed} shards failed or the time was up`,
      );
    }
    return {
      pit: `${found.pit_id}`,
      hits: list(record(found.hits).hits).filter(isRecord).map((hit) => ({
        id: `${hit._id}`,
        source: record(hit._source),
        sort: list(hit.sort),
      })),
    };
  }

  /**
   * `POST /_mget`: the sources, in the order of the places; nothing for a
   * document that is missing or may not be read.
   */
  async readDocuments(
    places: readonly DocumentPlace[],
    fields: readonly string[],
    signal: AbortSignal,
  ): Promise<(Json | undefined)[]> {
    if (places.length === 0) return [];
    const docs = places.map(({ index, id }) => ({
      _index: index,
      _id: id,
      _source: [...fields],
    }));
    const { body } = await this.#calls.call(
      (client, options) => client.mget({ docs }, options),
      [400, 403, 404],
      signal,
    );
    const found = list(record(body).docs);
    return places.map((_place, at) => {
      const { found: isFound, _source } = record(found[at]);
      return isFound === true ? record(_source) : undefined;
    });
  }
}
