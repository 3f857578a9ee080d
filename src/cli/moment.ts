import { duration, isoDate } from "../config/fields.ts";
import { ConfigError } from "../errors.ts";
import { idAt, idMs, isEventId } from "../opencti/event_id.ts";

/**
 * The SSE id that a person means: an id itself, an ISO 8601 date (UTC without
 * a zone), or a span such as `2d` before now.
 *
 * @param option What was given, for the message: "--since".
 * @throws {ConfigError} It is none of them, or in the future.
 */
export function eventIdOf(text: string, option: string, now: number): string {
  const id = isEventId(text) ? text : idAt(momentOf(text, option, now));
  if (idMs(id) > now) {
    throw new ConfigError(
      `${option} "${text}" lies in the future: nothing has happened then`,
    );
  }
  return id;
}

/**
 * Milliseconds since 1970 of an ISO 8601 date, or of a span before now.
 *
 * @throws {ConfigError} It is neither.
 */
export function momentOf(text: string, option: string, now: number): number {
  const date = isoDate().safeParse(text);
  if (date.success) return Date.parse(date.data);
  const span = /^\d+$/.test(text.trim())
    ? undefined
    : duration().safeParse(text);
  if (span?.success) return now - span.data;
  throw new ConfigError(
    `${option} "${text}" is no time; give an ISO 8601 date such as ` +
      "2026-01-31T08:00:00Z, or a span such as 2d or 3h",
  );
}
