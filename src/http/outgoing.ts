import { ConfigError } from "../errors.ts";
import type { HttpRequest } from "./client.ts";
import { Deadline } from "./deadline.ts";
import { secretsIn } from "./excerpt.ts";
import type { Transport } from "./transport.ts";
import { requestUrl } from "./url.ts";

/** What every request of one endpoint shares. */
export interface Client {
  readonly base: URL;
  readonly headers: Headers;
  readonly timeoutMs: number;
  readonly transport: Transport;
}

/** A request on its way. */
export interface Sent {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string | Uint8Array<ArrayBuffer> | undefined;
  readonly deadline: Deadline;
  /** "POST /api/iocs at tool.example.org". */
  readonly what: string;
  readonly secrets: readonly string[];
}

/** Makes a request ready and starts its time limit. */
export async function prepare(
  client: Client,
  request: HttpRequest,
  defaults: Record<string, string>,
): Promise<Sent> {
  const method = request.method ?? "GET";
  if (request.body !== undefined && (method === "GET" || method === "HEAD")) {
    throw new TypeError(`${method} has no body`);
  }
  const url = requestUrl(client.base, request);
  const { body, contentType } = await toBody(request.body);
  const headers = toHeaders(request.headers, {
    ...Object.fromEntries(client.headers),
    ...defaults,
  });
  setDefault(headers, "content-type", contentType);
  setDefault(headers, "accept", "*/*");
  setDefault(headers, "accept-encoding", "gzip, br");
  setDefault(headers, "user-agent", "opencti-relay");
  return {
    method,
    url,
    headers,
    body,
    deadline: new Deadline(
      request.signal,
      request.timeoutMs ?? client.timeoutMs,
    ),
    what: `${method} ${url.pathname.slice(0, 200)} at ${url.host}`,
    secrets: secretsIn(headers),
  };
}

function setDefault(
  headers: Headers,
  name: string,
  value: string | undefined,
): void {
  if (value !== undefined && !headers.has(name)) headers.set(name, value);
}

/** Text is JSON unless its sender says otherwise. */
async function toBody(
  body: HttpRequest["body"],
): Promise<Pick<Sent, "body"> & { contentType?: string | undefined }> {
  if (!(body instanceof FormData)) {
    return typeof body === "string"
      ? { body, contentType: "application/json" }
      : { body };
  }
  const encoded = new Response(body);
  const contentType = encoded.headers.get("content-type") ?? undefined;
  return { body: new Uint8Array(await encoded.arrayBuffer()), contentType };
}

/**
 * Headers, the given ones over the defaults.
 *
 * @throws {ConfigError} HTTP does not allow one; its value is not told.
 */
export function toHeaders(
  given: Readonly<Record<string, string>> | undefined,
  defaults: Readonly<Record<string, string | undefined>>,
): Headers {
  const headers = new Headers();
  for (const part of [defaults, given ?? {}]) {
    for (const [name, value] of Object.entries(part)) {
      if (value !== undefined) setHeader(headers, name, value);
    }
  }
  return headers;
}

function setHeader(headers: Headers, name: string, value: string): void {
  try {
    headers.set(name, value);
  } catch {
    // Its own error would hold the value.
    throw new ConfigError(
      `Cannot send the header "${name}": its name or value holds a character ` +
        "that HTTP does not allow, such as a line break",
    );
  }
}
