import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError, LoginError } from "../../../src/errors.ts";
import { ElasticError } from "../../../src/simulator/elastic/mod.ts";
import { OCTI_EXTENSION } from "../../../src/stix/object.ts";
import { entityDocId } from "../../../src/targets/_elastic/document.ts";
import {
  adoptableStream,
  DELETE,
  either,
  INDEX,
  ip,
  KQL,
  scenario,
  SOME_RULE,
  TEMPLATE,
  UPDATE,
} from "./bench.ts";

scenario("prepares template, index, rules and pattern types", async (bench) => {
  const { elastic: { cluster }, target, signal } = bench;
  await target.prepare(signal);
  const [template] = cluster.templates.find(TEMPLATE);
  assertEquals(template?.patterns, [INDEX, `${INDEX}-*`]);
  assertEquals(template?.priority, 501);
  assert(cluster.indices.has(INDEX));
  assertEquals(bench.asked, [["kql", "lucene", "eql", "esql"]]);
  const puts = () => bench.elastic.requests.count("PUT");
  assertEquals(puts(), 2);
  await bench.restart().prepare(signal);
  assertEquals(puts(), 2, "a second start changes nothing");
});

scenario("creates without looking for others", async (bench) => {
  const { elastic: { requests }, target, signal } = bench;
  await target.prepare(signal);
  requests.clear();
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
  assertEquals(bench.requests(), ["POST /_bulk"]);
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
  await bench.target.prepare(bench.signal);
  await bench.deliver(bench.event("a", ip(1)));
  bench.elastic.requests.clear();
  await bench.deliver(
    bench.event("a", { ...ip(1), labels: ["x"] }, {
      ...UPDATE,
      changed: ["/labels", "/modified"],
    }),
  );
  assertEquals(bench.requests(), ["POST /_bulk"]);
  const [source] = bench.documents().values();
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
  await bench.target.prepare(bench.signal);
  const old = bench.event("a", KQL);
  await bench.deliver(
    bench.event("a", { ...KQL, pattern: "c : d" }, UPDATE),
  );
  assertEquals(await bench.deliver(old), ["delivered"]);
  assertEquals(bench.rules("query"), ["c : d"]);
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
  const { elastic, signal } = bench;
  elastic.foreign.documents(INDEX, {
    generated: { opencti_doc_id: entityDocId("a") },
    other: { opencti_doc_id: entityDocId("z") },
  });
  await bench.target.prepare(signal);
  const harmless = { ...UPDATE, changed: ["/labels"] };
  await bench.deliver(bench.event("a", ip(1), harmless));
  assertEquals(bench.names(), ["192.0.2.1", "foreign"]);
});

scenario("adopts a data stream without doubles", async (bench) => {
  const { elastic: { cluster, requests }, signal } = bench;
  adoptableStream(bench);
  await bench.target.prepare(signal);
  assertEquals(requests.count("POST", `/${INDEX}/_rollover`), 1);
  assertEquals(cluster.streams.get(INDEX)?.backing.length, 2);
  const [template] = cluster.templates.find(TEMPLATE);
  assertEquals([template?.dataStream, template?.priority], [true, 501]);
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
  const { elastic: { cluster } } = bench;
  await bench.target.prepare(bench.signal);
  cluster.removeIndex(INDEX);
  cluster.templates.put("somebody-else", {
    index_patterns: [INDEX],
    priority: 600,
    data_stream: {},
  }, []);
  cluster.createDataStream(INDEX);
  const event = bench.event("a", ip(1));
  const [outcome = ""] = await bench.deliver(event);
  assert(outcome.startsWith("retry: illegal_argument_exception"), outcome);
  assertEquals(await bench.deliver(event), ["delivered"]);
  assertEquals(bench.names(), ["192.0.2.1"]);
});

scenario("makes the index again when it was deleted", async (bench) => {
  await bench.target.prepare(bench.signal);
  bench.elastic.cluster.removeIndex(INDEX);
  const event = bench.event("a", ip(1));
  const [outcome = ""] = await bench.deliver(event);
  assert(outcome.startsWith("retry: index_not_found_exception"), outcome);
  assertEquals(await bench.deliver(event), ["delivered"]);
}, { elastic: { autoCreate: false } });

scenario("tells items apart in a partial failure", async (bench) => {
  await bench.target.prepare(bench.signal);
  const fault = (name: string, status: number, type: string) => {
    bench.elastic.faults.items({
      where: ({ id }) => id?.startsWith(entityDocId(name)) === true,
      error: new ElasticError(status, type, "r"),
    });
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
  await bench.target.prepare(bench.signal);
  bench.elastic.faults.next(
    { do: "status", status: 429, retryAfter: 9 },
    { path: "/_bulk" },
  );
  const [outcome] = await bench.target.deliver(
    [bench.event("a", ip(1))],
    bench.signal,
  );
  assertEquals(outcome?.status === "retry" && outcome.afterMs, 9000);
});

/** A pattern, and enough text that a document has more than 2 * 10 KiB. */
const long = (last: number, chars = 10_240) => ({
  ...ip(last),
  description: "x".repeat(chars),
});

scenario("halves bodies that are too large", async (bench) => {
  const { elastic: { requests } } = bench;
  await bench.target.prepare(bench.signal);
  requests.clear();
  const events = [1, 2, 3].map((last) => bench.event(`e${last}`, long(last)));
  assertEquals(await bench.deliver(...events), Array(3).fill("delivered"));
  assertEquals(bench.names().length, 3);
  const statuses = requests.find("POST", "/_bulk").map(({ status }) => status);
  assertEquals(statuses, [413, 413, 200, 200, 200]);
}, { elastic: { maxContentLength: 30_000 } });

scenario(
  "sends what is too large alone without its raw copy",
  async (bench) => {
    await bench.target.prepare(bench.signal);
    const events = [
      bench.event("a", long(1, 20_000)),
      bench.event("b", long(2, 40_000)),
    ];
    assertEquals(await bench.deliver(...events), [
      "delivered",
      "rejected: the document is larger than the cluster takes in one request",
    ]);
    const [source] = bench.documents().values();
    assertEquals(source?.stix, undefined);
    assertEquals(bench.names(), ["192.0.2.1"]);
  },
  { elastic: { maxContentLength: 30_000 } },
);

scenario("keeps an event whose clean-up failed", async (bench) => {
  await bench.target.prepare(bench.signal);
  await bench.deliver(bench.event("a", ip(1)));
  bench.elastic.faults.next(
    { do: "status", status: 503 },
    { path: "/_delete_by_query" },
  );
  const update = bench.event("a", ip(2), UPDATE);
  const [outcome = ""] = await bench.deliver(update);
  assert(outcome.startsWith("retry:"), outcome);
  assertEquals(await bench.deliver(update), ["delivered"]);
  assertEquals(bench.names(), ["192.0.2.2"]);
});

const RULE = "opencti-a";

scenario("leads a rule through its life", async (bench) => {
  const rule = () =>
    bench.elastic.rules().map(({ rule_id, type, enabled, query }) => [
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
  const { elastic, signal } = bench;
  await bench.target.prepare(signal);
  const event = bench.event("a", KQL);
  await bench.deliver(event);
  await bench.restart().prepare(signal);
  await bench.deliver(event);
  assertEquals(elastic.rules().length, 1);
  // One that was made while nobody listed rules: 409, then PUT.
  await bench.restart().prepare(signal);
  elastic.foreign.rule({
    ...SOME_RULE,
    rule_id: "opencti-b",
    type: "eql",
    language: "eql",
    query: "any where true",
  });
  assertEquals(await bench.deliver(bench.event("b", KQL)), ["delivered"]);
  assertEquals(
    elastic.rules().filter(({ rule_id }) => rule_id === "opencti-b")
      .map(({ type }) => type),
    ["query"],
  );
});

scenario("replaces rules of the former connector alone", async (bench) => {
  const { foreign } = bench.elastic;
  const former = {
    ...SOME_RULE,
    tags: ["opencti"],
    meta: { opencti_id: "a" },
  };
  const first = foreign.rule({ ...former, rule_id: "random-1" });
  foreign.rule({ ...former, rule_id: "random-2" });
  foreign.rule({ ...SOME_RULE, rule_id: "theirs", tags: ["opencti"] });
  await bench.target.prepare(bench.signal);
  await bench.deliver(bench.event("a", { ...KQL, revoked: true }, UPDATE));
  const stored = bench.elastic.kibana.rules().get({ id: first.id });
  assertEquals(stored.enabled, false);
  await bench.deliver(bench.event("a", KQL, UPDATE));
  assertEquals(bench.rules("rule_id").sort(), [RULE, "theirs"]);
  const theirs = bench.elastic.kibana.rules().get({ rule_id: "theirs" });
  assertEquals([theirs.enabled, theirs.revision], [true, 0]);
});

scenario("writes the document though Kibana fails", async (bench) => {
  await bench.target.prepare(bench.signal);
  const event = bench.event("a", KQL);
  // deno-fmt-ignore
  const answers: [number, string | undefined, RegExp][] = [
    [503, undefined,                                 /^retry: .*503/],
    [400, '{"message": ["bad", "query"]}',           /^rejected: Kibana refuses the rule: bad; query$/],
    [403, '{"statusCode": 403, "message": "no"}',    /^retry: The key in "api_key" may not manage/],
    [409, '{"statusCode": 409, "message": "busy"}',  /^retry: .*busy/],
  ];
  for (const [status, body, expected] of answers) {
    const fault = bench.elastic.faults.next(
      { do: "status", status, ...(body === undefined ? {} : { body }) },
      { server: "kibana", times: Infinity },
    );
    const [outcome = ""] = await bench.deliver(event);
    assert(expected.test(outcome), outcome);
    assertEquals(bench.names(), ["A query"]);
    fault.remove();
  }
  assertEquals(await bench.deliver(event), ["delivered"]);
  assertEquals(bench.elastic.rules().length, 1);
});

scenario("calls no Kibana without rules", async (bench) => {
  await bench.target.prepare(bench.signal);
  assertEquals(await bench.deliver(bench.event("a", KQL)), ["delivered"]);
  assert(!bench.requests().some((line) => line.startsWith("kibana")));
}, { settings: { create_rules: "false" } });

scenario("warns once without an address of Kibana", async (bench) => {
  await bench.restart({ kibana_url: undefined }).prepare(bench.signal);
  assertEquals(
    bench.logged.filter((line) => line.startsWith("warn")),
    [
      "warn no detection rules are made: set kibana_url, or create_rules " +
      "to false",
    ],
  );
  assertEquals(await bench.deliver(bench.event("a", KQL)), ["delivered"]);
});

scenario("names the setting that is wrong", async (bench) => {
  const { elastic, signal } = bench;
  // deno-fmt-ignore
  const cases: [Record<string, unknown>, typeof ConfigError | typeof LoginError, RegExp][] = [
    [{ api_key: "b3RoZXI6" },                  LoginError,  /"api_key"/],
    [{ url: elastic.kibanaUrl },               ConfigError, /"url" names/],
    [{ kibana_url: elastic.url },              ConfigError, /"kibana_url" names/],
    [{ kibana_url: `${elastic.kibanaUrl}/x` }, ConfigError, /"kibana_url"/],
    [{ kibana_space: "nowhere" },              ConfigError, /"kibana_space"/],
    [{ write_mode: "data_stream" },            ConfigError, /"write_mode"/],
  ];
  elastic.cluster.createIndex(INDEX);
  for (const [settings, kind, words] of cases) {
    const target = bench.restart(settings);
    const error = await assertRejects(() => target.prepare(signal), kind);
    assert(words.test(`${error}`), `${error}`);
  }
  await bench.restart({ kibana_space: "soc" }).prepare(signal);
}, { elastic: { spaces: ["soc"] } });

scenario("purges and refreshes beside the stream", async (bench) => {
  const { elastic } = bench;
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
  const isDone = () => elastic.requests.count("POST", "_update_by_query") > 0;
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await work;
  assertEquals(bench.names(), ["192.0.2.2"]);
  const [left] = bench.documents().values();
  assertEquals(left?.["@timestamp"], "2026-03-25T00:00:00.000Z");
  assertEquals(bench.rules("enabled"), [false]);
});

scenario("checks and plans without writing", async (bench) => {
  const { elastic: { cluster }, signal } = bench;
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
  assertEquals([
    cluster.indices.size,
    cluster.templates.find(TEMPLATE).length,
    bench.elastic.rules().length,
  ], [0, 0, 0]);
});
