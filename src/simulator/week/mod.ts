import type { Change } from "../change.ts";
import { Agenda } from "./agenda.ts";
import {
  type Campaign,
  planEveryShape,
  planIndicators,
  uncover,
} from "./campaign.ts";
import { CAMPAIGNS } from "./campaigns.ts";
import { introduceCast } from "./cast.ts";
import { planCasework, see } from "./casework.ts";
import { Writer } from "./entities.ts";
import { planFeed } from "./feed.ts";
import { planLife } from "./life.ts";
import { planOddities } from "./oddities.ts";
import { Platform } from "./platform.ts";
import { Random } from "./random.ts";
import { planRules } from "./rules.ts";
import { DAY_MS, type Stage } from "./stage.ts";
import { Mint } from "./values.ts";

/** Which week to generate. */
export interface WeekOptions {
  /** The same seed gives the same week, byte by byte. */
  readonly seed: number;
  /** Moment of the last change, in milliseconds since 1970. */
  readonly endsAt: number;
  /** How much of everything: 1, the default, is about 2,500 changes. */
  readonly scale?: number;
}

/** When the campaigns become known, as fractions of the week. */
const UNCOVERED = [0.004, 0.02, 0.045, 0.07, 0.1];

/**
 * A believable week on an OpenCTI platform that was empty before: the seven
 * days before `endsAt`, with nothing in them that is a real indicator. `at`
 * never decreases; the first changes bring markings, authors and labels.
 * Nothing is read from a clock, and no state is shared between weeks.
 *
 * @throws {RangeError} If `scale` or `endsAt` is no number to work with.
 */
export function* generateWeek(options: WeekOptions): Generator<Change> {
  const stage = setStage(options);
  const { agenda, platform, endsAt } = stage;
  yield* platform.drain();
  for (let task = agenda.take(); task; task = agenda.take()) {
    platform.advance(task.at);
    task.run();
    yield* platform.drain();
  }
  platform.advance(endsAt);
  see(stage);
  yield* platform.drain();
}

function setStage({ seed, endsAt, scale = 1 }: WeekOptions): Stage {
  if (!(scale > 0 && Number.isFinite(scale))) {
    throw new RangeError(`Scale must be a number above 0, not ${scale}`);
  }
  if (Number.isNaN(new Date(endsAt).getTime())) {
    throw new RangeError(`The end of the week is no date: ${endsAt}`);
  }
  const random = new Random(seed);
  const startsAt = endsAt - 7 * DAY_MS;
  const platform = new Platform(random, startsAt, endsAt);
  const writer = new Writer(platform, random);
  const stage: Stage = {
    platform,
    writer,
    agenda: new Agenda(),
    random,
    mint: new Mint(random),
    cast: introduceCast(writer, random),
    kept: new Set(),
    startsAt,
    endsAt,
    scale,
  };
  planEverything(stage);
  return stage;
}

function planEverything(stage: Stage): void {
  const { agenda, startsAt, endsAt } = stage;
  const campaigns: Campaign[] = [];
  CAMPAIGNS.forEach((story, index) => {
    const fraction = UNCOVERED[index % UNCOVERED.length] as number;
    agenda.plan(startsAt + fraction * (endsAt - startsAt), () => {
      const campaign = uncover(stage, story);
      campaigns.push(campaign);
      planIndicators(stage, campaign, fraction);
    });
  });
  planEveryShape(stage, campaigns);
  planFeed(stage);
  planRules(stage, campaigns);
  planCasework(stage, campaigns);
  planOddities(stage, campaigns);
  planLife(stage);
}
