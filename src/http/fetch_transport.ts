import { ConfigError } from "../errors.ts";
import type { TlsOptions } from "./client.ts";
import type { Proxy } from "./proxy.ts";
import {
  IDEMPOTENT,
  type Transport,
  type TransportAnswer,
  type TransportRequest,
} from "./transport.ts";

/** Options of the native transport. */
export interface FetchOptions {
  readonly tls: TlsOptions;
  readonly proxy: Proxy | undefined;
  /** Idle connections are closed after this time. */
  readonly idleMs: number;
}

/**
 * Sends with the native `fetch`, over HTTP/1.1: over HTTP/2 Deno 2.9 stalls
 * about 45 ms on every request that has a body (denoland/deno#35581).
 *
 * It tells nothing about the connection being made, so that a connection has
 * the time of its whole request.
 *
 * @throws {ConfigError} The client certificate or its key cannot be used.
 */
export function createFetchTransport(options: FetchOptions): Transport {
  const client = createClient(options);
  return {
    send: (request) => send(client, request),
    close: () => client.close(),
  };
}

function createClient(options: FetchOptions): Deno.HttpClient {
  const { tls, proxy, idleMs } = options;
  try {
    return Deno.createHttpClient({
      http2: false,
      poolIdleTimeout: idleMs,
      ...(tls.ca === undefined ? {} : { caCerts: [tls.ca] }),
      ...(proxy === undefined ? {} : { proxy: toDenoProxy(proxy) }),
      ...(tls.cert === undefined || tls.key === undefined
        ? {}
        : { cert: tls.cert, key: tls.key }),
    });
  } catch {
    // The error of Deno is left out: it may hold the proxy's URL.
    throw new ConfigError(
      "Cannot use the TLS or proxy settings: the client certificate, its " +
        "private key or the proxy's URL is not valid",
    );
  }
}

function toDenoProxy(proxy: Proxy): Deno.Proxy {
  const { username, password } = proxy;
  return {
    url: proxy.url.href,
    ...(username === undefined
      ? {}
      : { basicAuth: { username, password: password ?? "" } }),
  };
}

async function send(
  client: Deno.HttpClient,
  request: TransportRequest,
): Promise<TransportAnswer> {
  const response = await fetch(request.url, {
    client,
    method: request.method,
    headers: request.headers,
    ...(request.body === undefined ? {} : { body: bodyOf(request) }),
    redirect: "manual",
    signal: request.signal,
  });
  return {
    status: response.status,
    headers: response.headers,
    body: response.body === null ? nothing() : chunksOf(response.body),
  };
}

/**
 * [Deno 2.9] A request whose body is text or bytes is sent again by itself
 * where a kept connection breaks before the answer, a POST too, although it
 * may have been carried out. One whose body is a Blob is not.
 */
function bodyOf({ body = "", method }: TransportRequest): BodyInit {
  return IDEMPOTENT.has(method) ? body : new Blob([body]);
}

async function* nothing(): AsyncGenerator<Uint8Array<ArrayBuffer>> {}

/**
 * The chunks of a body. Unlike the body's own iterator, `return()` does not
 * wait for a read that is pending, which an abort may leave pending for good:
 * it ends that read and closes the connection.
 */
function chunksOf(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  return {
    [Symbol.asyncIterator]() {
      const reader = body.getReader();
      return {
        async next() {
          const { done, value } = await reader.read();
          return done ? { done, value: undefined } : { done, value };
        },
        async return() {
          await reader.cancel().catch(() => {});
          return { done: true, value: undefined };
        },
      };
    },
  };
}
