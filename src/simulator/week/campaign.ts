import { type Asset, type CampaignStory, WEAKNESSES } from "./campaigns.ts";
import type { Context } from "./entities.ts";
import { INDICATOR_SHAPES, type Shape } from "./indicator_shapes.ts";
import { anyShape, baseOn, indicate } from "./indicators.ts";
import {
  filled,
  INDICATOR_DESCRIPTIONS,
  PARAGRAPHS,
  REPORT_TITLES,
  subjectOf,
} from "./phrases.ts";
import { stixDate } from "./platform.ts";
import {
  DAY_MS,
  HOUR_MS,
  later,
  moment,
  someMarkings,
  type Stage,
} from "./stage.ts";
import { equal, mainObservableType, observation } from "./patterns.ts";

/** Internal ids of what a campaign consists of. */
export interface Campaign {
  readonly story: CampaignStory;
  readonly campaign: string;
  readonly group: string;
  readonly malware: readonly string[];
  readonly tools: readonly string[];
  readonly infrastructure: readonly string[];
  readonly weaknesses: readonly string[];
  /** Grows as the week goes on. */
  readonly indicators: string[];
  readonly context: Context;
}

/** Indicators per campaign at scale 1, besides one of every shape. */
const INDICATORS = 62;

/** A campaign becomes known: its parts, relations and first report. */
export function uncover(stage: Stage, story: CampaignStory): Campaign {
  const { cast } = stage;
  const context: Context = {
    creator: cast.users.importer,
    author: cast.organisations[story.author],
    markings: [cast.markings["TLP:GREEN"] as string],
    labels: story.labels,
    confidence: 80,
  };
  const campaign = introduce(stage, story, context);
  connect(stage, campaign);
  later(stage, 20 * HOUR_MS, () => report(stage, campaign));
  return campaign;
}

function introduce(
  stage: Stage,
  story: CampaignStory,
  context: Context,
): Campaign {
  const { writer, platform } = stage;
  const since = stixDate(platform.now - 40 * DAY_MS);
  const { group } = story;
  const asset = (type: string, kind: string) => (asset: Asset) =>
    writer.entity(type, {
      name: asset.name,
      description: asset.description,
      [kind]: asset.types,
      ...(type === "Malware" && { is_family: true }),
      aliases: asset.aliases,
    }, context);
  return {
    story,
    context,
    indicators: [],
    campaign: writer.entity("Campaign", {
      name: story.name,
      description: story.description,
      objective: story.objective,
      first_seen: since,
      last_seen: stixDate(platform.now),
    }, context),
    group: writer.entity("Intrusion-Set", {
      name: group.name,
      description: group.description,
      aliases: group.aliases,
      first_seen: since,
      goals: group.goals,
      resource_level: group.resources,
      primary_motivation: group.motivation,
    }, context),
    malware: story.malware.map(asset("Malware", "malware_types")),
    tools: story.tools.map(asset("Tool", "tool_types")),
    infrastructure: story.infrastructure.map(
      asset("Infrastructure", "infrastructure_types"),
    ),
    weaknesses: story.weaknesses.map((name) => weakness(stage, name, context)),
  };
}

function weakness(stage: Stage, name: string, context: Context): string {
  const { writer, platform } = stage;
  const known = platform.all("Vulnerability")
    .find((id) => platform.get(id).name === name);
  if (known !== undefined) return known;
  const row = WEAKNESSES.find((row) => row.name === name)!;
  return writer.entity(
    "Vulnerability",
    { name, description: row.description },
    { ...context, references: [{ source_name: "cve", external_id: name }] },
    {
      octi: {
        cvss_base_score: row.score,
        cvss_base_severity: row.severity,
        cvss_attack_vector: "NETWORK",
        cisa_kev: row.exploited,
        epss_score: row.exploited ? 0.93 : 0.04,
        epss_percentile: row.exploited ? 0.99 : 0.61,
      },
    },
  );
}

function connect(stage: Stage, campaign: Campaign): void {
  const { writer, cast } = stage;
  const { story, group, context } = campaign;
  const relate = (kind: string, from: string, targets: readonly string[]) => {
    for (const target of targets) writer.relate(kind, from, target, context);
  };
  relate("attributed-to", campaign.campaign, [group]);
  relate("uses", campaign.campaign, campaign.malware);
  relate("uses", group, [
    ...campaign.malware,
    ...campaign.tools,
    ...campaign.infrastructure,
    ...story.techniques.map((id) => cast.techniques[id] as string),
  ]);
  relate("targets", group, [
    ...story.sectors.map((name) => cast.sectors[name] as string),
    ...story.countries.map((name) => cast.countries[name] as string),
    ...campaign.weaknesses,
  ]);
  for (const malware of campaign.malware) {
    relate("authored-by", malware, [group]);
    relate("communicates-with", malware, campaign.infrastructure);
  }
}

/** Plans the indicators of a campaign over the rest of the week. */
export function planIndicators(
  stage: Stage,
  campaign: Campaign,
  from: number,
): void {
  const { agenda, random, scale } = stage;
  const count = Math.round(INDICATORS * scale);
  for (let index = 0; index < count;) {
    const together = Math.min(random.int(1, 9), count - index);
    index += together;
    agenda.plan(moment(stage, from, 0.94), () => {
      for (let item = 0; item < together; item++) {
        addIndicator(stage, campaign, campaignShape(stage, campaign));
      }
    });
  }
}

/** Plans one indicator of every shape, over all campaigns in turn. */
export function planEveryShape(
  stage: Stage,
  campaigns: readonly Campaign[],
): void {
  INDICATOR_SHAPES.forEach((row, index) => {
    stage.agenda.plan(moment(stage, 0.12, 0.5), () => {
      const campaign = campaigns[index % campaigns.length] as Campaign;
      addIndicator(stage, campaign, row.make(stage.mint));
    });
  });
}

/** One indicator of the campaign, usually with observables and relations. */
function addIndicator(
  stage: Stage,
  campaign: Campaign,
  shape: Shape,
): string {
  const { random, writer } = stage;
  const { story } = campaign;
  const context: Context = {
    ...campaign.context,
    markings: someMarkings(stage),
    labels: random.sample([...story.labels, "c2", "to-review"], 3),
    confidence: random.pick([15, 50, 75, 80, 85, 95]),
    score: random.int(4, 19) * 5,
    references: random.chance(0.3)
      ? [{
        source_name: story.author,
        description: `Notes on ${story.name}`,
        url: `https://research.example/${random.hex(8)}`,
      }]
      : [],
  };
  const index = random.int(0, campaign.malware.length - 1);
  const subject = subjectOf(mainObservableType(shape.pattern));
  const indicator = indicate(stage, shape, context, {
    description: filled(random.pick(INDICATOR_DESCRIPTIONS[subject]), {
      malware: story.malware[index]?.name ?? story.name,
      group: story.group.name,
      campaign: story.name,
    }),
    indicatorTypes: random.pick([
      ["malicious-activity"],
      ["malicious-activity", "attribution"],
      ["anomalous-activity"],
      [],
    ]),
    ...(random.chance(0.4) && { technique: random.pick(story.techniques) }),
  });
  if (campaign.indicators.includes(indicator)) return indicator;
  campaign.indicators.push(indicator);
  if (random.chance(0.6)) baseOn(stage, indicator, shape, context);
  if (random.chance(0.65)) {
    const target = random.chance(0.7)
      ? campaign.malware[index] as string
      : random.pick([campaign.campaign, campaign.group]);
    writer.relate("indicates", indicator, target, campaign.context);
  }
  return indicator;
}

/** Names of the campaign follow its word list. */
function campaignShape(stage: Stage, campaign: Campaign): Shape {
  const { random, mint } = stage;
  if (!random.chance(0.3)) return anyShape(stage);
  const value = mint.domain(campaign.story.words);
  const type = random.chance(0.6) ? "Domain-Name" : "Url";
  const properties = { value: type === "Url" ? mint.url(value) : value };
  return {
    name: properties.value,
    pattern: observation([
      equal(`${type.toLowerCase()}:value`, properties.value),
    ]),
    observables: [{ type, properties }],
  };
}

/** A report about the campaign, with what is known of it. */
export function report(stage: Stage, campaign: Campaign): string {
  const { platform, writer, random } = stage;
  const { story } = campaign;
  const words = {
    campaign: story.name,
    group: story.group.name,
    malware: random.pick(story.malware).name,
    sector: story.sectors[0] as string,
  };
  const parts = [
    campaign.campaign,
    campaign.group,
    ...campaign.malware,
    ...campaign.weaknesses,
    ...campaign.indicators.slice(-40),
  ];
  const paragraphs = random.sample(PARAGRAPHS, 5)
    .map((paragraph) => `<p>${filled(paragraph, words)}</p>`);
  return writer.entity(
    "Report",
    {
      name: filled(random.pick(REPORT_TITLES), words),
      description: story.description,
      report_types: [random.pick(["threat-report", "campaign", "malware"])],
      published: stixDate(platform.now - random.int(1, 48) * HOUR_MS),
      object_refs: parts.filter((id) => platform.has(id))
        .map((id) => platform.get(id).id),
    },
    {
      ...campaign.context,
      references: [{
        source_name: story.author,
        url: `https://blog.example/${random.hex(6)}`,
      }],
    },
    {
      octi: {
        content: `<h2>Summary</h2>${paragraphs.join("")}`,
        reliability: "B - Usually reliable",
        workflow_id: stage.cast.statuses[0],
      },
    },
  );
}
