import { assertEquals, assertStringIncludes } from "@std/assert";
import { Secret } from "../../../src/config/fields.ts";
import {
  configSchema,
  elasticUrls,
  firstRunFrom,
  sightingConfidence,
} from "../../../src/targets/elastic_threatintel/config.ts";
import { renderName } from "../../../src/targets/elastic_threatintel/date_math.ts";

const AT = Date.parse("2026-03-02T23:30:45.000Z");

// deno-fmt-ignore
const NAMES: readonly [name: string, rendered: string][] = [
  ["opencti",                              "opencti"],
  ["opencti-{now/d}",                      "opencti-2026.03.02"],
  ["opencti-{now/d{yyyy.MM.dd|+02:00}}",   "opencti-2026.03.03"],
  ["opencti-{now/d{yyyy-MM-dd|-05:30}}",   "opencti-2026-03-02"],
  ["opencti-{now/M{yyyy.MM}}",             "opencti-2026.03"],
  ["opencti-{now-1M/M{yyyy.MM}}-x",        "opencti-2026.02-x"],
  ["opencti-{now-1d/d}-{now{HHmmss}}",     "opencti-2026.03.01-233045"],
  ["opencti-{now+1y/y{yyyy}}",             "opencti-2027"],
  ["opencti-{now/w}",                      "opencti-2026.03.02"],
  ["opencti-{now/d{YYYY.MM.DD}}",          "opencti-2026.03.02"],
];

for (const [name, rendered] of NAMES) {
  Deno.test(`renderName() renders ${name}`, () => {
    assertEquals(
      configSchema.safeParse({ index: name, template_pattern: "*" }).success,
      true,
    );
    assertEquals(renderName(name, AT), rendered);
  });
}

Deno.test("renderName() takes the last day of a shorter month", () => {
  const at = Date.parse("2026-03-31T12:00:00Z");
  assertEquals(renderName("x-{now-1M/d}", at), "x-2026.02.28");
});

// deno-fmt-ignore
const HOSTS: readonly [written: unknown, urls: string[]][] = [
  ["localhost",                        ["http://localhost:9200"]],
  ["a:9201, b",                        ["http://a:9201", "http://b:9200"]],
  ["https://es.example.org",           ["https://es.example.org:9200"]],
  ["https://es.example.org:443/path/", ["https://es.example.org/path"]],
  ["http://es.example.org:80",         ["http://es.example.org"]],
  ["[2001:db8::1]",                    ["http://[2001:db8::1]:9200"]],
  ["https://[2001:db8::1]:9243",       ["https://[2001:db8::1]:9243"]],
  [["a", "a:9200"],                    ["http://a:9200"]],
];

for (const [written, urls] of HOSTS) {
  Deno.test(`elasticUrls() of hosts ${JSON.stringify(written)}`, () => {
    assertEquals(elasticUrls(configSchema.parse({ hosts: written })), urls);
  });
}

// deno-fmt-ignore
const REFUSED: readonly [settings: Record<string, unknown>, what: string][] = [
  [{ hosts: "es/path" },                       "a path but no scheme"],
  [{ hosts: "https://u:p@es" },                "must not hold a user name"],
  [{ hosts: "ftp://es" },                      "is not a host"],
  [{ cloud_id: "name:bm9uc2Vuc2U=" },          "is not the id of a deployment"],
  [{ cloud_auth: "nocolon" },                  "has no colon"],
  [{ api_key: "a:b", username: "u", password: "p" }, "keep one of them"],
  [{ api_key: "a:b", cloud_auth: "u:p" },      "keep one of them"],
  [{ index: "Opencti-{now/d}" },               "must be in lower case"],
  [{ index: "opencti-{now/q}" },               "a brace that is no date math"],
  [{ index: "opencti-{now/d{yyyy|Mars}}" },    "time zone"],
  [{ index: "opencti-{now/d{eee}}" },          '"e" in a date format'],
  [{ ilm_rollover_alias: "intel" },            '"opencti-*" does not cover'],
  [{ mode: "stix", index: "stix-{now/d}" },    "does not cover the index"],
  [{ template_pattern: "a b" },                "is not a pattern"],
  [{ signal_query: "{" },                      'JSON object with the key "query"'],
  [{ signal_query: '{"query":{},"sort":[]}' }, 'the key "sort"'],
  [{ signal_query: { query: {} } },            "write the JSON as text"],
  [{ query_interval: "0" },                    "is out of range"],
  [{ confidence_level: "101" },                "is out of range"],
  [{ sightings_tlp: "pink" },                  "is not a TLP level"],
  [{ start_timestamp: "yesterday" },           "is not a time"],
];

for (const [settings, what] of REFUSED) {
  Deno.test(`configSchema refuses ${JSON.stringify(settings)}`, () => {
    const result = configSchema.safeParse(settings);
    const messages = result.error?.issues.map(({ message }) => message) ?? [];
    assertStringIncludes(messages.join("\n"), what);
  });
}

Deno.test("configSchema has the seed's defaults", () => {
  const config = configSchema.parse({});
  assertEquals(config.mode, "ecs");
  assertEquals(config.import_label, ["*"]);
  assertEquals(config.query_interval, 300_000);
  assertEquals(config.index, "opencti-{now/d}");
  assertEquals(config.reduced_privileges, false);
  assertEquals(config.legacy_threatintel_fields, false);
});

Deno.test("configSchema reads the settings of the sightings", () => {
  const config = configSchema.parse({
    cloud_auth: "u:p:q",
    sightings_tlp: "tlp:amber+strict",
    lookback_interval: "1h30m",
    signal_query: '{"query":{"match_all":{}},"size":5}',
  });
  assertEquals(config.cloud_auth instanceof Secret, true);
  assertEquals(config.sightings_tlp, "AMBER+STRICT");
  assertEquals(config.lookback_interval, 5_400_000);
  assertEquals(config.signal_query, { match_all: {} });
});

Deno.test("sightingConfidence() reads both scales", () => {
  const values = [0, 1, 2, 3, 4, 5, 80, 100].map((level) =>
    sightingConfidence(level).value
  );
  assertEquals(values, [0, 15, 50, 75, 85, 5, 80, 100]);
});

Deno.test("firstRunFrom() begins at the date, else a minute ago", () => {
  const from = (settings: Record<string, unknown>) =>
    Number.parseInt(firstRunFrom(configSchema.parse(settings), AT)) + 1;
  assertEquals(from({}), AT - 60_000);
  assertEquals(from({ import_from_date: "2026-01-31" }), Date.UTC(2026, 0, 31));
  assertEquals(
    from({ import_from_date: "2026-01-31", start_timestamp: "1700000000000" }),
    1_700_000_000_000,
  );
});
