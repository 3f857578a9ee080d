import { Buffer } from "node:buffer";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { faultAnswer, proxyPage } from "./fault_answer.ts";
import type { FaultAction, Faults } from "./faults.ts";
import type { Answer } from "./misp_error.ts";
import type { SeenRequest } from "./request_log.ts";
import type { Request } from "./router.ts";

/** What the server is made of. */
export interface ServerOptions {
  /** 0: any free port. */
  readonly port: number;
  /** `/misp`, or empty. */
  readonly basePath: string;
  readonly limits: { maxBodyBytes: number; latencyMs: number };
  readonly keepBodies: boolean;
  readonly faults: Faults;
  readonly onRequest: (request: SeenRequest) => void;
  handle(request: Request, seen: SeenRequest): Answer;
}

/** A running server. */
export interface RunningServer {
  /** Without sub-path. */
  readonly origin: string;
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
    new Conversation(options, incoming, outgoing, stopping.signal).run()
      .catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
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

/** One request and its answer. */
class Conversation {
  readonly #options: ServerOptions;
  readonly #incoming: IncomingMessage;
  readonly #outgoing: ServerResponse;
  readonly #stopping: AbortSignal;

  constructor(
    options: ServerOptions,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    stopping: AbortSignal,
  ) {
    this.#options = options;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#stopping = stopping;
  }

  async run(): Promise<void> {
    const { faults, keepBodies, limits, onRequest } = this.#options;
    const { method = "GET", url = "/" } = this.#incoming;
    const [path = "/"] = url.split("?");
    const raw = await readBody(this.#incoming);
    const fault = faults.take({ method, path });
    const seen: SeenRequest = {
      method,
      path,
      bytes: raw.length,
      status: 0,
      ...(keepBodies ? { body: raw.toString() } : {}),
      ...(fault === undefined ? {} : { fault }),
    };
    onRequest(seen);
    if (fault?.do === "reset") return void this.#incoming.socket.destroy();
    if (fault?.do === "hang") return;
    const answer = fault?.do === "status"
      ? scripted(fault, path)
      : raw.length > limits.maxBodyBytes
      ? proxyPage(413)
      : this.#answer(raw, seen);
    seen.status = answer.status;
    if (fault?.do === "lose-answer") {
      return void this.#incoming.socket.destroy();
    }
    if (fault?.do === "cut-answer") return this.#send(answer, { cut: true });
    const waitMs = limits.latencyMs + (fault?.do === "delay" ? fault.ms : 0);
    if (waitMs > 0) await wait(waitMs, this.#stopping);
    this.#send(answer, { cut: false });
  }

  #answer(raw: Buffer, seen: SeenRequest): Answer {
    const { basePath, handle } = this.#options;
    const { host = "127.0.0.1", ...headers } = this.#incoming.headers;
    if (seen.path !== basePath && !seen.path.startsWith(`${basePath}/`)) {
      return { status: 404, html: "<html><h1>Not Found</h1></html>" };
    }
    return handle({
      method: seen.method,
      path: seen.path.slice(basePath.length),
      headers: headers as Request["headers"],
      body: raw.toString(),
      base: `http://${host}${basePath}`,
    }, seen);
  }

  #send(answer: Answer, { cut }: { cut: boolean }): void {
    const outgoing = this.#outgoing;
    if (outgoing.destroyed) return;
    const { status, body, html, headers } = answer;
    const bytes = Buffer.from(html ?? JSON.stringify(body));
    outgoing.writeHead(status, {
      "content-type": html === undefined
        ? "application/json"
        : "text/html; charset=UTF-8",
      ...headers,
      "content-length": bytes.length,
    });
    if (cut) {
      const half = bytes.subarray(0, Math.floor(bytes.length / 2));
      outgoing.write(half, () => outgoing.socket?.destroy());
    } else if (this.#incoming.method === "HEAD") outgoing.end();
    else outgoing.end(bytes);
  }
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function scripted(
  { status, body, retryAfter }: Extract<FaultAction, { do: "status" }>,
  path: string,
): Answer {
  const usual = faultAnswer(status, path);
  return {
    ...usual,
    ...(body === undefined ? {} : { html: body }),
    headers: {
      ...usual.headers,
      ...(retryAfter === undefined ? {} : {
        "retry-after": typeof retryAfter === "number"
          ? String(retryAfter)
          : retryAfter.toUTCString(),
      }),
    },
  };
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
