import { isFromFeed } from "./feed.ts";
import { ANALYST_NOTES } from "./phrases.ts";
import { stixDate } from "./platform.ts";
import { DAY_MS, HOUR_MS, later, moment, type Stage } from "./stage.ts";
import {
  extension,
  isRecord,
  OCTI_EXTENSION,
  SCO_EXTENSION,
  type StixObject,
} from "../../stix/object.ts";

/** User id under which the platform lets scores decay. */
const DECAY_USER = "7f176d74-9084-4d23-8138-22ac78549547";

/** Score at which the decay rule revokes. */
const DECAY_END = 20;

/** Feed indicators that the retention rule deletes at scale 1. */
const RETENTION = 110;

/** What analysts add to names. */
const NAME_ENDINGS = [" (C2)", " (confirmed)", " (parked)", " – phishing kit"];

type Happening = (stage: Stage) => void;

/** What happens to objects after they came in, and how often at scale 1. */
// deno-fmt-ignore
const HAPPENINGS: readonly (readonly [Happening, number])[] = [
  [decay,             190],
  [addLabel,           60],
  [removeLabel,        24],
  [withhold,            8],
  [describe,           48],
  [rename,             26],
  [rate,               26],
  [restrict,           14],
  [revoke,             44],
  [rewritePattern,     18],
  [extendValidity,     12],
  [addReference,       14],
  [updateThreat,       14],
  [rateObservable,     22],
  [completeFile,        6],
  [addToContainer,     34],
  [removeFromContainer, 6],
  [editContainer,       8],
  [discard,            34],
  [discardObservable,   6],
  [discardContainer,    2],
];

/** Plans the life of everything that came in. */
export function planLife(stage: Stage): void {
  const { agenda, scale, startsAt, endsAt } = stage;
  for (const [happen, often] of HAPPENINGS) {
    const count = Math.max(2, Math.round(often * scale));
    for (let index = 0; index < count; index++) {
      agenda.plan(moment(stage, 0.3, 0.99), () => happen(stage));
    }
  }
  agenda.plan(startsAt + 0.86 * (endsAt - startsAt), () => retain(stage));
}

function decay(stage: Stage): void {
  const id = anIndicator(
    stage,
    (object) =>
      isActive(object) && object.pattern_type === "stix" &&
      scoreOf(object) > DECAY_END,
  );
  if (id === undefined) return;
  const score = Math.max(
    DECAY_END,
    Math.floor(scoreOf(stage.platform.get(id)) * 0.8),
  );
  if (score <= DECAY_END) setRevoked(stage, id, score, [DECAY_USER]);
  else {
    stage.platform.edit(id, {
      octi: { score },
      message: `replaces \`${score}\` in \`Score\``,
    });
  }
}

function addLabel(stage: Stage): void {
  const label = stage.random.pick([
    "confirmed",
    "false-positive",
    "sinkholed",
    "executive-attention",
    "to-review",
  ]);
  const id = anIndicator(stage, (object) => !labelsOf(object).includes(label));
  if (id !== undefined) setLabel(stage, id, label, true);
}

function removeLabel(stage: Stage): void {
  const id = anIndicator(
    stage,
    (object) => labelsOf(object).some((label) => label !== "do-not-share"),
  );
  if (id === undefined) return;
  const labels = labelsOf(stage.platform.get(id))
    .filter((label) => label !== "do-not-share");
  setLabel(stage, id, stage.random.pick(labels), false);
}

/** The object leaves the stream's filter, and mostly comes back. */
function withhold(stage: Stage): void {
  const label = "do-not-share";
  const id = anIndicator(stage, (object) => !labelsOf(object).includes(label));
  if (id === undefined) return;
  setLabel(stage, id, label, true);
  if (stage.random.chance(0.25)) return;
  later(stage, stage.random.int(1, 20) * HOUR_MS, () => {
    if (stage.platform.has(id)) setLabel(stage, id, label, false);
  });
}

function describe(stage: Stage): void {
  const id = anIndicator(stage, () => true);
  if (id === undefined) return;
  const note = stage.random.pick(ANALYST_NOTES);
  const former = stage.platform.get(id).description;
  const description = typeof former === "string"
    ? `${former}\n\nAnalyst note: ${note}`
    : note;
  stage.platform.edit(id, {
    properties: { description },
    message: `replaces \`${note}\` in \`Description\``,
  });
}

function rename(stage: Stage): void {
  const id = anIndicator(
    stage,
    (object) =>
      !NAME_ENDINGS.some((ending) => String(object.name).endsWith(ending)),
  );
  if (id === undefined) return;
  const ending = stage.random.pick(NAME_ENDINGS);
  const name = `${stage.platform.get(id).name}${ending}`;
  stage.platform.edit(id, {
    properties: { name },
    message: `replaces \`${name}\` in \`Name\``,
  });
}

function rate(stage: Stage): void {
  const id = anIndicator(stage, () => true);
  if (id === undefined) return;
  const confidence = stage.random.pick([10, 30, 50, 75, 90, 100]);
  stage.platform.edit(id, {
    properties: { confidence },
    ...(stage.random.chance(0.3) && { octi: { detection: true } }),
    message: `replaces \`${confidence}\` in \`Confidence\``,
  });
}

/** The marking is raised: what was shared must not be any more. */
function restrict(stage: Stage): void {
  const { platform, cast, random } = stage;
  const red = random.pick(["TLP:AMBER+STRICT", "TLP:RED"]);
  const marking = platform.get(cast.markings[red] as string).id;
  const id = anIndicator(
    stage,
    (object) => !(object.object_marking_refs as string[]).includes(marking),
  );
  if (id === undefined) return;
  platform.edit(id, {
    properties: { object_marking_refs: [marking] },
    touches: false,
    message: `adds \`${red}\` in \`Markings\``,
  });
}

/** Revoked by hand; a third of them by mistake. */
function revoke(stage: Stage): void {
  const id = anIndicator(stage, isActive);
  if (id === undefined) return;
  const { platform, random } = stage;
  const score = scoreOf(platform.get(id));
  setRevoked(stage, id, 0);
  if (!random.chance(0.33)) return;
  later(stage, random.int(1, 30) * HOUR_MS, () => {
    if (platform.has(id)) setValid(stage, id, Math.max(score, 40));
  });
}

/** Moves what goes together: revoked, score, detection, validity. */
export function setRevoked(
  stage: Stage,
  id: string,
  score: number,
  creators?: readonly string[],
): void {
  const { platform } = stage;
  const date = platform.begin();
  platform.edit(id, {
    date,
    properties: { revoked: true, valid_until: date },
    octi: {
      score,
      detection: false,
      ...(creators !== undefined && {
        creator_ids: [
          ...new Set([
            ...extension(platform.get(id), OCTI_EXTENSION)
              .creator_ids as string[],
            ...creators,
          ]),
        ],
      }),
    },
    message: `replaces \`true\` in \`Revoked\` - \`${score}\` in \`Score\``,
  });
}

/** The inverse of `setRevoked`: score and validity come back. */
export function setValid(stage: Stage, id: string, score: number): void {
  const { platform, random } = stage;
  platform.edit(id, {
    properties: {
      revoked: false,
      valid_until: stixDate(platform.now + random.int(30, 180) * DAY_MS),
    },
    octi: { score, ...(random.chance(0.5) && { detection: true }) },
    message: `replaces \`false\` in \`Revoked\` - \`${score}\` in \`Score\``,
  });
}

/** A domain was mistyped: standard id and values change with the pattern. */
function rewritePattern(stage: Stage): void {
  const id = anIndicator(
    stage,
    (object) =>
      /^\[domain-name:value = '[^']+'\]$/.test(String(object.pattern)),
  );
  if (id === undefined) return;
  const value = stage.mint.domain();
  const pattern = `[domain-name:value = '${value}']`;
  const taken = stage.platform.all("Indicator")
    .some((other) => stage.platform.get(other).pattern === pattern);
  if (taken) return;
  stage.platform.edit(id, {
    properties: { pattern },
    octi: { observable_values: [{ type: "Domain-Name", value }] },
    message: `replaces \`${pattern}\` in \`Pattern\``,
  });
}

function extendValidity(stage: Stage): void {
  const id = anIndicator(stage, isActive);
  if (id === undefined) return;
  const until = stixDate(
    stage.platform.now + stage.random.int(90, 700) * DAY_MS,
  );
  stage.platform.edit(id, {
    properties: { valid_until: until },
    message: `replaces \`${until}\` in \`Valid until\``,
  });
}

function addReference(stage: Stage): void {
  const id = anIndicator(stage, () => true);
  if (id === undefined) return;
  const former = stage.platform.get(id).external_references;
  stage.platform.edit(id, {
    properties: {
      external_references: [
        ...Array.isArray(former) ? former : [],
        {
          source_name: "Ticket",
          url: `https://tickets.example/browse/SOC-${
            stage.random.int(1_000, 9_999)
          }`,
        },
      ],
    },
    touches: false,
    message: "adds `Ticket` in `External reference`",
  });
}

/** What is known of a threat grows. */
function updateThreat(stage: Stage): void {
  const { platform, random } = stage;
  const type = random.pick(["Campaign", "Intrusion-Set", "Malware"]);
  const id = anyOf(stage, type, () => true);
  if (id === undefined) return;
  const seen = stixDate(platform.now);
  platform.edit(id, {
    properties: { last_seen: seen },
    message: `replaces \`${seen}\` in \`Last seen\``,
  });
}

function rateObservable(stage: Stage): void {
  const { platform, random } = stage;
  const type = random.pick(["IPv4-Addr", "Domain-Name", "StixFile", "Url"]);
  const id = anyOf(stage, type, () => true);
  if (id === undefined) return;
  const score = random.int(0, 20) * 5;
  platform.edit(id, {
    sco: { score },
    ...(type === "Url" && { properties: { score } }),
    message: `replaces \`${score}\` in \`Score\``,
  });
}

/** A file gets the hash that its id goes by; the former id stays known. */
function completeFile(stage: Stage): void {
  const { platform, mint } = stage;
  const id = anyOf(
    stage,
    "StixFile",
    (object) => isRecord(object.hashes) && object.hashes.MD5 === undefined,
  );
  if (id === undefined) return;
  const former = platform.get(id);
  const known = extension(former, OCTI_EXTENSION).stix_ids;
  platform.edit(id, {
    properties: {
      hashes: { "MD5": mint.md5(), ...former.hashes as object },
    },
    octi: { stix_ids: [...Array.isArray(known) ? known : [], former.id] },
    message: "adds `MD5` in `Hashes`",
  });
}

function addToContainer(stage: Stage): void {
  const { platform } = stage;
  const container = aContainer(stage);
  const id = anIndicator(stage, () => true);
  if (container === undefined || id === undefined) return;
  const refs = platform.get(container).object_refs as string[];
  const added = platform.get(id);
  if (refs.includes(added.id)) return;
  platform.edit(container, {
    properties: { object_refs: [...refs, added.id] },
    touches: false,
    message: `adds \`${added.name}\` in \`Contains\``,
  });
}

function removeFromContainer(stage: Stage): void {
  const { platform, random } = stage;
  const container = aContainer(stage);
  if (container === undefined) return;
  const refs = platform.get(container).object_refs as string[];
  if (refs.length === 0) return;
  const gone = random.pick(refs);
  platform.edit(container, {
    properties: { object_refs: refs.filter((ref) => ref !== gone) },
    touches: false,
    message: "removes one item in `Contains`",
  });
}

function editContainer(stage: Stage): void {
  const { platform, random } = stage;
  const container = aContainer(stage);
  if (container === undefined) return;
  const note = random.pick(ANALYST_NOTES);
  const former = String(platform.get(container).description ?? "");
  platform.edit(container, {
    properties: { description: `${former}\n\n${note}`.trim() },
    message: `replaces \`${note}\` in \`Description\``,
  });
}

function discard(stage: Stage): void {
  const id = anIndicator(stage, () => true);
  if (id !== undefined) stage.platform.delete(id);
}

function discardObservable(stage: Stage): void {
  const type = stage.random.pick(["IPv4-Addr", "StixFile", "Domain-Name"]);
  const id = anyOf(stage, type, () => true);
  if (id !== undefined) stage.platform.delete(id);
}

function discardContainer(stage: Stage): void {
  const id = anyOf(stage, stage.random.pick(["Note", "Grouping"]), () => true);
  if (id !== undefined) stage.platform.delete(id);
}

/** The retention rule: a flood of deletes of old feed indicators. */
function retain(stage: Stage): void {
  const { platform, scale } = stage;
  platform.all("Indicator").filter((id) => isFromFeed(stage, id))
    .slice(0, Math.max(20, Math.round(RETENTION * scale)))
    .forEach((id) => platform.delete(id));
}

/** Adds or removes a label; `modified` does not move. */
export function setLabel(
  stage: Stage,
  id: string,
  label: string,
  present: boolean,
): void {
  const { platform, writer } = stage;
  const former = labelsOf(platform.get(id));
  if (former.includes(label) === present) return;
  const labels = present
    ? [...former, label]
    : former.filter((other) => other !== label);
  platform.edit(id, {
    properties: { labels },
    octi: { labels_ids: writer.labelIds(labels) },
    touches: false,
    message: `${present ? "adds" : "removes"} \`${label}\` in \`Label\``,
  });
}

/** An indicator at random that is as wanted, or undefined. */
function anIndicator(
  stage: Stage,
  isWanted: (object: StixObject) => boolean,
): string | undefined {
  return anyOf(stage, "Indicator", isWanted);
}

function aContainer(stage: Stage): string | undefined {
  return anyOf(
    stage,
    stage.random.pick([
      "Report",
      "Grouping",
      "Case-Incident",
      "Case-Rfi",
      "Case-Rft",
    ]),
    () => true,
  );
}

function anyOf(
  stage: Stage,
  type: string,
  isWanted: (object: StixObject) => boolean,
): string | undefined {
  const { platform, random, kept } = stage;
  const all = platform.all(type);
  const suits = (id: string) => !kept.has(id) && isWanted(platform.get(id));
  if (all.length === 0) return undefined;
  for (let attempt = 0; attempt < 40; attempt++) {
    const id = random.pick(all);
    if (suits(id)) return id;
  }
  return all.find(suits);
}

function isActive(object: StixObject): boolean {
  return object.revoked === false;
}

function scoreOf(object: StixObject): number {
  const score = extension(object, OCTI_EXTENSION).score ??
    extension(object, SCO_EXTENSION).score;
  return typeof score === "number" ? score : 0;
}

function labelsOf(object: StixObject): string[] {
  return (object.labels as string[] | undefined) ?? [];
}
