import { Buffer } from "node:buffer";
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { FaultAction, Faults } from "./faults.ts";

/** A request that has arrived whole. */
export interface Request {
  readonly method: string;
  /** As sent, without the query string. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** What is answered: a body that becomes JSON, or none. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** A line of what was asked, for tests and the benchmark. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** Without the question mark, as sent. */
  readonly query: string;
  readonly body: string;
  /** 0: no answer was given. */
  status: number;
  /** The fault that struck. */
  readonly fault?: FaultAction;
}

/** What the server is made of. */
export interface ServerOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly faults: Faults;
  readonly onRequest: (request: SeenRequest) => void;
  handle(request: Request): Answer;
}

type Timer = ReturnType<typeof setTimeout>;

/** A running server. */
export interface RunningServer {
  readonly url: string;
  /** Ends every connection. */
  stop(): Promise<void>;
}

const USUAL_BODIES: Readonly<Record<number, string>> = {
  401: '{"message":"The token is invalid","code":"T300"}',
  429: '{"message":"Too many requests","code":"T429"}',
};

/**
 * Serves on 127.0.0.1. `node:http` and not `Deno.serve`, for a fault can only
 * break the connection before the answer where the socket is at hand.
 */
export async function serve(options: ServerOptions): Promise<RunningServer> {
  const timers = new Set<Timer>();
  const server = createServer((incoming, outgoing) => {
    converse(options, incoming, outgoing, timers)
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
    stop: () =>
      new Promise((resolve) => {
        timers.forEach((timer) => clearTimeout(timer));
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function converse(
  options: ServerOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  timers: Set<Timer>,
): Promise<void> {
  const method = incoming.method ?? "GET";
  const url = incoming.url ?? "/";
  const mark = url.indexOf("?");
  const path = mark === -1 ? url : url.slice(0, mark);
  const query = mark === -1 ? "" : url.slice(mark + 1);
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  const fault = options.faults.take(method, path);
  const seen: SeenRequest = {
    method,
    path,
    query,
    body,
    status: 0,
    ...(fault !== undefined && { fault }),
  };
  options.onRequest(seen);
  if (fault?.do === "reset") return void incoming.socket.destroy();
  if (fault?.do === "hang") return;
  if (fault?.do === "status") return sendFault(outgoing, fault, seen);
  const answer = options.handle({
    method,
    path,
    query: new URLSearchParams(query),
    headers: incoming.headers as Request["headers"],
    body,
  });
  const text = answer.body === undefined ? "" : JSON.stringify(answer.body);
  switch (fault?.do) {
    case "lose-answer":
      return void incoming.socket.destroy();
    case "cut-answer": {
      const bytes = Buffer.from(text);
      outgoing.writeHead(answer.status, { "content-length": bytes.length });
      const half = bytes.subarray(0, Math.floor(bytes.length / 2));
      return void outgoing.write(half, () => incoming.socket.destroy());
    }
    case "delay":
      return void timers.add(
        setTimeout(
          () => send(outgoing, answer.status, text, {}, seen),
          fault.ms,
        ),
      );
    default:
      send(outgoing, answer.status, text, {}, seen);
  }
}

function sendFault(
  outgoing: ServerResponse,
  fault: Extract<FaultAction, { do: "status" }>,
  seen: SeenRequest,
): void {
  const { status, retryAfter } = fault;
  const usual = USUAL_BODIES[status] ??
    JSON.stringify({ message: `Simulated ${status}`, code: "SIM" });
  send(outgoing, status, fault.body ?? usual, {
    ...(retryAfter !== undefined && {
      "retry-after": typeof retryAfter === "number"
        ? String(retryAfter)
        : retryAfter.toUTCString(),
    }),
  }, seen);
}

function send(
  outgoing: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
  seen: SeenRequest,
): void {
  if (outgoing.destroyed) return;
  seen.status = status;
  outgoing.writeHead(status, {
    ...(text === "" ? {} : { "content-type": "application/json" }),
    ...headers,
    "content-length": Buffer.byteLength(text),
  });
  outgoing.end(text);
}
