/**
 * The official Elasticsearch client over our own HTTP room, so that TLS,
 * proxies, time limits and error classes have one path. The client is loaded
 * when it is first needed: it costs a start about 200 ms and 40 MiB.
 */
import type { Client } from "@elastic/elasticsearch";
import { ConfigError } from "../../errors.ts";
import type { HttpClient, HttpRequest } from "../../http/client.ts";

interface ConnectionParams {
  readonly method: string;
  readonly path: string;
  readonly querystring?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

interface ConnectionOptions {
  readonly signal?: AbortSignal;
  readonly timeout?: number;
  /** What the caller put into the request's `context`. */
  readonly context?: { readonly expect?: readonly number[] } | null;
}

/** Headers of the answer that no longer hold once the body is read. */
const SPENT_HEADERS = new Set(["content-encoding", "content-length"]);

/**
 * Makes a client that sends through `http`. It neither retries nor sniffs:
 * the pipeline retries, and the configured URL is the only address. Statuses
 * listed in a request's `context.expect` come back as answers; every other
 * one is our error.
 */
export async function createElasticClient(
  http: HttpClient,
  urlSetting: string,
): Promise<Client> {
  const { Client, BaseConnection } = await import("@elastic/elasticsearch");
  class HttpRoomConnection extends BaseConnection {
    // The base class overloads by `asStream`, which nothing here asks for.
    override async request(
      params: ConnectionParams,
      options: ConnectionOptions,
    ): Promise<never> {
      return await send(http, params, options, urlSetting) as never;
    }
  }
  return new Client({
    // Never used for connecting: `http` knows where Elasticsearch is.
    node: "http://elasticsearch.invalid",
    Connection: HttpRoomConnection,
    maxRetries: 0,
    sniffOnStart: false,
    sniffOnConnectionFault: false,
    enableMetaHeader: false,
  });
}

async function send(
  http: HttpClient,
  params: ConnectionParams,
  options: ConnectionOptions,
  urlSetting: string,
): Promise<{
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}> {
  const answer = await http.request({
    method: params.method as NonNullable<HttpRequest["method"]>,
    path: params.path,
    query: Object.fromEntries(new URLSearchParams(params.querystring)),
    headers: mediaTypes(params.headers),
    ...(typeof params.body === "string" ? { body: params.body } : {}),
    ...(options.context?.expect ? { expect: options.context.expect } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.timeout ? { timeoutMs: options.timeout } : {}),
  });
  // [spec] Every genuine Elasticsearch since 7.14 signs its answers. Older
  // than 8 refuse the client's media type and never come this far.
  if (
    answer.status >= 200 && answer.status <= 299 &&
    answer.headers.get("x-elastic-product") !== "Elasticsearch"
  ) throw notElasticsearch(urlSetting);
  return {
    statusCode: answer.status,
    headers: Object.fromEntries(
      [...answer.headers].filter(([name]) => !SPENT_HEADERS.has(name)),
    ),
    body: answer.text,
  };
}

/** Media types alone: login and agent are the endpoint's. */
function mediaTypes(
  headers: Readonly<Record<string, unknown>> = {},
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ["accept", "content-type"]) {
    if (typeof headers[name] === "string") kept[name] = headers[name];
  }
  return kept;
}

/** The error for a server that answers, but is something else. */
export function notElasticsearch(urlSetting: string): ConfigError {
  return new ConfigError(
    `The server that "${urlSetting}" names answers, but is not ` +
      "Elasticsearch 8.0 or newer: set the address of Elasticsearch itself, " +
      "not of Kibana or a login page, and upgrade an older one",
  );
}
