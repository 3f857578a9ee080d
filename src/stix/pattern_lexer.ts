import { PatternError } from "./pattern_error.ts";

/**
 * Kind of a token. Punctuation is its own kind, with `==` and `<>` given as `=`
 * and `!=`. Keywords and booleans are words: what a word means depends on where
 * it stands, so that a property may be called `in` and `or` may be lower case.
 */
export type TokenKind =
  | ("[" | "]" | "(" | ")" | ":" | "," | "." | "*")
  | ("=" | "!=" | "<" | ">" | "<=" | ">=")
  | ("word" | "quoted word" | "integer" | "float")
  | ("string" | "timestamp" | "hex" | "binary")
  | "end";

const TIMESTAMP =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?Z$/;

/** Bodies of `t'...'`, `h'...'` and `b'...'`; none can backtrack. */
const ENCODED: Readonly<Record<string, EncodedForm>> = {
  t: {
    kind: "timestamp",
    form: TIMESTAMP,
    expected: "a time such as t'2026-01-31T00:00:00Z'",
  },
  h: {
    kind: "hex",
    form: /^([0-9A-Fa-f]{2})*$/,
    expected: "pairs of hexadecimal digits",
  },
  b: {
    kind: "binary",
    form: /^[A-Za-z0-9+/]*={0,2}$/,
    expected: "base64",
  },
};

interface EncodedForm {
  readonly kind: "timestamp" | "hex" | "binary";
  readonly form: RegExp;
  readonly expected: string;
}

const DOUBLE_QUOTE = 0x22;
const QUOTE = 0x27;
const STAR = 0x2a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const UNDERSCORE = 0x5f;

/**
 * Reads a pattern token by token in one pass, without looking back. The current
 * token is in the fields; `next()` moves on.
 */
export class PatternLexer {
  readonly text: string;
  kind: TokenKind = "end";
  /** Offset of the token's first code unit. */
  start = 0;
  /** Text of a word or literal without quotes and escapes; digits of a number. */
  value = "";
  #position = 0;

  constructor(text: string) {
    this.text = text;
    this.next();
  }

  /** @throws {PatternError} What follows is no token of the grammar. */
  next(): void {
    this.#skipSpace();
    this.start = this.#position;
    if (this.#position >= this.text.length) {
      this.kind = "end";
      return;
    }
    const code = this.text.charCodeAt(this.#position);
    if (isWordStart(code)) this.#readWord();
    else if (code === QUOTE) this.#readString();
    else if (this.#startsNumber(code)) this.#readNumber();
    else if (code === DOUBLE_QUOTE) this.#readQuotedWord();
    else this.#readPunctuation();
  }

  /** True when the token is this keyword (given in upper case), in any case. */
  isKeyword(keyword: string): boolean {
    return this.kind === "word" && this.value.length === keyword.length &&
      (this.value === keyword || this.value.toUpperCase() === keyword);
  }

  /** The error that something else should stand where the token starts. */
  unexpected(expected: string): PatternError {
    return new PatternError(this.text, this.start, expected);
  }

  #readWord(): void {
    const { text, start } = this;
    let end = start + 1;
    while (isWordPart(text.charCodeAt(end))) end++;
    this.#position = end;
    const word = text.slice(start, end);
    const encoded = end === start + 1 && text.charCodeAt(end) === QUOTE
      ? ENCODED[word]
      : undefined;
    if (encoded !== undefined) {
      this.#readEncoded(encoded);
      return;
    }
    this.kind = "word";
    this.value = word;
  }

  #readEncoded({ kind, form, expected }: EncodedForm): void {
    const from = this.start + 2;
    const end = this.text.indexOf("'", from);
    if (end < 0) throw this.#missing("a closing '");
    const value = this.text.slice(from, end);
    const whole = kind !== "binary" || value.length % 4 === 0;
    if (!whole || !form.test(value)) throw this.unexpected(expected);
    this.kind = kind;
    this.value = value;
    this.#position = end + 1;
  }

  #readString(): void {
    const { text, start } = this;
    let end = start + 1;
    let escaped = false;
    for (;; end++) {
      const code = text.charCodeAt(end);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        const next = text.charCodeAt(++end);
        if (next !== QUOTE && next !== BACKSLASH) {
          throw new PatternError(text, end - 1, "\\' or \\\\ in a string");
        }
        escaped = true;
      } else if (end >= text.length) throw this.#missing("a closing '");
    }
    const raw = text.slice(start + 1, end);
    this.kind = "string";
    this.value = escaped ? raw.replace(/\\(.)/g, "$1") : raw;
    this.#position = end + 1;
  }

  /** STIX 2.0 drafts quoted identifiers with `"`, doubled inside. */
  #readQuotedWord(): void {
    const { text, start } = this;
    let end = text.indexOf('"', start + 1);
    while (end >= 0 && text.charCodeAt(end + 1) === DOUBLE_QUOTE) {
      end = text.indexOf('"', end + 2);
    }
    if (end < 0) throw this.#missing('a closing "');
    this.kind = "quoted word";
    this.value = text.slice(start + 1, end).replaceAll('""', '"');
    this.#position = end + 1;
  }

  #startsNumber(code: number): boolean {
    if (isDigit(code)) return true;
    const { text } = this;
    const next = text.charCodeAt(this.#position + 1);
    if (code === DOT) return isDigit(next);
    if (code !== MINUS && code !== PLUS) return false;
    return isDigit(next) || next === DOT &&
        isDigit(text.charCodeAt(this.#position + 2));
  }

  #readNumber(): void {
    const { text, start } = this;
    const sign = text.charCodeAt(start);
    const digits = sign === MINUS || sign === PLUS ? start + 1 : start;
    let end = skipDigits(text, digits);
    const isFloat = text.charCodeAt(end) === DOT &&
      isDigit(text.charCodeAt(end + 1));
    if (isFloat) end = skipDigits(text, end + 1);
    else if (end > digits + 1 && text[digits] === "0") {
      throw this.unexpected("an integer without leading zeros");
    }
    this.kind = isFloat ? "float" : "integer";
    this.value = text.slice(start, end);
    this.#position = end;
  }

  #readPunctuation(): void {
    const { text, start } = this;
    const pair = text.slice(start, start + 2);
    const token = PUNCTUATION.has(pair) ? pair : text.charAt(start);
    const kind = PUNCTUATION.get(token);
    if (kind === undefined) throw this.unexpected("a token of the grammar");
    this.kind = kind;
    this.#position = start + token.length;
  }

  #skipSpace(): void {
    const { text } = this;
    for (;;) {
      const code = text.charCodeAt(this.#position);
      if (isSpace(code)) this.#position++;
      else if (code !== SLASH || !this.#skipComment()) return;
    }
  }

  /** False when the slash starts no comment. */
  #skipComment(): boolean {
    const { text } = this;
    const next = text.charCodeAt(this.#position + 1);
    if (next === SLASH) {
      let end = this.#position + 2;
      while (end < text.length && !isLineEnd(text.charCodeAt(end))) end++;
      this.#position = end;
      return true;
    }
    if (next !== STAR) return false;
    const end = text.indexOf("*/", this.#position + 2);
    if (end < 0) throw this.#missing("a closing */");
    this.#position = end + 2;
    return true;
  }

  #missing(expected: string): PatternError {
    return new PatternError(this.text, this.text.length, expected);
  }
}

const PUNCTUATION: ReadonlyMap<string, TokenKind> = new Map([
  ...(["[", "]", "(", ")", ":", ",", ".", "*"] as const).map(asItself),
  ...(["=", "<", ">", "!=", "<=", ">="] as const).map(asItself),
  ["==", "="],
  ["<>", "!="],
]);

function asItself(kind: TokenKind): [string, TokenKind] {
  return [kind, kind];
}

/** True for the body of a timestamp literal: RFC 3339 in UTC, upper case. */
export function isTimestamp(value: string): boolean {
  return TIMESTAMP.test(value);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function skipDigits(text: string, from: number): number {
  let end = from;
  while (isDigit(text.charCodeAt(end))) end++;
  return end;
}

function isWordStart(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a || code === UNDERSCORE;
}

function isWordPart(code: number): boolean {
  return isWordStart(code) || isDigit(code) || code === MINUS;
}

function isLineEnd(code: number): boolean {
  return code === 0x0a || code === 0x0d;
}

/** Token WS of the grammar. */
function isSpace(code: number): boolean {
  if (code < 0x80) {
    return code === 0x20 || code >= 0x09 && code <= 0x0d;
  }
  return code === 0x85 || code === 0xa0 || code === 0x1680 ||
    code >= 0x2000 && code <= 0x200a || code === 0x2028 || code === 0x2029 ||
    code === 0x202f || code === 0x205f || code === 0x3000;
}
