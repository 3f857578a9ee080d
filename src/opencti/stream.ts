import { DEFAULT_BACKOFF, fullJitterMs, sleep } from "../backoff.ts";
import type { BackoffOptions } from "../backoff.ts";
import {
  ConfigError,
  LoginError,
  RejectedError,
  TransientError,
} from "../errors.ts";
import { connect, type Connection } from "./connection.ts";
import type { Position, StreamItem } from "./event.ts";
import { compareIds, idAt, isEventId } from "./event_id.ts";
import { GroupReader } from "./group_reader.ts";
import type { StreamOptions } from "./stream_options.ts";

/** Times to wait where the platform refuses: an administrator must act. */
const REFUSED_BACKOFF: BackoffOptions = { baseMs: 60_000, maxMs: 600_000 };
const STOPPED_MS = 30_000;
const STREAM_STOPPED =
  "the live stream is stopped: start it in OpenCTI (Data > Data sharing)";
/** `recover` in the platform's future would lose events. */
const RECOVER_MARGIN_MS = 60_000;

/**
 * Where a stream is read from for the first time.
 *
 * @param recover "until-now": all that the platform holds, then live; "off":
 * only what the stream still holds; or an ISO date to recover up to.
 */
export function firstPosition(
  startFrom: string,
  recover: string,
  platformNow: number,
): Position {
  if (recover === "off") return { from: startFrom };
  const recoverUntil = recover === "until-now"
    ? new Date(platformNow - RECOVER_MARGIN_MS).toISOString()
    : recover;
  return Date.parse(recoverUntil) <= Number(startFrom.split("-")[0])
    ? { from: startFrom }
    : { from: startFrom, recoverUntil };
}

/**
 * Reads a live stream from a position on, connecting again as often as it
 * takes. Ends only when `signal` is aborted, or with `once` at the end of what
 * was there. Every item says where to resume once it is settled.
 *
 * What makes waiting useless (wrong URL, certificate, token) is logged with
 * its remedy and tried again slowly, since a person may repair it meanwhile.
 */
export async function* readStream(
  options: StreamOptions,
  start: Position,
  signal: AbortSignal,
): AsyncGenerator<StreamItem, void, undefined> {
  let position = start;
  let failures = 0;
  let onceUntil: string | undefined;
  while (!signal.aborted) {
    try {
      const connection = await connect(options, position, signal);
      onceUntil ??= connection.newestId;
      const repaired = repairedPosition(options, position, connection);
      if (repaired !== undefined) {
        await connection.close();
        position = repaired;
        continue;
      }
      options.watch?.connected(connection.newestId);
      const reader = new GroupReader(options, position, {
        until: options.once ? onceUntil : undefined,
      });
      for await (const item of reader.read(connection)) {
        failures = 0;
        position = item.resumeFrom;
        yield item;
      }
      if (reader.finished) return;
      if (reader.reopen) continue;
      throw new TransientError("the platform ended the stream");
    } catch (error) {
      if (signal.aborted) return;
      if (options.once) throwHopeless(error);
      failures++;
      await waitAfter(error, failures, options, signal);
    }
  }
}

/**
 * Where to read from instead, when the platform's stream no longer fits our
 * position. Source: OpenCTI trims its stream and starts silently at the oldest
 * event it still has.
 */
function repairedPosition(
  options: StreamOptions,
  position: Position,
  { oldestId, newestId, answeredAt }: Connection,
): Position | undefined {
  // The clock may have been set back since it was asked for the last time.
  const now = answeredAt ?? options.platformNow();
  const recoverUntil = new Date(now - RECOVER_MARGIN_MS).toISOString();
  const { lastEventId } = position;
  // Ids went back: the stream was wiped, or the platform restored.
  if (
    lastEventId !== undefined && isEventId(newestId) &&
    compareIds(newestId, lastEventId) < 0
  ) {
    options.log.warn(
      "OpenCTI's stream began anew (restored or wiped): reading all again",
      { ours: lastEventId, newest: newestId },
    );
    const floor = Number(lastEventId.split("-")[0]) * 1000 + 1000;
    return {
      from: "0-0",
      recoverUntil,
      versionFloor: Math.max(floor, position.versionFloor ?? 0),
    };
  }
  const liveFrom = position.recoverUntil === undefined
    ? position.from
    : idAt(Date.parse(position.recoverUntil));
  const isGap = liveFrom !== "0-0" && isEventId(oldestId) &&
    compareIds(liveFrom, oldestId) < 0 &&
    position.recoverUntil === undefined;
  if (!isGap) return undefined;
  options.watch?.gap(liveFrom, oldestId);
  options.log.error(
    "OpenCTI no longer holds the events after our position: objects changed " +
      "meanwhile are read from its database now, but what was deleted " +
      "meanwhile is not known and stays in the target. To be rid of it, run " +
      "opencti-relay verify --fix",
    { position: liveFrom, oldest: oldestId },
  );
  return { ...position, recoverUntil };
}

/** Whoever asked for one run wants to know, not to wait for a person. */
function throwHopeless(error: unknown): void {
  if (error instanceof ConfigError) throw error;
  if (error instanceof RejectedError) {
    throw new ConfigError(
      error.status === 410 ? STREAM_STOPPED : error.message,
      { cause: error },
    );
  }
}

async function waitAfter(
  error: unknown,
  failures: number,
  options: StreamOptions,
  signal: AbortSignal,
): Promise<void> {
  const { log, backoff = DEFAULT_BACKOFF } = options;
  let reason = error instanceof Error ? error.message : String(error);
  let ms = fullJitterMs(failures, backoff);
  if (error instanceof LoginError) {
    reason = await explain(error, options, signal);
    ms = refusedMs(failures, backoff);
    log.error("OpenCTI refuses the stream", { reason, retryInMs: ms });
  } else if (error instanceof RejectedError && error.status === 410) {
    ms = Math.min(STOPPED_MS, backoff.maxMs) + ms;
    reason = STREAM_STOPPED;
    log.warn("OpenCTI's stream is stopped", { reason, retryInMs: ms });
  } else if (error instanceof ConfigError || error instanceof RejectedError) {
    log.error("cannot read OpenCTI's stream", { reason, retryInMs: ms });
  } else if (error instanceof TransientError) {
    ms = Math.max(ms, error.retryAfterMs ?? 0);
    log.warn("disconnected from OpenCTI", { reason, retryInMs: ms });
  } else {
    throw error;
  }
  options.watch?.waiting(reason, ms);
  await sleep(ms, signal).catch(() => {});
}

/** 60 s to 10 min; a test's shorter backoff shortens this one too. */
function refusedMs(failures: number, backoff: BackoffOptions): number {
  const slow = Math.min(
    REFUSED_BACKOFF.maxMs,
    REFUSED_BACKOFF.baseMs * 2 ** Math.min(failures - 1, 10),
  );
  return backoff.maxMs < DEFAULT_BACKOFF.maxMs ? backoff.maxMs : slow;
}

async function explain(
  error: LoginError,
  options: StreamOptions,
  signal: AbortSignal,
): Promise<string> {
  try {
    return await options.explainRefusal(signal);
  } catch {
    return error.message;
  }
}
