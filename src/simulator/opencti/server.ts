import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Faults } from "./faults.ts";
import { GraphqlServer, readGraphqlRequest, rootFields } from "./graphql.ts";
import { formatError } from "./graphql_error.ts";
import type { Platform } from "./platform.ts";
import { ResponseSink } from "./sink.ts";
import { StreamServer, type StreamServerOptions } from "./stream.ts";

/** One request that the platform received. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** Text of the body, of GraphQL requests alone. */
  readonly body: string;
  /** Root fields of a GraphQL document. */
  readonly fields: readonly string[];
  /** Milliseconds since 1970, by the machine's clock. */
  readonly receivedAt: number;
}

const MAX_BODY_BYTES = 50 * 1024 * 1024;
const MAX_REQUESTS = 10_000;

/**
 * The HTTP side of a simulated platform. It runs on `node:http` because that
 * can send the platform's reason phrases, cut a body and reset a socket.
 */
export class PlatformServer {
  /** The last 10,000 requests, oldest first. */
  readonly requests: RecordedRequest[] = [];
  readonly #platform: Platform;
  readonly #faults: Faults;
  readonly #streams: StreamServer;
  readonly #graphql: GraphqlServer;
  readonly #server: Server;
  readonly #running = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];

  constructor(
    platform: Platform,
    faults: Faults,
    options: StreamServerOptions = {},
  ) {
    this.#platform = platform;
    this.#faults = faults;
    this.#streams = new StreamServer(platform, faults, options);
    this.#graphql = new GraphqlServer(platform);
    this.#server = createServer((request, response) => {
      const task = this.#handle(request, response)
        .catch((error) => {
          // A client that went away in the middle is no defect of ours.
          const isOurs = request.complete && error.code !== "ECONNRESET";
          if (isOurs) this.#failures.push(error);
          response.destroy();
        })
        .finally(() => this.#running.delete(task));
      this.#running.add(task);
    });
    // Longer than clients keep connections: none is closed as it is taken up.
    this.#server.keepAliveTimeout = 60_000;
  }

  /** Starts to listen on loopback; returns the port. */
  async listen(port: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(port, "127.0.0.1", () => resolve());
    await promise;
    this.#server.off("error", reject);
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /**
   * Closes every connection and stops listening.
   *
   * @throws The first error that was a defect of the simulator itself.
   */
  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
    await Promise.all(this.#running);
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #handle(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const method = request.method ?? "GET";
    const headers = headersOf(request);
    const isGraphql = url.pathname === "/graphql" && method === "POST";
    const body = isGraphql ? await readBody(request) : "";
    if (body === undefined) return answer(response, 413, "");
    const fields = isGraphql
      ? rootFields(readGraphqlRequest(body)?.query ?? "")
      : [];
    this.#record({
      method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      body,
      fields,
      receivedAt: Date.now(),
    });
    response.setHeader("date", new Date(this.#platform.now()).toUTCString());
    if (isGraphql) {
      return await this.#answerGraphql(response, { body, headers, fields });
    }
    const streamId = /^\/stream\/([^/]+)$/.exec(url.pathname)?.[1];
    if (streamId !== undefined && method === "GET") {
      return await this.#streams.serve({
        streamId: decodeURIComponent(streamId),
        query: url.searchParams,
        headers,
        sink: new ResponseSink(response),
      });
    }
    this.#answerOther(response, url, method);
  }

  #answerOther(response: ServerResponse, url: URL, method: string): void {
    if (url.pathname === "/stream") return answer(response, 401, "");
    const isConnection = /^\/stream\/connection\/[^/]+$/.test(url.pathname);
    if (isConnection && method === "POST") {
      return answerJson(response, 200, { message: "ok" });
    }
    if (url.pathname === "/health") {
      return answerJson(response, 200, { status: "success" });
    }
    response.setHeader("content-type", "text/html; charset=utf-8");
    answer(response, 200, "<!doctype html><title>OpenCTI</title>");
  }

  async #answerGraphql(
    response: ServerResponse,
    call: { body: string; headers: Headers; fields: readonly string[] },
  ): Promise<void> {
    const fault = this.#faults.takeGraphql(call.fields);
    if (fault !== undefined) this.#faults.note(`graphql-${fault.kind}`);
    if (fault?.kind === "status") {
      for (const [name, value] of Object.entries(fault.headers ?? {})) {
        response.setHeader(name, value);
      }
      return answer(response, fault.status, fault.body ?? "");
    }
    if (fault?.kind === "error") {
      const error = formatError(fault.code, fault.message);
      return answerJson(response, 200, { errors: [error], data: null });
    }
    const sink = new ResponseSink(response);
    if (fault?.kind === "delay") await sink.pause(fault.ms).catch(() => {});
    const request = readGraphqlRequest(call.body);
    if (request === undefined) {
      const error = formatError("BAD_REQUEST", "not a GraphQL request");
      return answerJson(response, 400, { errors: [error] });
    }
    const token = /^Bearer (.*)$/s.exec(
      call.headers.get("authorization") ?? "",
    )?.[1];
    const result = await this.#graphql.execute(request, token);
    if (fault?.kind === "lost-answer") {
      await sink.pause(fault.afterMs ?? 0).catch(() => {});
      // With headers, so that no HTTP client quietly sends the request again.
      response.writeHead(200, { "content-length": "1000" });
      response.flushHeaders();
      return await sink.pause(5).catch(() => {}).then(() => {
        response.destroy();
      });
    }
    if (!sink.closed) answerJson(response, 200, result);
  }

  #record(request: RecordedRequest): void {
    this.requests.push(request);
    if (this.requests.length > MAX_REQUESTS) this.requests.shift();
  }
}

function headersOf(request: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, String(value));
  }
  return headers;
}

/** The whole body; nothing if it is larger than the platform takes. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function answerJson(response: ServerResponse, status: number, value: unknown) {
  response.setHeader("content-type", "application/json; charset=utf-8");
  answer(response, status, JSON.stringify(value));
}

function answer(response: ServerResponse, status: number, body: string) {
  const bytes = new TextEncoder().encode(body);
  response.writeHead(status, { "content-length": String(bytes.length) });
  response.end(bytes);
}
