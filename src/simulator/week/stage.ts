import type { Agenda } from "./agenda.ts";
import type { Cast } from "./cast.ts";
import type { Context, Writer } from "./entities.ts";
import type { Platform } from "./platform.ts";
import type { Random } from "./random.ts";
import type { Mint } from "./values.ts";

/** What every part of the story works with. */
export interface Stage {
  readonly platform: Platform;
  readonly writer: Writer;
  readonly agenda: Agenda;
  readonly random: Random;
  readonly mint: Mint;
  readonly cast: Cast;
  /** Internal ids with a story of their own; chance leaves them alone. */
  readonly kept: Set<string>;
  /** Milliseconds. */
  readonly startsAt: number;
  /** Milliseconds; nothing happens later. */
  readonly endsAt: number;
  /** How much of everything; 1 is about 2,500 changes. */
  readonly scale: number;
}

/** Milliseconds of a day. */
export const DAY_MS = 86_400_000;

/** Milliseconds of an hour. */
export const HOUR_MS = 3_600_000;

/** Time that is left free at the end of the week, in milliseconds. */
const MARGIN_MS = 1_200_000;

/**
 * A moment between two fractions of the week (0 to 1). Nights and weekends
 * (UTC) are four times as quiet as working hours.
 */
export function moment(stage: Stage, from: number, to: number): number {
  const { random, startsAt, endsAt } = stage;
  const span = endsAt - MARGIN_MS - startsAt;
  for (;;) {
    const fraction = from + random.fraction() * (to - from);
    const at = Math.floor(startsAt + fraction * span);
    if (isWorkingHour(at) || random.chance(0.25)) return at;
  }
}

/** Plans something `ms` from now, or at the end of the week at the latest. */
export function later(stage: Stage, ms: number, run: () => void): void {
  const { agenda, platform, endsAt } = stage;
  agenda.plan(Math.min(platform.now + ms, endsAt - MARGIN_MS), run);
}

/** Distribution marking of new intelligence, with a second one at times. */
export function someMarkings(stage: Stage): string[] {
  const { random, cast } = stage;
  const level = random.pick([
    "TLP:CLEAR",
    "TLP:CLEAR",
    "TLP:GREEN",
    "TLP:GREEN",
    "TLP:AMBER",
    "TLP:AMBER",
    "TLP:AMBER+STRICT",
    "TLP:RED",
  ]);
  const permitted = random.chance(0.15)
    ? [random.pick(["PAP:CLEAR", "PAP:GREEN", "PAP:AMBER", "PAP:RED"])]
    : [];
  return [level, ...permitted].map((name) => cast.markings[name] as string);
}

/** What the team's analysts write. */
export function analystContext(
  stage: Stage,
  extra: Partial<Context> = {},
): Context {
  const { cast } = stage;
  return {
    creator: cast.users.analyst,
    author: cast.organisations["Example CERT"],
    markings: [cast.markings["TLP:GREEN"] as string],
    confidence: 80,
    ...extra,
  };
}

function isWorkingHour(at: number): boolean {
  const date = new Date(at);
  const day = date.getUTCDay();
  const hour = date.getUTCHours();
  return day !== 0 && day !== 6 && hour >= 6 && hour < 18;
}
