import type { Campaign } from "./campaign.ts";
import { report } from "./campaign.ts";
import type { Context } from "./entities.ts";
import { everyObservable } from "./observable_samples.ts";
import {
  filled,
  INCIDENT_TITLES,
  NOTES,
  PARAGRAPHS,
  REQUEST_TITLES,
  TAKEDOWN_TITLES,
} from "./phrases.ts";
import { type Fields, stixDate } from "./platform.ts";
import {
  analystContext,
  HOUR_MS,
  later,
  moment,
  someMarkings,
  type Stage,
} from "./stage.ts";

/** Sightings at scale 1. */
const SIGHTINGS = 36;

/** Plans what the teams do with the intelligence: cases, notes, sightings. */
export function planCasework(
  stage: Stage,
  campaigns: readonly Campaign[],
): void {
  const { agenda, random, scale } = stage;
  const any = () => random.pick(campaigns);
  const plan = (count: number, from: number, work: () => void) => {
    for (let index = 0; index < count; index++) {
      agenda.plan(moment(stage, from, 0.97), work);
    }
  };
  INCIDENT_TITLES.forEach((title, index) =>
    agenda.plan(
      moment(stage, 0.3, 0.8),
      () => openIncident(stage, any(), title, index),
    )
  );
  REQUEST_TITLES.forEach((title, index) =>
    agenda.plan(
      moment(stage, 0.3, 0.8),
      () => openRequest(stage, any(), title, index),
    )
  );
  TAKEDOWN_TITLES.forEach((title, index) =>
    agenda.plan(
      moment(stage, 0.3, 0.8),
      () => openTakedown(stage, any(), title, index),
    )
  );
  plan(4, 0.4, () => report(stage, any()));
  plan(5, 0.25, () => group(stage, any()));
  plan(8, 0.3, () => note(stage, any()));
  plan(3, 0.5, () => observe(stage));
  plan(Math.max(6, Math.round(SIGHTINGS * scale)), 0.2, () => see(stage));
  agenda.plan(moment(stage, 0.12, 0.2), () => collectSamples(stage));
}

/** One observable of every type comes in by hand. */
function collectSamples(stage: Stage): void {
  for (const draft of everyObservable(stage.mint)) {
    stage.writer.observable(
      draft,
      analystContext(stage, {
        creator: stage.cast.users.responder,
        markings: someMarkings(stage),
        labels: stage.random.sample(["osint", "c2", "phishing"], 1),
        score: stage.random.int(1, 19) * 5,
      }),
    );
  }
}

function openIncident(
  stage: Stage,
  campaign: Campaign,
  title: string,
  index: number,
): void {
  const { writer, platform, cast } = stage;
  const words = wordsOf(campaign);
  const context = responderContext(stage);
  const incident = writer.entity("Incident", {
    name: filled(title, words),
    description: "Opened from the alert of the SIEM.",
    first_seen: stixDate(platform.now - 30 * HOUR_MS),
    last_seen: stixDate(platform.now - HOUR_MS),
    incident_type: "alert",
    severity: "high",
    source: "SIEM",
  }, context);
  writer.relate("attributed-to", incident, campaign.group, context);
  openCase(stage, "Case-Incident", campaign, {
    name: `IR-${40 + index}: ${filled(title, words)}`,
    response_types: ["investigation", "containment"],
    severity: index === 0 ? "critical" : "high",
    priority: index === 0 ? "P1" : "P2",
  }, [incident]);
  const response = cast.users.responder;
  later(stage, HOUR_MS, () =>
    writer.platform.edit(incident, {
      properties: { description: "Confirmed; hosts are isolated." },
      octi: { creator_ids: [response] },
      message: "replaces `Confirmed; hosts are isolated.` in `Description`",
    }));
}

function openRequest(
  stage: Stage,
  campaign: Campaign,
  title: string,
  index: number,
): void {
  openCase(stage, "Case-Rfi", campaign, {
    name: `RFI-${110 + index}: ${filled(title, wordsOf(campaign))}`,
    information_types: ["threat-landscape"],
    severity: "medium",
    priority: "P3",
  }, [campaign.group]);
}

function openTakedown(
  stage: Stage,
  campaign: Campaign,
  title: string,
  index: number,
): void {
  openCase(stage, "Case-Rft", campaign, {
    name: `RFT-${12 + index}: ${filled(title, wordsOf(campaign))}`,
    takedown_types: ["phishing", "brand-abuse"],
    severity: "medium",
    priority: "P2",
  }, []);
}

function openCase(
  stage: Stage,
  type: string,
  campaign: Campaign,
  properties: Fields,
  also: readonly string[],
): void {
  const { writer, random, cast } = stage;
  const words = wordsOf(campaign);
  const paragraphs = random.sample(PARAGRAPHS, 2)
    .map((paragraph) => `<p>${filled(paragraph, words)}</p>`).join("");
  const opened = writer.entity(
    type,
    {
      description: filled("Concerns {campaign}.\n\n* owner assigned", words),
      content: `<h2>Timeline</h2>${paragraphs}`,
      ...properties,
      object_refs: standardIds(stage, [
        ...also,
        ...random.sample(campaign.indicators, 6),
      ]),
    },
    responderContext(stage),
    {
      octi: {
        workflow_id: cast.statuses[0],
        assignee_ids: [cast.users.responder],
        participant_ids: [cast.users.analyst, cast.users.responder],
      },
    },
  );
  later(stage, random.int(4, 30) * HOUR_MS, () => {
    stage.platform.edit(opened, {
      octi: { workflow_id: cast.statuses[1] },
      message: "replaces `In progress` in `Status`",
    });
  });
}

function group(stage: Stage, campaign: Campaign): void {
  const { writer, random } = stage;
  writer.entity(
    "Grouping",
    {
      name: `${campaign.story.name}: cluster ${random.hex(4)}`,
      description: "Same registrar, same week, same naming.",
      context: random.pick(["suspicious-activity", "malware-analysis"]),
      object_refs: standardIds(stage, [
        campaign.group,
        ...random.sample(campaign.indicators, 12),
      ]),
    },
    { ...campaign.context, creator: stage.cast.users.analyst },
    { octi: { content: "<p>Working set, not reviewed.</p>" } },
  );
}

function note(stage: Stage, campaign: Campaign): void {
  const { writer, random, cast } = stage;
  const [abstract, content] = random.pick(NOTES);
  const subject = random.sample(campaign.indicators, 2);
  const written = writer.entity("Note", {
    abstract: abstract,
    content: filled(content as string, wordsOf(campaign)),
    authors: ["Robin Sample"],
    note_types: ["assessment"],
    likelihood: random.pick([50, 80, 95]),
    object_refs: standardIds(stage, [campaign.group, ...subject]),
  }, analystContext(stage, { author: cast.analyst }));
  const first = stage.platform.all("Opinion").length === 0;
  if (first || random.chance(0.4)) {
    writer.entity("Opinion", {
      explanation: "Matches what we see.",
      authors: ["Robin Sample"],
      opinion: random.pick(["agree", "strongly-agree", "neutral"]),
      object_refs: standardIds(stage, [written]),
    }, analystContext(stage, { author: cast.analyst }));
  }
}

function observe(stage: Stage): void {
  const { writer, platform, random } = stage;
  const seen = random.sample(platform.all("IPv4-Addr"), 4);
  if (seen.length === 0) return;
  writer.entity("Observed-Data", {
    first_observed: stixDate(platform.now - 26 * HOUR_MS),
    last_observed: stixDate(platform.now - 2 * HOUR_MS),
    number_observed: random.int(2, 400),
    object_refs: standardIds(stage, seen),
  }, analystContext(stage, { creator: stage.cast.users.siem }));
}

/** The SIEM sees something; at times it sees it again. */
export function see(stage: Stage): void {
  const { writer, platform, random, cast } = stage;
  const what = random.pick(platform.all("Indicator"));
  const count = random.int(1, 40);
  const first = platform.now - random.int(1, 50) * HOUR_MS;
  const sighting = writer.sighting(
    what,
    random.pick(cast.sensors),
    {
      description: "Reported by the SIEM connector.",
      first_seen: stixDate(first),
      last_seen: stixDate(platform.now - random.int(1, 50) * 60_000),
      count,
    },
    analystContext(stage, { creator: cast.users.siem }),
  );
  if (!random.chance(0.35)) return;
  later(stage, random.int(1, 20) * HOUR_MS, () => {
    if (!platform.has(sighting)) return;
    platform.edit(sighting, {
      properties: { count: count + 1, last_seen: stixDate(platform.now) },
      message: `replaces \`${count + 1}\` in \`Count\``,
    });
  });
}

function responderContext(stage: Stage): Context {
  const { cast } = stage;
  return analystContext(stage, {
    creator: cast.users.responder,
    markings: [
      cast.markings["TLP:AMBER"],
      cast.markings["PAP:RED"],
    ] as string[],
    confidence: 95,
  });
}

function wordsOf({ story }: Campaign): Record<string, string> {
  return {
    campaign: story.name,
    group: story.group.name,
    malware: story.malware[0]?.name ?? story.name,
    sector: story.sectors[0] ?? "public",
  };
}

function standardIds(stage: Stage, ids: readonly string[]): string[] {
  const { platform } = stage;
  return [
    ...new Set(
      ids.filter((id) => platform.has(id)).map((id) => platform.get(id).id),
    ),
  ];
}
