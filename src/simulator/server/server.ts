import { Buffer } from "node:buffer";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import type { FaultAnswer } from "./fault_bodies.ts";
import type { FaultAction, Faults, ServerName } from "./faults.ts";
import { wait } from "./wait.ts";

/** A request that has arrived whole. */
export interface Request {
  readonly method: string;
  /** As sent, without the query string. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** What a handler answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A line of what was asked, for tests and the benchmark. */
export interface SeenRequest {
  readonly server: ServerName;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Size of the body as sent. */
  readonly bytes: number;
  /** 0: no answer was given. */
  status: number;
  /** Operations of a bulk request. */
  items?: number;
  /** Only where it was asked for. */
  readonly body?: string;
  /** The fault that struck. */
  readonly fault?: FaultAction;
}

/** What a server is made of. */
export interface ServerOptions {
  readonly name: ServerName;
  /** 0: any free port. */
  readonly port: number;
  readonly maxBodyBytes: number;
  readonly keepBodies: boolean;
  readonly faults: Faults;
  /** What a faulty answer holds where the fault does not say. */
  faultAnswer(status: number): FaultAnswer;
  readonly onRequest: (request: SeenRequest) => void;
  handle(request: Request, seen: SeenRequest): Answer | Promise<Answer>;
}

/** A running server. */
export interface RunningServer {
  readonly url: string;
  /** Ends every connection. */
  stop(): Promise<void>;
}

/**
 * Serves on 127.0.0.1. `node:http` and not `Deno.serve`, for a fault can only
 * break the connection before the answer where the socket is at hand.
 */
export async function serve(options: ServerOptions): Promise<RunningServer> {
  const stopping = new AbortController();
  const server = createServer((incoming, outgoing) => {
    converse(options, incoming, outgoing, stopping.signal)
      .catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => close(server, stopping),
  };
}

function close(server: Server, stopping: AbortController): Promise<void> {
  stopping.abort();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function converse(
  options: ServerOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  stopping: AbortSignal,
): Promise<void> {
  const { name, faults } = options;
  const method = incoming.method ?? "GET";
  const [path = "/", query = ""] = splitUrl(incoming.url ?? "/");
  const raw = await readBody(incoming);
  const fault = faults.take({ server: name, method, path });
  const unpacked = unpack(incoming, raw, options.maxBodyBytes);
  const seen: SeenRequest = {
    server: name,
    method,
    path,
    query,
    bytes: raw.length,
    status: 0,
    ...(options.keepBodies && { body: unpacked.body?.toString() ?? "" }),
    ...(fault !== undefined && { fault }),
  };
  options.onRequest(seen);
  if (fault?.do === "reset") return void incoming.socket.destroy();
  if (fault?.do === "hang") return;
  if (fault?.do === "status") {
    return send(
      outgoing,
      method,
      scripted(options.faultAnswer(fault.status), fault),
      seen,
    );
  }
  const answer = unpacked.body === undefined
    ? { status: unpacked.status, body: "" }
    : await options.handle({
      method,
      path,
      query: new URLSearchParams(query),
      headers: incoming.headers as Request["headers"],
      body: unpacked.body,
    }, seen);
  if (fault?.do === "lose-answer") return void incoming.socket.destroy();
  if (fault?.do === "cut-answer") return cut(outgoing, answer, seen);
  if (fault?.do === "delay") await wait(fault.ms, stopping);
  send(outgoing, method, answer, seen);
}

function splitUrl(url: string): [string, string] {
  const mark = url.indexOf("?");
  return mark === -1 ? [url, ""] : [url.slice(0, mark), url.slice(mark + 1)];
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return chunks.length === 1
    ? chunks[0] ?? Buffer.alloc(0)
    : Buffer.concat(chunks);
}

/** [Elasticsearch] The limit holds for the body as sent and as unpacked. */
function unpack(
  incoming: IncomingMessage,
  raw: Buffer,
  maxBodyBytes: number,
): { status: number; body?: Buffer } {
  if (raw.length > maxBodyBytes) return { status: 413 };
  if (incoming.headers["content-encoding"] !== "gzip") {
    return { status: 200, body: raw };
  }
  try {
    return {
      status: 200,
      body: gunzipSync(raw, { maxOutputLength: maxBodyBytes }),
    };
  } catch (error) {
    const tooLarge = error instanceof RangeError ||
      (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
    return { status: tooLarge ? 413 : 400 };
  }
}

function scripted(
  usual: FaultAnswer,
  fault: Extract<FaultAction, { do: "status" }>,
): Answer {
  const { retryAfter } = fault;
  return {
    status: fault.status,
    body: fault.body ?? usual.body,
    headers: {
      "content-type": fault.contentType ?? usual.contentType,
      ...(retryAfter !== undefined && {
        "retry-after": typeof retryAfter === "number"
          ? String(retryAfter)
          : retryAfter.toUTCString(),
      }),
    },
  };
}

function send(
  outgoing: ServerResponse,
  method: string,
  answer: Answer,
  seen: SeenRequest,
): void {
  if (outgoing.destroyed) return;
  seen.status = answer.status;
  const bytes = Buffer.from(answer.body);
  outgoing.writeHead(answer.status, {
    ...answer.headers,
    "content-length": bytes.length,
  });
  if (method === "HEAD") outgoing.end();
  else outgoing.end(bytes);
}

/** Half of the answer, then the end of the connection. */
function cut(
  outgoing: ServerResponse,
  answer: Answer,
  seen: SeenRequest,
): void {
  const bytes = Buffer.from(answer.body);
  seen.status = answer.status;
  outgoing.writeHead(answer.status, {
    ...answer.headers,
    "content-length": bytes.length,
  });
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  outgoing.write(half, () => outgoing.socket?.destroy());
}
