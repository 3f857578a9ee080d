import type { Campaign } from "./campaign.ts";
import type { Context } from "./entities.ts";
import { type HuntRow, HUNTS, REFUSED_HUNTS } from "./hunts.ts";
import { indicateText } from "./indicators.ts";
import { stixDate } from "./platform.ts";
import { SIGMA_ROWS, type SigmaRow, sigmaRule } from "./sigma_rules.ts";
import { analystContext, moment, type Stage } from "./stage.ts";
import { YARA_PAIR, YARA_ROWS, type YaraRow, yaraRule } from "./yara_rules.ts";

const AUTHOR = "Example CERT detection team";

/** Plans the publication of rules and hunting queries. */
export function planRules(stage: Stage, campaigns: readonly Campaign[]): void {
  const { agenda } = stage;
  for (const row of SIGMA_ROWS) {
    agenda.plan(moment(stage, 0.06, 0.6), () => publishSigma(stage, row));
  }
  for (const rows of [...YARA_ROWS.map((row) => [row]), YARA_PAIR]) {
    agenda.plan(
      moment(stage, 0.12, 0.7),
      () => publishYara(stage, rows, campaigns),
    );
  }
  for (const row of [...HUNTS, ...REFUSED_HUNTS]) {
    agenda.plan(moment(stage, 0.06, 0.7), () => publishHunt(stage, row));
  }
}

function publishSigma(stage: Stage, row: SigmaRow): void {
  const id = stage.random.uuid();
  publish(stage, {
    name: row.title,
    pattern: sigmaRule(row, { id, author: AUTHOR, date: today(stage) }),
    type: "sigma",
  }, {
    description: row.description,
    technique: row.technique,
    platforms: [row.product],
    labels: ["detection"],
  });
}

function publishYara(
  stage: Stage,
  rows: readonly YaraRow[],
  campaigns: readonly Campaign[],
): void {
  const { random, platform, writer } = stage;
  const last = rows.at(-1) as YaraRow;
  const indicator = publish(stage, {
    name: last.name,
    pattern: rows.map((row) =>
      yaraRule(row, {
        hash: random.hex(64),
        author: AUTHOR,
        date: today(stage),
      })
    ).join("\n"),
    type: "yara",
    octi: { main_observable_type: "StixFile" },
  }, { description: last.description, labels: ["detection"] });
  const malware = campaigns.flatMap((campaign) => campaign.malware)
    .find((id) => platform.has(id) && platform.get(id).name === last.malware);
  if (malware !== undefined) {
    writer.relate("indicates", indicator, malware, analystContext(stage));
  }
}

function publishHunt(stage: Stage, row: HuntRow): void {
  publish(stage, { name: row.name, pattern: row.query, type: row.type }, {
    description: row.description,
    technique: row.technique,
    platforms: [row.platform],
    labels: ["hunting"],
  });
}

function publish(
  stage: Stage,
  said: Parameters<typeof indicateText>[1],
  notes: {
    readonly description: string;
    readonly technique?: string;
    readonly platforms?: readonly string[];
    readonly labels: readonly string[];
  },
): string {
  const { random, cast } = stage;
  const context: Context = analystContext(stage, {
    labels: notes.labels,
    markings: [
      cast.markings[random.pick(["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER"])],
    ] as string[],
    score: random.int(8, 19) * 5,
  });
  return indicateText(stage, said, context, {
    ...notes,
    detection: random.chance(0.7),
    validDays: random.int(365, 1500),
  });
}

function today(stage: Stage): string {
  return stixDate(stage.platform.now).slice(0, 10);
}
