import type { SseMessage } from "../sse/decoder.ts";
import { internalId, isRecord, type StixObject } from "../stix/object.ts";
import type { Cause, StreamEvent } from "./event.ts";
import { versionOf } from "./event_id.ts";

/** What one message of OpenCTI's live stream means. */
export type Frame =
  | { kind: "connected"; firstEventId: string; lastEventId: string }
  | { kind: "heartbeat" }
  /** The change itself, the last frame of its id. */
  | { kind: "main"; events: StreamEvent[] }
  /** An object sent by a recovery from the database. */
  | { kind: "recovered"; events: StreamEvent[] }
  /** Context of the main frame that follows with the same id. */
  | { kind: "dependency"; event: StreamEvent }
  /** Not to be understood: it goes to the dead letters as it is. */
  | { kind: "malformed"; reason: string }
  /** 7.x: the stream is dead although it stays open. */
  | { kind: "error"; message: string }
  /** 7.x: this stream has no recovery from the database. */
  | { kind: "no-recover"; message: string }
  /** A name that this program does not know: a sign of life, no more. */
  | { kind: "ignored" };

type Action = StreamEvent["action"];

/**
 * SSE event and payload `type` to action and cause.
 * Source: OpenCTI 6.9 live stream handler (`sseMiddleware.js`), where an
 * update that crosses the filter is sent under the name of its effect.
 */
// deno-fmt-ignore
const MEANINGS: readonly (readonly [string, string, Action, Cause])[] = [
  // SSE event  payload type  action    cause
  ["create",    "create",     "create", "created"],
  ["create",    "update",     "create", "entered-filter"],
  ["update",    "update",     "update", "changed"],
  ["delete",    "delete",     "delete", "deleted"],
  ["delete",    "update",     "delete", "left-filter"],
];

/** Reads one message. Never throws, whatever the message holds. */
export function readFrame(message: SseMessage, versionFloor = 0): Frame {
  switch (message.event) {
    case "connected":
      return readConnected(message);
    case "heartbeat":
      return { kind: "heartbeat" };
    case "create":
    case "update":
    case "delete":
    case "merge":
      return readData(message, versionFloor);
    case "error":
      return { kind: "error", message: messageOf(message) };
    case "no-recover":
      return { kind: "no-recover", message: messageOf(message) };
    default:
      return { kind: "ignored" };
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

function messageOf(message: SseMessage): string {
  const body = parse(message.data);
  return isRecord(body) && typeof body.message === "string"
    ? body.message
    : "no message";
}

function readConnected(message: SseMessage): Frame {
  const body = parse(message.data);
  const { firstEventId, lastEventId } = isRecord(body) ? body : {};
  return {
    kind: "connected",
    firstEventId: typeof firstEventId === "string" ? firstEventId : "",
    lastEventId: typeof lastEventId === "string" ? lastEventId : "",
  };
}

function readData(message: SseMessage, versionFloor: number): Frame {
  if (message.oversized) {
    return { kind: "malformed", reason: "event larger than the limit" };
  }
  const payload = parse(message.data);
  if (!isRecord(payload)) {
    return { kind: "malformed", reason: "event data is not a JSON object" };
  }
  const object = payload.data;
  if (!isStixObject(object)) {
    return { kind: "malformed", reason: "event holds no STIX object" };
  }
  const base = {
    id: message.id,
    version: Math.max(versionOf(message.id), versionFloor),
    bytes: message.bytes,
  };
  if (payload.type === undefined) {
    return withoutType(base, payload, object);
  }
  if (message.event === "merge") {
    return { kind: "main", events: readMerge(base, payload, object) };
  }
  const meaning = MEANINGS.find(([event, type]) =>
    event === message.event && type === payload.type
  );
  if (meaning === undefined) {
    return { kind: "malformed", reason: "event and payload type do not fit" };
  }
  const [, , action, cause] = meaning;
  return {
    kind: "main",
    events: [{
      ...eventOf(base, object, action, cause),
      ...(action === "update" ? readPatch(payload.context) : {}),
    }],
  };
}

interface Base {
  id: string;
  version: number;
  bytes: number;
}

function isStixObject(value: unknown): value is StixObject {
  return isRecord(value) && typeof value.id === "string" && value.id !== "" &&
    typeof value.type === "string" && value.type !== "";
}

function eventOf(
  base: Base,
  object: StixObject,
  action: Action,
  cause: Cause,
): StreamEvent {
  return { ...base, action, cause, internalId: internalId(object), object };
}

/** Recovery and dependency frames have no payload type. */
function withoutType(
  base: Base,
  payload: Record<string, unknown>,
  object: StixObject,
): Frame {
  const origin = payload.origin;
  const event = eventOf(base, object, "create", "recovered");
  return isRecord(origin) && origin.referer === "init-create"
    ? { kind: "recovered", events: [event] }
    : { kind: "dependency", event };
}

/** The sources of a merge vanish without frames of their own. */
function readMerge(
  base: Base,
  payload: Record<string, unknown>,
  object: StixObject,
): StreamEvent[] {
  const context = payload.context;
  const sources = isRecord(context) && Array.isArray(context.sources)
    ? context.sources.filter(isStixObject)
    : [];
  return [
    ...sources.map((source) => eventOf(base, source, "delete", "merged")),
    eventOf(base, object, "update", "changed"),
  ];
}

function readPatch(
  context: unknown,
): Pick<StreamEvent, "changed" | "reversePatch"> {
  if (!isRecord(context) || !Array.isArray(context.patch)) return {};
  const changed = context.patch.flatMap((operation) =>
    isRecord(operation) && typeof operation.path === "string"
      ? [operation.path]
      : []
  );
  return Array.isArray(context.reverse_patch)
    ? { changed, reversePatch: context.reverse_patch }
    : { changed };
}
