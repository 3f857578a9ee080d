/** One message of an event stream. */
export interface SseMessage {
  /** The last id the stream gave, of this message or of an earlier one. */
  readonly id: string;
  /** Name of the event; "message" where the stream gives none. */
  readonly event: string;
  /** The data lines, joined by LF. Empty when `oversized`. */
  readonly data: string;
  /** Bytes of the data lines. */
  readonly bytes: number;
  /** The message outgrew the limit: its data was read over, not kept. */
  readonly oversized: boolean;
}

/** Limits of a decoder. */
export interface SseDecoderOptions {
  /** Bytes that an unfinished message may hold. Default 64 MiB. */
  readonly maxMessageBytes?: number;
}

const LF = 10;
const CR = 13;
const COLON = 58;
const SPACE = 32;

/**
 * Decodes the bytes of one event stream into messages, however they are cut.
 *
 * Works on bytes: a line is decoded from UTF-8 only when it is complete and
 * wanted, so that a chunk may end inside a character. A message that is not
 * finished when the stream ends is never given out, nor is its id. Not
 * reusable: a new connection needs a new decoder.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html}
 */
export class SseDecoder {
  readonly #maxMessageBytes: number;
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Pieces of the unfinished line, oldest first. */
  #pieces: Uint8Array[] = [];
  #piecesBytes = 0;
  #atStart = true;
  #skipLf = false;
  #lastId = "";
  /** The id lines of the unfinished message: taken over when it is given out. */
  #pendingId: string | undefined;
  #event = "";
  #data: string[] = [];
  #dataBytes = 0;
  #oversized = false;

  constructor(options: SseDecoderOptions = {}) {
    this.#maxMessageBytes = options.maxMessageBytes ?? 64 * 1024 * 1024;
  }

  /** The messages that this chunk completes, in order. */
  push(chunk: Uint8Array): SseMessage[] {
    const messages: SseMessage[] = [];
    let start = 0;
    // [spec] A line ends with CR LF, with LF or with CR, and the two bytes of
    // CR LF may arrive in different chunks.
    if (this.#skipLf && chunk.length > 0) {
      this.#skipLf = false;
      if (chunk[0] === LF) start = 1;
    }
    let cr = chunk.indexOf(CR, start);
    let lf = chunk.indexOf(LF, start);
    while (lf !== -1 || cr !== -1) {
      const end = cr !== -1 && (lf === -1 || cr < lf) ? cr : lf;
      this.#line(this.#completeLine(chunk.subarray(start, end)), messages);
      start = end + 1;
      if (end === cr) {
        if (start === chunk.length) this.#skipLf = true;
        else if (chunk[start] === LF) start++;
        cr = chunk.indexOf(CR, start);
      }
      if (lf !== -1 && lf < start) lf = chunk.indexOf(LF, start);
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return messages;
  }

  /** Keeps the beginning of an unfinished line, within the limit. */
  #keep(piece: Uint8Array): void {
    const bytes = this.#piecesBytes + piece.length;
    if (this.#dataBytes + bytes > this.#maxMessageBytes) this.#tooLarge();
    if (!this.#oversized) {
      this.#pieces.push(piece.slice());
      this.#piecesBytes = bytes;
      return;
    }
    // Of a line that is read over, its beginning says what field it is.
    const first = this.#pieces[0] ?? piece;
    this.#pieces = [first.slice(0, 64)];
    this.#piecesBytes = this.#pieces[0]?.length ?? 0;
  }

  #tooLarge(): void {
    this.#oversized = true;
    this.#data = [];
    this.#dataBytes = 0;
  }

  #completeLine(tail: Uint8Array): Uint8Array {
    let line = tail;
    if (this.#pieces.length > 0) {
      line = new Uint8Array(this.#piecesBytes + tail.length);
      let offset = 0;
      for (const piece of this.#pieces) {
        line.set(piece, offset);
        offset += piece.length;
      }
      line.set(tail, offset);
      this.#pieces = [];
      this.#piecesBytes = 0;
    }
    if (this.#atStart) {
      this.#atStart = false;
      // [spec] One leading byte order mark is read over.
      if (line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) {
        return line.subarray(3);
      }
    }
    return line;
  }

  #line(line: Uint8Array, messages: SseMessage[]): void {
    if (line.length === 0) return this.#blankLine(messages);
    const colon = line.indexOf(COLON);
    // [spec] A line that begins with a colon is a comment.
    if (colon === 0) return;
    const nameEnd = colon === -1 ? line.length : colon;
    let valueStart = colon === -1 ? line.length : colon + 1;
    // [spec] One space after the colon belongs to neither side.
    if (line[valueStart] === SPACE) valueStart++;
    const value = line.subarray(valueStart);
    if (nameEnd === 4 && isName(line, "data")) this.#dataLine(value);
    else if (nameEnd === 2 && isName(line, "id")) {
      // [spec] An id holding U+0000 is ignored.
      if (!value.includes(0)) this.#pendingId = this.#utf8.decode(value);
    } else if (nameEnd === 5 && isName(line, "event")) {
      this.#event = this.#utf8.decode(value);
    }
    // `retry` is ignored: the reconnection time is ours. So are unknown fields.
  }

  #dataLine(value: Uint8Array): void {
    if (this.#dataBytes + value.length > this.#maxMessageBytes) {
      this.#tooLarge();
    }
    if (this.#oversized) return;
    this.#dataBytes += value.length;
    this.#data.push(this.#utf8.decode(value));
  }

  #blankLine(messages: SseMessage[]): void {
    if (this.#pendingId !== undefined) this.#lastId = this.#pendingId;
    // [spec] Without data nothing is dispatched, but the id counts.
    if (this.#data.length > 0 || this.#oversized) {
      messages.push({
        id: this.#lastId,
        event: this.#event === "" ? "message" : this.#event,
        data: this.#data.length === 1
          ? this.#data[0] as string
          : this.#data.join("\n"),
        bytes: this.#dataBytes,
        oversized: this.#oversized,
      });
    }
    this.#pendingId = undefined;
    this.#event = "";
    this.#data = [];
    this.#dataBytes = 0;
    this.#oversized = false;
  }
}

function isName(line: Uint8Array, name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    if (line[index] !== name.charCodeAt(index)) return false;
  }
  return true;
}
