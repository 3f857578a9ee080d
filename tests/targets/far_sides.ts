/** The far sides that the contract is tested against, one entry per set-up. */
import { startElastic } from "../../src/simulator/elastic/mod.ts";
import { elasticSecurity } from "../../src/targets/elastic_security/mod.ts";
import { elasticThreatintel } from "../../src/targets/elastic_threatintel/mod.ts";
import { SEKOIA_SET_UPS } from "./sekoia/far_side.ts";
import { harfanglab } from "../../src/targets/harfanglab/mod.ts";
import { misp } from "../../src/targets/misp/mod.ts";
import type { TargetDefinition } from "../../src/targets/target.ts";
import { startHarfanglabSide } from "./harfanglab/far_side.ts";
import { startMispSide } from "./misp/far_side.ts";
import type { AnsweringPlatform } from "./services.ts";
import { scriptedFaults } from "./scripted_faults.ts";

/** A fault that strikes every request until it is taken away. */
export interface Trouble {
  readonly status: number;
  /** Seconds, or a moment. */
  readonly retryAfter?: number | Date;
  readonly body?: string;
}

/** A running far side, its faults, and a way to look at it. */
export interface FarSide {
  /** Settings that hold a server's URL. */
  readonly servers: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>>;
  /** The platform, where the target asks it about more than names. */
  readonly platform?: AnsweringPlatform;
  /** Texts that may appear nowhere. */
  readonly secrets: readonly string[];
  /** All that is ours there, in a form that can be compared. */
  state(): unknown;
  /** The login counts no more, until it is repaired. */
  refuseLogin(refused: boolean): void;
  /** Gives the trouble's end. */
  trouble(trouble: Trouble): () => void;
  /** No request is ever answered. Gives the end of it. */
  hang(): () => void;
  /** A share of all requests meets trouble of any kind. Gives its end. */
  chaos(rate: number, seed: number): () => void;
  stop(): Promise<void>;
}

/** One target in one set-up. */
export interface SetUp {
  /** The target's name, and what is special. */
  readonly name: string;
  readonly definition: TargetDefinition;
  start(now: () => number): Promise<FarSide>;
}

export const SET_UPS: readonly SetUp[] = [
  {
    name: "elastic-security",
    definition: elasticSecurity as TargetDefinition,
    start: (now) => startElasticSide(now, {}),
  },
  {
    name: "elastic-security with a data stream",
    definition: elasticSecurity as TargetDefinition,
    start: (now) => startElasticSide(now, { write_mode: "data_stream" }),
  },
  {
    name: "elastic-threatintel",
    definition: elasticThreatintel as TargetDefinition,
    start: (now) => startThreatintelSide(now, { mode: "ecs_no_signals" }),
  },
  {
    name: "elastic-threatintel with raw STIX",
    definition: elasticThreatintel as TargetDefinition,
    start: (now) => startThreatintelSide(now, { mode: "stix" }),
  },
  ...SEKOIA_SET_UPS,
  {
    name: "harfanglab that deletes",
    definition: harfanglab as TargetDefinition,
    start: (now) => startHarfanglabSide(now, { remove_indicator: true }),
  },
  {
    name: "harfanglab that disables",
    definition: harfanglab as TargetDefinition,
    start: (now) => startHarfanglabSide(now, { remove_indicator: false }),
  },
  {
    name: "misp",
    definition: misp as TargetDefinition,
    start: (now) => startMispSide(now, {}),
  },
  {
    name: "misp with soft deletion and without tags",
    definition: misp as TargetDefinition,
    start: (now) =>
      startMispSide(now, { hard_delete: "false", tag_opencti: "false" }),
  },
];

const INDEX = "logs-ti_custom_opencti.indicator";

/** The older connector's indices: its alias, or one per day. */
async function startThreatintelSide(
  now: () => number,
  settings: Record<string, unknown>,
): Promise<FarSide> {
  const side = await startElasticSide(now, settings, /^opencti/);
  return { ...side, servers: { hosts: side.servers.url as string } };
}

async function startElasticSide(
  now: () => number,
  settings: Record<string, unknown>,
  ours = new RegExp(`^${INDEX}$`),
): Promise<FarSide> {
  const elastic = await startElastic({ now });
  const { apiKey, apiKeyId, apiKeySecret, faults, security } = elastic;
  const key = security.keys.get(apiKeyId)!;
  return {
    servers: { url: elastic.url, kibana_url: elastic.kibanaUrl },
    settings: { ...settings, api_key: apiKey },
    secrets: [apiKey, apiKeySecret],
    state: () => ({
      documents: sorted(
        [...elastic.cluster.indices.keys(), ...elastic.cluster.streams.keys()]
          .filter((name) => ours.test(name))
          .flatMap((name) => [...elastic.cluster.documents(name)])
          .map(([id, { source }]) => [id, source] as const),
      ),
      rules: sorted(
        elastic.rules().map((rule) => [rule.rule_id, lasting(rule)] as const),
      ),
    }),
    refuseLogin: (refused) => {
      if (refused) security.keys.delete(apiKeyId);
      else security.keys.set(apiKeyId, key);
    },
    ...scriptedFaults(faults),
    stop: () => elastic.stop(),
  };
}

/** A rule without what Kibana adds, which differs from run to run. */
function lasting(rule: Record<string, unknown>): Record<string, unknown> {
  const { id: _id, revision: _revision, ...rest } = rule;
  return rest;
}

function sorted<Value>(
  entries: (readonly [string, Value])[],
): (readonly [string, Value])[] {
  return entries.sort(([a], [b]) => a < b ? -1 : 1);
}
