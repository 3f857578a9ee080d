import type { Position, StreamEvent, StreamItem } from "../opencti/event.ts";

/** A data event that could not be understood. */
export type Malformed = Extract<StreamItem, { kind: "malformed" }>;

/** What is delivered and settled together. */
export interface Batch {
  /** No two concern the same object: of those the last one won. */
  readonly events: readonly StreamEvent[];
  readonly malformed: readonly Malformed[];
  /** Events that a later one of the same object replaced. */
  readonly superseded: number;
  /**
   * Deletes that an event replaced of which the stream does not say whether
   * its object matches the filter: they hold where it does not.
   */
  readonly deletes: ReadonlyMap<StreamEvent, StreamEvent>;
  /** The position once all of the batch is settled. */
  readonly resumeFrom: Position;
}

/** How much is held in memory. */
export interface BatchLimits {
  /** Events per batch. */
  readonly maxEvents: number;
  /** Bytes of event text per batch, and of what waits behind it. */
  readonly maxBytes: number;
}

/**
 * Natural batching: a batch is what is there, at once, up to the limits. More
 * only gathers while the previous batch is being delivered; there is no timer.
 * When as much as one batch waits, reading stops until the next is taken.
 *
 * Ends when the items end, and throws what they throw, after the items that
 * came before it.
 */
export async function* inBatches(
  items: AsyncIterable<StreamItem>,
  limits: BatchLimits,
): AsyncGenerator<Batch, void, undefined> {
  const waiting = new WaitingRoom(limits);
  const reading = read(items, waiting);
  try {
    while (await waiting.hasItems()) yield takeBatch(waiting, limits);
    await reading;
  } finally {
    waiting.close();
  }
}

async function read(
  items: AsyncIterable<StreamItem>,
  waiting: WaitingRoom,
): Promise<void> {
  try {
    for await (const item of items) {
      waiting.push(item);
      if (waiting.isFull) await waiting.hasSpace();
      if (waiting.isClosed) return;
    }
  } finally {
    waiting.end();
  }
}

/** Items that were read and not yet taken, bounded in number and bytes. */
class WaitingRoom {
  readonly #limits: BatchLimits;
  #items: StreamItem[] = [];
  #next = 0;
  #bytes = 0;
  #ended = false;
  isClosed = false;
  #wakeTaker: (() => void) | undefined;
  #wakeReader: (() => void) | undefined;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#items.length - this.#next >= this.#limits.maxEvents ||
      this.#bytes >= this.#limits.maxBytes;
  }

  push(item: StreamItem): void {
    this.#items.push(item);
    this.#bytes += bytesOf(item);
    this.#wakeTaker?.();
  }

  peek(): StreamItem | undefined {
    return this.#items[this.#next];
  }

  take(): void {
    const item = this.#items[this.#next++];
    if (item !== undefined) this.#bytes -= bytesOf(item);
    if (this.#next === this.#items.length) {
      this.#items = [];
      this.#next = 0;
    }
    if (!this.isFull) this.#wakeReader?.();
  }

  /** Resolves to false when nothing is left and nothing more comes. */
  async hasItems(): Promise<boolean> {
    while (this.peek() === undefined) {
      if (this.#ended) return false;
      await new Promise<void>((resolve) => this.#wakeTaker = resolve);
    }
    return true;
  }

  async hasSpace(): Promise<void> {
    while (this.isFull && !this.isClosed) {
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
  }

  /** Nothing more comes. */
  end(): void {
    this.#ended = true;
    this.#wakeTaker?.();
  }

  /** Nothing more is taken. */
  close(): void {
    this.isClosed = true;
    this.#wakeReader?.();
  }
}

function bytesOf(item: StreamItem): number {
  if (item.kind === "event") return item.event.bytes;
  return item.kind === "malformed" ? item.payload.length : 0;
}

function takeBatch(waiting: WaitingRoom, limits: BatchLimits): Batch {
  const events = new Map<string, StreamEvent>();
  const deletes = new Map<StreamEvent, StreamEvent>();
  const malformed: Malformed[] = [];
  let superseded = 0;
  let bytes = 0;
  let resumeFrom: Position | undefined;
  for (let item = waiting.peek(); item !== undefined; item = waiting.peek()) {
    const size = bytesOf(item);
    const count = events.size + malformed.length;
    const isOver = count >= limits.maxEvents || bytes + size > limits.maxBytes;
    if (isOver && count > 0) break;
    bytes += size;
    resumeFrom = item.resumeFrom;
    if (item.kind === "event") {
      if (replace(events, deletes, item.event)) superseded++;
    } else if (item.kind === "malformed") malformed.push(item);
    waiting.take();
  }
  return {
    events: [...events.values()],
    malformed,
    superseded,
    deletes,
    resumeFrom: resumeFrom as Position,
  };
}

/**
 * Keeps the last event of an object, at its place in the order. Where several
 * were taken together the last one no longer says what changed, nor that the
 * object is new: before a crash the earlier ones may have been delivered.
 */
function replace(
  events: Map<string, StreamEvent>,
  deletes: Map<StreamEvent, StreamEvent>,
  event: StreamEvent,
): boolean {
  const key = event.internalId;
  const earlier = events.get(key);
  if (earlier === undefined) {
    events.set(key, event);
    return false;
  }
  const last = event.action === "delete" ? event : together(earlier, event);
  const gone = earlier.action === "delete" ? earlier : deletes.get(earlier);
  deletes.delete(earlier);
  if (last.unsure === true && gone !== undefined) deletes.set(last, gone);
  events.delete(key);
  events.set(key, last);
  return true;
}

function together(earlier: StreamEvent, event: StreamEvent): StreamEvent {
  const { changed: _changed, reversePatch: _patch, unsure, ...rest } = event;
  // What was inside the filter is so until an event says otherwise.
  const isUnsure = unsure === true &&
    (earlier.unsure === true || earlier.action === "delete");
  return {
    ...rest,
    cause: "changed",
    ...(isUnsure ? { unsure: true } : {}),
  };
}
