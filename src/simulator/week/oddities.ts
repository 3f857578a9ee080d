import type { Campaign } from "./campaign.ts";
import type { Context } from "./entities.ts";
import { HOSTILE_TEXTS } from "./hostile_texts.ts";
import type { Shape } from "./indicator_shapes.ts";
import { baseOn, indicate, indicateText } from "./indicators.ts";
import { setLabel, setRevoked, setValid } from "./life.ts";
import { equal, observation } from "./patterns.ts";
import { ANALYST_NOTES, filled, PARAGRAPHS } from "./phrases.ts";
import { stixDate } from "./platform.ts";
import { analystContext, HOUR_MS, later, moment, type Stage } from "./stage.ts";

/** Least length of the content of the archived report, in characters. */
const LARGE_REPORT_CHARS = 2_000_000;

/** Hashes in the longest pattern. */
const LONG_PATTERN_HASHES = 120;

/** Plans what happens rarely and breaks things, whatever the scale. */
export function planOddities(
  stage: Stage,
  campaigns: readonly Campaign[],
): void {
  const { agenda } = stage;
  for (const [from, to, happen] of ODDITIES) {
    agenda.plan(moment(stage, from, to), () => happen(stage, campaigns));
  }
}

type Oddity = (stage: Stage, campaigns: readonly Campaign[]) => void;

/** Earliest and latest fraction of the week. */
// deno-fmt-ignore
const ODDITIES: readonly (readonly [number, number, Oddity])[] = [
  [0.14, 0.20, shareObservable],
  [0.14, 0.22, shareDomain],
  [0.20, 0.30, breakPattern],
  [0.20, 0.40, writeHostileTexts],
  [0.25, 0.35, archiveReport],
  [0.15, 0.30, recreate],
  [0.20, 0.35, recreate],
  [0.15, 0.25, comeExpired],
  [0.20, 0.30, expireSoon],
  [0.15, 0.25, revokeByMistake],
  [0.15, 0.25, arriveWithheld],
  [0.20, 0.30, withholdForADay],
  [0.20, 0.30, mergeIndicators],
  [0.30, 0.40, mergeIndicators],
  [0.20, 0.35, mergeMalware],
  [0.20, 0.35, mergeGroups],
  [0.30, 0.40, mergeFiles],
  [0.20, 0.35, compareManyHashes],
  [0.20, 0.30, shareWithOrganisation],
  [0.20, 0.30, nestContainers],
  [0.15, 0.30, meetActors],
];

/** Two indicators, one observable; one of them goes, the other stays. */
function shareObservable(stage: Stage): void {
  const { mint, platform } = stage;
  const value = mint.ipv4();
  const observables = [{ type: "IPv4-Addr", properties: { value } }];
  const context = contextOf(stage, 80);
  const first = keep(stage, {
    name: `${value} (C2)`,
    pattern: observation([equal("ipv4-addr:value", value)]),
    observables,
  }, context);
  keep(stage, {
    name: `${value} on port 8443`,
    pattern: observation([
      equal("network-traffic:dst_ref.value", value),
      equal("network-traffic:dst_port", 8443),
    ]),
    observables,
  }, context);
  later(stage, 70 * HOUR_MS, () => platform.delete(first));
}

/** The same domain alone and in a list; the one alone is revoked. */
function shareDomain(stage: Stage): void {
  const { mint } = stage;
  const value = mint.domain();
  const other = mint.domain();
  const context = contextOf(stage, 65);
  const alone = keep(stage, domainShape(value), context);
  keep(stage, {
    name: `${value} and ${other}`,
    pattern: observation(
      [equal("domain-name:value", value), equal("domain-name:value", other)],
      "OR",
    ),
    observables: [value, other].map((name) => ({
      type: "Domain-Name",
      properties: { value: name },
    })),
  }, context);
  later(stage, 50 * HOUR_MS, () => setRevoked(stage, alone, 0));
}

/** The one pattern of the week that no parser accepts. */
function breakPattern(stage: Stage): void {
  stage.kept.add(indicateText(
    stage,
    {
      name: "Import error: truncated pattern",
      pattern: "[ipv4-addr:value = '203.0.113.77",
      type: "stix",
      octi: { main_observable_type: "IPv4-Addr" },
    },
    contextOf(stage, 50),
    { description: "The source cut the line." },
  ));
}

function writeHostileTexts(stage: Stage): void {
  const { writer, platform } = stage;
  const context = contextOf(stage, 60);
  const indicators = HOSTILE_TEXTS.map(([name, description]) => {
    const shape = domainShape(stage.mint.domain());
    return indicate(stage, shape, context, {
      description,
      properties: { name },
    });
  });
  indicators.forEach((id) => stage.kept.add(id));
  const [name, description] = HOSTILE_TEXTS[0] as readonly [string, string];
  writer.entity(
    "Report",
    {
      name: `${name} {{7*7}}`,
      description,
      report_types: ["observed-data"],
      published: stixDate(platform.now),
      object_refs: indicators.map((id) => platform.get(id).id),
    },
    context,
    { octi: { content: `${description}</body></html>` } },
  );
}

/** A year of notes in one report: two million characters. */
function archiveReport(stage: Stage, campaigns: readonly Campaign[]): void {
  const { writer, random, platform } = stage;
  const pieces: string[] = [];
  for (let length = 0, page = 1; length < LARGE_REPORT_CHARS; page++) {
    const { story } = random.pick(campaigns);
    const paragraph = filled(random.pick(PARAGRAPHS), {
      group: story.group.name,
      malware: random.pick(story.malware).name,
      sector: story.sectors[0] as string,
    });
    const piece = `<h3>Note ${page}</h3><p>${paragraph}</p>`;
    pieces.push(piece);
    length += piece.length;
  }
  const id = writer.entity(
    "Report",
    {
      name: "Archive of the analysts' notes",
      description: "Everything that was written down before this platform.",
      report_types: ["internal-report"],
      published: stixDate(platform.now),
      object_refs: campaigns.map(({ group }) => platform.get(group).id),
    },
    contextOf(stage, 50),
    {
      octi: {
        content: pieces.join("\n"),
        files: [{
          name: "notes.pdf",
          uri: `/storage/get/import/Report/${random.uuid()}/notes.pdf`,
          version: stixDate(platform.now),
          mime_type: "application/pdf",
          object_marking_refs: [],
        }],
      },
    },
  );
  stage.kept.add(id);
}

/** Deleted and imported again: same standard id, new internal id. */
function recreate(stage: Stage): void {
  const shape = domainShape(stage.mint.domain());
  const context = contextOf(stage, 70);
  const former = keep(stage, shape, context);
  later(stage, 20 * HOUR_MS, () => {
    stage.platform.delete(former);
    later(stage, 5 * HOUR_MS, () => keep(stage, shape, context));
  });
}

function comeExpired(stage: Stage): void {
  for (const days of [-1, -20, -400]) {
    const shape = domainShape(stage.mint.domain());
    stage.kept.add(indicate(stage, shape, contextOf(stage, 40), {
      description: "From an old report.",
      validDays: days,
    }));
  }
}

/** Runs out during the week: nobody says so, or the manager does, late. */
function expireSoon(stage: Stage): void {
  const hours = [2, 8, 20, 40];
  const ids = hours.map((hours) =>
    indicate(stage, domainShape(stage.mint.domain()), contextOf(stage, 60), {
      description: "Short-lived phishing page.",
      validDays: hours / 24,
    })
  );
  ids.forEach((id) => stage.kept.add(id));
  later(stage, 60 * HOUR_MS, () => {
    ids.slice(2).forEach((id) => setRevoked(stage, id, 0));
  });
}

function revokeByMistake(stage: Stage): void {
  const id = keep(
    stage,
    domainShape(stage.mint.domain()),
    contextOf(stage, 90),
  );
  later(stage, 30 * HOUR_MS, () => {
    setRevoked(stage, id, 0);
    later(stage, 2 * HOUR_MS, () => setValid(stage, id, 90));
  });
}

/** Not in the stream at first; the label is taken off days later. */
function arriveWithheld(stage: Stage): void {
  const id = keep(stage, domainShape(stage.mint.domain()), {
    ...contextOf(stage, 85),
    labels: ["do-not-share"],
  });
  later(
    stage,
    60 * HOUR_MS,
    () => setLabel(stage, id, "do-not-share", false),
  );
}

function withholdForADay(stage: Stage): void {
  const id = keep(
    stage,
    domainShape(stage.mint.domain()),
    contextOf(stage, 85),
  );
  later(stage, 10 * HOUR_MS, () => {
    setLabel(stage, id, "do-not-share", true);
    later(
      stage,
      24 * HOUR_MS,
      () => setLabel(stage, id, "do-not-share", false),
    );
  });
}

/** Two spellings of one pattern, as two importers write them. */
function mergeIndicators(stage: Stage): void {
  const { platform } = stage;
  const shape = domainShape(stage.mint.domain());
  const context = contextOf(stage, 75);
  const target = keep(stage, shape, context);
  const duplicate = {
    ...shape,
    name: "duplicate",
    pattern: {
      ...shape.pattern,
      text: shape.pattern.text.replaceAll(" = ", "="),
    },
  };
  const source = keep(stage, duplicate, contextOf(stage, 55));
  later(stage, 26 * HOUR_MS, () => platform.merge(target, [source]));
}

function mergeMalware(stage: Stage, campaigns: readonly Campaign[]): void {
  const { writer, platform } = stage;
  const target = campaigns[0]?.malware[0] as string;
  const sources = ["Reedline RAT", "REED-LINE"].map((name) =>
    writer.entity("Malware", {
      name,
      description: "Name of another vendor.",
      malware_types: ["backdoor"],
      is_family: true,
    }, contextOf(stage, 50))
  );
  sources.forEach((id) => stage.kept.add(id));
  const indicator = keep(
    stage,
    domainShape(stage.mint.domain()),
    contextOf(stage, 60),
  );
  writer.relate(
    "indicates",
    indicator,
    sources[0] as string,
    contextOf(stage, 60),
  );
  later(stage, 30 * HOUR_MS, () => platform.merge(target, sources));
}

function mergeGroups(stage: Stage, campaigns: readonly Campaign[]): void {
  const { writer, platform } = stage;
  const target = campaigns[3]?.group as string;
  const source = writer.entity("Intrusion-Set", {
    name: "SilentTern",
    description: "Spelling of a partner.",
  }, contextOf(stage, 50));
  stage.kept.add(source);
  later(stage, 28 * HOUR_MS, () => platform.merge(target, [source]));
}

/** One file known by two hashes. */
function mergeFiles(stage: Stage): void {
  const { writer, platform, mint } = stage;
  const context = contextOf(stage, 70);
  const [target, source] = [
    { "SHA-256": mint.sha256() },
    { "SHA-1": mint.sha1() },
  ].map((hashes) =>
    writer.observable({
      type: "StixFile",
      properties: { hashes, name: mint.fileName() },
    }, context)
  ) as [string, string];
  stage.kept.add(target).add(source);
  later(stage, 12 * HOUR_MS, () => platform.merge(target, [source]));
}

function compareManyHashes(stage: Stage): void {
  const { mint } = stage;
  const hashes = Array.from(
    { length: LONG_PATTERN_HASHES },
    () => mint.sha256(),
  );
  stage.kept.add(indicate(stage, {
    name: `${LONG_PATTERN_HASHES} builds of WICKSTEAL`,
    pattern: observation(
      hashes.map((hash) => equal("file:hashes.'SHA-256'", hash)),
      "OR",
    ),
    observables: [],
  }, contextOf(stage, 75)));
}

/** Restricted to members of one organisation. */
function shareWithOrganisation(stage: Stage): void {
  const { platform, cast } = stage;
  const organisation = cast.organisations["Sector ISAC Transport"] as string;
  const shape = domainShape(stage.mint.domain());
  const id = indicate(stage, shape, contextOf(stage, 80));
  stage.kept.add(id);
  platform.edit(id, {
    octi: {
      granted_refs: [platform.get(organisation).id],
      granted_refs_ids: [organisation],
    },
    message: "adds `Sector ISAC Transport` in `Shared with`",
  });
}

/** A report that holds a report, and a grouping that holds nothing. */
function nestContainers(stage: Stage): void {
  const { writer, platform } = stage;
  const report = (name: string, refs: readonly string[]) =>
    writer.entity("Report", {
      name,
      description: "Part of the quarterly review.",
      report_types: ["threat-report"],
      published: stixDate(platform.now),
      object_refs: refs.map((id) => platform.get(id).id),
    }, contextOf(stage, 50));
  const inner = report("Quarterly review, annex A", []);
  report("Quarterly review", [inner]);
  writer.entity("Grouping", {
    name: "Empty working set",
    context: "unspecified",
    object_refs: [],
  }, contextOf(stage, 50));
}

function meetActors(stage: Stage, campaigns: readonly Campaign[]): void {
  const { writer, cast } = stage;
  const context = contextOf(stage, 50);
  const group = writer.entity("Threat-Actor-Group", {
    name: "Bureau of the Lower Estuary",
    description: "Presumed sponsor.",
    threat_actor_types: ["nation-state"],
    roles: ["sponsor"],
    resource_level: "government",
  }, context);
  const person = writer.entity("Threat-Actor-Individual", {
    name: "stonemason",
    description: "Speaks for the ransomware group on a forum.",
    threat_actor_types: ["crime-syndicate"],
    roles: ["agent"],
    sophistication: "intermediate",
  }, context);
  const course = writer.entity("Course-Of-Action", {
    name: "Block remote administration from outside",
    description: "Close ports 22, 3389 and 5985 at the perimeter.",
  }, context);
  const of = (index: number) => (campaigns[index] as Campaign).group;
  writer.relate("attributed-to", of(0), group, context);
  writer.relate("attributed-to", of(1), person, context);
  writer.relate(
    "mitigates",
    course,
    cast.techniques["T1021.001"] as string,
    context,
  );
}

function keep(stage: Stage, shape: Shape, context: Context): string {
  const id = indicate(stage, shape, context, {
    description: stage.random.pick(ANALYST_NOTES),
  });
  baseOn(stage, id, shape, context);
  stage.kept.add(id);
  return id;
}

function domainShape(value: string): Shape {
  return {
    name: value,
    pattern: observation([equal("domain-name:value", value)]),
    observables: [{ type: "Domain-Name", properties: { value } }],
  };
}

function contextOf(stage: Stage, score: number): Context {
  return analystContext(stage, { labels: ["confirmed"], score });
}
