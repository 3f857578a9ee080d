/** Text as MISP's columns take it: UTF-8 of at most three bytes a character. */

/** Most bytes of an attribute's value or a comment (MySQL `TEXT`). */
export const MAX_TEXT_BYTES = 65_535;

/** Where longer text is cut, so that the mark below still fits. */
const CUT_BYTES = 65_000;
const CUT_MARK = "… [truncated]";

const NON_BMP = /[\u{10000}-\u{10ffff}]/gu;
// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const PRINTABLE = /[^\p{Cc}\p{Cf}\s]/u;

/**
 * The text trimmed, with U+FFFD for lone surrogates and for characters beyond
 * the BMP, which MISP's columns do not hold.
 */
export function cleanText(text: string): string {
  return trimmed(text.toWellFormed().replace(NON_BMP, "\ufffd"));
}

/** The same in one line: control characters are a space. */
export function oneLine(text: string): string {
  return cleanText(text.replace(CONTROLS, " "));
}

/** True where there is more to see than white space and control characters. */
export function isPrintable(text: string): boolean {
  return PRINTABLE.test(text);
}

/** True where the text takes more than this many bytes of UTF-8. */
export function isLonger(text: string, maxBytes: number): boolean {
  return text.length * 3 > maxBytes && fitting(text, maxBytes) < text.length;
}

/** As much of the text as fits into so many bytes of UTF-8. */
export function cutToBytes(text: string, maxBytes: number): string {
  return text.length * 3 <= maxBytes
    ? text
    : text.slice(0, fitting(text, maxBytes));
}

/** The text where it fits a column, else its beginning and a mark. */
export function cutText(text: string): string {
  return isLonger(text, MAX_TEXT_BYTES)
    ? cutToBytes(text, CUT_BYTES) + CUT_MARK
    : text;
}

/** The first `count` characters. */
export function firstChars(text: string, count: number): string {
  return text.slice(0, count).toWellFormed();
}

/** Without white space and NUL at the ends; PHP trims both. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text, start)) start++;
  while (end > start && isBlank(text, end - 1)) end--;
  return text.slice(start, end);
}

function isBlank(text: string, at: number): boolean {
  const char = text.charAt(at);
  return char === "\0" || char.trim() === "";
}

/** How many UTF-16 code units fit, whole characters only. */
function fitting(text: string, maxBytes: number): number {
  const head = text.slice(0, maxBytes);
  return new TextEncoder().encodeInto(head, new Uint8Array(maxBytes)).read;
}
