/** The text without what could move a terminal's cursor or fake a line. */
export function singleLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
}
