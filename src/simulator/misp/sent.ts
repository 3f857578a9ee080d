/** Readers of what a client sends: PHP takes numbers and texts alike. */

/** A text, or a number as its text; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : undefined;
}

/** PHP's idea of truth: `0`, `"0"`, `""`, `false` and null are false. */
export function truthOf(value: unknown): boolean | undefined {
  if (value === undefined) return undefined;
  return !(value === null || value === false || value === 0 || value === "" ||
    value === "0");
}

/** A whole number; NaN for what is none. */
export function numberOf(value: unknown): number | undefined {
  const text = textOf(value);
  if (text === undefined) return undefined;
  return /^\d+$/.test(text.trim()) ? Number(text) : NaN;
}

/** Unix seconds that a 32-bit column holds. */
export function isTimestamp(value: number): boolean {
  return value >= 0 && value <= 2_147_483_647;
}

/** A list, or one element as a list of one. */
export function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** Characters of 4 bytes, which the columns of an older database refuse. */
export function hasWideCharacter(text: string): boolean {
  return /[\u{10000}-\u{10FFFF}]/u.test(text);
}
