import type { Context } from "./entities.ts";
import { anyShape, indicate } from "./indicators.ts";
import { FEED_DESCRIPTIONS } from "./phrases.ts";
import { HOUR_MS, type Stage } from "./stage.ts";

/** Indicators per import at scale 1; one import a day. */
const PER_IMPORT = 36;

/** Plans the daily imports of an open feed: many, short-lived, no context. */
export function planFeed(stage: Stage): void {
  const { agenda, startsAt, endsAt } = stage;
  for (let at = startsAt + 9 * HOUR_MS; at < endsAt; at += 24 * HOUR_MS) {
    agenda.plan(at, () => importFeed(stage));
  }
}

/** True for an indicator that came with the feed. */
export function isFromFeed(stage: Stage, id: string): boolean {
  const { platform, cast } = stage;
  const author = cast.organisations["Lighthouse Sensor Network"] as string;
  return platform.get(id).created_by_ref === platform.get(author).id &&
    (platform.get(id).labels as string[] | undefined)?.includes("feed") ===
      true;
}

function importFeed(stage: Stage): void {
  const { cast, random, scale } = stage;
  const context: Context = {
    creator: cast.users.feed,
    author: cast.organisations["Lighthouse Sensor Network"],
    markings: [cast.markings["TLP:CLEAR"] as string],
    labels: ["feed", "osint"],
    confidence: 50,
  };
  const count = Math.max(4, Math.round(PER_IMPORT * scale));
  for (let item = 0; item < count; item++) {
    indicate(stage, anyShape(stage), {
      ...context,
      score: random.int(4, 12) * 5,
    }, {
      description: random.pick(FEED_DESCRIPTIONS),
      detection: false,
      validDays: random.pick([7, 14, 30]),
    });
  }
}
