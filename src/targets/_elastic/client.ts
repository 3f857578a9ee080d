/**
 * Elasticsearch calls, one method per endpoint. They go through the official
 * client, except `_bulk`: written by hand as NDJSON it moves 1.3 times as many
 * documents with 60 % of the memory.
 */
import type { Client } from "@elastic/elasticsearch";
import { ConfigError, LoginError, TransientError } from "../../errors.ts";
import type { HttpClient, HttpResponse } from "../../http/client.ts";
import { isRecord, text } from "../../stix/object.ts";
import { createElasticClient, notElasticsearch } from "./connection.ts";
import type { Json } from "./document.ts";

/** Wait after a refusal that only a person at the cluster can lift. */
export const SLOW_RETRY_MS = 60_000;
const BULK_TIMEOUT_MS = 60_000;
/** `_delete_by_query` and `_update_by_query` work through many documents. */
const BY_QUERY_TIMEOUT_MS = 120_000;
const MAX_CONFLICT_ROUNDS = 5;

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

/** How the settings of the target are called, for messages. */
export interface ElasticSettingNames {
  readonly url: string;
  readonly login: string;
}

/** An answer whose status was expected. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What every call hands to the official client. */
export interface CallOptions {
  readonly signal: AbortSignal;
  readonly meta: true;
  readonly ignore: number[];
  readonly context: { readonly expect: readonly number[] };
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
  #client: Promise<Client> | undefined;

  constructor(http: HttpClient, names: ElasticSettingNames) {
    this.#http = http;
    this.#names = names;
  }

  /** `GET /`. Nothing where the key lacks the cluster right `monitor`. */
  async readInfo(
    signal: AbortSignal,
  ): Promise<{ version: string; flavor: string } | undefined> {
    const { status, body } = await this.#call(
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
    const { status, body } = await this.#call(
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
    const { status, body } = await this.#call(
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
    const { status, body } = await this.#call(
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
      await this.#call(
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
      await this.#call(
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

  /** `POST /<name>/_rollover`: the next documents get a new backing index. */
  async rollOver(name: string, signal: AbortSignal): Promise<void> {
    await this.#call(
      (client, options) => client.indices.rollover({ alias: name }, options),
      [],
      signal,
    );
  }

  /**
   * `GET /<index>/_mapping/field/<field>`: types the field has in the indices
   * behind the name, oldest first; empty where it has none, or may not be
   * looked at.
   */
  async readFieldTypes(
    index: string,
    field: string,
    signal: AbortSignal,
  ): Promise<string[]> {
    const { status, body } = await this.#call(
      (client, options) =>
        client.indices.getFieldMapping({ index, fields: field }, options),
      [400, 403, 404],
      signal,
    );
    if (status !== 200) return [];
    const leaf = field.split(".").at(-1) ?? field;
    return Object.entries(record(body)).sort(([a], [b]) => a < b ? -1 : 1)
      .map(([, found]) => {
        const mapping = record(record(record(found).mappings)[field]).mapping;
        return text(record(record(mapping)[leaf]).type);
      }).filter((type) => type !== undefined);
  }

  /** `POST /<index>/_count`. Nothing where the key may not read. */
  async readCount(
    index: string,
    query: Json,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { status, body } = await this.#call(
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
    this.#allow(
      await this.#call(
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
    const answer = await this.#call(
      (client, options) => client.search({ index, ...body }, options),
      [403, 404],
      signal,
    );
    this.#allow(answer, "search", "read");
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
    return this.#byQuery(
      index,
      "delete",
      signal,
      (client, options) =>
        client.deleteByQuery(
          { index, query, conflicts: "proceed", refresh: true, ...limit },
          options,
        ),
    );
  }

  /** `POST /<index>/_update_by_query?conflicts=proceed`, as above. */
  updateByQuery(
    index: string,
    body: Json,
    signal: AbortSignal,
  ): Promise<number> {
    return this.#byQuery(
      index,
      "update",
      signal,
      (client, options) =>
        client.updateByQuery(
          { index, ...body, refresh: true },
          // The client would put it into the body, where it is overlooked.
          { ...options, querystring: { conflicts: "proceed" } },
        ),
    );
  }

  async #byQuery(
    index: string,
    verb: "delete" | "update",
    signal: AbortSignal,
    run: (
      client: Client,
      options: CallOptions & { requestTimeout: number },
    ) => Promise<unknown>,
  ): Promise<number> {
    let done = 0;
    for (let round = 0; round < MAX_CONFLICT_ROUNDS; round++) {
      const answer = await this.#call(
        (client, options) =>
          run(client, { ...options, requestTimeout: BY_QUERY_TIMEOUT_MS }),
        [403, 404],
        signal,
      );
      this.#allow(answer, `${verb} by query`, "read, write and maintenance");
      const result = record(answer.body);
      done += countOf(result[`${verb}d`]);
      assertNoFailures(result, `${verb} documents in "${index}"`);
      if (countOf(result.version_conflicts) === 0) return done;
      await this.refresh(index, signal);
    }
    throw new TransientError(
      `Cannot ${verb} documents in "${index}": they keep changing`,
    );
  }

  /** `POST /_security/user/_has_privileges`. */
  async readPrivileges(body: Json, signal: AbortSignal): Promise<Json> {
    const answer = await this.#call(
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
      throw this.#named(error);
    }
  }

  /** A call of a derived client; statuses in `expect` are answers. */
  protected call(
    run: (client: Client, options: CallOptions) => Promise<unknown>,
    expect: readonly number[],
    signal: AbortSignal,
  ): Promise<Answer> {
    return this.#call(run, expect, signal);
  }

  async #call(
    run: (client: Client, options: CallOptions) => Promise<unknown>,
    expect: readonly number[],
    signal: AbortSignal,
  ): Promise<Answer> {
    signal.throwIfAborted();
    this.#client ??= createElasticClient(this.#http, this.#names.url);
    const client = await this.#client;
    try {
      const answer = record(
        await run(client, {
          signal,
          meta: true,
          ignore: [...expect],
          context: { expect },
        }),
      );
      return { status: countOf(answer.statusCode), body: answer.body };
    } catch (error) {
      throw this.#named(error);
    }
  }

  /** Says which setting holds the login that was refused. */
  #named(error: unknown): unknown {
    if (!(error instanceof LoginError) || error.status !== 401) return error;
    return new LoginError(
      `Elasticsearch refuses the login in "${this.#names.login}": create an ` +
        `API key and set its encoded form (${error.message})`,
      { status: error.status, cause: error },
    );
  }

  /** @throws {TransientError} Refused: tried again slowly, rights may come. */
  #allow({ status, body }: Answer, action: string, privilege: string): void {
    if (status !== 403) return;
    throw new TransientError(
      `Elasticsearch refuses to ${action}: the key in ` +
        `"${this.#names.login}" may lack ${privilege}: ${reasonOf(body)}`,
      { status, retryAfterMs: SLOW_RETRY_MS },
    );
  }
}

/** Type and reason of an Elasticsearch error, in at most 500 characters. */
export function reasonOf(body: unknown): string {
  const error = record(body).error;
  if (!isRecord(error)) return (text(error) ?? "no reason given").slice(0, 500);
  const cause = record(error.caused_by);
  const parts = [error.type, error.reason, cause.reason].map(text)
    .filter((part) => part !== undefined);
  return parts.join(": ").slice(0, 500) || "no reason given";
}

function assertNoFailures(result: Json, what: string): void {
  const [failure] = list(result.failures);
  if (failure === undefined && result.timed_out !== true) return;
  const found = record(failure);
  const reason = reasonOf({
    error: found.cause ?? found.reason ?? "timed out",
  });
  throw new TransientError(`Cannot ${what}: ${reason}`, {
    status: countOf(found.status) || undefined,
    retryAfterMs: found.status === 403 ? SLOW_RETRY_MS : undefined,
  });
}

function hasNamed(value: unknown, name: string): boolean {
  return list(value).some((item) => record(item).name === name);
}

function record(value: unknown): Json {
  return isRecord(value) ? value : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function countOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
