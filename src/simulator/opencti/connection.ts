import { dependencyFrames, initFrame } from "./dependencies.ts";
import { type EventId, formatEventId, ZERO_ID } from "./event_id.ts";
import { currentDocument, type StoredObject } from "./objects.ts";
import { consumerMetricsFrame, errorFrame } from "./odd_frames.ts";
import type { Platform } from "./platform.ts";
import { recoveryPages } from "./recovery.ts";
import type { FrameSender } from "./sender.ts";
import { type ResponseSink, StreamEnded } from "./sink.ts";
import type { StreamRequest } from "./stream_request.ts";
import { type Collection, SentCache, type StreamView } from "./view.ts";
import { atLeast } from "./versions.ts";
import { connectedFrame, type Frame, heartbeatFrame } from "./wire.ts";

/** Source: OpenCTI reads its Redis stream 100 entries at a time. */
const READ_COUNT = 100;
const RECENT_FRAMES = 256;
const encoder = new TextEncoder();

/** What one open stream is made of. */
export interface ConnectionParts {
  readonly platform: Platform;
  readonly options: {
    readonly heartbeatMs: number;
    readonly pageSize: number;
    readonly seed: number;
  };
  readonly sink: ResponseSink;
  readonly request: StreamRequest;
  readonly collection: Collection;
  /** Asked before each batch: the user may still read the stream. */
  readonly isAllowed: () => boolean;
  readonly sender: FrameSender;
  /** How many connections there were before this one. */
  readonly ordinal: number;
  /** The last frames of all connections, shared between them. */
  readonly recent: Frame[];
}

/** One open stream: `connected`, a recovery if asked for, then live. */
export class Connection {
  readonly #parts: ConnectionParts;
  readonly #view: StreamView;
  readonly #connectionsEnd: number;
  #beatAt = performance.now();
  /** Last id sent or read; heartbeats repeat it. */
  #lastId: EventId | undefined;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#view = {
      collection: parts.collection,
      options: parts.request,
      objects: parts.platform.objects,
      sent: new SentCache({ now: () => parts.platform.now() }),
    };
    this.#connectionsEnd = parts.platform.connectionsEnd;
  }

  /** @throws {StreamEnded} When the response is over, for any reason. */
  async run(): Promise<never> {
    const { platform, sender, request: { from, recover } } = this.#parts;
    await sender.send(
      connectedFrame(platform.bounds(), crypto.randomUUID()),
    );
    await this.#repeat();
    await sender.flush();
    if (recover !== undefined && from === undefined) await this.#fail();
    this.#lastId = from;
    if (recover !== undefined && from !== undefined && recover.ms > from.ms) {
      await this.#recover(from, recover);
      return await this.#live(recover);
    }
    return await this.#live(from ?? platform.log.lastId ?? ZERO_ID);
  }

  /** 7.x: recovery without a start is an error frame, then silence. */
  async #fail(): Promise<void> {
    const { sender, sink, collection } = this.#parts;
    const text = errorFrame(
      collection.id,
      "Recovery mode is only possible with a start date.",
    );
    const bytes = encoder.encode(text);
    await sender.send({ kind: "heartbeat", event: "error", bytes });
    await sender.flush();
    await sink.pause(undefined);
  }

  async #recover(from: EventId, recover: EventId): Promise<void> {
    const { platform, options, request, collection, sender } = this.#parts;
    const pages = recoveryPages(platform.objects, {
      fromMs: from.ms,
      untilMs: recover.ms,
      pageSize: options.pageSize,
      seed: options.seed + this.#parts.ordinal,
      matches: collection.matches,
      withInferences: request.withInferences,
    });
    for (const page of pages) {
      if (this.#isOver()) await sender.end("clean");
      for (const row of page) await this.#recoverRow(row);
      await sender.flush();
      await this.#beat();
    }
  }

  /** An object that went out as a dependency is not sent again. */
  async #recoverRow(row: StoredObject): Promise<void> {
    const { sent, objects: table } = this.#view;
    const key = row.object.id;
    if (sent.has(key)) return;
    const id = { ms: row.updatedAt, seq: 0 };
    const document = currentDocument(row);
    const frames = dependencyFrames(id, document, this.#view);
    if (!sent.has(key)) {
      sent.add(key);
      frames.push(initFrame(id, document, { referer: "init-create", table }));
    }
    await this.#sendGroup(id, frames);
  }

  async #live(start: EventId): Promise<never> {
    const { platform, sender } = this.#parts;
    let position = start;
    for (;;) {
      if (this.#isOver()) return await sender.end("clean");
      const entries = platform.log.read(position, READ_COUNT);
      if (entries.length === 0) {
        await this.#idle();
        continue;
      }
      for (const entry of entries) {
        await this.#sendGroup(entry.id, entry.frames(this.#view));
        position = entry.id;
      }
      await sender.flush();
      await this.#beat();
    }
  }

  async #sendGroup(id: EventId, frames: readonly Frame[]): Promise<void> {
    const { sender, recent } = this.#parts;
    const beats = sender.fault("heartbeat-in-groups") !== undefined;
    this.#lastId = id;
    for (const [index, frame] of frames.entries()) {
      if (beats && index > 0 && frame.kind === "main") {
        await sender.send(heartbeatFrame(id));
      }
      recent.push(frame);
      await sender.send(frame);
    }
    if (recent.length > 2 * RECENT_FRAMES) {
      recent.splice(0, recent.length - RECENT_FRAMES);
    }
  }

  /** Waits for something to happen, or for the next heartbeat. */
  async #idle(): Promise<void> {
    const { platform, options, sink, sender } = this.#parts;
    const beatIn = this.#beatAt + options.heartbeatMs - performance.now();
    const held = sender.holdMs();
    const waitMs = held > 0 ? Math.min(held, beatIn) : beatIn;
    await sink.wait(waitMs);
    if (sink.closed) throw new StreamEnded();
    await sender.flush();
    if (performance.now() >= this.#beatAt + options.heartbeatMs) {
      // An empty read leaves the platform with the id of its own "now".
      this.#lastId = platform.inventedId();
    }
    await this.#beat();
  }

  /** A heartbeat, when one is due and the client has read everything. */
  async #beat(): Promise<void> {
    const { platform, options, sink, sender } = this.#parts;
    const now = performance.now();
    if (now < this.#beatAt + options.heartbeatMs) return;
    this.#beatAt = now;
    if (this.#lastId === undefined || !sink.drained) return;
    await sender.send(heartbeatFrame(this.#lastId));
    if (atLeast(platform.version, "7.0.0")) {
      const text = consumerMetricsFrame(formatEventId(this.#lastId));
      const bytes = encoder.encode(text);
      const event = "consumer_metrics";
      await sender.send({ kind: "heartbeat", event, bytes });
    }
    await sender.flush();
  }

  /** Frames of the connections before, once more. */
  async #repeat(): Promise<void> {
    const { sender, recent } = this.#parts;
    const repeat = sender.fault("repeat");
    if (repeat === undefined) return;
    sender.note(repeat);
    for (const frame of recent.slice(-repeat.frames)) await sender.send(frame);
  }

  /** The platform restarts, or the user lost the stream. */
  #isOver(): boolean {
    const { platform, isAllowed } = this.#parts;
    return platform.connectionsEnd !== this.#connectionsEnd || !isAllowed();
  }
}
