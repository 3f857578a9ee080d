import { type EventId, formatEventId } from "./event_id.ts";

/** What a frame is to the stream; faults and counters look at it. */
export type FrameKind =
  | "connected"
  | "heartbeat"
  | "dependency"
  | "main"
  | "other";

/** One SSE frame, ready for the socket, with its closing blank line. */
export interface Frame {
  readonly kind: FrameKind;
  /** SSE event name. */
  readonly event: string;
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();

/**
 * Encodes one frame as the platform writes it: `id`, `event`, `data` on one
 * line, LF. A string is taken as JSON text, anything else is serialized.
 */
export function encodeFrame(
  kind: FrameKind,
  event: string,
  content: { id?: EventId | undefined; data: unknown },
): Frame {
  const id = content.id === undefined
    ? ""
    : `id: ${formatEventId(content.id)}\n`;
  const data = typeof content.data === "string"
    ? content.data
    : JSON.stringify(content.data);
  return {
    kind,
    event,
    bytes: encoder.encode(`${id}event: ${event}\ndata: ${data}\n\n`),
  };
}

/** A heartbeat: its data is a JSON string, the date of the id. */
export function heartbeatFrame(id: EventId): Frame {
  const date = JSON.stringify(new Date(id.ms).toISOString());
  return encodeFrame("heartbeat", "heartbeat", { id, data: date });
}

/** Bounds of the global stream, as the `connected` frame tells them. */
export interface StreamBounds {
  readonly firstId: EventId;
  readonly lastId: EventId;
  readonly size: number;
}

/** The first frame of every connection; it carries no id. */
export function connectedFrame(
  bounds: StreamBounds,
  connectionId: string,
): Frame {
  const { firstId, lastId, size } = bounds;
  return encodeFrame("connected", "connected", {
    data: {
      lastEventId: formatEventId(lastId),
      firstEventId: formatEventId(firstId),
      firstEventDate: new Date(firstId.ms).toISOString(),
      lastEventDate: new Date(lastId.ms).toISOString(),
      streamSize: size,
      connectionId,
    },
  });
}

/** True for the four names that carry an object. */
export function isDataEvent(event: string): boolean {
  return event === "create" || event === "update" || event === "delete" ||
    event === "merge";
}
