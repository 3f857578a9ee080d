import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError, LoginError } from "../../../src/errors.ts";
import { createHttpClient } from "../../../src/http/create_client.ts";
import type { HttpClient } from "../../../src/http/client.ts";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import { OCTI_EXTENSION, type StixObject } from "../../../src/stix/object.ts";
import type { Outcome, Target } from "../../../src/targets/target.ts";
import { elasticSecurity } from "../../../src/targets/elastic_security/mod.ts";
import { API_KEY, FakeElastic } from "./fake_elastic.ts";

const INDEX = "logs-ti_custom_opencti.indicator";
const START = Date.parse("2026-03-02T10:00:00.000Z");

/** A fake cluster, the target, and a clock that a test may move. */
class Bench {
  readonly fake = new FakeElastic();
  readonly logged: string[] = [];
  readonly asked: string[][] = [];
  readonly signal = new AbortController().signal;
  now = START;
  target: Target;
  readonly #clients: HttpClient[] = [];
  #sequence = 0;

  constructor(settings: Record<string, unknown> = {}) {
    this.target = this.restart(settings);
  }

  /** A new life of the program against the same cluster. */
  restart(settings: Record<string, unknown> = {}): Target {
    const config = elasticSecurity.config.parse({
      url: this.fake.url,
      kibana_url: this.fake.kibanaUrl,
      api_key: API_KEY,
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
    this.target = elasticSecurity.create(config, {
      name: "soc",
      http: (endpoint) => {
        const client = createHttpClient(endpoint);
        this.#clients.push(client);
        return client;
      },
      opencti: {
        url: "https://cti.example.org",
        namesOf: (refs) => {
          this.asked.push([...refs]);
          return Promise.resolve(new Map());
        },
        markingsOf: () => Promise.resolve(new Map()),
        ensurePatternTypes: (types) => {
          this.asked.push([...types.keys()]);
          return Promise.resolve();
        },
        sightings: undefined as never,
      },
      state: undefined as never,
      log: logger,
      now: () => this.now,
    });
    return this.target;
  }

  event(
    name: string,
    properties: Record<string, unknown>,
    rest: Partial<StreamEvent> = {},
  ): StreamEvent {
    const sequence = ++this.#sequence;
    const object = {
      type: "indicator",
      id: `indicator--${name}`,
      modified: "2026-03-01T00:00:00.000Z",
      pattern_type: "stix",
      extensions: { [OCTI_EXTENSION]: { id: name, type: "Indicator" } },
      ...properties,
    } as unknown as StixObject;
    return {
      id: `${START}-${sequence}`,
      version: START * 1000 + sequence,
      action: "create",
      cause: "created",
      internalId: name,
      object,
      bytes: 1000,
      ...rest,
    };
  }

  async deliver(...events: StreamEvent[]): Promise<string[]> {
    const outcomes = await this.target.deliver(events, this.signal);
    return outcomes.map(wordOf);
  }

  /** Names in the index, in order. */
  names(): string[] {
    return [...this.fake.documents(INDEX).values()]
      .map((source) => {
        const threat = source.threat as
          | { indicator: { name: string } }
          | undefined;
        return threat?.indicator.name ?? "foreign";
      }).sort();
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.fake.stop();
  }
}

function wordOf(outcome: Outcome): string {
  return outcome.status === "delivered"
    ? "delivered"
    : `${outcome.status}: ${outcome.reason}`;
}

function scenario(
  name: string,
  run: (bench: Bench) => Promise<void>,
  settings: Record<string, unknown> = {},
): void {
  Deno.test(`ElasticSecurityTarget ${name}`, async () => {
    const bench = new Bench(settings);
    try {
      await run(bench);
    } finally {
      await bench.stop();
    }
  });
}

const ip = (last: number) => ({
  pattern: `[ipv4-addr:value = '192.0.2.${last}']`,
});
const either = (a: number, b: number) => ({
  pattern:
    `[ipv4-addr:value = '192.0.2.${a}' OR ipv4-addr:value = '192.0.2.${b}']`,
});
const KQL = { pattern: "a : b", pattern_type: "kql", name: "A query" };
const UPDATE = { action: "update", cause: "changed" } as const;
const DELETE = { action: "delete", cause: "deleted" } as const;

scenario("prepares template, index, rules and pattern types", async (bench) => {
  const { fake, target, signal } = bench;
  await target.prepare(signal);
  const template = fake.templates.get("logs-ti_custom_opencti");
  assertEquals(template?.index_patterns, [INDEX, `${INDEX}-*`]);
  assertEquals(template?.priority, 501);
  assert(fake.indices.has(INDEX));
  assertEquals(bench.asked, [["kql", "lucene", "eql", "esql"]]);
  const puts = () => fake.requests.filter((line) => /^PUT/.test(line)).length;
  assertEquals(puts(), 2);
  await bench.restart().prepare(signal);
  assertEquals(puts(), 2, "a second start changes nothing");
});

scenario("creates without looking for others", async (bench) => {
  const { fake, target, signal } = bench;
  await target.prepare(signal);
  fake.requests.length = 0;
  const events = [
    bench.event("a", ip(1)),
    bench.event("b", { type: "report" }),
    bench.event("c", ip(3)),
  ];
  assertEquals(await bench.deliver(...events), [
    "delivered",
    "skipped: type report has no place in Elastic Security",
    "delivered",
  ]);
  assertEquals(bench.names(), ["192.0.2.1", "192.0.2.3"]);
  assertEquals(fake.requests, ["POST /_bulk"]);
  assertEquals(await bench.deliver(...events), [
    "delivered",
    "skipped: type report has no place in Elastic Security",
    "delivered",
  ], "twice is once");
  assertEquals(bench.names(), ["192.0.2.1", "192.0.2.3"]);
});

scenario("replaces the values of a changed pattern", async (bench) => {
  await bench.target.prepare(bench.signal);
  await bench.deliver(bench.event("a", either(1, 2)));
  const update = bench.event("a", either(2, 3), UPDATE);
  assertEquals(await bench.deliver(update), ["delivered"]);
  assertEquals(bench.names(), ["192.0.2.2", "192.0.2.3"]);
});

scenario("looks for no others where labels change", async (bench) => {
  const { fake } = bench;
  await bench.target.prepare(bench.signal);
  await bench.deliver(bench.event("a", ip(1)));
  fake.requests.length = 0;
  await bench.deliver(
    bench.event("a", { ...ip(1), labels: ["x"] }, {
      ...UPDATE,
      changed: ["/labels", "/modified"],
    }),
  );
  assertEquals(fake.requests, ["POST /_bulk"]);
  const [source] = fake.documents(INDEX).values();
  assertEquals(source?.tags, ["opencti", "x"]);
});

scenario("never lets an old event overwrite a newer one", async (bench) => {
  await bench.target.prepare(bench.signal);
  const old = bench.event("a", ip(1), UPDATE);
  const newer = bench.event("a", ip(2), UPDATE);
  assertEquals(await bench.deliver(newer), ["delivered"]);
  assertEquals(await bench.deliver(old), ["delivered"]);
  assertEquals(bench.names(), ["192.0.2.2"]);
});

scenario("never lets an old event change a newer rule", async (bench) => {
  const { fake } = bench;
  await bench.target.prepare(bench.signal);
  const old = bench.event("a", KQL);
  await bench.deliver(
    bench.event("a", { ...KQL, pattern: "c : d" }, UPDATE),
  );
  assertEquals(await bench.deliver(old), ["delivered"]);
  assertEquals([...fake.rules.values()].map(({ query }) => query), ["c : d"]);
});

scenario("deletes what no refresh has shown yet", async (bench) => {
  await bench.target.prepare(bench.signal);
  await bench.deliver(bench.event("a", either(1, 2)), bench.event("b", ip(3)));
  const gone = bench.event("a", either(1, 2), DELETE);
  assertEquals(await bench.deliver(gone), ["delivered"]);
  assertEquals(bench.names(), ["192.0.2.3"]);
  assertEquals(await bench.deliver(gone), ["delivered"]);
});

scenario("withholds the revoked and the expired", async (bench) => {
  await bench.target.prepare(bench.signal);
  const revoked = { ...ip(1), revoked: true };
  assertEquals(await bench.deliver(bench.event("a", revoked)), [
    "skipped: revoked",
  ]);
  await bench.deliver(bench.event("a", ip(1)), bench.event("b", ip(2)));
  assertEquals(
    await bench.deliver(
      bench.event("a", revoked, UPDATE),
      bench.event(
        "b",
        { ...ip(2), valid_until: "2026-03-02T09:00:00Z" },
        UPDATE,
      ),
    ),
    ["delivered", "delivered"],
  );
  assertEquals(bench.names(), []);
  assertEquals(await bench.deliver(bench.event("a", revoked, UPDATE)), [
    "skipped: revoked",
  ]);
  await bench.deliver(bench.event("a", ip(1), UPDATE));
  assertEquals(bench.names(), ["192.0.2.1"], "taken back");
});

scenario("removes the documents of the former connector", async (bench) => {
  const { fake, signal } = bench;
  const { entityDocId } = await import(
    "../../../src/targets/_elastic/document.ts"
  );
  fake.put(INDEX, "generated", { opencti_doc_id: entityDocId("a") });
  fake.put(INDEX, "other", { opencti_doc_id: entityDocId("z") });
  await bench.target.prepare(signal);
  const harmless = { ...UPDATE, changed: ["/labels"] };
  await bench.deliver(bench.event("a", ip(1), harmless));
  assertEquals(bench.names(), ["192.0.2.1", "foreign"]);
});

scenario("adopts a data stream without doubles", async (bench) => {
  const { fake, signal } = bench;
  const { entityDocId } = await import(
    "../../../src/targets/_elastic/document.ts"
  );
  fake.streams.add(INDEX);
  fake.confidenceType = "long";
  fake.put(INDEX, "generated", { opencti_doc_id: entityDocId("a") });
  await bench.target.prepare(signal);
  assertEquals(fake.rollovers, 1);
  assert("data_stream" in fake.templates.get("logs-ti_custom_opencti")!);
  const first = bench.event("a", either(1, 2), UPDATE);
  assertEquals(await bench.deliver(first), ["delivered"]);
  assertEquals(await bench.deliver(first), ["delivered"]);
  assertEquals(bench.names(), ["192.0.2.1", "192.0.2.2"]);
  const harmless = { ...UPDATE, changed: ["/labels"] };
  const second = bench.event("a", { ...ip(1), labels: ["x"] }, harmless);
  assertEquals(await bench.deliver(second), ["delivered"]);
  assertEquals(await bench.deliver(first), ["delivered"], "an old event");
  assertEquals(bench.names(), ["192.0.2.1"]);
  assertEquals(await bench.deliver(bench.event("a", ip(1), DELETE)), [
    "delivered",
  ]);
  assertEquals(bench.names(), []);
});

scenario("finds out that the index became a data stream", async (bench) => {
  const { fake } = bench;
  await bench.target.prepare(bench.signal);
  fake.streams.add(INDEX);
  const event = bench.event("a", ip(1));
  const [outcome = ""] = await bench.deliver(event);
  assert(outcome.startsWith("retry: illegal_argument_exception"), outcome);
  assertEquals(await bench.deliver(event), ["delivered"]);
  assertEquals(bench.names(), ["192.0.2.1"]);
});

scenario("makes the index again when it was deleted", async (bench) => {
  const { fake } = bench;
  await bench.target.prepare(bench.signal);
  fake.indices.delete(INDEX);
  const event = bench.event("a", ip(1));
  const [outcome = ""] = await bench.deliver(event);
  assert(outcome.startsWith("retry: index_not_found_exception"), outcome);
  assertEquals(await bench.deliver(event), ["delivered"]);
});

scenario("tells items apart in a partial failure", async (bench) => {
  const { fake } = bench;
  await bench.target.prepare(bench.signal);
  const faults: Record<string, Record<string, unknown>> = {};
  fake.itemFault = (id) => faults[id.slice(0, 64)];
  const { entityDocId } = await import(
    "../../../src/targets/_elastic/document.ts"
  );
  const fault = (name: string, status: number, type: string) => {
    faults[entityDocId(name)] = { status, error: { type, reason: "r" } };
  };
  fault("b", 400, "document_parsing_exception");
  fault("c", 429, "es_rejected_execution_exception");
  fault("d", 403, "security_exception");
  const events = ["a", "b", "c", "d"].map((name, at) =>
    bench.event(name, ip(at))
  );
  assertEquals(await bench.deliver(...events), [
    "delivered",
    "rejected: document_parsing_exception: r",
    "retry: es_rejected_execution_exception: r",
    "retry: security_exception: r",
  ]);
  assert(bench.logged.some((line) => /^error .*refuses writes/.test(line)));
});

scenario("waits as long as a 429 says", async (bench) => {
  const { fake } = bench;
  await bench.target.prepare(bench.signal);
  fake.fault = (line) =>
    line === "POST /_bulk"
      ? new Response("", { status: 429, headers: { "retry-after": "9" } })
      : undefined;
  const [outcome] = await bench.target.deliver(
    [bench.event("a", ip(1))],
    bench.signal,
  );
  assertEquals(outcome?.status === "retry" && outcome.afterMs, 9000);
});

scenario("halves bodies that are too large", async (bench) => {
  const { fake } = bench;
  await bench.target.prepare(bench.signal);
  fake.fault = (line, body) =>
    line === "POST /_bulk" && body.split("\n").length > 3
      ? new Response("", { status: 413 })
      : undefined;
  const events = [1, 2, 3].map((last) => bench.event(`e${last}`, ip(last)));
  assertEquals(await bench.deliver(...events), Array(3).fill("delivered"));
  assertEquals(bench.names().length, 3);
});

scenario("keeps an event whose clean-up failed", async (bench) => {
  const { fake } = bench;
  await bench.target.prepare(bench.signal);
  await bench.deliver(bench.event("a", ip(1)));
  fake.fault = (line) =>
    line.endsWith("_delete_by_query")
      ? new Response("", { status: 503 })
      : undefined;
  const update = bench.event("a", ip(2), UPDATE);
  const [outcome = ""] = await bench.deliver(update);
  assert(outcome.startsWith("retry:"), outcome);
  fake.fault = () => undefined;
  assertEquals(await bench.deliver(update), ["delivered"]);
  assertEquals(bench.names(), ["192.0.2.2"]);
});

const RULE = "opencti-a";

scenario("leads a rule through its life", async (bench) => {
  const { fake } = bench;
  const rule = () =>
    [...fake.rules.values()].map(({ rule_id, type, enabled, query }) => [
      rule_id,
      type,
      enabled,
      query,
    ]);
  await bench.target.prepare(bench.signal);
  await bench.deliver(bench.event("a", KQL));
  assertEquals(rule(), [[RULE, "query", true, "a : b"]]);
  await bench.deliver(bench.event("a", { ...KQL, pattern: "c : d" }, UPDATE));
  assertEquals(rule(), [[RULE, "query", true, "c : d"]]);
  const off = { [OCTI_EXTENSION]: { id: "a", detection: false } };
  await bench.deliver(bench.event("a", { ...KQL, extensions: off }, UPDATE));
  assertEquals(rule(), [[RULE, "query", false, "a : b"]]);
  assertEquals(bench.names(), ["A query"]);
  await bench.deliver(bench.event("a", KQL, UPDATE));
  assertEquals(
    await bench.deliver(bench.event("a", { ...KQL, revoked: true }, UPDATE)),
    ["delivered"],
  );
  assertEquals(rule(), [[RULE, "query", false, "a : b"]], "kept, off");
  assertEquals(bench.names(), []);
  const eql = { ...KQL, pattern_type: "eql" };
  await bench.deliver(bench.event("a", eql, UPDATE));
  assertEquals(rule(), [[RULE, "eql", true, "a : b"]]);
  await bench.deliver(
    bench.event("a", { ...KQL, pattern_type: "sigma" }, UPDATE),
  );
  assertEquals(rule(), [], "another language makes no rule");
  await bench.deliver(bench.event("a", KQL, UPDATE));
  await bench.deliver(bench.event("a", KQL, DELETE));
  assertEquals([rule(), bench.names()], [[], []]);
});

scenario("finds rules again after a restart", async (bench) => {
  const { fake, signal } = bench;
  await bench.target.prepare(signal);
  const event = bench.event("a", KQL);
  await bench.deliver(event);
  await bench.restart().prepare(signal);
  await bench.deliver(event);
  assertEquals(fake.rules.size, 1);
  // One that was made while nobody listed rules: 409, then PUT.
  await bench.restart().prepare(signal);
  fake.rules.set("x", { id: "x", rule_id: "opencti-b", type: "eql" });
  assertEquals(await bench.deliver(bench.event("b", KQL)), ["delivered"]);
  assertEquals(
    [...fake.rules.values()].filter(({ rule_id }) => rule_id === "opencti-b")
      .map(({ type }) => type),
    ["query"],
  );
});

scenario("replaces rules of the former connector alone", async (bench) => {
  const { fake } = bench;
  const former = { type: "query", enabled: true, meta: { opencti_id: "a" } };
  fake.rules.set("f1", { ...former, id: "f1", rule_id: "random-1" });
  fake.rules.set("f2", { ...former, id: "f2", rule_id: "random-2" });
  fake.rules.set("own", { id: "own", rule_id: "theirs", enabled: true });
  await bench.target.prepare(bench.signal);
  await bench.deliver(bench.event("a", { ...KQL, revoked: true }, UPDATE));
  assertEquals(fake.rules.get("f1")?.enabled, false);
  await bench.deliver(bench.event("a", KQL, UPDATE));
  assertEquals([...fake.rules.values()].map(({ rule_id }) => rule_id).sort(), [
    RULE,
    "theirs",
  ]);
});

scenario("writes the document though Kibana fails", async (bench) => {
  const { fake } = bench;
  await bench.target.prepare(bench.signal);
  const event = bench.event("a", KQL);
  const answers: [Response, RegExp][] = [
    [new Response("starting", { status: 503 }), /^retry: .*503/],
    [
      Response.json({ message: ["bad", "query"] }, { status: 400 }),
      /^rejected: Kibana refuses the rule: bad; query$/,
    ],
    [
      Response.json({ message: "no rights" }, { status: 403 }),
      /^retry: The key in "api_key" may not manage/,
    ],
  ];
  for (const [answer, expected] of answers) {
    fake.fault = (line) => line.startsWith("kibana ") ? answer : undefined;
    const [outcome = ""] = await bench.deliver(event);
    assert(expected.test(outcome), outcome);
    assertEquals(bench.names(), ["A query"]);
  }
  fake.fault = () => undefined;
  assertEquals(await bench.deliver(event), ["delivered"]);
  assertEquals(fake.rules.size, 1);
});

scenario("calls no Kibana without rules", async (bench) => {
  await bench.target.prepare(bench.signal);
  assertEquals(await bench.deliver(bench.event("a", KQL)), ["delivered"]);
  assert(!bench.fake.requests.some((line) => line.startsWith("kibana")));
}, { create_rules: "false" });

Deno.test("ElasticSecurityTarget warns once without an address of Kibana", async () => {
  const bench = new Bench();
  try {
    await bench.restart({ kibana_url: undefined }).prepare(bench.signal);
    assertEquals(
      bench.logged.filter((line) => line.startsWith("warn")),
      [
        "warn no detection rules are made: set kibana_url, or create_rules " +
        "to false",
      ],
    );
    assertEquals(await bench.deliver(bench.event("a", KQL)), ["delivered"]);
  } finally {
    await bench.stop();
  }
});

Deno.test("ElasticSecurityTarget names the setting that is wrong", async () => {
  const bench = new Bench();
  const { fake, signal } = bench;
  // deno-fmt-ignore
  const cases: [Record<string, unknown>, typeof ConfigError | typeof LoginError, RegExp][] = [
    [{ api_key: "b3RoZXI6" },                LoginError,  /"api_key"/],
    [{ url: fake.kibanaUrl },                ConfigError, /"url" names/],
    [{ kibana_url: fake.url },               ConfigError, /"kibana_url" names/],
    [{ kibana_url: `${fake.kibanaUrl}/x` },  ConfigError, /"kibana_url"/],
    [{ kibana_space: "nowhere" },            ConfigError, /"kibana_space"/],
    [{ write_mode: "data_stream" },          ConfigError, /"write_mode"/],
  ];
  fake.indices.set(INDEX, new Map());
  try {
    for (const [settings, kind, words] of cases) {
      const target = bench.restart(settings);
      const error = await assertRejects(() => target.prepare(signal), kind);
      assert(words.test(`${error}`), `${error}`);
    }
    await bench.restart({ kibana_space: "soc" }).prepare(signal);
  } finally {
    await bench.stop();
  }
});

scenario("purges and refreshes beside the stream", async (bench) => {
  const { fake } = bench;
  await bench.target.prepare(bench.signal);
  const until = { valid_until: "2026-03-10T00:00:00Z" };
  await bench.deliver(
    bench.event("a", { ...KQL, ...until }),
    bench.event("b", { ...ip(1), ...until }),
    bench.event("c", ip(2)),
  );
  bench.now = Date.parse("2026-03-25T00:00:00Z");
  const stop = new AbortController();
  const work = bench.target.background!(stop.signal);
  const isDone = () =>
    fake.requests.some((line) => line.endsWith("_update_by_query"));
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await work;
  assertEquals(bench.names(), ["192.0.2.2"]);
  const [left] = fake.documents(INDEX).values();
  assertEquals(left?.["@timestamp"], "2026-03-25T00:00:00.000Z");
  assertEquals([...fake.rules.values()].map(({ enabled }) => enabled), [false]);
});

scenario("checks and plans without writing", async (bench) => {
  const { fake, signal } = bench;
  const results = await bench.target.check(signal);
  assertEquals(results.map(({ subject, status }) => `${subject}: ${status}`), [
    "Elasticsearch: ok",
    "index rights: ok",
    "write mode: ok",
    "Kibana: ok",
    "detection rules: ok",
  ]);
  const actions = await bench.target.plan([
    bench.event("a", KQL),
    bench.event("b", { type: "report" }),
    bench.event("c", ip(1), DELETE),
  ], signal);
  assertEquals(actions.map(({ action, to }) => `${action} ${to ?? "-"}`), [
    `write ${INDEX}`,
    "write Kibana detection rules",
    "skip -",
    `delete ${INDEX}`,
  ]);
  assertEquals([fake.indices.size, fake.templates.size, fake.rules.size], [
    0,
    0,
    0,
  ]);
});
