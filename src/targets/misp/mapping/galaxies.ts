/** Entities of OpenCTI and the galaxies that stand for them in MISP. */
import {
  extension,
  OCTI_EXTENSION,
  type StixObject,
  text,
} from "../../../stix/object.ts";
import {
  asNamed,
  type Canonical,
  country,
  dataComponent,
  dataSource,
  nickname,
  numbered,
  region,
  sector,
  withId,
} from "./canonical.ts";
import { labelsOf, mitreId, octiText, plainType } from "./source.ts";

/** The value of the galaxy tag that the connector always wrote. */
type SeedValue = (object: StixObject, name: string) => string;

/** An entity, its galaxy, and what makes MISP understand it. */
export interface GalaxyRow {
  /** `x-opencti-` aside. */
  readonly entity: string;
  readonly galaxy: string;
  readonly value: SeedValue;
  /** Values that clusters really have, beside the one above. */
  readonly canonical: Canonical;
  /** Type of the attribute that says the same where no cluster does. */
  readonly companion?: string | undefined;
}

const TECHNIQUE = /^T\d{4}(?:\.\d{3})?$/;

const named: SeedValue = (_object, name) => name;

/** "Phishing - T1566" where the id is known. */
const technique: SeedValue = (object, name) => {
  const id = mitreId(object, TECHNIQUE);
  return id === undefined ? name : withId(name, id);
};

type Cells = readonly [
  entity: string,
  galaxy: string,
  value: SeedValue,
  canonical: Canonical,
  companion?: string,
];

/**
 * Entity, galaxy, value; then what the galaxy calls it, and the companion
 * attribute. Galaxies `malware`, `mitre-campaign`, `infrastructure` and
 * `incident` exist on no instance: their tags are text. Source: misp-galaxy.
 */
// deno-fmt-ignore
export const ENTITY_ROWS: readonly GalaxyRow[] = rows([
  ["threat-actor",           "threat-actor",           named,     asNamed],
  ["intrusion-set",          "threat-actor",           named,     numbered("mitre-intrusion-set", /^G\d{4}$/)],
  ["malware",                "malware",                named,     numbered("mitre-malware", /^S\d{4}$/)],
  ["tool",                   "tool",                   named,     numbered("mitre-tool", /^S\d{4}$/)],
  ["attack-pattern",         "mitre-attack-pattern",   technique, asNamed],
  ["campaign",               "mitre-campaign",         named,     asNamed,       "campaign-name"],
  ["course-of-action",       "mitre-course-of-action", named,     numbered("mitre-course-of-action", /^M\d{4}$/)],
  ["infrastructure",         "infrastructure",         named,     asNamed],
  ["incident",               "incident",               named,     asNamed],
  ["case-incident",          "incident",               named,     asNamed],
  ["x-mitre-data-source",    "mitre-data-source",      named,     dataSource],
  ["data-source",            "mitre-data-source",      named,     dataSource],
  ["x-mitre-data-component", "mitre-data-component",   named,     dataComponent],
  ["data-component",         "mitre-data-component",   named,     dataComponent],
]);

/** A vulnerability whose name is a CVE number. Others are no galaxy's. */
// deno-fmt-ignore
export const VULNERABILITY_ROW: GalaxyRow = row(
  ["vulnerability",          "branded-vulnerability",  named,     nickname,      "vulnerability"],
);

/** Identities by their class; the clusters of `target-information` are states. */
// deno-fmt-ignore
export const IDENTITY_ROWS: readonly GalaxyRow[] = rows([
  ["sector",                 "sector",                 named,     sector],
  ["class",                  "sector",                 named,     sector],
  ["organization",           "target-information",     named,     asNamed,       "target-org"],
  ["individual",             "target-information",     named,     asNamed,       "target-user"],
  ["system",                 "target-information",     named,     asNamed,       "target-machine"],
  ["group",                  "target-information",     named,     asNamed,       "target-org"],
  ["threat group",           "threat-actor",           named,     asNamed],
  ["other",                  "target-information",     named,     asNamed],
]);

/** Locations by their type. */
// deno-fmt-ignore
export const LOCATION_ROWS: readonly GalaxyRow[] = rows([
  ["country",                "country",                named,     country],
  ["region",                 "region",                 named,     region],
  ["city",                   "target-information",     named,     asNamed,       "target-location"],
  ["administrative-area",    "target-information",     named,     asNamed,       "target-location"],
  ["position",               "target-information",     named,     asNamed,       "target-location"],
  ["other",                  "target-information",     named,     asNamed,       "target-location"],
]);

/** Entities whose other names become tags of their own. */
export const ALIAS_ENTITIES: ReadonlySet<string> = new Set([
  "intrusion-set",
  "threat-actor",
]);

/** The row of an entity; undefined where no galaxy is meant for it. */
export function galaxyRow(
  object: StixObject,
  name: string,
): GalaxyRow | undefined {
  const type = plainType(object.type);
  if (type === "identity") return find(IDENTITY_ROWS, identityKind(object));
  if (type === "location") return find(LOCATION_ROWS, locationKind(object));
  if (type === "vulnerability") {
    return /^CVE-\d{4}-\d+$/i.test(name) ? VULNERABILITY_ROW : undefined;
  }
  return ENTITY_ROWS.find(({ entity }) => entity === type);
}

function identityKind(object: StixObject): string {
  const ours = [extension(object, OCTI_EXTENSION).type, object.x_opencti_type];
  const kinds = [...ours, object.identity_class].flatMap((kind) =>
    text(kind)?.toLowerCase() ?? []
  );
  if (kinds.includes("sector")) return "sector";
  const kind = text(object.identity_class)?.toLowerCase() ?? kinds[0] ?? "";
  return kind === "group" && isThreat(object) ? "threat group" : kind;
}

function isThreat(object: StixObject): boolean {
  return labelsOf(object).some((label) => /apt|threat/i.test(label));
}

function locationKind(object: StixObject): string {
  const kind = octiText(object, "location_type")?.toLowerCase();
  if (kind !== undefined) return kind;
  if (text(object.country) !== undefined) return "country";
  return text(object.region) === undefined ? "other" : "region";
}

/** The row of a kind, else the last. */
function find(list: readonly GalaxyRow[], kind: string): GalaxyRow | undefined {
  return list.find(({ entity }) => entity === kind) ?? list.at(-1);
}

function rows(list: readonly Cells[]): readonly GalaxyRow[] {
  return list.map(row);
}

function row([entity, galaxy, value, canonical, companion]: Cells): GalaxyRow {
  return { entity, galaxy, value, canonical, companion };
}
