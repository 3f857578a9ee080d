import type {
  CutPoint,
  Ending,
  Faults,
  StreamFault,
  StreamPlan,
} from "./faults.ts";
import { GzipBody } from "./gzip.ts";
import { type ResponseSink, StreamEnded } from "./sink.ts";
import type { Frame } from "./wire.ts";

const CHUNK_BYTES = 65_536;
const encoder = new TextEncoder();
const COMMENT = encoder.encode(": comment\n");

/**
 * Writes frames to a response in chunks of about 64 KiB, and does to them
 * what the faults of the response want.
 */
export class FrameSender {
  /** Data frames sent so far. */
  frames = 0;
  readonly #sink: ResponseSink;
  readonly #plan: StreamPlan;
  readonly #faults: Faults;
  readonly #gzip: GzipBody | undefined;
  #chunk: Uint8Array[] = [];
  #chunkBytes = 0;
  #bodyBytes = 0;
  #releasedAt = performance.now();
  #afterDependency = false;
  readonly #done = new Set<StreamFault>();

  constructor(
    sink: ResponseSink,
    plan: StreamPlan,
    options: { faults: Faults; gzip: boolean },
  ) {
    this.#sink = sink;
    this.#plan = plan;
    this.#faults = options.faults;
    this.#gzip = options.gzip ? new GzipBody() : undefined;
  }

  /** The fault of this kind that is planned, if any. */
  fault<Kind extends StreamFault["kind"]>(kind: Kind) {
    return this.#plan.faults.find((fault): fault is Extract<
      StreamFault,
      { kind: Kind }
    > => fault.kind === kind);
  }

  /** @throws {StreamEnded} If the response ended, by a fault or the client. */
  async send(frame: Frame): Promise<void> {
    const isData = frame.kind !== "heartbeat" && frame.kind !== "connected";
    if (this.#plan.faults.length === 0 && this.#plan.chaos === undefined) {
      if (isData) this.frames++;
      return await this.#push(frame.bytes);
    }
    if (isData) await this.#sendWithFaults(frame);
    else await this.#push(this.#dressed(frame.bytes));
    if (isData || frame.kind === "connected") await this.#afterFrame();
  }

  /** Hands over what has gathered, unless a proxy holds it back. */
  async flush(): Promise<void> {
    if (this.holdMs() > 0) return;
    this.#releasedAt = performance.now();
    await this.#release();
  }

  /** Milliseconds that a buffering proxy still holds what has gathered. */
  holdMs(): number {
    const buffering = this.fault("buffering");
    if (buffering === undefined || this.#chunkBytes === 0) return 0;
    this.note(buffering);
    return this.#releasedAt + buffering.everyMs - performance.now();
  }

  /** Ends the response after what has gathered. */
  async end(how: Ending): Promise<never> {
    await this.#release();
    if (how === "clean" && this.#gzip !== undefined) {
      await this.#sink.write(this.#gzip.trailer());
    }
    return await this.#sink.end(how);
  }

  async #sendWithFaults(frame: Frame): Promise<void> {
    this.frames++;
    const bytes = this.#dressed(frame.bytes);
    const chaos = this.#plan.chaos?.(bytes.length);
    if (chaos !== undefined) this.#faults.note(`chaos-${chaos.kind}`);
    if (chaos?.kind === "cut") return await this.#cut(bytes, chaos.at, "cut");
    for (const fault of this.#plan.faults) {
      if (fault.kind !== "cut-in-frame" || this.frames < fault.frame) continue;
      const at = cutOffset(bytes, fault.at, {
        afterDependency: this.#afterDependency && frame.kind === "main",
      });
      if (at === undefined) continue;
      this.#faults.note(fault.kind);
      return await this.#cut(bytes, at, fault.how ?? "cut");
    }
    this.#afterDependency = frame.kind === "dependency";
    await this.#push(bytes);
    if (chaos?.kind === "duplicate") await this.#push(bytes);
    if (chaos?.kind === "stall") await this.#stall(chaos.ms);
    if (chaos?.kind === "end") await this.end("clean");
  }

  async #afterFrame(): Promise<void> {
    for (const fault of this.#plan.faults) {
      if (!("frames" in fault) || fault.frames !== this.frames) continue;
      if (fault.kind === "repeat" || this.#done.has(fault)) continue;
      this.note(fault);
      if (fault.kind === "insert-after") {
        await this.#push(this.#dressed(encoder.encode(fault.text)));
      } else if (fault.kind === "stall-after") await this.#stall(fault.ms);
      else await this.end(fault.how ?? "clean");
    }
  }

  async #stall(ms: number | undefined): Promise<void> {
    await this.#release();
    await this.#sink.pause(ms);
  }

  async #cut(bytes: Uint8Array, at: number, how: Ending): Promise<never> {
    await this.#push(bytes.subarray(0, at));
    return await this.end(how);
  }

  async #push(bytes: Uint8Array): Promise<void> {
    const limit = this.fault("end-after-bytes");
    if (
      limit !== undefined && this.#bodyBytes + bytes.length >= limit.bytes
    ) {
      this.#faults.note(limit.kind);
      this.#gather(bytes.subarray(0, limit.bytes - this.#bodyBytes));
      return await this.end(limit.how ?? "cut");
    }
    this.#gather(bytes);
    if (this.#chunkBytes >= CHUNK_BYTES) await this.#release();
  }

  #gather(bytes: Uint8Array): void {
    this.#chunk.push(bytes);
    this.#chunkBytes += bytes.length;
    this.#bodyBytes += bytes.length;
  }

  async #release(): Promise<void> {
    const chunk = joined(this.#chunk, this.#chunkBytes);
    this.#chunk = [];
    this.#chunkBytes = 0;
    if (chunk.length === 0) {
      if (this.#sink.closed) throw new StreamEnded();
      return;
    }
    const body = this.#gzip?.piece(chunk) ?? chunk;
    const bytewise = this.fault("byte-chunks");
    if (bytewise === undefined) return await this.#sink.write(body);
    this.note(bytewise);
    for (let at = 0; at < body.length; at++) {
      await this.#sink.write(body.subarray(at, at + 1));
    }
  }

  /** The frame with the line ends and comments that were asked for. */
  #dressed(bytes: Uint8Array): Uint8Array {
    const comments = this.fault("comments");
    const crlf = this.fault("crlf");
    if (comments !== undefined) this.note(comments);
    if (crlf !== undefined) this.note(crlf);
    const text = comments === undefined
      ? bytes
      : joined([COMMENT, bytes], COMMENT.length + bytes.length);
    return crlf === undefined ? text : withCrLf(text);
  }

  /** Counts the fault, once per response. */
  note(fault: StreamFault): void {
    if (this.#done.has(fault)) return;
    this.#done.add(fault);
    this.#faults.note(fault.kind);
  }
}

/** How many bytes of the frame still go out; nothing: not in this frame. */
function cutOffset(
  bytes: Uint8Array,
  point: CutPoint,
  frame: { afterDependency: boolean },
): number | undefined {
  switch (point) {
    case "middle":
      return bytes.length >>> 1;
    case "before-blank-line":
      return bytes.length - 1;
    case "after-id":
      return bytes.indexOf(0x0a) + 1;
    case "before-main":
      return frame.afterDependency ? 0 : undefined;
    case "inside-character": {
      const lead = bytes.findIndex((byte) => byte >= 0xc2);
      return lead < 0 ? undefined : lead + 1;
    }
    default:
      return Math.min(point, bytes.length);
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function withCrLf(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (const byte of bytes) {
    if (byte === 0x0a) out.push(0x0d);
    out.push(byte);
  }
  return Uint8Array.from(out);
}
