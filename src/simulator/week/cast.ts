import { TECHNIQUES } from "./attack.ts";
import type { Context, Writer } from "./entities.ts";
import type { Random } from "./random.ts";

/** Users and connectors that write on the platform: internal ids. */
export interface Users {
  readonly importer: string;
  readonly feed: string;
  readonly analyst: string;
  readonly responder: string;
  readonly siem: string;
}

/** What is on the platform before the stories begin: internal ids by name. */
export interface Cast {
  readonly users: Users;
  readonly markings: Readonly<Record<string, string>>;
  readonly organisations: Readonly<Record<string, string>>;
  readonly analyst: string;
  /** Systems and security platforms, where things are sighted. */
  readonly sensors: readonly string[];
  readonly sectors: Readonly<Record<string, string>>;
  readonly countries: Readonly<Record<string, string>>;
  readonly techniques: Readonly<Record<string, string>>;
  /** Internal ids of the statuses new, in progress, closed. */
  readonly statuses: readonly [string, string, string];
}

/** Name, order, colour. The platform's own defaults, and PAP as people add it. */
// deno-fmt-ignore
const MARKINGS: readonly (readonly [string, number, string])[] = [
  ["TLP:CLEAR",        1, "#ffffff"],
  ["TLP:GREEN",        2, "#2e7d32"],
  ["TLP:AMBER",        3, "#d84315"],
  ["TLP:AMBER+STRICT", 4, "#d84315"],
  ["TLP:RED",          5, "#c62828"],
  ["PAP:CLEAR",        1, "#ffffff"],
  ["PAP:GREEN",        2, "#2e7d32"],
  ["PAP:AMBER",        3, "#d84315"],
  ["PAP:RED",          4, "#c62828"],
];

/** Name, kind, reliability, description. */
// deno-fmt-ignore
const ORGANISATIONS: readonly (readonly [string, string, string, string])[] = [
  ["Example CERT", "csirt", "A - Completely reliable", "The team that runs this platform."],
  ["Harbour Threat Research", "vendor", "B - Usually reliable", "Publishes long reports on espionage groups."],
  ["Open Phishing Exchange", "partner", "C - Fairly reliable", "Volunteers who share phishing pages."],
  ["Lighthouse Sensor Network", "vendor", "B - Usually reliable", "Honeypots in 40 countries; automatic feed."],
  ["Sector ISAC Transport", "partner", "A - Completely reliable", "Information sharing of transport operators."],
  ["Knowledge Base Mirror", "other", "A - Completely reliable", "Mirror of public catalogues of techniques."],
];

/** Labels and their colours. `do-not-share` takes an object off the stream. */
// deno-fmt-ignore
const LABELS: readonly (readonly [string, string])[] = [
  ["apt", "#b71c1c"], ["espionage", "#880e4f"], ["ransomware", "#e53935"], ["cybercrime", "#f4511e"],
  ["phishing", "#fb8c00"], ["bec", "#fdd835"], ["botnet", "#7cb342"], ["cryptomining", "#00897b"],
  ["edge-devices", "#039be5"], ["c2", "#5e35b1"], ["osint", "#546e7a"], ["feed", "#78909c"],
  ["hunting", "#3949ab"], ["detection", "#1e88e5"], ["false-positive", "#9e9e9e"], ["sinkholed", "#607d8b"],
  ["to-review", "#ffb300"], ["confirmed", "#43a047"], ["executive-attention", "#d81b60"],
  ["amber-heron", "#ff8f00"], ["velvet-badger", "#6a1b9a"], ["copper-lantern", "#bf360c"],
  ["silent-tern", "#0277bd"], ["idle-foundry", "#4e342e"], ["do-not-share", "#000000"],
];

const SECTORS = [
  "Government and administrations",
  "Think tanks",
  "Health",
  "Manufacturing",
  "Transport",
  "Finance",
  "Telecommunications",
  "Energy",
  "Research",
  "Hosting providers",
  "Retail",
];

const COUNTRIES = ["Canada", "France", "Germany", "Japan", "Norway", "Spain"];

/** Name, type, description. */
const SENSORS = [
  ["Elastic Security (SOC North)", "SecurityPlatform", "Production SIEM"],
  ["Endpoint fleet", "SecurityPlatform", "EDR of all workstations"],
  ["DC-01", "System", "Domain controller"],
  ["Mail gateway", "System", "Inbound mail"],
] as const;

/** Fills the empty platform. */
export function introduceCast(writer: Writer, random: Random): Cast {
  const users: Users = {
    importer: random.uuid(),
    feed: random.uuid(),
    analyst: random.uuid(),
    responder: random.uuid(),
    siem: random.uuid(),
  };
  const context: Context = { creator: users.importer, confidence: 100 };
  for (const [value, color] of LABELS) {
    writer.label(value, color, users.importer);
  }
  const markings = byName(
    MARKINGS,
    ([name, order, color]) =>
      writer.marking(name, order, color, users.importer),
  );
  const organisations = byName(
    ORGANISATIONS,
    ([name, kind, reliability, description]) =>
      writer.entity(
        "Organization",
        { name, description, identity_class: "organization" },
        context,
        { octi: { organization_type: kind, reliability } },
      ),
  );
  return {
    users,
    markings,
    organisations,
    analyst: writer.entity(
      "Individual",
      { name: "Robin Sample", identity_class: "individual" },
      context,
      { octi: { firstname: "Robin", lastname: "Sample" } },
    ),
    sensors: SENSORS.map(([name, type, description]) =>
      writer.entity(type, {
        name,
        description,
        identity_class: type.toLowerCase(),
      }, context)
    ),
    sectors: byName(
      SECTORS.map((name) => [name] as const),
      ([name]) =>
        writer.entity("Sector", { name, identity_class: "class" }, context),
    ),
    countries: introducePlaces(writer, context),
    techniques: introduceTechniques(
      writer,
      context,
      organisations["Knowledge Base Mirror"],
      markings["TLP:CLEAR"] as string,
    ),
    statuses: [random.uuid(), random.uuid(), random.uuid()],
  };
}

function introducePlaces(
  writer: Writer,
  context: Context,
): Record<string, string> {
  writer.entity(
    "Region",
    { name: "Western Europe", region: "Western Europe" },
    context,
    { octi: { location_type: "Region" } },
  );
  writer.entity(
    "City",
    { name: "Oslo", latitude: 59.91, longitude: 10.75, city: "Oslo" },
    context,
    { octi: { location_type: "City" } },
  );
  return byName(
    COUNTRIES.map((name) => [name] as const),
    ([name]) =>
      writer.entity(
        "Country",
        { name, country: name },
        context,
        { octi: { location_type: "Country" } },
      ),
  );
}

function introduceTechniques(
  writer: Writer,
  context: Context,
  author: string | undefined,
  marking: string,
): Record<string, string> {
  return Object.fromEntries(TECHNIQUES.map((technique) => [
    technique.id,
    writer.entity(
      "Attack-Pattern",
      {
        name: technique.name,
        kill_chain_phases: killChain(technique.tactics),
      },
      {
        ...context,
        author,
        markings: [marking],
        references: [{
          source_name: "mitre-attack",
          external_id: technique.id,
          url: `https://attack.mitre.org/techniques/${
            technique.id.replace(".", "/")
          }`,
        }],
      },
      { mitre: { id: technique.id, platforms: technique.platforms } },
    ),
  ]));
}

/** Kill chain phases of ATT&CK tactics. */
export function killChain(
  tactics: readonly string[],
): { kill_chain_name: string; phase_name: string }[] {
  return tactics.map((tactic) => ({
    kill_chain_name: "mitre-attack",
    phase_name: tactic,
  }));
}

function byName<Row extends readonly [string, ...unknown[]]>(
  rows: readonly Row[],
  introduce: (row: Row) => string,
): Record<string, string> {
  return Object.fromEntries(rows.map((row) => [row[0], introduce(row)]));
}
