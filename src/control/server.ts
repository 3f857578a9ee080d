import { randomBytes, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import { ConfigError } from "../errors.ts";
import type { AnyTask } from "../pipeline/task.ts";
import type { TaskDesk } from "../pipeline/task_desk.ts";
import {
  type ControlAddress,
  removeControlFile,
  writeControlFile,
} from "./control_file.ts";
import { type ControlAnswer, toWireError } from "./wire.ts";

/** What a running program can be asked, and where. */
export interface ControlOptions {
  /** See `controlPath()`. */
  readonly path: string;
  readonly tasks: readonly AnyTask[];
  /** Desks of the targets that run now, by name. */
  desks(): ReadonlyMap<string, TaskDesk>;
}

/** A listener that commands ask. */
export interface Control {
  readonly address: ControlAddress;
  /** Removes the file and waits until what was asked is answered. */
  stop(): Promise<void>;
}

/** A command line's worth of dead letter ids. */
const MAX_BODY_BYTES = 1024 * 1024;
/** Time for answers under way when the program ends. */
const STOP_MS = 2_000;

/**
 * Listens on loopback for commands that must change the state, and writes the
 * file by which they find it.
 *
 * @throws {ConfigError} The file cannot be written.
 */
export async function startControl(options: ControlOptions): Promise<Control> {
  const token = randomBytes(32).toString("base64url");
  const abort = new AbortController();
  const server: Deno.HttpServer<Deno.NetAddr> = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    signal: abort.signal,
    onListen: () => {},
    handler: (request): Promise<Response> =>
      answer(request, { ...options, address }),
  });
  const address: ControlAddress = {
    url: `http://127.0.0.1:${server.addr.port}/`,
    token,
  };
  try {
    await writeControlFile(options.path, address);
  } catch (error) {
    await server.shutdown();
    throw error;
  }
  return {
    address,
    async stop() {
      await removeControlFile(options.path, address);
      const timer = setTimeout(() => abort.abort(), STOP_MS);
      await server.shutdown();
      clearTimeout(timer);
    },
  };
}

type Answering = ControlOptions & { readonly address: ControlAddress };

async function answer(request: Request, own: Answering): Promise<Response> {
  const refusal = whyRefused(request, own.address);
  if (refusal !== undefined) {
    await request.body?.cancel();
    return json(toWireError(new ConfigError(refusal.why)), refusal.status);
  }
  try {
    return json({ result: await perform(request, own) });
  } catch (error) {
    return json(toWireError(error));
  }
}

function whyRefused(
  request: Request,
  { url, token }: ControlAddress,
): { status: number; why: string } | undefined {
  // A page in a browser could reach the port under a name of its own.
  if (request.headers.get("host") !== new URL(url).host) {
    return { status: 421, why: "the Host header is not this listener's" };
  }
  const given = request.headers.get("authorization") ?? "";
  if (!isSame(given, `Bearer ${token}`)) {
    return { status: 401, why: "the token is not that of this program" };
  }
  if (request.method !== "POST") {
    return { status: 405, why: "only POST is answered" };
  }
  return undefined;
}

function isSame(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}

async function perform(request: Request, own: Answering): Promise<unknown> {
  const { task, target, args } = await readBody(request);
  const known = own.tasks.find(({ name }) => name === task);
  const desk = own.desks().get(String(target));
  if (known === undefined) {
    throw new ConfigError(
      `The running program knows no task ${JSON.stringify(task)}: it is of ` +
        "another version; restart it",
    );
  }
  if (desk === undefined) {
    throw new ConfigError(
      `The running program has no target ${JSON.stringify(target)}: it was ` +
        "started with another configuration; restart it",
    );
  }
  return await desk.ask(known, args, request.signal) ?? null;
}

async function readBody(request: Request): Promise<Record<string, unknown>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) {
      throw new ConfigError("The request is larger than 1 MiB: ask for less");
    }
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(await new Blob(chunks).text());
    if (typeof value === "object" && value !== null) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Said below.
  }
  throw new ConfigError("The request is no JSON object");
}

function json(body: ControlAnswer, status = 200): Response {
  return Response.json(body, { status });
}
