import type { SimulatedElastic } from "../simulator/elastic/mod.ts";
import type {
  Item,
  RuleKind,
  SimulatedHarfanglab,
} from "../simulator/harfanglab/mod.ts";
import type { SimulatedMisp } from "../simulator/misp/mod.ts";
import type { SimulatedSekoia } from "../simulator/sekoia/mod.ts";
import type { Simulator } from "../simulator/mod.ts";
import { internalId } from "../stix/object.ts";

/** What arrived at one simulated tool, for people. */
export interface ToolView {
  /** Name of the target that fills it. */
  readonly target: string;
  /** The tool by its name, with "a" or "the" where it needs one. */
  readonly tool: string;
  /** Kind of thing to what it is like to how many of them. */
  counts(): Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Ids, of the platform or of STIX, that what arrived names. */
  subjects(): ReadonlySet<string>;
  /** All that arrived of one object, by any of these ids. */
  about(ids: ReadonlySet<string>): Readonly<Record<string, unknown[]>>;
}

/** One view per target, in the order of the registry. */
export function toolViews(simulator: Simulator): readonly ToolView[] {
  return [
    elasticSecurityView(simulator.elastic),
    elasticThreatintelView(simulator.elastic),
    sekoiaView(simulator.sekoia),
    harfanglabView(simulator.harfanglab),
    mispView(simulator.misp),
  ];
}

/**
 * Every id of an object that is known by one of them: its own and the
 * platform's, where the platform still has it.
 */
export function idsOf(simulator: Simulator, id: string): ReadonlySet<string> {
  const row = simulator.opencti.platform.objects.get(id);
  return row === undefined
    ? new Set([id])
    : new Set([id, row.object.id, internalId(row.object)]);
}

interface ThreatSource {
  readonly threat?: { readonly indicator?: Record<string, unknown> };
  readonly opencti?: Record<string, unknown>;
  readonly [field: string]: unknown;
}

function elasticSecurityView(elastic: SimulatedElastic): ToolView {
  const documents = () =>
    documentsOf(elastic, "logs-ti_custom_opencti.indicator");
  return {
    target: "elastic-security",
    tool: "Elastic Security",
    counts: () => ({
      documents: counted(
        documents().map(([, source]) => indicatorType(source)),
      ),
      "detection rules": counted(
        elastic.rules().map((rule) => String(rule.language)),
      ),
    }),
    subjects: () => subjectsOf(documents()),
    about: (ids) => ({
      documents: documents().filter(isAbout(ids)).map(asHit),
      "detection rules": elastic.rules().filter((rule) =>
        [...ids].some((id) =>
          rule.rule_id === id || rule.rule_id === `opencti-${id}` ||
          rule.id === id
        )
      ),
    }),
  };
}

function elasticThreatintelView(elastic: SimulatedElastic): ToolView {
  const documents = () =>
    [...elastic.cluster.indices.keys()].filter((name) => /^opencti-/.test(name))
      .flatMap((name) => documentsOf(elastic, name));
  return {
    target: "elastic-threatintel",
    tool: "Elasticsearch, as the older connector fills it",
    counts: () => ({
      documents: counted(
        documents().map(([, source]) => indicatorType(source)),
      ),
    }),
    subjects: () => subjectsOf(documents()),
    about: (ids) => ({
      documents: documents().filter(isAbout(ids)).map(asHit),
    }),
  };
}

function sekoiaView(sekoia: SimulatedSekoia): ToolView {
  return {
    target: "sekoia",
    tool: "Sekoia.io, an IOC collection",
    counts: () => ({
      IOCs: counted(sekoia.active().map(({ type }) => type)),
      "revoked IOCs": counted(
        sekoia.ours().filter(({ revoked }) => revoked).map(({ type }) => type),
      ),
    }),
    subjects: () =>
      idsIn(sekoia.active().map(({ properties }) => properties.description)),
    about: (ids) => ({
      IOCs: sekoia.ours().filter(({ id, properties }) =>
        ids.has(id) || mentions(properties, ids)
      ),
    }),
  };
}

function harfanglabView({ store }: SimulatedHarfanglab): ToolView {
  const rules = (kind: RuleKind) => {
    const ours = new Set(
      [...store.sources[kind].values()]
        .filter(({ name }) => name === "from_OpenCTI").map(({ id }) => id),
    );
    return [...store.rules[kind].values()]
      .filter((rule) => ours.has(String(rule.source_id)));
  };
  const state = (rule: Item) => rule.enabled === false ? ", disabled" : "";
  return {
    target: "harfanglab",
    tool: "HarfangLab EDR",
    counts: () => ({
      "IOC rules": counted(
        rules("IOCRule").map((rule) => `${rule.type}${state(rule)}`),
      ),
      "Sigma rules": counted(
        rules("SigmaRule").map((rule) => `Sigma${state(rule)}`),
      ),
      "YARA files": counted(
        rules("YaraFile").map((rule) => `YARA${state(rule)}`),
      ),
    }),
    subjects: () => idsIn(rules("IOCRule").map(({ comment }) => comment)),
    about: (ids) => ({
      "IOC rules": rules("IOCRule").filter((rule) =>
        ids.has(rule.id) || mentions(rule.comment, ids)
      ),
    }),
  };
}

/** As MISP's page calls them. */
const THREAT_LEVELS: Readonly<Record<string, string>> = {
  1: "high",
  2: "medium",
  3: "low",
  4: "undefined",
};

function mispView(misp: SimulatedMisp): ToolView {
  const total = (list: "Attribute" | "Object" | "Tag" | "Sighting") =>
    misp.events().reduce((sum, event) => sum + event[list].length, 0);
  return {
    target: "misp",
    tool: "MISP",
    counts: () => ({
      "MISP events": counted(
        misp.events().map(({ threat_level_id }) =>
          `threat level ${threat_level_id}, ${THREAT_LEVELS[threat_level_id]}`
        ),
      ),
      "in MISP events": {
        attributes: total("Attribute"),
        objects: total("Object"),
        tags: total("Tag"),
        sightings: total("Sighting"),
      },
    }),
    // Of those without an attribute there is little to look at.
    subjects: () =>
      new Set(
        misp.events().filter(({ Attribute }) => Attribute.length > 0)
          .map(({ uuid }) => uuid),
      ),
    about: (ids) => ({
      "MISP events": [...ids].flatMap((id) => misp.event(id) ?? []),
    }),
  };
}

/** Whether one of the ids stands in the text of a value. */
function mentions(value: unknown, ids: ReadonlySet<string>): boolean {
  const text = JSON.stringify(value) ?? "";
  return [...ids].some((id) => id !== "" && text.includes(id));
}

type Hit = readonly [id: string, source: ThreatSource];

function documentsOf(elastic: SimulatedElastic, index: string): Hit[] {
  return [...elastic.cluster.documents(index)].map((
    [id, { source }],
  ) => [id, source as ThreatSource]);
}

function indicatorType(source: ThreatSource): string {
  return String(source.threat?.indicator?.type ?? "unknown");
}

function subjectsOf(hits: readonly Hit[]): ReadonlySet<string> {
  return new Set(
    hits.map(([, { opencti }]) => String(opencti?.internal_id)),
  );
}

/** An id of the platform, or one of STIX. */
const ID = /(?:[a-z0-9-]+--)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

function idsIn(texts: readonly unknown[]): ReadonlySet<string> {
  return new Set(texts.flatMap((text) => String(text ?? "").match(ID) ?? []));
}

function isAbout(ids: ReadonlySet<string>): (hit: Hit) => boolean {
  return ([id, source]) => {
    const { internal_id, standard_id } = source.opencti ?? {};
    return [id, internal_id, standard_id].some((known) =>
      ids.has(String(known))
    );
  };
}

function asHit([_id, _source]: Hit): unknown {
  return { _id, _source };
}

/** How often each name occurs, most first. */
export function counted(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}
