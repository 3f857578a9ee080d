import { TransientError } from "../errors.ts";
import type { SseMessage } from "../sse/decoder.ts";
import type { Connection } from "./connection.ts";
import type { Position, StreamEvent, StreamItem } from "./event.ts";
import { compareIds, idAt, idMs, isEventId, laterId } from "./event_id.ts";
import { type Frame, readFrame } from "./frame.ts";
import type { StreamOptions } from "./stream_options.ts";

/** A heartbeat's id may be invented: so much below it is safe. */
const HEARTBEAT_MARGIN_MS = 60_000;

/**
 * Reads one connection and keeps the position that is safe to resume from.
 *
 * OpenCTI sends dependencies under their object's event id, and heartbeats
 * repeat it: the newest id may be half received. A group of frames with one id
 * is complete when another id arrives; the position is the last complete one.
 */
export class GroupReader {
  /** All that the stream held at connection time was given out. */
  finished = false;
  /** The recovery is over, and the live phase needs other parameters. */
  reopen = false;
  readonly #options: StreamOptions;
  readonly #until: string | undefined;
  #position: Position;
  /** Id of the group that is being read; empty for none. */
  #group = "";
  #groupHasMain = false;

  /** @param until With `once`: the newest id at connection time. */
  constructor(
    options: StreamOptions,
    position: Position,
    { until }: { until: string | undefined },
  ) {
    this.#options = options;
    this.#position = position;
    this.#until = until;
  }

  /** The items of the connection, which is closed at the end. */
  async *read(
    connection: Connection,
  ): AsyncGenerator<StreamItem, void, undefined> {
    try {
      for await (const message of connection.messages()) {
        const frame = readFrame(message, this.#position.versionFloor);
        const moved = this.#move(message.id, frame);
        this.#options.watch?.reached(message.id);
        const isOver = this.finished || this.reopen;
        // An item carries the position itself.
        if (isOver || (moved && !hasItems(frame))) {
          yield { kind: "position", resumeFrom: this.#position };
        }
        if (isOver) return;
        yield* this.#items(message, frame);
      }
    } finally {
      await connection.close();
    }
  }

  /** Takes note of an id; true when the safe position moved. */
  #move(id: string, frame: Frame): boolean {
    if (!isEventId(id)) return false;
    const before = this.#position;
    if (id !== this.#group && this.#group !== "") this.#completeGroup();
    if (frame.kind === "no-recover") this.#skipRecovery();
    else this.#beginLive(id);
    const live = this.#position.recoverUntil === undefined;
    if (frame.kind === "heartbeat" && live) {
      this.#advance(idAt(idMs(id), -HEARTBEAT_MARGIN_MS));
      const settled = id !== this.#group || this.#groupHasMain;
      if (settled && id === this.#group) this.#completeGroup();
      this.finished = this.#until !== undefined && settled && !this.reopen &&
        compareIds(id, this.#until) >= 0;
    } else if (isData(frame)) {
      this.#group = id;
      this.#groupHasMain = frame.kind === "main";
      this.finished = this.#until !== undefined && live && !this.reopen &&
        compareIds(id, this.#until) > 0;
    }
    return this.#position !== before;
  }

  #completeGroup(): void {
    if (this.#position.recoverUntil === undefined) {
      this.#advance(this.#group);
      const lastEventId = laterId(
        this.#position.lastEventId ?? "0-0",
        this.#group,
      );
      if (lastEventId !== this.#position.lastEventId) {
        this.#position = { ...this.#position, lastEventId };
      }
    }
    this.#group = "";
    this.#groupHasMain = false;
  }

  /** Never backwards: ids of a recovery are in no order. */
  #advance(id: string): void {
    if (compareIds(id, this.#position.from) > 0) {
      this.#position = { ...this.#position, from: id };
    }
  }

  /** The live phase has begun with the first id above `recoverUntil`. */
  #beginLive(id: string): void {
    const { recoverUntil, ...rest } = this.#position;
    if (recoverUntil === undefined) return;
    const recoverMs = Date.parse(recoverUntil);
    if (idMs(id) <= recoverMs) return;
    this.#position = { ...rest, from: laterId(rest.from, idAt(recoverMs)) };
    this.reopen = !this.#options.noDependencies;
  }

  /** 7.x: this stream is live from where we asked it to begin. */
  #skipRecovery(): void {
    const { recoverUntil: _, ...rest } = this.#position;
    this.#position = rest;
  }

  *#items(message: SseMessage, frame: Frame): Generator<StreamItem> {
    const resumeFrom = this.#position;
    switch (frame.kind) {
      case "main":
      case "recovered":
        for (const event of frame.events) {
          this.#options.remember(event.object);
          yield { kind: "event", event: this.#marked(event), resumeFrom };
        }
        return;
      case "dependency":
        this.#options.remember(frame.event.object);
        // In a recovery an object that others refer to is sent only so, be it
        // inside or outside the filter. Live, it is context and no more.
        if (resumeFrom.recoverUntil !== undefined) {
          const event: StreamEvent = { ...frame.event, unsure: true };
          yield { kind: "event", event, resumeFrom };
        }
        return;
      case "malformed":
        yield {
          kind: "malformed",
          id: message.id,
          reason: frame.reason,
          payload: message.data,
          resumeFrom,
        };
        return;
      case "error":
        throw new TransientError(`OpenCTI ended the stream: ${frame.message}`);
      case "no-recover":
        this.#options.log.warn("OpenCTI does not recover this stream", {
          reason: frame.message,
        });
        this.#options.watch?.noRecovery?.(frame.message);
        return;
      default:
        return;
    }
  }

  #marked(event: StreamEvent): StreamEvent {
    return this.#options.updatesAreUnsure && event.action === "update"
      ? { ...event, unsure: true }
      : event;
  }
}

function isData(frame: Frame): boolean {
  return hasItems(frame) || frame.kind === "dependency";
}

/** Dependencies are given out in a recovery only. */
function hasItems({ kind }: Frame): boolean {
  return kind === "main" || kind === "recovered" || kind === "malformed";
}
