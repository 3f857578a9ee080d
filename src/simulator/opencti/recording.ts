import { internalId, isRecord, type StixObject } from "../../stix/object.ts";
import { updatedAtOf } from "./documents.ts";
import { compareEventIds, type EventId, parseEventId } from "./event_id.ts";
import { type LogEntry, MemoryLog, type StreamLog } from "./log.ts";
import { ObjectTable } from "./objects.ts";
import { type Frame, isDataEvent } from "./wire.ts";

/** A recorded stream, ready to be served again. */
export interface Recording {
  /** Data frames byte for byte, dependencies with their main frame. */
  readonly log: StreamLog;
  /** Oldest event of the recorded platform, as its `connected` told. */
  readonly firstId: EventId | undefined;
  /** The objects as of the end: document and time of the last change. */
  readonly objects: readonly { object: StixObject; updatedAt: number }[];
  /** Internal ids of objects that had left the filter at the end. */
  readonly hidden: ReadonlySet<string>;
}

/** One frame of the file, still as bytes. */
interface RecordedFrame {
  readonly id: EventId | undefined;
  readonly event: string;
  readonly data: string;
  readonly bytes: Uint8Array;
}

/**
 * Loads a recorded `GET /stream/{id}` body. Several connections may follow
 * each other in one file. Heartbeats and `connected` frames are left out (the
 * server makes its own); frames with unknown names or broken JSON stay. A
 * frame that is cut by the end of the file is dropped, and so is one whose id
 * is no event id or goes back.
 */
export async function loadRecording(path: string): Promise<Recording> {
  return readRecording(await Deno.readFile(path));
}

/** The same, from bytes in memory. */
export function readRecording(bytes: Uint8Array): Recording {
  const entries: RecordedEntry[] = [];
  const state = new RecordedState();
  let firstId: EventId | undefined;
  for (const frame of framesOf(bytes)) {
    if (frame.event === "connected") {
      firstId ??= firstEventIdOf(frame.data);
    } else if (frame.event !== "heartbeat" && frame.id !== undefined) {
      const last = entries.at(-1);
      const order = last === undefined ? 1 : compareEventIds(frame.id, last.id);
      if (order < 0) continue;
      const kind = isDataEvent(frame.event)
        ? state.apply(frame, frame.id)
        : "other";
      const served: Frame = { kind, event: frame.event, bytes: frame.bytes };
      if (order === 0 && last !== undefined) last.add(served);
      else entries.push(new RecordedEntry(frame.id, served));
    }
  }
  const log = new MemoryLog();
  for (const entry of entries) log.append(entry);
  return {
    log,
    firstId: firstId ?? log.firstId,
    objects: [...state.objects.all()],
    hidden: state.hidden,
  };
}

/** The frames of one event id, exactly as they were recorded. */
class RecordedEntry implements LogEntry {
  readonly #frames: Frame[];

  constructor(readonly id: EventId, frame: Frame) {
    this.#frames = [frame];
  }

  add(frame: Frame): void {
    this.#frames.push(frame);
  }

  frames(view: { options: { listenDelete: boolean } }): readonly Frame[] {
    return view.options.listenDelete
      ? this.#frames
      : this.#frames.filter((frame) => frame.event !== "delete");
  }
}

/** What the database holds after the frames so far. */
class RecordedState {
  readonly objects = new ObjectTable();
  readonly hidden = new Set<string>();

  /** Applies a data frame and says what it is. */
  apply(frame: RecordedFrame, id: EventId): "main" | "dependency" {
    const payload = parsed(frame.data);
    const object = isRecord(payload) ? payload.data : undefined;
    if (!isRecord(payload) || !isStix(object)) return "main";
    const key = internalId(object);
    if (frame.event === "delete" && payload.type === "delete") {
      this.objects.remove(key);
      this.hidden.delete(key);
      return "main";
    }
    if (payload.type === undefined) {
      if (this.objects.get(key) === undefined) this.#put(object, undefined);
      return "dependency";
    }
    if (frame.event === "delete") this.hidden.add(key);
    else this.hidden.delete(key);
    if (frame.event === "merge") this.#removeSources(payload, object);
    this.#put(object, payload.type === "update" ? id.ms : undefined);
    return "main";
  }

  /** An update without a new `updated_at` moved the database's alone. */
  #put(object: StixObject, eventMs: number | undefined): void {
    const before = this.objects.get(internalId(object));
    const told = updatedAtOf(object);
    const stayed = before !== undefined && told === updatedAtOf(before.object);
    if (before !== undefined && before.object.id !== object.id) {
      this.objects.repoint(before.object.id, object.id);
    }
    this.objects.put(
      object,
      stayed && eventMs !== undefined ? eventMs : told ?? eventMs ?? 0,
    );
  }

  #removeSources(payload: Record<string, unknown>, target: StixObject): void {
    const context = isRecord(payload.context) ? payload.context : {};
    const sources = Array.isArray(context.sources) ? context.sources : [];
    for (const source of sources.filter(isStix)) {
      this.objects.repoint(source.id, target.id);
      this.objects.remove(internalId(source));
      this.hidden.delete(internalId(source));
    }
  }
}

function* framesOf(bytes: Uint8Array): Iterable<RecordedFrame> {
  const decoder = new TextDecoder();
  let start = 0;
  for (;;) {
    const end = endOfFrame(bytes, start);
    if (end === undefined) return;
    const frame = bytes.subarray(start, end);
    start = end;
    let id: EventId | undefined;
    let event = "message";
    let data = "";
    for (const line of decoder.decode(frame).split("\n")) {
      if (line.startsWith("id: ")) id = parseEventId(line.slice(4));
      else if (line.startsWith("event: ")) event = line.slice(7);
      else if (line.startsWith("data: ")) data = line.slice(6);
    }
    yield { id, event, data, bytes: frame };
  }
}

/** Index after the blank line that ends the frame. */
function endOfFrame(bytes: Uint8Array, start: number): number | undefined {
  let at = start;
  for (;;) {
    at = bytes.indexOf(0x0a, at);
    if (at < 0) return undefined;
    if (bytes[at + 1] === 0x0a) return at + 2;
    at++;
  }
}

function firstEventIdOf(data: string): EventId | undefined {
  const payload = parsed(data);
  if (!isRecord(payload)) return undefined;
  const { firstEventId } = payload;
  return typeof firstEventId === "string"
    ? parseEventId(firstEventId)
    : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isStix(value: unknown): value is StixObject {
  return isRecord(value) && typeof value.id === "string" &&
    typeof value.type === "string";
}
