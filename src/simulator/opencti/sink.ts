import type { ServerResponse } from "node:http";
import type { Ending } from "./faults.ts";

/** The response is over: the client went, or it was ended on purpose. */
export class StreamEnded extends Error {
  override name = "StreamEnded";
}

/**
 * One HTTP response whose body is written piece by piece, never faster than
 * the client reads it.
 */
export class ResponseSink {
  readonly #response: ServerResponse;
  readonly #waiting = new Set<() => void>();
  #closed = false;
  #flushed: Promise<void> = Promise.resolve();

  constructor(response: ServerResponse) {
    this.#response = response;
    response.on("drain", () => this.wake());
    response.on("error", () => this.wake());
    response.on("close", () => {
      this.#closed = true;
      this.wake();
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The client has read everything that was written so far. */
  get drained(): boolean {
    return this.#response.writableLength === 0;
  }

  start(
    status: number,
    reason: string | undefined,
    headers: Readonly<Record<string, string>>,
  ): void {
    if (reason === undefined) this.#response.writeHead(status, headers);
    else this.#response.writeHead(status, reason, headers);
    this.#response.flushHeaders();
  }

  /** @throws {StreamEnded} If the client went. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#closed) throw new StreamEnded();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flushed = promise;
    const room = this.#response.write(bytes, () => resolve());
    while (!room && !this.#closed && this.#response.writableNeedDrain) {
      await this.wait();
    }
    if (this.#closed) throw new StreamEnded();
  }

  /** Ends the response when everything before has left. */
  async end(how: Ending): Promise<never> {
    if (!this.#closed) {
      await Promise.race([this.#flushed, this.#gone()]);
      if (how === "clean") this.#response.end();
      else if (how === "reset") this.#response.socket?.resetAndDestroy();
      else this.#response.destroy();
    }
    throw new StreamEnded();
  }

  /** Waits for a wake-up, the client's leaving or, if given, a time. */
  wait(ms?: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = ms === undefined
        ? undefined
        : setTimeout(() => wake(), Math.max(0, ms));
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
    });
  }

  /** Sleeps through wake-ups: for the time, or until the client goes. */
  async pause(ms: number | undefined): Promise<void> {
    const until = ms === undefined ? undefined : performance.now() + ms;
    while (!this.#closed) {
      const left = until === undefined ? undefined : until - performance.now();
      if (left !== undefined && left <= 0) return;
      await this.wait(left);
    }
    throw new StreamEnded();
  }

  /** Lets everybody who waits look again. */
  wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  async #gone(): Promise<void> {
    while (!this.#closed) await this.wait();
  }
}
