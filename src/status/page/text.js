/** Values as a person reads them. Texts are never markup. */

/** Makes characters visible that would hide or turn text. */
export function plain(value) {
  return String(value).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`,
  );
}

/** Writes only what changed: selections survive. */
export function setText(element, value) {
  const text = plain(value);
  if (element.textContent !== text) element.textContent = text;
}

/** "12,345". */
export const number = (value) => value.toLocaleString("en-US");

/** A length of time in words: "0.4 s", "12 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds) {
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  const units = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];
  const at = units.findIndex(([, size]) => Math.round(seconds) >= size);
  const [[unit, size], next] = [units[at], units[at + 1]];
  const count = Math.floor(Math.round(seconds) / size);
  const rest = Math.round(seconds) - count * size;
  if (next === undefined) return `${count} ${unit}`;
  const nextCount = Math.floor(rest / next[1]);
  return nextCount === 0
    ? `${count} ${unit}`
    : `${count} ${unit} ${nextCount} ${next[0]}`;
}

/** "2026-11-28 17:04:12 UTC": the time that logs and OpenCTI show too. */
export const time = (iso) => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
