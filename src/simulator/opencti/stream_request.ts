import { type EventId, parseEventId, ZERO_ID } from "./event_id.ts";
import type { Platform } from "./platform.ts";
import type { Collection, StreamOptions } from "./view.ts";
import { isCapable } from "./user.ts";

/** What a stream request asks for, as the platform understands it. */
export interface StreamRequest extends StreamOptions {
  /** Absent: live from now, or a value that was silently ignored. */
  readonly from: EventId | undefined;
  readonly recover: EventId | undefined;
}

/** An HTTP request's parameters. */
export interface RequestParameters {
  readonly query: URLSearchParams;
  readonly headers: Headers;
}

/** Reads the parameters: the query string first, then the headers. */
export function parseStreamRequest(
  parameters: RequestParameters,
): StreamRequest {
  const value = (...names: string[]) => parameterOf(parameters, names);
  return {
    from: parseStart(value("from", "last-event-id")),
    recover: parseStart(value("recover", "recover-date")),
    noDependencies: value("no-dependencies", "no-relationships") === "true",
    listenDelete: value("listen-delete") !== "false",
    withInferences: value("with-inferences") === "true",
  };
}

/**
 * Reads `from` and `recover` with the platform's oddities: one dash makes an
 * event id, taken verbatim; other text is a date if it parses as one; a bare
 * epoch and everything else is ignored.
 *
 * @throws {RangeError} For one dash and no id: Redis refuses it.
 */
export function parseStart(value: string | undefined): EventId | undefined {
  if (value === undefined || value === "") return undefined;
  if (value === "0" || value === "0-0") return ZERO_ID;
  if (value.split("-").length === 2) {
    const id = parseEventId(value);
    if (id === undefined) throw new RangeError(`Invalid stream ID "${value}"`);
    return id;
  }
  if (/^\d+$/.test(value)) return undefined;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : { ms: date, seq: 0 };
}

/** Why a stream is refused: status and HTTP reason phrase, no body. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
}

const NOT_LOGGED_IN = "You must be logged in to do this.";
const NO_ACCESS = "You are not allowed to do this.";

/** Checks the rights, in the platform's order. */
export function authorizeStream(
  platform: Platform,
  streamId: string,
  authorization: string | undefined,
): Collection | Refusal {
  const collection = streamId === "live"
    ? globalStream(platform)
    : platform.collections.get(streamId);
  const token = /^Bearer (.*)$/s.exec(authorization ?? "")?.[1];
  if (collection?.public !== true) {
    if (token !== platform.token) return { status: 401, reason: NOT_LOGGED_IN };
    if (!isCapable(platform.user, "TAXIIAPI")) {
      return { status: 401, reason: NO_ACCESS };
    }
  }
  if (collection === undefined || !collection.allowed) {
    return { status: 401, reason: NO_ACCESS };
  }
  if (!collection.live) {
    return { status: 410, reason: "This live stream is stopped" };
  }
  return collection;
}

/** Narrows the answer of `authorizeStream`. */
export function isRefusal(value: Collection | Refusal): value is Refusal {
  return "status" in value;
}

/** `/stream/live`: everything, for a user who may do everything. */
function globalStream(platform: Platform): Collection | undefined {
  if (!isCapable(platform.user, "BYPASS")) return undefined;
  return {
    id: "live",
    name: "live",
    description: "",
    filters: "",
    matches: () => true,
    live: true,
    public: false,
    allowed: true,
  };
}

function parameterOf(
  { query, headers }: RequestParameters,
  names: readonly string[],
): string | undefined {
  for (const name of names) {
    const value = query.get(name);
    if (value !== null) return value;
  }
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) return value;
  }
  return undefined;
}
