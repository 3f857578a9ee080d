/** Longest wait that a server may ask for. */
const MAX_WAIT_MS = 3_600_000;

/**
 * Milliseconds that an answer asks us to wait: `retry-after-ms`, else
 * `Retry-After` in seconds or as a date (RFC 9110 §10.2.3). A date is read
 * against the server's own clock where it tells it. At most 1 hour.
 */
export function retryAfterMs(
  headers: Headers,
  nowMs: number,
): number | undefined {
  const wait = inMilliseconds(headers.get("retry-after-ms"), 1) ??
    inMilliseconds(headers.get("retry-after"), 1_000) ??
    untilDate(headers, nowMs);
  return wait === undefined
    ? undefined
    : Math.min(Math.max(Math.ceil(wait), 0), MAX_WAIT_MS);
}

function inMilliseconds(text: string | null, unit: number): number | undefined {
  const number = /^\s*\d{1,15}(\.\d{1,9})?\s*$/.test(text ?? "")
    ? Number(text)
    : NaN;
  return Number.isNaN(number) ? undefined : number * unit;
}

function untilDate(headers: Headers, nowMs: number): number | undefined {
  const date = toTime(headers.get("retry-after"));
  if (date === undefined) return undefined;
  return date - (toTime(headers.get("date")) ?? nowMs);
}

/** [RFC 9110 §5.6.7] All three forms begin with the day of the week. */
function toTime(text: string | null): number | undefined {
  if (!/^\s*(mon|tue|wed|thu|fri|sat|sun)/i.test(text ?? "")) return undefined;
  // The third form, of asctime(), names no zone and means UTC.
  const zoned = /gmt|utc|[+-]\d{4}/i.test(text!) ? text! : `${text} GMT`;
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? undefined : time;
}
