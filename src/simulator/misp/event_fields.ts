import { hasWideCharacter, isTimestamp, numberOf, textOf } from "./sent.ts";
import { isUuid, type StoredEvent } from "./stored.ts";

/** The fields of an event that a save may change. */
export type EventFields = Pick<
  StoredEvent,
  | "info"
  | "date"
  | "threat_level_id"
  | "analysis"
  | "distribution"
  | "timestamp"
>;

/** [MISP] Rule 2: an absent field keeps its value, or has the default. */
export function fieldsOf(
  sent: Readonly<Record<string, unknown>>,
  defaults: { known?: StoredEvent; distribution: number; now: number },
): EventFields {
  const { known, distribution, now } = defaults;
  const today = new Date(now * 1000).toISOString().slice(0, 10);
  return {
    info: textOf(sent.info)?.trim() ?? known?.info ?? "",
    date: textOf(sent.date) ?? known?.date ?? today,
    threat_level_id: textOf(sent.threat_level_id) ?? known?.threat_level_id ??
      "4",
    analysis: textOf(sent.analysis) ?? known?.analysis ?? "0",
    distribution: numberOf(sent.distribution) ?? distribution,
    timestamp: numberOf(sent.timestamp) ?? now,
  };
}

/** What is wrong with an event, field by field; undefined if nothing is. */
export function fieldProblems(
  event: EventFields & { readonly uuid: string },
): Readonly<Record<string, readonly string[]>> | undefined {
  // deno-fmt-ignore
  const checks = [
    ["uuid",            isUuid(event.uuid),                         "Please provide a valid RFC 4122 UUID"],
    ["info",            event.info !== "",                          "Info cannot be empty."],
    ["date",            isDay(event.date),                          "Expected date format: YYYY-MM-DD"],
    ["threat_level_id", /^[1-4]$/.test(event.threat_level_id),      "Options: 1, 2, 3, 4 (for High, Medium, Low, Undefined)"],
    ["analysis",        /^[0-2]$/.test(event.analysis),             "Options: 0, 1, 2 (for Initial, Ongoing, Completed)"],
    ["distribution",    [0, 1, 2, 3].includes(event.distribution),  "Options: Your organisation only, This community only, Connected communities, All communities"],
  ] as const;
  const wrong = checks.filter(([, isFine]) => !isFine);
  return wrong.length === 0
    ? undefined
    : Object.fromEntries(wrong.map(([name, , text]) => [name, [text]]));
}

/**
 * Whether the database takes the row: seconds in 32 bits, and characters of
 * at most 3 bytes.
 */
export function isWritable({ info, timestamp }: EventFields): boolean {
  return isTimestamp(timestamp) && !hasWideCharacter(info);
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) &&
    new Date(`${text}T00:00:00Z`).toJSON()?.startsWith(text) === true;
}
