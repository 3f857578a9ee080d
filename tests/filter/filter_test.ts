/** The filter of a target, row by row. */
import { assertEquals, assertThrows } from "@std/assert";
import type { FilterSettings } from "../../src/config/load.ts";
import { ConfigError } from "../../src/errors.ts";
import { createFilter } from "../../src/filter/mod.ts";
import { openctiMarkingId } from "../../src/stix/marking.ts";
import type { StixObject } from "../../src/stix/object.ts";

const NOW = Date.parse("2026-05-17T18:00:00.000Z");
const SIGNAL = new AbortController().signal;
const OCTI = "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba";
const SCO = "extension-definition--f93e2c80-4231-4f9a-af8b-95c9bd566a82";
const ACME = "identity--11111111-1111-4111-8111-111111111111";
const OWN_TLP = "marking-definition--22222222-2222-4222-8222-222222222222";

const PLATFORM = {
  namesOf: (refs: Iterable<string>) =>
    Promise.resolve(
      new Map(
        [...refs].filter((ref) => ref === ACME).map((ref) => [ref, "ACME"]),
      ),
    ),
  markingsOf: () =>
    Promise.resolve(
      new Map([[OWN_TLP, {
        definitionType: "TLP",
        definition: "TLP:AMBER+STRICT",
      }]]),
    ),
};

function indicator(
  more: Record<string, unknown> = {},
  octi: Record<string, unknown> = {},
): StixObject {
  return {
    id: "indicator--00000000-0000-4000-8000-000000000001",
    type: "indicator",
    pattern_type: "stix",
    pattern: "[domain-name:value = 'www.evil.example']",
    modified: "2026-05-16T18:00:00.000Z",
    extensions: { [OCTI]: { score: 60, detection: true, ...octi } },
    ...more,
  };
}

function pattern(text: string): StixObject {
  return indicator({ pattern: `[${text}]` });
}

function observable(
  type: string,
  more: Record<string, unknown> = {},
  sco: Record<string, unknown> = {},
): StixObject {
  return { id: `${type}--1`, type, extensions: { [SCO]: sco }, ...more };
}

const REPORT: StixObject = {
  id: "report--1",
  type: "report",
  confidence: 40,
  created: "2026-05-01T00:00:00.000Z",
};

const marked = (...refs: string[]) => indicator({ object_marking_refs: refs });
const url = (value: string) => observable("url", { value });
const ip = (value: string) =>
  observable(value.includes(":") ? "ipv6-addr" : "ipv4-addr", { value });
const SHA = "A".repeat(64);

/** Settings, object, and whether it passes. */
// deno-fmt-ignore
const ROWS: readonly (readonly [settings: FilterSettings, object: StixObject, passes: boolean])[] = [
  [{},                                     indicator(),                                        true],
  [{ types: ["indicator"] },               indicator(),                                        true],
  [{ types: ["Indicator"] },               indicator(),                                        true],
  [{ types: ["indicator"] },               REPORT,                                             false],
  [{ types: ["IPv4-Addr"] },               ip("192.0.2.1"),                                    true],
  [{ types: ["StixFile"] },                observable("file"),                                 true],
  [{ types: ["ipv6-addr"] },               ip("192.0.2.1"),                                    false],
  [{ patternTypes: ["STIX"] },             indicator(),                                        true],
  [{ patternTypes: ["sigma", "yara"] },    indicator(),                                        false],
  [{ patternTypes: ["sigma"] },            REPORT,                                             true],
  [{ detectionOnly: true },                indicator(),                                        true],
  [{ detectionOnly: true },                indicator({}, { detection: false }),                false],
  [{ detectionOnly: true },                indicator({ extensions: {} }),                      false],
  [{ detectionOnly: true },                REPORT,                                             true],
  [{ minScore: 60 },                       indicator(),                                        true],
  [{ minScore: 61 },                       indicator(),                                        false],
  [{ minScore: 1 },                        indicator({ extensions: {} }),                      false],
  [{ minScore: 50 },                       observable("url", {}, { score: 70 }),               true],
  [{ minScore: 50 },                       observable("url", {}, { score: 20 }),               false],
  [{ minScore: 50 },                       REPORT,                                             true],
  [{ minConfidence: 40 },                  REPORT,                                             true],
  [{ minConfidence: 41 },                  REPORT,                                             false],
  [{ minConfidence: 1 },                   indicator(),                                        false],
  [{ minConfidence: 99 },                  observable("url"),                                  true],
  [{ labelsAny: ["apt", "crime"] },        indicator({ labels: ["Crime"] }),                   true],
  [{ labelsAny: ["apt"] },                 indicator({ labels: ["crime"] }),                   false],
  [{ labelsAny: ["apt"] },                 indicator(),                                        false],
  [{ labelsAny: ["apt"] },                 observable("url", {}, { labels: ["apt"] }),         true],
  [{ labelsNone: ["test"] },               indicator({ labels: ["TEST"] }),                    false],
  [{ labelsNone: ["test"] },               indicator({ labels: ["tested"] }),                  true],
  [{ maxAgeMs: 86_400_000 },               indicator(),                                        true],
  [{ maxAgeMs: 86_399_999 },               indicator(),                                        false],
  [{ maxAgeMs: 1 },                        observable("url"),                                  true],
  [{ maxAgeMs: 1 },                        REPORT,                                             false],
  [{ maxTlp: "AMBER" },                    indicator(),                                        true],
  [{ maxTlp: "AMBER" },                    marked(openctiMarkingId("AMBER")),                  true],
  [{ maxTlp: "AMBER" },                    marked(openctiMarkingId("AMBER+STRICT")),           false],
  [{ maxTlp: "GREEN" },                    marked(openctiMarkingId("CLEAR"), openctiMarkingId("RED")), false],
  [{ maxTlp: "AMBER" },                    marked(OWN_TLP),                                    false],
  [{ maxTlp: "RED" },                      marked(openctiMarkingId("RED")),                    true],
  [{ authors: ["acme"] },                  indicator({ created_by_ref: ACME }),                true],
  [{ authors: [ACME] },                    indicator({ created_by_ref: ACME }),                true],
  [{ authors: ["acme"] },                  observable("url", {}, { created_by_ref: ACME }),    true],
  [{ authors: ["other"] },                 indicator({ created_by_ref: ACME }),                false],
  [{ authors: ["acme"] },                  indicator({ created_by_ref: "identity--unknown" }), false],
  [{ authors: ["acme"] },                  indicator(),                                        false],
  [{ excludeValues: [".evil.example"] },   indicator(),                                        false],
  [{ excludeValues: ["*.EVIL.example"] },  indicator(),                                        false],
  [{ excludeValues: [".www.evil.example"] }, indicator(),                                      false],
  [{ excludeValues: [".vil.example"] },    indicator(),                                        true],
  [{ excludeValues: ["evil.example"] },    indicator(),                                        true],
  [{ excludeValues: ["WWW.evil.example"] }, indicator(),                                       false],
  [{ excludeValues: [".evil.example"] },   url("https://a.evil.example:8443/x"),               false],
  [{ excludeValues: [".evil.example"] },   url("https://other.example/?u=a.evil.example"),     true],
  [{ excludeValues: ["https://a.example/x"] }, url("https://a.example/x"),                     false],
  [{ excludeValues: ["a.example"] },       url("https://a.example/x"),                         true],
  [{ excludeValues: [".evil.example"] },   observable("email-addr", { value: "a@x.evil.example" }), false],
  [{ excludeValues: [".evil.example"] },   observable("hostname", { value: "evil.example." }), false],
  [{ excludeValues: ["10.0.0.0/8"] },      ip("10.255.0.1"),                                   false],
  [{ excludeValues: ["10.0.0.0/8"] },      ip("11.0.0.1"),                                     true],
  [{ excludeValues: ["10.0.0.0/8"] },      ip("10.1.0.0/16"),                                  false],
  [{ excludeValues: ["10.1.0.0/16"] },     ip("10.0.0.0/8"),                                   true],
  [{ excludeValues: ["192.0.2.7"] },       ip("192.0.2.7"),                                    false],
  [{ excludeValues: ["192.0.2.7"] },       url("http://192.0.2.7/x"),                          false],
  [{ excludeValues: ["0.0.0.0/0"] },       ip("203.0.113.9"),                                  false],
  [{ excludeValues: ["0.0.0.0/0"] },       ip("2001:db8::1"),                                  true],
  [{ excludeValues: ["2001:db8::/32"] },   ip("2001:DB8:1::2"),                                false],
  [{ excludeValues: ["2001:db8::/32"] },   url("http://[2001:db8::1]/x"),                      false],
  [{ excludeValues: ["::ffff:192.0.2.0/120"] }, ip("::ffff:192.0.2.9"),                        false],
  [{ excludeValues: ["fe80::/10"] },       ip("2001:db8::1"),                                  true],
  [{ excludeValues: [SHA.toLowerCase()] }, pattern(`file:hashes.'SHA-256' = '${SHA}'`),        false],
  [{ excludeValues: ["svchost.exe"] },     observable("file", { name: "svchost.exe" }),        false],
  [{ excludeValues: ["192.0.2.0/24"] },    pattern("ipv4-addr:value = '192.0.2.5' OR domain-name:value = 'a.example'"), false],
  [{ excludeValues: [".evil.example"] },   indicator({ pattern_type: "sigma", pattern: "evil.example" }), true],
  [{ excludeValues: [".evil.example"] },   indicator({ pattern: "not a pattern" }, { observable_values: [{ type: "Domain-Name", value: "evil.example" }] }), false],
  [{ excludeValues: ["__proto__"] },       indicator(),                                        true],
];

for (const [settings, object, passes] of ROWS) {
  const shown = JSON.stringify(settings).slice(0, 70);
  const what = String(object.value ?? object.pattern ?? object.type);
  Deno.test(`createFilter() ${shown} ${passes ? "lets pass" : "keeps out"} ${what.slice(0, 50)}`, async () => {
    const filter = createFilter(settings, PLATFORM, () => NOW);
    const reason = await filter.reasonAgainst(object, SIGNAL);
    assertEquals(reason === undefined, passes, reason);
    if (reason !== undefined) assertEquals(/^filter: its? /.test(reason), true);
  });
}

Deno.test("createFilter() gives contents the same filter without types", async () => {
  const { contents } = createFilter(
    { types: ["report"], minScore: 70 },
    PLATFORM,
    () => NOW,
  );
  const reasons = await Promise.all([
    contents.reasonAgainst(indicator(), SIGNAL),
    contents.reasonAgainst(indicator({}, { score: 80 }), SIGNAL),
  ]);
  assertEquals(reasons, [
    "filter: its score is below the one asked for",
    undefined,
  ]);
});

Deno.test("createFilter() describes itself and says whether TLP:RED passes", () => {
  const none = createFilter({}, PLATFORM, () => NOW);
  assertEquals([none.description, none.letsRedPass], [undefined, true]);
  const some = createFilter(
    { types: ["indicator"], maxTlp: "AMBER", excludeValues: ["a", "b"] },
    PLATFORM,
    () => NOW,
  );
  assertEquals([some.description, some.letsRedPass], [
    "types: indicator; max_tlp: AMBER; exclude_values: 2",
    false,
  ]);
});

Deno.test("createFilter() refuses a network whose mask is wrong", () => {
  for (
    const entry of ["10.0.0.0/33", "10.0.0.0/", "2001:db8::/129", "10.0.0.0/x"]
  ) {
    const error = assertThrows(
      () => createFilter({ excludeValues: [entry] }, PLATFORM, () => NOW),
      ConfigError,
    );
    assertEquals(error.message.includes(entry), true);
  }
});
