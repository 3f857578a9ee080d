const MAX_NEAR_CHARS = 40;
/** Characters that end a line or turn its direction where JSON lets them. */
const UNPRINTABLE =
  /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * The text is not a STIX pattern. The message is safe to log: it quotes at most
 * 40 characters of the pattern, escaped.
 */
export class PatternError extends Error {
  override name = "PatternError";
  /** Offset of the offending token, in UTF-16 code units from 0. */
  readonly position: number;
  /** What would have been right there, such as `"]"` or `an object path`. */
  readonly expected: string;
  /** The pattern from `position` on, at most 40 code units, as it stands. */
  readonly near: string;

  constructor(text: string, position: number, expected: string) {
    const near = text.slice(position, position + MAX_NEAR_CHARS);
    super(
      `Cannot parse STIX pattern at character ${position}: expected ` +
        `${expected}, found ${near === "" ? "its end" : quoted(near)}`,
    );
    this.position = position;
    this.expected = expected;
    this.near = near;
  }
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    UNPRINTABLE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
