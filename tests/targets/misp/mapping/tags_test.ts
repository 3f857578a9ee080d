/** The table "Tag Generation", markings included. */
import { assertEquals } from "@std/assert";
import type { StixObject } from "../../../../src/stix/object.ts";
import { cleanTag } from "../../../../src/targets/misp/mapping/tags.ts";
import {
  holding,
  indicator,
  mapped,
  onlyAttribute,
  report,
  stix,
  tags,
} from "./rig.ts";

const IP = stix("ipv4-addr", {
  value: "1.2.3.4",
  x_opencti_score: 80,
  labels: ["C2-Server"],
});

function row(
  name: string,
  contents: readonly StixObject[],
  expected: string,
): void {
  Deno.test(`tag: ${name} ${expected}`, async () => {
    const container = report({ confidence: 85 });
    const found = await mapped(holding(contents, { container }));
    assertEquals(tags(found, expected), [expected]);
  });
}

// deno-fmt-ignore
{
row("Source tag",           [],                                                       "source:opencti");
row("Container type",       [],                                                       "opencti:type:report");
row("Confidence level",     [],                                                       "confidence:85");
row("Galaxy clusters",      [stix("threat-actor", { name: "APT29" })],                'misp-galaxy:threat-actor="APT29"');
row("MITRE ATT&CK",         [stix("attack-pattern", { name: "Phishing", external_references: [{ source_name: "mitre-attack", external_id: "T1566" }] })], 'misp-galaxy:mitre-attack-pattern="Phishing - T1566"');
row("Threat actor aliases", [stix("intrusion-set", { name: "APT29", aliases: ["Cozy Bear"] })], "threat-actor-alias:Cozy Bear");
row("Observable type",      [IP],                                                     "observable-type:ipv4-addr");
row("Threat level",         [IP],                                                     "threat-level:high");
row("Infrastructure type",  [IP],                                                     "infrastructure:c2");
row("Standard entities",    [stix("channel", { name: "Telegram" })],                  "opencti:channel:Telegram");
row("MITRE extensions",     [stix("data-source", { name: "Network Traffic" })],       "mitre:data-source:Network Traffic");
}

Deno.test("tags: the prefix is the person's", async () => {
  const found = await mapped(
    holding([stix("channel", { name: "Telegram" })]),
    { tagPrefix: "octi/" },
  );
  assertEquals(tags(found, "octi/"), [
    "octi/channel:Telegram",
    "octi/type:report",
  ]);
  assertEquals(tags(found, "source:"), ["source:opencti"]);
  assertEquals(tags(found, "opencti:"), []);
});

Deno.test("tags: tag_opencti = false leaves those of OpenCTI away", async () => {
  const container = report({
    confidence: 85,
    labels: ["finance", "opencti:x"],
  });
  const contents = [
    stix("channel", { name: "Telegram" }),
    stix("malware", { name: "X" }),
    indicator("[ipv4-addr:value = '1.2.3.4']", { labels: ["OpenCTI:y", "z"] }),
  ];
  const found = await mapped(
    holding(contents, { container }),
    { tagOpencti: false },
  );
  assertEquals(tags(found), [
    "finance",
    'misp-galaxy:malware="X"',
    "threat-level:high",
  ]);
  const onAttributes = found.event.Attribute.flatMap(({ Tag }) => Tag);
  assertEquals(onAttributes, [{ name: "z" }]);
});

Deno.test("tags: no confidence, no tag; C2 needs a type that can be one", async () => {
  const found = await mapped(
    holding([stix("mutex", { name: "m", labels: ["c2"] })]),
  );
  assertEquals(tags(found, "confidence:"), []);
  assertEquals(tags(found, "infrastructure:"), []);
});

for (
  const label of [
    "c2",
    "C2-server",
    "command-and-control",
    "malware",
    "sparkcat",
  ]
) {
  for (
    const type of ["hostname", "domain-name", "url", "ipv4-addr", "ipv6-addr"]
  ) {
    Deno.test(`tags: ${type} labelled ${label} is infrastructure:c2`, async () => {
      // deno-fmt-ignore
      const value = { "ipv4-addr": "1.2.3.4", "ipv6-addr": "2001:db8::1", url: "http://a.example/" }[type] ?? "a.example";
      const found = await mapped(
        holding([stix(type, { value, labels: [label] })]),
      );
      assertEquals(tags(found, "infrastructure:"), ["infrastructure:c2"]);
      assertEquals(
        onlyAttribute(found).Tag.some(({ name }) =>
          name === "infrastructure:c2"
        ),
        true,
      );
    });
  }
}

Deno.test("tags: a name is one line of at most 255 bytes, quotes closed", async () => {
  const long = "é".repeat(200);
  const contents = [
    stix("malware", { name: `a "b"\nc` }),
    stix("tool", { name: long }),
    stix("channel", { name: `${long}x` }),
    stix("event", { name: "boom \u{1f4a5} \ud800" }),
  ];
  const found = await mapped(holding(contents));
  assertEquals(tags(found, "misp-galaxy:"), [
    `misp-galaxy:malware="a 'b' c"`,
    `misp-galaxy:tool="${"é".repeat(118)}"`,
  ]);
  assertEquals(tags(found, "opencti:"), [
    `opencti:channel:${"é".repeat(119)}`,
    "opencti:event:boom \ufffd \ufffd",
    "opencti:type:report",
  ]);
});

Deno.test("cleanTag() gives nothing for what says nothing", () => {
  assertEquals(cleanTag(" \n\u0000 "), "");
  assertEquals(cleanTag("a\u0000b\r\nc"), "a b c");
});

function marking(type: string, definition: unknown, id?: string): StixObject {
  const object = stix("marking-definition", {
    definition_type: type,
    definition,
  });
  return id === undefined ? object : { ...object, id };
}

const CLEAR = "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9";
const AMBER = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82";
const STRICT = "marking-definition--826578e1-40ad-459f-bc73-ede076f81f37";

// deno-fmt-ignore
const MARKINGS = [
  ["TLP", "TLP:WHITE",        "tlp:white",        "#ffffff"],
  ["TLP", "TLP:CLEAR",        "tlp:clear",        "#ffffff"],
  ["TLP", "TLP:GREEN",        "tlp:green",        "#33FF00"],
  ["TLP", "TLP:AMBER",        "tlp:amber",        "#FFC000"],
  ["TLP", "TLP:AMBER+STRICT", "tlp:amber+strict", "#FFC000"],
  ["tlp", { tlp: "red" },     "tlp:red",          "#FF2B2B"],
  ["PAP", "PAP:WHITE",        "PAP:WHITE",        "#ffffff"],
  ["PAP", "PAP:CLEAR",        "PAP:CLEAR",        "#ffffff"],
  ["PAP", "PAP:GREEN",        "PAP:GREEN",        "#33ff00"],
  ["PAP", "PAP:AMBER",        "PAP:AMBER",        "#ffc000"],
  ["PAP", "red",              "PAP:RED",          "#ff2b2b"],
] as const;
for (const [type, definition, name, colour] of MARKINGS) {
  Deno.test(`marking ${JSON.stringify(definition)} is ${name}`, async () => {
    const found = marking(type, definition);
    const container = report({ object_marking_refs: [found.id] });
    const { event } = await mapped(holding([], { container, refs: [found] }));
    assertEquals(
      event.Tag.filter((tag) => tag.colour !== undefined),
      [{ name, colour }],
    );
  });
}

Deno.test("markings: the strictest wins; other kinds are no tag", async () => {
  const refs = [
    marking("TLP", "TLP:GREEN"),
    marking("TLP", "TLP:RED"),
    marking("PAP", "PAP:AMBER"),
    marking("PAP", "PAP:CLEAR"),
    marking("statement", "TLP:RED by word"),
  ];
  const container = report({ object_marking_refs: refs.map(({ id }) => id) });
  const found = await mapped(holding([], { container, refs }));
  assertEquals(
    found.event.Tag.filter(({ colour }) => colour !== undefined).map((
      { name },
    ) => name),
    ["tlp:red", "PAP:AMBER"],
  );
});

Deno.test("markings: a known id needs no object; the object's word wins", async () => {
  const bare = report({ object_marking_refs: [STRICT] });
  assertEquals(tags(await mapped(holding([], { container: bare })), "tlp:"), [
    "tlp:amber+strict",
  ]);
  const container = report({ object_marking_refs: [CLEAR] });
  const refs = [marking("TLP", "TLP:WHITE", CLEAR)];
  assertEquals(tags(await mapped(holding([], { container, refs })), "tlp:"), [
    "tlp:white",
  ]);
});

Deno.test("markings: an attribute has its own where it is not the event's", async () => {
  const container = report({ object_marking_refs: [AMBER] });
  const same = indicator("[ipv4-addr:value = '1.1.1.1']", {
    object_marking_refs: [AMBER],
  });
  const strict = indicator("[ipv4-addr:value = '2.2.2.2']", {
    object_marking_refs: [STRICT],
  });
  const open = indicator("[ipv4-addr:value = '3.3.3.3']", {
    object_marking_refs: [CLEAR],
  });
  // Of two that are one attribute the stricter counts: the event's.
  const twins = [AMBER, CLEAR].map((id) =>
    indicator("[ipv4-addr:value = '4.4.4.4']", { object_marking_refs: [id] })
  );
  const { event } = await mapped(
    holding([same, strict, open, ...twins], { container }),
  );
  assertEquals(
    Object.fromEntries(event.Attribute.map(({ value, Tag }) => [value, Tag])),
    {
      "1.1.1.1": [],
      "2.2.2.2": [{ name: "tlp:amber+strict", colour: "#FFC000" }],
      "3.3.3.3": [{ name: "tlp:clear", colour: "#ffffff" }],
      "4.4.4.4": [],
    },
  );
});

Deno.test("markings: of an object every attribute has them", async () => {
  const file = stix("file", {
    name: "a",
    size: 1,
    object_marking_refs: [STRICT],
  });
  const { event } = await mapped(holding([file]));
  assertEquals(
    event.Object[0]?.Attribute.map(({ Tag }) =>
      Tag.map(({ name }) => name).filter((name) => name.startsWith("tlp:"))
    ),
    [["tlp:amber+strict"], ["tlp:amber+strict"]],
  );
});

Deno.test("markings: a label that says the same is the same tag", async () => {
  const labelled = indicator("[ipv4-addr:value = '1.1.1.1']", {
    labels: ["TLP:AMBER+STRICT"],
    object_marking_refs: [STRICT],
  });
  const { event } = await mapped(holding([labelled]));
  assertEquals(event.Attribute[0]?.Tag, [{ name: "TLP:AMBER+STRICT" }]);
});
