import { TransientError } from "../errors.ts";
import type { Position, StreamEvent } from "./event.ts";
import { compareIds } from "./event_id.ts";
import { readStream } from "./stream.ts";
import type { StreamOptions } from "./stream_options.ts";

const PAGE_SIZE = 500;
/** Connections in a row that come to nothing. */
const MAX_FAILURES = 5;

/**
 * The events of a stream from a position to the end of what it holds now, page
 * by page, deletes too. `reached` is told where to go on.
 *
 * @throws {TransientError} The platform cannot be reached, or does not recover
 *   this stream although the position asks for it.
 */
export async function* readOnce(
  stream: StreamOptions,
  { start, reached }: {
    start: Position;
    reached(position: Position): void;
  },
  signal: AbortSignal,
): AsyncGenerator<StreamEvent[]> {
  const refused = new AbortController();
  // Nothing is left to read: no need to wait for a heartbeat.
  const end = new AbortController();
  let from = start.from;
  let failures = 0;
  const options: StreamOptions = {
    ...stream,
    once: true,
    listenDelete: true,
    noDependencies: true,
    watch: {
      connected: (newestId) => {
        const isLive = start.recoverUntil === undefined;
        if (isLive && compareIds(from, newestId) >= 0) end.abort();
      },
      // A person waits for the end: not without end.
      waiting: (reason) => {
        if (++failures < MAX_FAILURES) return;
        refused.abort(
          new TransientError(`Cannot read OpenCTI's stream: ${reason}`),
        );
      },
      reached: () => {},
      gap: () => {},
      noRecovery: (message) =>
        refused.abort(
          new TransientError(
            `OpenCTI does not recover this stream (${message}), and cannot ` +
              "be asked what its filter matches: what it should hold is not " +
              "known",
          ),
        ),
    },
  };
  reached(start);
  const any = AbortSignal.any([signal, refused.signal, end.signal]);
  let page: StreamEvent[] = [];
  for await (const item of readStream(options, start, any)) {
    failures = 0;
    from = item.resumeFrom.from;
    reached(item.resumeFrom);
    if (item.kind !== "event") continue;
    page.push(item.event);
    if (page.length < PAGE_SIZE) continue;
    yield page;
    page = [];
  }
  // The stream's reader ends in silence when it is told to stop.
  if (refused.signal.aborted) throw refused.signal.reason;
  signal.throwIfAborted();
  if (page.length > 0) yield page;
}
