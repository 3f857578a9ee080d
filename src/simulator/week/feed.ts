import type { Context } from "./entities.ts";
import { INDICATOR_SHAPES } from "./indicator_shapes.ts";
import { anyShape, indicate } from "./indicators.ts";
import { mainObservableType } from "./patterns.ts";
import { FEED_DESCRIPTIONS, subjectOf } from "./phrases.ts";
import { HOUR_MS, type Stage } from "./stage.ts";

/** Indicators per import at scale 1; one import a day. */
const PER_IMPORT = 36;

/** Kinds of values that feeds carry. */
const FEED_KINDS: ReadonlySet<string> = new Set([
  "IPv4 address",
  "IPv4 network",
  "IPv6 address",
  "domain",
  "URL",
  "URL with an address",
  "SHA-256",
  "MD5",
  "three hashes",
]);

const FEED_SHAPES = INDICATOR_SHAPES.filter(({ kind }) => FEED_KINDS.has(kind));

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
    const shape = anyShape(stage, FEED_SHAPES);
    const subject = subjectOf(mainObservableType(shape.pattern));
    indicate(stage, shape, {
      ...context,
      score: random.int(4, 12) * 5,
    }, {
      description: random.pick(FEED_DESCRIPTIONS[subject]),
      detection: false,
      validDays: random.pick([7, 14, 30]),
    });
  }
}
