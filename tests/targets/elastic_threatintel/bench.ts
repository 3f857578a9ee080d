import type { HttpClient } from "../../../src/http/client.ts";
import { createHttpClient } from "../../../src/http/create_client.ts";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import {
  type ElasticOptions,
  type SimulatedElastic,
  startElastic,
} from "../../../src/simulator/elastic/mod.ts";
import { OCTI_EXTENSION } from "../../../src/stix/object.ts";
import { elasticThreatintel } from "../../../src/targets/elastic_threatintel/mod.ts";
import type { Target } from "../../../src/targets/target.ts";
import { wordOf } from "../outcome_word.ts";
import { streamEvent } from "../stream_event.ts";

/** 2026-03-02T10:00:00Z. */
export const START = Date.UTC(2026, 2, 2, 10);

/** A stored document as tests read it. */
export interface Stored {
  readonly index: string;
  readonly id: string;
  readonly version: number;
  // deno-lint-ignore no-explicit-any
  readonly source: any;
}

/** Every document whose index fits `opencti-*`, in order of index and id. */
export function storedIn({ cluster }: SimulatedElastic): Stored[] {
  return [...cluster.indices.values()]
    .filter(({ name }) => name.startsWith("opencti-"))
    .flatMap((index) =>
      [...index.all()].map(({ id, version, source = {} }) => ({
        index: index.name,
        id,
        version,
        source,
      }))
    ).sort((a, b) => `${a.index} ${a.id}` < `${b.index} ${b.id}` ? -1 : 1);
}

/** A simulated cluster, the target, and a clock that a test may move. */
export class Bench {
  readonly elastic: SimulatedElastic;
  readonly logged: string[] = [];
  readonly signal = new AbortController().signal;
  now = START;
  target!: Target;
  readonly #clients: HttpClient[] = [];
  #sequence = 0;

  private constructor(elastic: SimulatedElastic) {
    this.elastic = elastic;
  }

  static async start(
    settings: Record<string, unknown>,
    options: ElasticOptions = {},
  ): Promise<Bench> {
    const clock = { now: () => START };
    const elastic = await startElastic({ now: () => clock.now(), ...options });
    const bench = new Bench(elastic);
    clock.now = () => bench.now;
    bench.restart(settings);
    return bench;
  }

  /** A new life of the program against the same cluster. */
  restart(settings: Record<string, unknown> = {}): Target {
    const hasUser = "username" in settings || "cloud_auth" in settings;
    const config = elasticThreatintel.config.parse({
      hosts: this.elastic.url,
      ...(hasUser ? {} : { api_key: this.elastic.apiKey }),
      ...settings,
    });
    const log = (level: string) => (message: string) => {
      this.logged.push(`${level} ${message}`);
    };
    const logger = {
      debug: log("debug"),
      info: log("info"),
      warn: log("warn"),
      error: log("error"),
      with: () => logger,
    };
    this.target = elasticThreatintel.create(config, {
      name: "cti",
      http: (endpoint) => {
        const client = createHttpClient(endpoint);
        this.#clients.push(client);
        return client;
      },
      opencti: {
        // The sightings have tests of their own.
        sightings: undefined as never,
        url: "https://cti.example.org",
        namesOf: (refs) =>
          Promise.resolve(new Map([...refs].map((ref) => [ref, "ACME CERT"]))),
        markingsOf: () => Promise.resolve(new Map()),
        observablesOf: () => Promise.resolve([]),
        ensurePatternTypes: () => Promise.resolve(),
        containers: undefined as never,
        externalReferences: undefined as never,
      },
      state: undefined as never,
      contents: { reasonAgainst: () => Promise.resolve(undefined) },
      log: logger,
      now: () => this.now,
    });
    return this.target;
  }

  event(
    name: string,
    properties: Record<string, unknown> = {},
    rest: Partial<StreamEvent> = {},
  ): StreamEvent {
    const object = {
      type: "indicator",
      id: `indicator--${name}`,
      modified: "2026-03-01T00:00:00.000Z",
      pattern_type: "stix",
      pattern: `[domain-name:value = '${name}.example']`,
      extensions: { [OCTI_EXTENSION]: { id: name, type: "Indicator" } },
      ...properties,
    };
    const sequence = ++this.#sequence;
    return streamEvent(name, object, { at: this.now, sequence, ...rest });
  }

  update(name: string, properties: Record<string, unknown> = {}): StreamEvent {
    return this.event(name, properties, { action: "update", cause: "changed" });
  }

  remove(name: string, properties: Record<string, unknown> = {}): StreamEvent {
    return this.event(name, properties, { action: "delete", cause: "deleted" });
  }

  async deliver(...events: StreamEvent[]): Promise<string[]> {
    const outcomes = await this.target.deliver(events, this.signal);
    return outcomes.map(wordOf);
  }

  documents(): Stored[] {
    return storedIn(this.elastic);
  }

  /** `index/id` of every document. */
  places(): string[] {
    return this.documents().map(({ index, id }) => `${index}/${id}`);
  }

  /** A call to the cluster as a person makes it. */
  async ask(method: string, path: string, body?: unknown): Promise<void> {
    const answer = await fetch(`${this.elastic.url}${path}`, {
      method,
      headers: {
        authorization: `ApiKey ${this.elastic.apiKey}`,
        "content-type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.elastic.stop();
  }
}

/** A test with a bench of its own. */
export function scenario(
  name: string,
  run: (bench: Bench) => Promise<void>,
  { settings = {}, options = {} }: {
    settings?: Record<string, unknown>;
    options?: ElasticOptions;
  } = {},
): void {
  Deno.test(`ElasticThreatintelTarget ${name}`, async () => {
    const bench = await Bench.start(settings, options);
    try {
      await run(bench);
    } finally {
      await bench.stop();
    }
  });
}
