/**
 * A text with its control, format and line characters as escapes: it stays one
 * line, moves no cursor and turns no direction of writing.
 */
export function plain(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
