/** The target against other versions, offers and set-ups of Elastic. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ConfigError } from "../../../src/errors.ts";
import type { ElasticOptions } from "../../../src/simulator/elastic/mod.ts";
import {
  adoptableStream,
  Bench,
  DELETE,
  either,
  INDEX,
  ip,
  KQL,
  scenario,
  UPDATE,
} from "./bench.ts";

/** A short life of two indicators, which must go well everywhere. */
async function live(bench: Bench, space?: string): Promise<void> {
  await bench.target.prepare(bench.signal);
  const results = await bench.target.check(bench.signal);
  assertEquals(results.filter(({ status }) => status !== "ok"), []);
  const events = [
    bench.event("a", either(1, 2)),
    bench.event("r", KQL),
    bench.event("b", ip(5)),
  ];
  const good = Array(3).fill("delivered");
  assertEquals(await bench.deliver(...events), good);
  const later = [
    bench.event("a", either(2, 3), UPDATE),
    bench.event("r", { ...KQL, pattern: "c : d" }, UPDATE),
    bench.event("b", ip(5), DELETE),
  ];
  assertEquals(await bench.deliver(...later), good);
  assertEquals(await bench.deliver(...later), good);
  assertEquals(bench.names(), ["192.0.2.2", "192.0.2.3", "A query"]);
  assertEquals(bench.rules("query", space), ["c : d"]);
  const failed = bench.elastic.requests.list.filter(({ status }) =>
    status >= 400 && status !== 404
  );
  assertEquals(failed, [], "nothing that the servers refuse is sent");
}

// deno-fmt-ignore
const VARIANTS: readonly [string, ElasticOptions][] = [
  ["8.0",            { version: "8.0.1" }],
  ["8.19",           { version: "8.19.2" }],
  ["9.0",            { version: "9.0.0" }],
  ["9.2",            { version: "9.2.1" }],
  ["serverless",     { version: "9.3.0", serverless: true }],
  ["no auto-create", { autoCreate: false }],
];

for (const [name, elastic] of VARIANTS) {
  for (const write_mode of ["index", "data_stream", "lookup"]) {
    scenario(`works with ${name} as ${write_mode}`, live, {
      settings: { write_mode },
      elastic,
    });
  }
}

scenario("makes an index for LOOKUP JOIN", async (bench) => {
  await bench.target.prepare(bench.signal);
  const { cluster } = bench.elastic;
  const { settings } = cluster.indices.get(INDEX)!;
  assertEquals(settings.get("index.mode"), "lookup");
  assertEquals(settings.has("index.number_of_shards"), false, "1 by default");
}, { settings: { write_mode: "lookup" } });

scenario("says that Elasticsearch 7 is too old", async (bench) => {
  const { message } = await assertRejects(
    () => bench.target.prepare(bench.signal),
    ConfigError,
  );
  assertMatch(message, /not Elasticsearch 8\.0 or newer.*upgrade/);
}, { elastic: { version: "7.17.28" } });

scenario("works in a space below a base path", async (bench) => {
  bench.restart({ kibana_space: "soc" });
  await live(bench, "soc");
  assertEquals(bench.rules("rule_id"), [], "nothing in the default space");
}, { elastic: { spaces: ["soc"], basePath: "/tools/kibana" } });

scenario("takes an API key as id:key", async (bench) => {
  const { apiKeyId, apiKeySecret } = bench.elastic;
  bench.restart({ api_key: `${apiKeyId}:${apiKeySecret}` });
  await live(bench);
});

for (const adopted of [false, true]) {
  const what = adopted ? "a data stream" : "an index";
  scenario(`removes what changes meanwhile from ${what}`, async (bench) => {
    if (adopted) adoptableStream(bench, "keyword");
    const { elastic: { cluster, faults }, signal } = bench;
    await bench.target.prepare(signal);
    await bench.deliver(
      bench.event("a", either(1, 2)),
      bench.event("b", ip(7)),
    );
    // The document changes after the look and before the removal.
    faults.next({ do: "delay", ms: 100 }, { path: "/_search" });
    const pending = bench.deliver(bench.event("a", ip(1), UPDATE));
    while (bench.elastic.requests.count("POST", "/_search") === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    for (const [id, { index, source }] of cluster.documents(INDEX)) {
      cluster.indices.get(index)!.write(id, { ...source }, {
        now: cluster.now(),
      });
    }
    assertEquals(await pending, ["delivered"]);
    assertEquals(bench.names(), ["192.0.2.1", "192.0.2.7"]);
    const removals = bench.elastic.requests.find("POST", "_delete_by_query");
    assertEquals(removals.map(({ status }) => status), [200, 200]);
    assertMatch(removals[0]!.query, /conflicts=proceed/);
  });
}
