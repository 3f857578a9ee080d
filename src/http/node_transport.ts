import type { ClientRequestArgs, IncomingMessage } from "node:http";
import https from "node:https";
import { isIP, type Socket } from "node:net";
import {
  type Duplex,
  pipeline,
  type Readable,
  type Transform,
} from "node:stream";
import tls from "node:tls";
import zlib from "node:zlib";
import { TransientError } from "../errors.ts";
import type { TlsOptions } from "./client.ts";
import type { Proxy } from "./proxy.ts";
import {
  IDEMPOTENT,
  type Transport,
  type TransportAnswer,
  type TransportRequest,
} from "./transport.ts";
import { openTunnel } from "./tunnel.ts";

/** Options of the `node:https` transport. */
export interface NodeOptions {
  readonly tls: TlsOptions;
  /** An HTTP or HTTPS proxy; SOCKS is not spoken here. */
  readonly proxy: Proxy | undefined;
  /** Limit for TCP, tunnel and TLS together. */
  readonly connectTimeoutMs: number;
  /** Idle connections are closed after this time. */
  readonly idleMs: number;
}

/**
 * Sends https requests with `node:https` over connections that are kept
 * alive: for servers whose certificate `fetch` cannot take.
 */
export function createNodeTransport(options: NodeOptions): Transport {
  const agent = new ConnectingAgent(options);
  return {
    send: (request) => send(agent, request),
    close: () => agent.close(),
  };
}

async function send(
  agent: https.Agent,
  request: TransportRequest,
): Promise<TransportAnswer> {
  const first = await exchange(agent, request);
  if (!("failed" in first)) return first;
  // [RFC 9110 §9.2.2] Only idempotent requests are retried by themselves.
  const mayRetry = first.reused && IDEMPOTENT.has(request.method);
  if (!mayRetry || request.signal.aborted) throw first.failed;
  const second = await exchange(agent, request);
  if ("failed" in second) throw second.failed;
  return second;
}

interface Failure {
  readonly failed: unknown;
  /** The connection had served before and broke before any answer. */
  readonly reused: boolean;
}

function exchange(
  agent: https.Agent,
  request: TransportRequest,
): Promise<TransportAnswer | Failure> {
  const { promise, resolve } = Promise.withResolvers<
    TransportAnswer | Failure
  >();
  const sent = https.request(request.url, {
    agent,
    method: request.method,
    headers: toNodeHeaders(request),
  });
  const abort = () => {
    const failed = asError(request.signal.reason);
    sent.destroy(failed);
    // Deno 2.9 tells of no error here when the connection had served before.
    sent.socket?.destroy();
    resolve({ failed, reused: false });
  };
  const settle = () => request.signal.removeEventListener("abort", abort);
  request.signal.addEventListener("abort", abort, { once: true });
  sent.on("close", settle);
  sent.on("response", (answer) => {
    // From its end on, the connection belongs to the next request.
    answer.once("end", settle);
    resolve(toAnswer(answer, request));
  });
  sent.on("error", (failed: NodeJS.ErrnoException) => {
    settle();
    const broken = failed.code === "ECONNRESET" || failed.code === "EPIPE";
    resolve({ failed, reused: broken && sent.reusedSocket });
  });
  sent.end(request.body);
  return promise;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error("aborted");
}

function toNodeHeaders(request: TransportRequest): Record<string, string> {
  const headers = Object.fromEntries(request.headers);
  if (request.body !== undefined) {
    headers["content-length"] = String(Buffer.byteLength(request.body));
  } else if (/^(POST|PUT|PATCH)$/.test(request.method)) {
    headers["content-length"] = "0";
  }
  return headers;
}

function toAnswer(
  answer: IncomingMessage,
  request: TransportRequest,
): TransportAnswer {
  const headers = new Headers();
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    for (const value of values ?? []) appendHeader(headers, name, value);
  }
  const isEmpty = request.method === "HEAD" || answer.statusCode === 204 ||
    answer.statusCode === 304;
  const body = isEmpty ? answer : decoded(answer, headers);
  return {
    status: answer.statusCode ?? 0,
    headers,
    body: chunksOf(body, request.signal),
  };
}

/** A header that the Fetch standard does not allow is left out. */
function appendHeader(headers: Headers, name: string, value: string): void {
  try {
    headers.append(name, value);
  } catch {
    // Nothing we read could have been meant by it.
  }
}

// deno-fmt-ignore
const DECODERS: Readonly<Record<string, () => Transform>> = {
  "gzip":    () => zlib.createGunzip(),
  "x-gzip":  () => zlib.createGunzip(),
  "deflate": () => zlib.createInflate(),
  "br":      () => zlib.createBrotliDecompress(),
};

function decoded(answer: IncomingMessage, headers: Headers): Readable {
  const coding = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : null;
  if (!decoder) return answer;
  headers.delete("content-encoding");
  headers.delete("content-length");
  // The error reaches the reader through the decoder, which is destroyed.
  return pipeline(answer, decoder(), () => {});
}

async function* chunksOf(
  body: Readable,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const abort = () => body.destroy(asError(signal.reason));
  signal.addEventListener("abort", abort, { once: true });
  try {
    if (signal.aborted) abort();
    yield* body as AsyncIterable<Uint8Array<ArrayBuffer>>;
  } finally {
    signal.removeEventListener("abort", abort);
    if (!body.readableEnded) body.destroy();
  }
}

/** Makes its connections itself, with a time limit and through the proxy. */
class ConnectingAgent extends https.Agent {
  readonly #options: NodeOptions;
  /** Everything that is open or being opened, so that none outlives close. */
  readonly #open = new Set<AbortController>();

  constructor(options: NodeOptions) {
    super({ keepAlive: true, timeout: options.idleMs, scheduling: "lifo" });
    this.#options = options;
  }

  /** The socket comes by the callback alone, when it is ready for use. */
  override createConnection(
    options: ClientRequestArgs,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): Duplex {
    const none = undefined as unknown as Duplex;
    this.#connect(options).then(
      (socket) => callback?.(null, socket),
      (error) => callback?.(asError(error), none),
    );
    return none;
  }

  async #connect(options: ClientRequestArgs): Promise<Socket> {
    const life = new AbortController();
    this.#open.add(life);
    const limit = this.#options.connectTimeoutMs;
    const timer = setTimeout(() => {
      life.abort(new TransientError(`no connection within ${limit} ms`));
    }, limit);
    try {
      const socket = await this.#secure(options, life.signal);
      socket.once("close", () => this.#open.delete(life));
      return socket;
    } catch (error) {
      this.#open.delete(life);
      throw life.signal.aborted ? life.signal.reason : error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #secure(
    options: ClientRequestArgs,
    signal: AbortSignal,
  ): Promise<Socket> {
    const host = (options.host ?? "localhost").replace(/^\[|\]$/g, "");
    const target = { host, port: Number(options.port) || 443 };
    const { proxy, tls: settings } = this.#options;
    const carrier = proxy === undefined
      ? undefined
      : await openTunnel(target, proxy, { tls: settings, signal });
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const socket = tls.connect({
      ...target,
      ...(carrier === undefined ? {} : { socket: carrier }),
      ...serverTls(settings),
      // [RFC 6066 §3] An address is not a server name.
      servername: isIP(host) === 0 ? host : "",
    });
    signal.addEventListener("abort", () => socket.destroy(signal.reason));
    if (signal.aborted) socket.destroy(signal.reason);
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed during TLS")));
    return await promise;
  }

  close(): void {
    this.destroy();
    for (const life of this.#open) life.abort(new Error("client closed"));
    this.#open.clear();
  }
}

function serverTls(options: TlsOptions): tls.ConnectionOptions {
  return {
    rejectUnauthorized: options.verify ?? true,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.cert === undefined || options.key === undefined
      ? {}
      : { cert: options.cert, key: options.key }),
  };
}
