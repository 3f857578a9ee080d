import { ConfigError, RejectedError, TransientError } from "../errors.ts";
import { readText, streamOf } from "./body.ts";
import type {
  Endpoint,
  HttpClient,
  HttpRequest,
  HttpResponse,
  HttpStream,
} from "./client.ts";
import { masked, summaryOf } from "./excerpt.ts";
import { failureOf } from "./failure.ts";
import { createFetchTransport } from "./fetch_transport.ts";
import { createNodeTransport } from "./node_transport.ts";
import { type Client, prepare, type Sent, toHeaders } from "./outgoing.ts";
import { checkPem } from "./pem.ts";
import { proxyFor, type ReadEnvironment } from "./proxy.ts";
import { errorOf } from "./status.ts";
import {
  type Transport,
  type TransportAnswer,
  transportKind,
} from "./transport.ts";
import { parseBaseUrl } from "./url.ts";

/** Endpoint's and request's default time limit. */
const TIMEOUT_MS = 30_000;

const CONNECT_TIMEOUT_MS = 30_000;

/** Shorter than the idle limits of common servers and firewalls. */
const IDLE_MS = 30_000;

const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** So much is read of an answer that is not a success. */
const MAX_ERROR_BYTES = 64 * 1024;

/** What tests set otherwise. */
export interface HttpClientOptions {
  /** Default: the process's own environment, for the proxy variables. */
  readonly readEnv?: ReadEnvironment;
  /** Limit of making a connection (`node:https` only). Default 30,000. */
  readonly connectTimeoutMs?: number;
  /** Idle connections are closed after this time. Default 30,000. */
  readonly idleMs?: number;
}

/**
 * Makes the client of one endpoint. Nothing is sent yet. The transport is
 * chosen by the configuration alone, see `transportKind()`; both behave alike.
 *
 * Redirects are not followed. An aborted request throws the signal's reason as
 * it is. An answer larger than `maxBodyBytes` (after decompression) is a
 * `RejectedError`, because asking again would bring the same. Errors name
 * method, path and host; header values, user names, passwords and queries are
 * in no message, and secrets that an answer repeats are masked.
 *
 * `close()` ends all connections, those in use too.
 *
 * @throws {ConfigError} URL, proxy, certificates or headers cannot be used.
 */
export function createHttpClient(
  endpoint: Endpoint,
  options: HttpClientOptions = {},
): HttpClient {
  const { url, authorization } = parseBaseUrl(endpoint.url);
  const client: Client = {
    base: url,
    headers: toHeaders(endpoint.headers, { authorization }),
    timeoutMs: endpoint.timeoutMs ?? TIMEOUT_MS,
    transport: createTransport(endpoint, url, options),
  };
  return {
    request: (request) => sendRequest(client, request),
    stream: (request) => openStream(client, request),
    close: () => client.transport.close(),
  };
}

function createTransport(
  endpoint: Endpoint,
  url: URL,
  options: HttpClientOptions,
): Transport {
  const tls = endpoint.tls ?? {};
  const readEnv = options.readEnv ?? ((name) => Deno.env.get(name));
  const proxy = proxyFor(url, endpoint.proxy, readEnv);
  checkPem(tls);
  const shared = { tls, proxy, idleMs: options.idleMs ?? IDLE_MS };
  const kind = transportKind(
    url.protocol,
    { verify: tls.verify ?? true, ca: tls.ca !== undefined },
    proxy?.kind ?? "none",
  );
  switch (kind) {
    case "fetch":
      return createFetchTransport(shared);
    case "node":
      return createNodeTransport({
        ...shared,
        connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      });
    case "refused":
      throw new ConfigError(
        `Cannot reach ${url.host} through a SOCKS proxy with verify set to ` +
          "false: set ca_cert instead, or use an http:// proxy",
      );
  }
}

async function sendRequest(
  client: Client,
  request: HttpRequest,
): Promise<HttpResponse> {
  const sent = await prepare(client, request, {});
  try {
    const answer = await send(client, sent, request.expect);
    return toResponse(answer, await readWhole(answer, sent, request), sent);
  } catch (error) {
    // Whatever is still on its way is not wanted any more.
    sent.deadline.end(error);
    throw error;
  } finally {
    sent.deadline.release();
  }
}

async function openStream(
  client: Client,
  request: HttpRequest,
): Promise<HttpStream> {
  // A compressed stream would hold events back until a block is full.
  const sent = await prepare(client, request, {
    "accept-encoding": "identity",
  });
  const { deadline } = sent;
  try {
    const answer = await send(client, sent, request.expect);
    deadline.lift();
    const body = streamOf(chunksOf(answer), {
      end: () => deadline.end(new Error("cancelled")),
      release: () => deadline.release(),
      toError: (error) => toError(error, sent),
    });
    return { status: answer.status, headers: answer.headers, body };
  } catch (error) {
    deadline.end(error);
    deadline.release();
    throw error;
  }
}

/** Sends and reads the headers; throws for a status that is not wanted. */
async function send(
  client: Client,
  sent: Sent,
  expect: HttpRequest["expect"],
): Promise<TransportAnswer> {
  const { method, url, headers, body, deadline: { signal } } = sent;
  const answer = await client.transport.send({
    method,
    url,
    headers,
    body,
    signal,
  }).catch((error) => {
    throw toError(error, sent);
  });
  const { status } = answer;
  const isWanted = (status >= 200 && status <= 299) || expect?.includes(status);
  if (!isWanted) throw await refusal(answer, sent);
  return answer;
}

/** A body that breaks off does not hide the status. */
async function refusal(answer: TransportAnswer, sent: Sent): Promise<Error> {
  const { status, headers } = answer;
  const body = await readText(chunksOf(answer), MAX_ERROR_BYTES).catch(
    (error) => {
      if (sent.deadline.isCallers) throw toError(error, sent);
      return { text: "" };
    },
  );
  return errorOf(status, headers, masked(body.text, sent.secrets), sent.what);
}

async function readWhole(
  answer: TransportAnswer,
  sent: Sent,
  request: HttpRequest,
): Promise<string> {
  const maxBytes = request.maxBodyBytes ?? MAX_BODY_BYTES;
  const announced = Number(answer.headers.get("content-length") ?? 0);
  const isTooLarge = announced > maxBytes && sent.method !== "HEAD";
  const body = isTooLarge
    ? { text: "", isCut: true }
    : await readText(chunksOf(answer), maxBytes).catch((error) => {
      throw toError(error, sent);
    });
  if (!body.isCut) return body.text;
  throw new RejectedError(
    `Cannot ${sent.what}: the answer is larger than ${maxBytes} bytes`,
    { status: answer.status },
  );
}

function chunksOf(
  answer: TransportAnswer,
): AsyncIterator<Uint8Array<ArrayBuffer>> {
  return answer.body[Symbol.asyncIterator]();
}

/** What the caller sees: the reason of its own signal, or one of our errors. */
function toError(error: unknown, sent: Sent): unknown {
  const { deadline: { signal, isCallers }, what } = sent;
  if (isCallers) return signal.reason;
  return failureOf(signal.aborted ? signal.reason : error, what);
}

function toResponse(
  answer: TransportAnswer,
  body: string,
  about: Pick<Sent, "what" | "secrets">,
): HttpResponse {
  const { status, headers } = answer;
  // A refusal that the caller handles ends in messages all the same.
  const text = status < 400 ? body : masked(body, about.secrets);
  return {
    status,
    headers,
    text,
    json<Body>(): Body {
      try {
        return JSON.parse(text) as Body;
      } catch {
        const type = headers.get("content-type") ?? "no content type";
        const start = summaryOf(masked(text.slice(0, 20_000), about.secrets));
        throw new TransientError(
          `Cannot ${about.what}: expected JSON, the answer is ` +
            `${summaryOf(type)}: ${start === "" ? "empty" : start}`,
          { status },
        );
      }
    },
  };
}
