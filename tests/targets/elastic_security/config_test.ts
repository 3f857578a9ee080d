import { assert, assertEquals } from "@std/assert";
import { apiKeyHeader } from "../../../src/targets/_elastic/login.ts";
import {
  configSchema,
  kibanaUrl,
  ruleIndices,
  seed,
} from "../../../src/targets/elastic_security/config.ts";

const LEAST = { url: "https://es.example:9200", api_key: "YTpi" };

Deno.test("configSchema fills in the defaults of the former connector", () => {
  const { api_key, ...rest } = configSchema.parse(LEAST);
  assertEquals(api_key.reveal(), "YTpi");
  assertEquals(rest, {
    url: "https://es.example:9200",
    verify_ssl: true,
    index_name: "logs-ti_custom_opencti.indicator",
    write_mode: "auto",
    indicator_expire_time: 90,
    batch_size: 100,
    flush_interval_ms: 1000,
    refresh_timestamps: true,
    create_rules: true,
    kibana_space: "default",
    rule_enabled: true,
    rule_index_patterns: [
      "logs-*",
      "filebeat-*",
      "packetbeat-*",
      "winlogbeat-*",
      "-logs-ti_*",
    ],
  });
});

Deno.test("configSchema refuses what Elasticsearch would refuse", () => {
  // deno-fmt-ignore
  const wrong = [
    { index_name: "Upper" }, { index_name: "a b" }, { index_name: "_a" },
    { index_name: "a*" }, { index_name: ".." }, { index_name: "a".repeat(256) },
    { batch_size: "0" }, { batch_size: "10001" }, { write_mode: "stream" },
    { url: "es.example" }, { verify_ssl: "perhaps" },
    { indicator_expire_time: "-1" },
  ];
  for (const settings of wrong) {
    const result = configSchema.safeParse({ ...LEAST, ...settings });
    assert(!result.success, JSON.stringify(settings));
  }
});

Deno.test("every seed row names a key of the schema", () => {
  const keys = Object.keys(configSchema.shape);
  for (const [path, variable, key] of seed.rows) {
    assert(keys.includes(key), key);
    assertEquals(path, `elastic_security.${key}`);
    assertEquals(variable, `ELASTIC_SECURITY_${key.toUpperCase()}`);
  }
  assertEquals(seed.rows.length, keys.length);
});

Deno.test("kibanaUrl() derives Elastic Cloud addresses and nothing else", () => {
  // deno-fmt-ignore
  const cases: [string, string | undefined][] = [
    ["https://a.es.eu-west-1.aws.example:9243", "https://a.kb.eu-west-1.aws.example"],
    ["https://a.es.example:443/x",              "https://a.kb.example"],
    ["https://es.example:9200",                 undefined],
    ["https://elastic.example/a.es.b",          undefined],
  ];
  for (const [url, expected] of cases) {
    assertEquals(kibanaUrl({ url }), expected);
  }
  assertEquals(
    kibanaUrl({
      url: "https://a.es.example",
      kibana_url: "https://k.example/b",
    }),
    "https://k.example/b",
  );
});

Deno.test("apiKeyHeader() encodes a raw key", () => {
  assertEquals(apiKeyHeader("id:key"), "ApiKey aWQ6a2V5");
  assertEquals(apiKeyHeader(" aWQ6a2V5 "), "ApiKey aWQ6a2V5");
});

Deno.test("ruleIndices() leaves the threat documents out", () => {
  // deno-fmt-ignore
  const cases: [index: string, patterns: string[], added: string[]][] = [
    ["logs-ti_custom_opencti.indicator", ["logs-*", "-logs-ti_*"], []],
    ["logs-threats",                     ["logs-*", "-logs-ti_*"], ["-logs-threats"]],
    ["threats",                          ["logs-*"],               []],
    ["threats",                          ["*"],                    ["-threats"]],
    ["threats",                          ["threats", "logs-*"],    []],
    ["logs.threats",                     ["logs?*"],               []],
  ];
  for (const [index_name, rule_index_patterns, added] of cases) {
    assertEquals(
      ruleIndices({ index_name, rule_index_patterns }),
      [...rule_index_patterns, ...added],
    );
  }
});
