/** The tables "Container Field Mapping" and "Threat Level Calculation". */
import { assert, assertEquals } from "@std/assert";
import { OCTI_EXTENSION, SCO_EXTENSION } from "../../../../src/stix/object.ts";
import {
  attributes,
  EVENT,
  holding,
  indicator,
  mapped,
  report,
  stix,
  tags,
} from "./rig.ts";

const AUTHOR = stix("identity", { name: "ACME Threat Research" });

Deno.test("container field: Container Name -> Event Info", async () => {
  const { event } = await mapped(holding([]));
  assertEquals(event.info, "Phishing wave against banks");
  assertEquals(event.uuid, EVENT);
  for (const name of ["", " \n\t", undefined, 5]) {
    const { event } = await mapped(
      holding([], { container: report({ name }) }),
    );
    assertEquals(event.info, "OpenCTI Import");
  }
});

Deno.test("container field: Created Date -> Event Date", async () => {
  const { event } = await mapped(holding([]));
  assertEquals(event.date, "2024-01-01");
  const odd = report({ created: "2024-02-30T00:00:00Z" });
  assertEquals(
    (await mapped(holding([], { container: odd }))).event.date,
    "2024-02-01",
  );
});

Deno.test("container field: Modified Date -> Event Timestamp", async () => {
  const { event } = await mapped(holding([]));
  assertEquals(event.timestamp, "1706745600");
  const never = report({ modified: "5138-11-16T09:46:40.000Z" });
  const { event: other } = await mapped(holding([], { container: never }));
  assertEquals(other.timestamp, "1704103200");
});

Deno.test("container field: Created By (Author) -> Orgc (Creator Org)", async () => {
  const container = report({ created_by_ref: AUTHOR.id });
  const { event } = await mapped(holding([], { container, refs: [AUTHOR] }));
  assertEquals(event.Orgc, { name: "ACME Threat Research" });
  const { event: unknown } = await mapped(holding([], { container }));
  assertEquals(unknown.Orgc, undefined);
});

Deno.test("container field: Configured Owner Org -> Org (Owner Org) is the key's", async () => {
  const { event } = await mapped(holding([]));
  assert(!Object.hasOwn(event, "Org"));
});

Deno.test("container field: Calculated Threat Level -> Threat Level ID", async () => {
  const scored = indicator("[ipv4-addr:value = '1.2.3.4']", {
    extensions: { [OCTI_EXTENSION]: { score: 80 } },
  });
  const { event } = await mapped(holding([scored]));
  assertEquals(event.threat_level_id, "1");
});

Deno.test("container field: Labels -> Tags", async () => {
  const container = report({ labels: ["finance", "Finance", "osint"] });
  const found = await mapped(holding([], { container }));
  assertEquals(tags(found), [
    "finance",
    "opencti:type:report",
    "osint",
    "source:opencti",
    "threat-level:medium",
  ]);
});

Deno.test("container field: Description -> Comment Attribute", async () => {
  const container = report({ description: "Long description" });
  const found = await mapped(holding([], { container }));
  assertEquals(attributes(found), ["comment | Other | Long description"]);
  const [attribute] = found.event.Attribute;
  // The vector of the recipe.
  assertEquals(attribute?.uuid, "322a0250-05eb-58e5-8f7c-6607b4ce9c0a");
  assertEquals(attribute?.comment, "Event description");
  assertEquals(attribute?.to_ids, false);
});

Deno.test("toMispEvent() cuts a description that MISP's column does not hold", async () => {
  const description = "é".repeat(40_000);
  const container = report({ description });
  const { event } = await mapped(holding([], { container }));
  assertEquals(
    event.Attribute[0]?.value,
    `${"é".repeat(32_500)}… [truncated]`,
  );
});

Deno.test("container field: Analysis Status -> Analysis", async () => {
  assertEquals((await mapped(holding([]))).event.analysis, "2");
});

for (
  const [type, plain] of [
    ["report", "report"],
    ["grouping", "grouping"],
    ["case-incident", "case-incident"],
    ["x-opencti-case-incident", "case-incident"],
    ["case-rfi", "case-rfi"],
    ["x-opencti-case-rfi", "case-rfi"],
    ["case-rft", "case-rft"],
    ["x-opencti-case-rft", "case-rft"],
  ] as const
) {
  Deno.test(`container type: ${type} -> MISP Event Created`, async () => {
    const container = report({ type });
    const found = await mapped(holding([], { container }));
    assertEquals(tags(found, "opencti:"), [`opencti:type:${plain}`]);
  });
}

for (const level of [0, 1, 2, 3] as const) {
  Deno.test(`distribution level ${level}; elements inherit it`, async () => {
    const contents = [
      indicator("[ipv4-addr:value = '1.2.3.4']"),
      stix("mutex", { name: "m" }),
    ];
    const { event } = await mapped(holding(contents), {
      distributionLevel: level,
    });
    assertEquals(event.distribution, `${level}`);
    assertEquals(event.Attribute[0]?.distribution, "5");
    assertEquals(event.Object[0]?.distribution, "5");
    assertEquals(event.Object[0]?.Attribute[0]?.distribution, "5");
  });
}

// deno-fmt-ignore
const SCORES = [
  [">= 75 -> 1 (High)",     [75],            "1", "high"],
  [">= 75 -> 1 (High)",     [100, 50],       "1", "high"],
  [">= 50 -> 2 (Medium)",   [74.999],        "2", "medium"],
  [">= 50 -> 2 (Medium)",   [50],            "2", "medium"],
  [">= 25 -> 3 (Low)",      [49, 50],        "3", "low"],
  [">= 25 -> 3 (Low)",      [25],            "3", "low"],
  ["< 25 -> 4 (Undefined)", [24, 25],        "4", "info"],
  ["< 25 -> 4 (Undefined)", [0],             "4", "info"],
  ["< 25 -> 4 (Undefined)", [0, 0, 60],      "4", "info"],
] as const;

for (const [row, scores, level, name] of SCORES) {
  Deno.test(`threat level by average score ${row}: ${scores.join(", ")}`, async () => {
    const contents = scores.map((score, index) =>
      indicator(`[ipv4-addr:value = '1.2.3.${index}']`, {
        extensions: { [OCTI_EXTENSION]: { score } },
      })
    );
    const container = report({ confidence: 1 });
    const found = await mapped(holding(contents, { container }));
    assertEquals(found.event.threat_level_id, level);
    assertEquals(tags(found, "threat-level:"), [`threat-level:${name}`]);
  });
}

Deno.test("threat level reads scores wherever the platform puts them", async () => {
  const contents = [
    stix("ipv4-addr", {
      value: "1.2.3.4",
      extensions: { [SCO_EXTENSION]: { score: 90 } },
    }),
    stix("hostname", { value: "a.example", score: 90 }),
    stix("mutex", { name: "m", x_opencti_score: 90 }),
    stix("malware", { name: "not counted", score: 0 }),
    stix("url", { value: "http://a.example/", score: "0" }),
  ];
  const { event } = await mapped(holding(contents));
  assertEquals(event.threat_level_id, "1");
});

// deno-fmt-ignore
const CONFIDENCES = [
  [">= 80 -> 1 (High)",     80, "1"],
  [">= 60 -> 2 (Medium)",   79, "2"],
  [">= 60 -> 2 (Medium)",   60, "2"],
  [">= 30 -> 3 (Low)",      59, "3"],
  [">= 30 -> 3 (Low)",      30, "3"],
  ["< 30 -> 4 (Undefined)", 29, "4"],
  ["< 30 -> 4 (Undefined)",  0, "4"],
] as const;

for (const [row, confidence, level] of CONFIDENCES) {
  Deno.test(`threat level by confidence ${row}: ${confidence}`, async () => {
    const container = report({ confidence });
    const { event } = await mapped(holding([], { container }));
    assertEquals(event.threat_level_id, level);
  });
}

for (const threatLevel of [1, 2, 3, 4] as const) {
  Deno.test(`threat level ${threatLevel} as set, without scores and confidence`, async () => {
    const { event } = await mapped(holding([]), { threatLevel });
    assertEquals(event.threat_level_id, `${threatLevel}`);
  });
}

Deno.test("toMispEvent() takes the UUID of a round trip", async () => {
  const eventUuid = "cccccccc-1111-4111-8111-aaaaaaaaaaaa";
  const { event } = await mapped(
    holding([indicator("[ipv4-addr:value = '1.2.3.4']")]),
    { eventUuid },
  );
  const { event: own } = await mapped(
    holding([indicator("[ipv4-addr:value = '1.2.3.4']")]),
  );
  assertEquals(event.uuid, eventUuid);
  assert(event.Attribute[0]?.uuid !== own.Attribute[0]?.uuid);
});
