import { TransientError } from "../errors.ts";
import { SseDecoder, type SseMessage } from "../sse/decoder.ts";
import type { Position } from "./event.ts";
import { readFrame } from "./frame.ts";
import type { StreamOptions } from "./stream_options.ts";

/** One open response of the live stream, its first frame already read. */
export interface Connection {
  /** Bounds of what the platform holds; empty where it does not say. */
  readonly oldestId: string;
  readonly newestId: string;
  /** The platform's clock as it answered, where the answer tells it. */
  readonly answeredAt: number | undefined;
  /** What follows, until the connection ends. */
  messages(): AsyncGenerator<SseMessage, void, undefined>;
  close(): Promise<void>;
}

const DEFAULT_SILENCE_MS = 45_000;

/**
 * Opens the stream at a position and reads its `connected` frame.
 *
 * @throws {TransientError} No connection, silence, or no event stream.
 * @throws {LoginError} 401 or 403.
 * @throws {RejectedError} 404, or 410 for a stream that is stopped.
 */
export async function connect(
  options: StreamOptions,
  position: Position,
  signal: AbortSignal,
): Promise<Connection> {
  const { http, streamId } = options;
  const closing = new AbortController();
  const response = await http.stream({
    path: `/stream/${encodeURIComponent(streamId)}`,
    query: {
      from: position.from,
      recover: position.recoverUntil,
      "listen-delete": String(options.listenDelete),
      // A recovery with dependencies would send every object as context of
      // its relations, and no longer tell which ones match the filter.
      "no-dependencies": String(
        options.noDependencies || position.recoverUntil !== undefined,
      ),
      "with-inferences": String(options.withInferences),
    },
    headers: { accept: "text/event-stream" },
    signal: AbortSignal.any([signal, closing.signal]),
  });
  const type = response.headers.get("content-type") ?? "";
  if (!type.toLowerCase().startsWith("text/event-stream")) {
    closing.abort();
    await response.body.cancel().catch(() => {});
    throw new TransientError(
      `OpenCTI answered the stream with "${type}" instead of an event ` +
        "stream: is the URL right, is a proxy or a login page in between?",
    );
  }
  const messages = readMessages(response.body, options, signal);
  const close = async () => {
    closing.abort();
    await messages.return();
  };
  try {
    const first = await messages.next();
    const frame = first.done ? undefined : readFrame(first.value);
    if (frame?.kind === "error") throw new TransientError(frame.message);
    if (frame?.kind !== "connected") {
      throw new TransientError(
        "OpenCTI's stream does not begin with `connected`",
      );
    }
    return {
      oldestId: frame.firstEventId,
      newestId: frame.lastEventId,
      answeredAt: dateOf(response.headers),
      messages: () => messages,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function dateOf(headers: Headers): number | undefined {
  const at = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(at) ? undefined : at;
}

/**
 * The messages until the response ends. A cut connection, or silence, is a
 * `TransientError`; an abort throws the signal's reason.
 */
async function* readMessages(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  { maxEventBytes, silenceMs = DEFAULT_SILENCE_MS }: StreamOptions,
  signal: AbortSignal,
): AsyncGenerator<SseMessage, void, undefined> {
  const decoder = new SseDecoder(
    maxEventBytes === undefined ? {} : { maxMessageBytes: maxEventBytes },
  );
  const reader = body.getReader();
  const watch = new ReadWatch(reader, silenceMs, signal);
  try {
    while (true) {
      const chunk = await watch.read();
      if (chunk === undefined) return;
      yield* decoder.push(chunk);
    }
  } finally {
    watch.stop();
    await reader.cancel().catch(() => {});
  }
}

/**
 * Reads chunks and ends a read that takes too long or is no longer wanted.
 * Counts only the time a read is pending: a slow target does not make a
 * connection look dead. One timer per connection, not per read.
 */
class ReadWatch {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #silenceMs: number;
  readonly #signal: AbortSignal;
  readonly #timer: ReturnType<typeof setInterval>;
  /** When the pending read began, or `undefined` between reads. */
  #since: number | undefined;
  #isSilent = false;

  constructor(
    reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
    silenceMs: number,
    signal: AbortSignal,
  ) {
    this.#reader = reader;
    this.#silenceMs = silenceMs;
    this.#signal = signal;
    this.#timer = setInterval(() => this.#check(), silenceMs / 4);
    signal.addEventListener("abort", this.#cancel);
  }

  /** The next chunk; `undefined` at the end of the body. */
  async read(): Promise<Uint8Array | undefined> {
    this.#signal.throwIfAborted();
    this.#since = performance.now();
    try {
      const { value } = await this.#reader.read();
      if (value !== undefined) return value;
    } catch (error) {
      if (this.#signal.aborted) throw this.#signal.reason;
      throw new TransientError("the connection to OpenCTI was cut", {
        cause: error,
      });
    } finally {
      this.#since = undefined;
    }
    this.#signal.throwIfAborted();
    if (!this.#isSilent) return undefined;
    throw new TransientError(`no byte from OpenCTI for ${this.#silenceMs} ms`);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#signal.removeEventListener("abort", this.#cancel);
  }

  #check(): void {
    if (this.#since === undefined) return;
    this.#isSilent = performance.now() - this.#since >= this.#silenceMs;
    if (this.#isSilent) this.#cancel();
  }

  /** Settles the pending read at once, whatever the transport does. */
  readonly #cancel = () => void this.#reader.cancel().catch(() => {});
}
