/** The target against simulated servers: what its tests share. */
import type { StreamEvent } from "../../../src/opencti/event.ts";
import {
  type ElasticOptions,
  type Rule,
  type SimulatedElastic,
  startElastic,
} from "../../../src/simulator/elastic/mod.ts";
import { OCTI_EXTENSION } from "../../../src/stix/object.ts";
import { entityDocId } from "../../../src/targets/_elastic/document.ts";
import type { Target } from "../../../src/targets/target.ts";
import { elasticSecurity } from "../../../src/targets/elastic_security/mod.ts";
import { TestServices } from "../services.ts";
import { wordOf } from "../outcome_word.ts";
import { streamEvent } from "../stream_event.ts";

/** The default index. */
export const INDEX = "logs-ti_custom_opencti.indicator";
/** Its template. */
export const TEMPLATE = "logs-ti_custom_opencti";
/** Where the clock of every scenario begins. */
export const START = Date.parse("2026-03-02T10:00:00.000Z");

/** How a scenario is set up. */
export interface BenchOptions {
  readonly settings?: Record<string, unknown>;
  readonly elastic?: ElasticOptions;
}

/** A simulated cluster, the target, and a clock that a test may move. */
export class Bench {
  readonly signal = new AbortController().signal;
  readonly elastic: SimulatedElastic;
  readonly #services: TestServices;
  readonly #clock: { now: number };
  target: Target;
  #sequence = 0;

  private constructor(
    elastic: SimulatedElastic,
    services: TestServices,
    clock: { now: number },
    settings: Record<string, unknown>,
  ) {
    this.elastic = elastic;
    this.#services = services;
    this.#clock = clock;
    this.target = this.restart(settings);
  }

  static async start(options: BenchOptions = {}): Promise<Bench> {
    const clock = { now: START };
    const now = () => clock.now;
    const elastic = await startElastic({ now, ...options.elastic });
    const services = await TestServices.open(now);
    return new Bench(elastic, services, clock, options.settings ?? {});
  }

  get logged(): string[] {
    return this.#services.logged;
  }

  get asked(): string[][] {
    return this.#services.asked;
  }

  set now(now: number) {
    this.#clock.now = now;
  }

  /** A new life of the program against the same cluster. */
  restart(settings: Record<string, unknown> = {}): Target {
    const config = elasticSecurity.config.parse({
      url: this.elastic.url,
      kibana_url: this.elastic.kibanaUrl,
      api_key: this.elastic.apiKey,
      ...settings,
    });
    this.target = elasticSecurity.create(config, this.#services.services);
    return this.target;
  }

  event(
    name: string,
    properties: Record<string, unknown>,
    rest: Partial<StreamEvent> = {},
  ): StreamEvent {
    const object = {
      type: "indicator",
      id: `indicator--${name}`,
      modified: "2026-03-01T00:00:00.000Z",
      pattern_type: "stix",
      extensions: { [OCTI_EXTENSION]: { id: name, type: "Indicator" } },
      ...properties,
    };
    const sequence = ++this.#sequence;
    return streamEvent(name, object, { at: START, sequence, ...rest });
  }

  async deliver(...events: StreamEvent[]): Promise<string[]> {
    const outcomes = await this.target.deliver(events, this.signal);
    return outcomes.map(wordOf);
  }

  /** Sources in the index, by id. */
  documents(): Map<string, Record<string, unknown>> {
    const found = this.elastic.cluster.documents(INDEX);
    return new Map([...found].map(([id, { source }]) => [id, source]));
  }

  /** Names in the index, in order. */
  names(): string[] {
    return [...this.documents().values()].map((source) => {
      const threat = source.threat as
        | { indicator: { name: string } }
        | undefined;
      return threat?.indicator.name ?? "foreign";
    }).sort();
  }

  /** "POST /_bulk", "kibana POST /api/..." in the order of arrival. */
  requests(): string[] {
    return this.elastic.requests.list.map(({ server, method, path }) =>
      `${server === "kibana" ? "kibana " : ""}${method} ${path}`
    );
  }

  /** One property of each rule of the space. */
  rules<Key extends string>(key: Key, space?: string): unknown[] {
    return this.elastic.rules(space).map((rule: Rule) => rule[key]);
  }

  async stop(): Promise<void> {
    await this.#services.close();
    await this.elastic.stop();
  }
}

/** A test with a bench of its own. */
export function scenario(
  name: string,
  run: (bench: Bench) => Promise<void>,
  options: BenchOptions = {},
): void {
  Deno.test(`ElasticSecurityTarget ${name}`, async () => {
    const bench = await Bench.start(options);
    try {
      await run(bench);
    } finally {
      await bench.stop();
    }
  });
}

/** The least that Kibana takes for a rule. */
export const SOME_RULE = {
  type: "query",
  name: "Somebody's",
  description: "A rule.",
  risk_score: 21,
  severity: "low",
};

/** Indicators of one address, and of two. */
export const ip = (last: number) => ({
  pattern: `[ipv4-addr:value = '192.0.2.${last}']`,
});
export const either = (a: number, b: number) => ({
  pattern:
    `[ipv4-addr:value = '192.0.2.${a}' OR ipv4-addr:value = '192.0.2.${b}']`,
});
/** An indicator that becomes a rule. */
export const KQL = { pattern: "a : b", pattern_type: "kql", name: "A query" };
/** The rest of an event. */
export const UPDATE = { action: "update", cause: "changed" } as const;
export const DELETE = { action: "delete", cause: "deleted" } as const;

/** What the former connector left: template, data stream and a document. */
export function adoptableStream(
  { elastic }: Bench,
  confidenceType: "long" | "keyword" = "long",
): void {
  const { cluster, foreign } = elastic;
  const confidence = { properties: { confidence: { type: confidenceType } } };
  cluster.templates.put(TEMPLATE, {
    index_patterns: [`${TEMPLATE}*`],
    priority: 500,
    data_stream: {},
    template: {
      mappings: {
        properties: { threat: { properties: { indicator: confidence } } },
      },
    },
  }, []);
  cluster.createDataStream(INDEX);
  foreign.documents(INDEX, {
    generated: {
      "@timestamp": "2026-03-01T00:00:00.000Z",
      opencti_doc_id: entityDocId("a"),
      threat: { indicator: { name: "foreign", confidence: 85 } },
    },
  });
}
