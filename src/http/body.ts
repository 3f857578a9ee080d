/** Chunks as a transport hands them out. */
export type Chunks = AsyncIterable<Uint8Array<ArrayBuffer>>;

/** A body that was read, at most up to a limit. */
export interface ReadBody {
  readonly text: string;
  /** There was more than the limit; `text` is the beginning. */
  readonly isCut: boolean;
}

/**
 * Reads a body as UTF-8 text, holding little more than `maxBytes` of it.
 * When `isCut`, the caller ends the exchange.
 */
export async function readText(
  chunks: AsyncIterator<Uint8Array<ArrayBuffer>>,
  maxBytes: number,
): Promise<ReadBody> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  while (bytes <= maxBytes) {
    const { done, value } = await chunks.next();
    if (done) return { text: decode(parts, bytes), isCut: false };
    parts.push(value);
    bytes += value.byteLength;
  }
  return { text: decode(parts, bytes).slice(0, maxBytes), isCut: true };
}

function decode(parts: readonly Uint8Array[], bytes: number): string {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return new TextDecoder().decode(whole);
}

/** What becomes of a streamed body. */
export interface StreamHooks {
  /** Ends the exchange; called when the reader cancels. */
  end(): void;
  /** Called once, whichever way the body ended. */
  release(): void;
  /** The error to throw for one of the transport. */
  toError(error: unknown): unknown;
}

/**
 * A stream that reads a chunk when one is asked for and never ahead, so that
 * a slow reader slows the sender.
 */
export function streamOf(
  chunks: AsyncIterator<Uint8Array<ArrayBuffer>>,
  hooks: StreamHooks,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (!done) return controller.enqueue(value);
        hooks.release();
        controller.close();
      } catch (error) {
        const shown = hooks.toError(error);
        hooks.release();
        controller.error(shown);
      }
    },
    async cancel() {
      hooks.end();
      hooks.release();
      await chunks.return?.();
    },
  }, { highWaterMark: 0 });
}
