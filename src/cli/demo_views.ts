import type { SimulatedElastic } from "../simulator/elastic/mod.ts";
import type { SimulatedMisp } from "../simulator/misp/mod.ts";
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
  /** All that arrived of one object, by any of these ids. */
  about(ids: ReadonlySet<string>): Readonly<Record<string, unknown[]>>;
}

/** One view per target, in the order of the registry. */
export function toolViews(simulator: Simulator): readonly ToolView[] {
  return [
    elasticSecurityView(simulator.elastic),
    elasticThreatintelView(simulator.elastic),
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
      rules: counted(
        elastic.rules().map((rule) => `language ${rule.language}`),
      ),
    }),
    about: (ids) => ({
      documents: documents().filter(isAbout(ids)).map(asHit),
      rules: elastic.rules().filter((rule) =>
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
    about: (ids) => ({
      documents: documents().filter(isAbout(ids)).map(asHit),
    }),
  };
}

/** Events are looked at by the id of their container. */
function mispView(misp: SimulatedMisp): ToolView {
  const isThere = ({ deleted }: { deleted?: unknown }) => deleted !== true;
  return {
    target: "misp",
    tool: "MISP",
    counts: () => {
      const events = misp.events();
      const attributes = events.flatMap(({ Attribute }) => Attribute);
      const objects = events.flatMap((event) => event.Object);
      return {
        "MISP events": counted(
          events.map(({ threat_level_id }) =>
            `threat level ${threat_level_id}`
          ),
        ),
        attributes: counted(
          attributes.filter(isThere).map(({ type }) => `type ${type}`),
        ),
        objects: counted(
          objects.filter(isThere).map(({ name }) => `template ${name}`),
        ),
      };
    },
    about: (ids) => ({
      events: misp.events().filter(({ uuid }) => ids.has(`${uuid}`)),
    }),
  };
}

type Hit = readonly [id: string, source: ThreatSource];

function documentsOf(elastic: SimulatedElastic, index: string): Hit[] {
  return [...elastic.cluster.documents(index)].map((
    [id, { source }],
  ) => [id, source as ThreatSource]);
}

function indicatorType(source: ThreatSource): string {
  return `threat.indicator.type ${source.threat?.indicator?.type ?? "unknown"}`;
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
