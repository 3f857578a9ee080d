import type { SimulatedOpencti } from "../../../src/simulator/opencti/mod.ts";

/** One frame as a plain reader sees it. */
export interface SseFrame {
  id?: string;
  event: string;
  data: string;
}

/** An open stream that frames are taken from one by one. */
export class SseReader implements AsyncDisposable {
  readonly response: Response;
  /** Bytes as they came, one array per read. */
  readonly chunks: Uint8Array[] = [];
  readonly #abort: AbortController;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #decoder = new TextDecoder();
  #text = "";
  #ended: "clean" | "cut" | undefined;

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    this.#reader = response.body?.getReader();
  }

  static async open(
    opencti: SimulatedOpencti,
    options: {
      query?: Record<string, string>;
      headers?: Record<string, string>;
      streamId?: string;
    } = {},
  ): Promise<SseReader> {
    const query = new URLSearchParams(options.query);
    const id = options.streamId ?? opencti.streamId;
    const abort = new AbortController();
    const response = await fetch(`${opencti.url}/stream/${id}?${query}`, {
      headers: {
        authorization: `Bearer ${opencti.token}`,
        accept: "text/event-stream",
        "accept-encoding": "identity",
        ...options.headers,
      },
      redirect: "manual",
      signal: abort.signal,
    });
    return new SseReader(response, abort);
  }

  /** The next frame; nothing when the response is over. */
  async next(): Promise<SseFrame | undefined> {
    for (;;) {
      const match = /\r?\n\r?\n/.exec(this.#text);
      if (match !== null) {
        const raw = this.#text.slice(0, match.index);
        this.#text = this.#text.slice(match.index + match[0].length);
        return parsed(raw);
      }
      if (!await this.#read()) return undefined;
    }
  }

  /** So many frames, heartbeats left out unless asked for. */
  async take(count: number, heartbeats = false): Promise<SseFrame[]> {
    const frames: SseFrame[] = [];
    while (frames.length < count) {
      const frame = await this.next();
      if (frame === undefined) break;
      if (heartbeats || frame.event !== "heartbeat") frames.push(frame);
    }
    return frames;
  }

  /** Reads to the end; the incomplete rest as text, and how it ended. */
  async rest(): Promise<{ text: string; ended: "clean" | "cut" }> {
    while (await this.#read());
    return { text: this.#text, ended: this.#ended ?? "clean" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#reader?.cancel().catch(() => {});
  }

  async #read(): Promise<boolean> {
    if (this.#ended !== undefined) return false;
    try {
      const result = await this.#reader?.read();
      if (result === undefined || result.done) {
        this.#ended = "clean";
        return false;
      }
      this.chunks.push(result.value);
      this.#text += this.#decoder.decode(result.value, { stream: true });
      return true;
    } catch {
      this.#ended = "cut";
      return false;
    }
  }
}

function parsed(raw: string): SseFrame {
  const frame: SseFrame = { event: "message", data: "" };
  for (const line of raw.split(/\r?\n/)) {
    if (line.startsWith("id: ")) frame.id = line.slice(4);
    if (line.startsWith("event: ")) frame.event = line.slice(7);
    if (line.startsWith("data: ")) frame.data += line.slice(6);
  }
  return frame;
}

/** Sends one GraphQL document. */
export async function gql(
  opencti: SimulatedOpencti,
  query: string,
  variables: Record<string, unknown> = {},
  token = opencti.token,
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const response = await fetch(`${opencti.url}/graphql`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ query, variables }),
  });
  return await response.json();
}
