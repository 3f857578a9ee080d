import { Connection } from "./connection.ts";
import type { Faults } from "./faults.ts";
import type { Platform } from "./platform.ts";
import { FrameSender } from "./sender.ts";
import { type ResponseSink, StreamEnded } from "./sink.ts";
import {
  authorizeStream,
  isRefusal,
  parseStreamRequest,
  type RequestParameters,
  type StreamRequest,
} from "./stream_request.ts";
import type { Collection } from "./view.ts";
import type { Frame } from "./wire.ts";
import { atLeast } from "./versions.ts";

/** How streams are served. */
export interface StreamServerOptions {
  /** Milliseconds between heartbeats. Default 5,000. */
  readonly heartbeatMs?: number;
  /** Objects per page of a recovery. Default 500. */
  readonly pageSize?: number;
  /** Seed of the order inside a page. Default 1. */
  readonly seed?: number;
}

/** One stream request, before its answer. */
export interface StreamCall extends RequestParameters {
  readonly streamId: string;
  readonly sink: ResponseSink;
}

/** Serves `GET /stream/{id}`, any number of connections at once. */
export class StreamServer {
  readonly #platform: Platform;
  readonly #faults: Faults;
  readonly #options: Required<StreamServerOptions>;
  readonly #recent: Frame[] = [];
  #connections = 0;

  constructor(
    platform: Platform,
    faults: Faults,
    options: StreamServerOptions = {},
  ) {
    this.#platform = platform;
    this.#faults = faults;
    this.#options = {
      heartbeatMs: options.heartbeatMs ?? 5_000,
      pageSize: options.pageSize ?? 500,
      seed: options.seed ?? 1,
    };
  }

  /** Answers one request; returns when its response is over. */
  async serve(call: StreamCall): Promise<void> {
    const unsubscribe = this.#platform.subscribe(() => call.sink.wake());
    try {
      await this.#answer(call);
    } catch (error) {
      if (!(error instanceof StreamEnded)) throw error;
    } finally {
      unsubscribe();
    }
  }

  async #answer(call: StreamCall): Promise<void> {
    const { sink, headers } = call;
    const plan = this.#faults.takeStream();
    const gzip = /\bgzip\b/.test(headers.get("accept-encoding") ?? "") &&
      plan.faults.some((fault) => fault.kind === "gzip");
    const sender = new FrameSender(sink, plan, { faults: this.#faults, gzip });
    const delay = sender.fault("delay");
    if (delay !== undefined) {
      this.#faults.note(delay.kind);
      await sink.pause(delay.ms);
    }
    const status = sender.fault("status");
    if (status !== undefined) {
      this.#faults.note(status.kind);
      sink.start(status.status, status.reason, {
        date: this.#date(),
        ...status.headers,
      });
      if (status.body !== undefined) {
        await sink.write(new TextEncoder().encode(status.body));
      }
      return await sink.end("clean");
    }
    const { request, collection } = await this.#accept(call, gzip);
    if (gzip) this.#faults.note("gzip");
    const connection = new Connection({
      platform: this.#platform,
      options: this.#options,
      sink,
      request,
      collection,
      isAllowed: () => !isRefusal(this.#authorize(call)),
      sender,
      ordinal: this.#connections++,
      recent: this.#recent,
    });
    await connection.run();
  }

  /** Refuses the request, or starts the response. */
  async #accept(
    call: StreamCall,
    gzip: boolean,
  ): Promise<{ request: StreamRequest; collection: Collection }> {
    const { sink } = call;
    const collection = this.#authorize(call);
    if (isRefusal(collection)) {
      return await this.#refuse(sink, collection.status, collection.reason);
    }
    const failed = `Error in stream ${call.streamId}`;
    let request: StreamRequest;
    try {
      request = parseStreamRequest(call);
    } catch {
      return await this.#refuse(sink, 500, failed);
    }
    const old = !atLeast(this.#platform.version, "7.0.0");
    if (old && request.recover !== undefined && request.from === undefined) {
      return await this.#refuse(sink, 500, failed);
    }
    sink.start(200, undefined, {
      "content-type": "text/event-stream; charset=utf-8",
      connection: "keep-alive",
      "cache-control": "no-cache, no-transform",
      "access-control-allow-origin": "*",
      date: this.#date(),
      ...(gzip ? { "content-encoding": "gzip" } : {}),
    });
    return { request, collection };
  }

  #authorize(call: StreamCall) {
    const authorization = call.headers.get("authorization") ?? undefined;
    return authorizeStream(this.#platform, call.streamId, authorization);
  }

  async #refuse(sink: ResponseSink, status: number, reason: string) {
    sink.start(status, reason, { date: this.#date(), "content-length": "0" });
    return await sink.end("clean");
  }

  #date(): string {
    return new Date(this.#platform.now()).toUTCString();
  }
}
