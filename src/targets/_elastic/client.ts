/**
 * Elasticsearch calls, one method per endpoint. They go through the official
 * client, except `_bulk`: written by hand as NDJSON it moves 1.3 times as many
 * documents with 60 % of the memory.
 */
import { ConfigError, LoginError } from "../../errors.ts";
import type { HttpClient, HttpResponse } from "../../http/client.ts";
import { isRecord, text } from "../../stix/object.ts";
import { countOf, hasNamed, list, reasonOf, record, typeAt } from "./answer.ts";
import { runByQuery } from "./by_query.ts";
import {
  type Answer,
  ElasticCalls,
  type ElasticSettingNames,
} from "./calls.ts";
import { notElasticsearch } from "./connection.ts";
import type { Json } from "./document.ts";

const BULK_TIMEOUT_MS = 60_000;

/** What a name stands for on the cluster; `unknown`: it may not be looked at. */
export type NameKind = "absent" | "index" | "alias" | "data_stream" | "unknown";

/** One document found by a search. */
export interface Hit {
  /** Concrete index. */
  readonly index: string;
  readonly id: string;
  /** Its version, where the search asks for it; else 0. */
  readonly version: number;
  readonly source: Json;
}

/**
 * One Elasticsearch cluster.
 *
 * Every method throws `TransientError` where the cluster cannot be reached or
 * is busy, `LoginError` for a refused login, and `ConfigError` where the
 * address is wrong.
 */
export class ElasticClient {
  readonly #http: HttpClient;
  readonly #names: ElasticSettingNames;
  readonly #calls: ElasticCalls;

  constructor(http: HttpClient, names: ElasticSettingNames) {
    this.#http = http;
    this.#names = names;
    this.#calls = new ElasticCalls(http, names);
  }

  /** `GET /`. Nothing where the key lacks the cluster right `monitor`. */
  async readInfo(
    signal: AbortSignal,
  ): Promise<{ version: string; flavor: string } | undefined> {
    const { status, body } = await this.#calls.call(
      (client, options) => client.info({}, options),
      [400, 403, 404],
      signal,
    );
    if (status === 403) return undefined;
    if (status !== 200) throw notElasticsearch(this.#names.url);
    const version = record(record(body).version);
    return {
      version: text(version.number) ?? "unknown",
      flavor: text(version.build_flavor) ?? "default",
    };
  }

  /** `GET /_resolve/index/<name>`. */
  async readNameKind(name: string, signal: AbortSignal): Promise<NameKind> {
    const { status, body } = await this.#calls.call(
      (client, options) => client.indices.resolveIndex({ name }, options),
      [403, 404],
      signal,
    );
    if (status === 403) return "unknown";
    if (status === 404) return "absent";
    const found = record(body);
    if (hasNamed(found.data_streams, name)) return "data_stream";
    if (hasNamed(found.aliases, name)) return "alias";
    return hasNamed(found.indices, name) ? "index" : "absent";
  }

  /** `GET /_index_template/<name>`. */
  async readIndexTemplate(
    name: string,
    signal: AbortSignal,
  ): Promise<Json | undefined> {
    const { status, body } = await this.#calls.call(
      (client, options) => client.indices.getIndexTemplate({ name }, options),
      [403, 404],
      signal,
    );
    if (status !== 200) return undefined;
    const [first] = list(record(body).index_templates);
    return record(record(first).index_template);
  }

  /**
   * `PUT /_index_template/<name>`. False where the key may not.
   *
   * @throws {ConfigError} It clashes with another template.
   */
  async updateIndexTemplate(
    name: string,
    template: Json,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { status, body } = await this.#calls.call(
      (client, options) =>
        client.indices.putIndexTemplate({ name, ...template }, options),
      [400, 403],
      signal,
    );
    if (status === 400) {
      throw new ConfigError(
        `Elasticsearch refuses the index template "${name}": ` +
          `${reasonOf(body)}`,
      );
    }
    return status !== 403;
  }

  /** `PUT /<index>`. False where it exists already. */
  async createIndex(
    index: string,
    body: Json,
    signal: AbortSignal,
  ): Promise<boolean> {
    return this.#created(
      index,
      await this.#calls.call(
        (client, options) => client.indices.create({ index, ...body }, options),
        [400, 403],
        signal,
      ),
    );
  }

  /** `PUT /_data_stream/<name>`. False where it exists already. */
  async createDataStream(name: string, signal: AbortSignal): Promise<boolean> {
    return this.#created(
      name,
      await this.#calls.call(
        (client, options) => client.indices.createDataStream({ name }, options),
        [400, 403],
        signal,
      ),
    );
  }

  #created(name: string, { status, body }: Answer): boolean {
    if (status === 403) {
      throw new LoginError(
        `The key in "${this.#names.login}" may not create "${name}": ` +
          "grant create_index on it, or create it by hand",
        { status },
      );
    }
    if (status !== 400) return true;
    const reason = reasonOf(body);
    if (/resource_already_exists|already exists/.test(reason)) return false;
    throw new ConfigError(`Elasticsearch cannot create "${name}": ${reason}`);
  }

  /**
   * `POST /<name>/_rollover`: the next documents get a new backing index.
   *
   * @throws {LoginError} The key may not.
   */
  async rollOver(name: string, signal: AbortSignal): Promise<void> {
    const { status } = await this.#calls.call(
      (client, options) => client.indices.rollover({ alias: name }, options),
      [403],
      signal,
    );
    if (status !== 403) return;
    throw new LoginError(
      `The key in "${this.#names.login}" may not roll over "${name}": grant ` +
        `manage on it, or send POST /${name}/_rollover by hand`,
      { status },
    );
  }

  /**
   * `GET /<index>/_mapping`: types the field has in the indices behind the
   * name, oldest first; empty where it has none, or may not be looked at.
   * `_mapping/field/<field>` would be shorter, but serverless has none.
   */
  async readFieldTypes(
    index: string,
    field: string,
    signal: AbortSignal,
  ): Promise<string[]> {
    const { status, body } = await this.#calls.call(
      (client, options) => client.indices.getMapping({ index }, options),
      [403, 404],
      signal,
    );
    if (status !== 200) return [];
    return Object.entries(record(body)).sort(([a], [b]) => a < b ? -1 : 1)
      .map(([, found]) => typeAt(record(found).mappings, field))
      .filter((type) => type !== undefined);
  }

  /** `POST /<index>/_count`. Nothing where the key may not read. */
  async readCount(
    index: string,
    query: Json,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { status, body } = await this.#calls.call(
      (client, options) => client.count({ index, query }, options),
      [403, 404],
      signal,
    );
    if (status === 403) return undefined;
    const { count } = record(body);
    return typeof count === "number" ? count : 0;
  }

  /** `POST /<index>/_refresh`: makes what was written visible to queries. */
  async refresh(index: string, signal: AbortSignal): Promise<void> {
    this.#calls.allow(
      await this.#calls.call(
        (client, options) => client.indices.refresh({ index }, options),
        [403, 404],
        signal,
      ),
      "refresh",
      "maintenance",
    );
  }

  /** `POST /<index>/_search`; no hits where the index is missing. */
  async search(
    index: string,
    body: Json,
    signal: AbortSignal,
  ): Promise<Hit[]> {
    const answer = await this.#calls.call(
      (client, options) => client.search({ index, ...body }, options),
      [403, 404],
      signal,
    );
    this.#calls.allow(answer, "search", "read");
    return list(record(record(answer.body).hits).hits).filter(isRecord)
      .map((hit) => ({
        index: `${hit._index}`,
        id: `${hit._id}`,
        version: countOf(hit._version),
        source: record(hit._source),
      }));
  }

  /**
   * `POST /<index>/_delete_by_query?conflicts=proceed`, again after a refresh
   * while documents changed under it. Only documents that a refresh has made
   * visible are found.
   *
   * @param maxDocs Limit of one call: it has to end within its time.
   * @returns How many documents were deleted.
   */
  deleteByQuery(
    index: string,
    query: Json,
    signal: AbortSignal,
    maxDocs?: number,
  ): Promise<number> {
    const limit = maxDocs === undefined ? {} : { max_docs: maxDocs };
    return runByQuery(
      {
        calls: this.#calls,
        index,
        verb: "delete",
        refresh: () => this.refresh(index, signal),
      },
      (client, options) =>
        client.deleteByQuery(
          { index, query, conflicts: "proceed", refresh: true, ...limit },
          options,
        ),
      signal,
    );
  }

  /** `POST /<index>/_update_by_query?conflicts=proceed`, as above. */
  updateByQuery(
    index: string,
    body: Json,
    signal: AbortSignal,
  ): Promise<number> {
    return runByQuery(
      {
        calls: this.#calls,
        index,
        verb: "update",
        refresh: () => this.refresh(index, signal),
      },
      (client, options) =>
        client.updateByQuery(
          { index, ...body, refresh: true },
          // The client would put it into the body, where it is overlooked.
          { ...options, querystring: { conflicts: "proceed" } },
        ),
      signal,
    );
  }

  /** `POST /_security/user/_has_privileges`. */
  async readPrivileges(body: Json, signal: AbortSignal): Promise<Json> {
    const answer = await this.#calls.call(
      (client, options) => client.security.hasPrivileges(body, options),
      [403, 404],
      signal,
    );
    return answer.status === 200 ? record(answer.body) : {};
  }

  /** `POST /_bulk`. 400, 403, 404 and 413 are answers, not errors. */
  async sendBulk(
    body: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    try {
      return await this.#http.request({
        method: "POST",
        path: "/_bulk",
        headers: {
          "content-type": "application/x-ndjson",
          accept: "application/json",
        },
        body,
        expect: [400, 403, 404, 413],
        timeoutMs: BULK_TIMEOUT_MS,
        signal,
      });
    } catch (error) {
      throw this.#calls.named(error);
    }
  }
}
