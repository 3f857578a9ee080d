import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ConfigError, LoginError } from "../../../src/errors.ts";
import { type Bench, scenario, START } from "./bench.ts";

const FIRST = "opencti-2026.03.02-000001";

function writes(bench: Bench): string[] {
  return bench.elastic.requests.list
    .filter(({ method }) => method !== "GET" && method !== "HEAD")
    .map(({ method, path }) => `${method} ${decodeURIComponent(path)}`)
    .filter((line) => !/_refresh|_count|_search/.test(line));
}

scenario("sets up policy, template and alias in this order", async (bench) => {
  await bench.target.prepare(bench.signal);
  assertEquals(writes(bench), [
    "PUT /_ilm/policy/opencti",
    "PUT /_index_template/opencti",
    "PUT /<opencti-{now/d}-000001>",
  ]);
  const { cluster } = bench.elastic;
  assertEquals([...cluster.indices.keys()], [FIRST]);
  const index = cluster.indices.get(FIRST);
  assertEquals(index?.aliases.get("opencti"), { is_write_index: true });
  assertEquals(index?.settings.get("index.lifecycle.name"), "opencti");
  assertEquals(
    index?.settings.get("index.lifecycle.rollover_alias"),
    "opencti",
  );
  assertEquals(bench.documents(), []);
  const [template] = cluster.templates.find("opencti");
  assertEquals("aliases" in (template?.body.template as object), false);
});

scenario("sets nothing up twice", async (bench) => {
  await bench.target.prepare(bench.signal);
  bench.elastic.requests.clear();
  await bench.target.prepare(bench.signal);
  await bench.restart().prepare(bench.signal);
  assertEquals(writes(bench), []);
  assertEquals(bench.logged.filter((line) => line.startsWith("warn")), []);
});

scenario("replaces policy and template only if told to", async (bench) => {
  await bench.ask("PUT", "/_ilm/policy/opencti", { policy: { phases: {} } });
  await bench.ask("PUT", "/_index_template/opencti", {
    index_patterns: ["opencti-*"],
    template: { aliases: { opencti: {} } },
  });
  bench.elastic.requests.clear();
  await bench.target.prepare(bench.signal);
  assertEquals(writes(bench), ["PUT /<opencti-{now/d}-000001>"]);
  assertStringIncludes(bench.logged.join("\n"), "holds an alias");
  bench.elastic.requests.clear();
  await bench.restart({ ilm_overwrite: true, template_overwrite: true })
    .prepare(bench.signal);
  assertEquals(writes(bench), [
    "PUT /_ilm/policy/opencti",
    "PUT /_index_template/opencti",
  ]);
  const [template] = bench.elastic.cluster.templates.find("opencti");
  assertEquals("aliases" in (template?.body.template as object), false);
});

scenario("stops where an index has the alias's name", async (bench) => {
  await bench.ask("PUT", "/opencti");
  const error = await assertRejects(
    () => bench.target.prepare(bench.signal),
    ConfigError,
  );
  assertStringIncludes(`${error}`, '"opencti" is an index');
  assertEquals(writes(bench).filter((line) => line.includes("<")), []);
});

scenario("stops where no index of the alias may be written", async (bench) => {
  for (const name of ["opencti-a", "opencti-b"]) {
    await bench.ask("PUT", `/${name}`, { aliases: { opencti: {} } });
  }
  const error = await assertRejects(
    () => bench.target.prepare(bench.signal),
    ConfigError,
  );
  assertStringIncludes(`${error}`, "none of them is its write index");
});

scenario("never lets a bare index take the alias's place", async (bench) => {
  await bench.target.prepare(bench.signal);
  await bench.ask("DELETE", `/${FIRST}`);
  assertStringIncludes((await bench.deliver(bench.event("a"))).join(), "retry");
  assertEquals(bench.elastic.cluster.indices.has("opencti"), false);
  assertEquals(await bench.deliver(bench.event("a")), ["delivered"]);
  assertEquals(bench.places(), [`${FIRST}/a`]);
});

scenario("does without ILM on serverless", async (bench) => {
  await bench.target.prepare(bench.signal);
  assertEquals(await bench.deliver(bench.event("a")), ["delivered"]);
  assertEquals(bench.places(), [`${FIRST}/a`]);
  const index = bench.elastic.cluster.indices.get(FIRST);
  assertEquals(index?.settings.has("index.lifecycle.name"), false);
}, { options: { serverless: true } });

scenario("goes on where it may not touch policies", async (bench) => {
  await bench.target.prepare(bench.signal);
  assertEquals(await bench.deliver(bench.event("a")), ["delivered"]);
  assertStringIncludes(bench.logged.join("\n"), "read_ilm");
}, {
  options: { privileges: { cluster: ["monitor", "manage_index_templates"] } },
});

scenario("writes dated indices without ILM", async (bench) => {
  await bench.target.prepare(bench.signal);
  const old = bench.event("a", {}, { id: `${START - 86_400_000}-1` });
  await bench.deliver(old, bench.event("b"));
  assertEquals(bench.places(), [
    "opencti-2026.03.01/a",
    "opencti-2026.03.02/b",
  ]);
  assertEquals(bench.elastic.cluster.policies.size, 0);
  bench.now += 86_400_000;
  await bench.deliver(bench.update("a"), bench.remove("b"));
  assertEquals(bench.places(), ["opencti-2026.03.01/a"]);
}, { settings: { ilm_enabled: false } });

scenario("makes dated indices where the cluster does not", async (bench) => {
  await bench.target.prepare(bench.signal);
  assertStringIncludes((await bench.deliver(bench.event("a"))).join(), "retry");
  assertEquals(await bench.deliver(bench.event("a")), ["delivered"]);
  assertEquals(bench.places(), ["opencti-2026.03.02/a"]);
}, { settings: { ilm_enabled: false }, options: { autoCreate: false } });

scenario("logs in with user and password, colons included", async (bench) => {
  await bench.target.prepare(bench.signal);
  assertEquals(await bench.deliver(bench.event("a")), ["delivered"]);
}, {
  settings: { username: "kim", password: "a:b:c" },
  options: { basic: "kim:a:b:c" },
});

scenario("logs in with cloud_auth, split at the first colon", async (bench) => {
  await bench.target.prepare(bench.signal);
  await assertRejects(
    () => bench.restart({ cloud_auth: "kim:a" }).prepare(bench.signal),
    LoginError,
  );
}, {
  settings: { cloud_auth: "kim:a:b" },
  options: { basic: "kim:a:b" },
});

scenario("takes the raw form of an API key", async (bench) => {
  const { apiKeyId, apiKeySecret } = bench.elastic;
  const key = `${apiKeyId}:${apiKeySecret}`;
  await bench.restart({ api_key: key }).prepare(bench.signal);
});

scenario("asks for no version with reduced privileges", async (bench) => {
  await bench.target.prepare(bench.signal);
  assertEquals(bench.elastic.requests.count(undefined, /^\/$/), 0);
}, { settings: { reduced_privileges: true } });

scenario("uses the next host where one does not answer", async (bench) => {
  const silent = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = silent.addr as Deno.NetAddr;
  silent.close();
  bench.restart({ hosts: [`127.0.0.1:${port}`, bench.elastic.url] });
  await bench.target.prepare(bench.signal);
  assertEquals(await bench.deliver(bench.event("a")), ["delivered"]);
});

scenario("warns of the old scale of confidence", async (bench) => {
  await bench.target.prepare(bench.signal);
  assertStringIncludes(bench.logged.join("\n"), "1 to 4 is the old scale");
}, { settings: { confidence_level: "3" } });

scenario("checks without changing anything", async (bench) => {
  const before = await bench.target.check(bench.signal);
  assertEquals(
    before.map(({ subject, status }) => `${subject} ${status}`),
    [
      "Elasticsearch ok",
      "rights ok",
      "ILM policy ok",
      "alias ok",
      "index template ok",
    ],
  );
  assertEquals(bench.elastic.cluster.indices.size, 0);
  await bench.ask("PUT", "/opencti");
  await bench.ask("PUT", "/_index_template/opencti", {
    index_patterns: ["opencti-*"],
  });
  const after = await bench.target.check(bench.signal);
  assertEquals(after.slice(3).map(({ status }) => status), [
    "failed",
    "warning",
  ]);
  assert(after.slice(3).every(({ remedy }) => remedy !== undefined));
});

scenario("checks a login that is refused", async (bench) => {
  const [result, ...rest] = await bench.restart({ api_key: "a:b" })
    .check(bench.signal);
  assertEquals(result?.status, "failed");
  assertStringIncludes(result?.remedy ?? "", "login");
  assertEquals(rest, []);
});
