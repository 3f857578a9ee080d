import { assertEquals } from "@std/assert";
import {
  OCTI_EXTENSION,
  type StixObject,
} from "../../../../src/stix/object.ts";
import type { MispSighting } from "../../../../src/targets/misp/misp_event.ts";
import { holding, indicator, mapped, stix } from "./rig.ts";

const INDICATOR = indicator("[ipv4-addr:value IN ('1.1.1.1', '2.2.2.2')]");
const FILE = stix("file", {
  name: "a.exe",
  hashes: { MD5: "d41d8cd98f00b204e9800998ecf8427e" },
});
const PARIS = stix("identity", { name: "SOC Paris" });
const LYON = stix("identity", { name: "SOC Lyon" });

function sighting(properties: Record<string, unknown> = {}): StixObject {
  return stix("sighting", {
    sighting_of_ref: INDICATOR.id,
    where_sighted_refs: [PARIS.id],
    first_seen: "2024-01-01T00:00:00.000Z",
    last_seen: "2024-02-01T00:00:00.000Z",
    ...properties,
  });
}

async function sightings(
  ...list: StixObject[]
): Promise<
  { found: readonly MispSighting[]; value: (uuid: string) => string }
> {
  const { event } = await mapped(
    holding([INDICATOR, FILE], { sightings: list, refs: [PARIS, LYON] }),
  );
  const values = new Map(
    [...event.Attribute, ...event.Object.flatMap(({ Attribute }) => Attribute)]
      .map(({ uuid, value }) => [uuid, value]),
  );
  return { found: event.Sighting, value: (uuid) => values.get(uuid) ?? "?" };
}

Deno.test("sightings: an indicator was seen in each attribute of its pattern", async () => {
  const { found, value } = await sightings(sighting());
  assertEquals(
    found.map(({ attribute_uuid, date_sighting, type, source }) => [
      value(attribute_uuid),
      date_sighting,
      type,
      source,
    ]),
    [
      ["1.1.1.1", "1706745600", "0", "SOC Paris"],
      ["2.2.2.2", "1706745600", "0", "SOC Paris"],
    ],
  );
});

Deno.test("sightings: an indicator was seen in each attribute of its object", async () => {
  const process = indicator("[process:name = 'a' AND process:pid = 1]");
  const { event } = await mapped(holding([process], {
    sightings: [sighting({ sighting_of_ref: process.id })],
  }));
  assertEquals(
    event.Sighting.map(({ attribute_uuid }) => attribute_uuid).toSorted(),
    event.Object[0]?.Attribute.map(({ uuid }) => uuid).toSorted(),
  );
});

Deno.test("sightings: an observable was seen in the attribute that names it best", async () => {
  const { found, value } = await sightings(
    sighting({ sighting_of_ref: FILE.id }),
  );
  assertEquals(found.map(({ attribute_uuid }) => value(attribute_uuid)), [
    "d41d8cd98f00b204e9800998ecf8427e",
  ]);
});

for (
  const negative of [
    { x_opencti_negative: true },
    { extensions: { [OCTI_EXTENSION]: { negative: true } } },
  ]
) {
  Deno.test(`sightings: ${Object.keys(negative)[0]} makes a false positive`, async () => {
    const { found } = await sightings(sighting(negative));
    assertEquals(found.map(({ type }) => type), ["1", "1"]);
  });
}

// deno-fmt-ignore
const TIMES = [
  ["the last",                      {},                                                         ["1706745600"]],
  ["the first, without a last",     { last_seen: "5138-11-16T09:46:40.000Z" },                  ["1704067200"]],
  ["the change, without both",      { first_seen: "1970-01-01T00:00:00Z", last_seen: null, modified: "2024-01-15T00:00:00Z" }, ["1705276800"]],
  ["nothing, without any",          { first_seen: undefined, last_seen: undefined },            []],
  ["both, seen more than once",     { count: 3 },                                               ["1704067200", "1706745600"]],
] as const;
for (const [name, properties, expected] of TIMES) {
  Deno.test(`sightings: the time is ${name}`, async () => {
    const { found } = await sightings(sighting(properties));
    assertEquals(
      [...new Set(found.map(({ date_sighting }) => date_sighting))].toSorted(),
      [...expected],
    );
  });
}

Deno.test("sightings: the source names who saw it, and how often", async () => {
  const { found } = await sightings(
    sighting({ where_sighted_refs: [PARIS.id, LYON.id], count: 7 }),
  );
  assertEquals(found[0]?.source, "SOC Paris, SOC Lyon (count: 7)");
});

Deno.test("sightings: a source of any length keeps the count", async () => {
  const long = stix("identity", { name: "é".repeat(300) });
  const { event } = await mapped(holding([INDICATOR], {
    sightings: [sighting({ where_sighted_refs: [long.id], count: 12 })],
    refs: [long],
  }));
  assertEquals(event.Sighting[0]?.source, `${"é".repeat(121)} (count: 12)`);
});

Deno.test("sightings: of an entity, or of what is elsewhere, a note", async () => {
  const malware = stix("malware", { name: "X" });
  const lost = sighting({ sighting_of_ref: malware.id });
  const { event, notes } = await mapped(
    holding([malware, INDICATOR], { sightings: [lost] }),
  );
  assertEquals(event.Sighting, []);
  assertEquals(notes.map(({ id }) => id), [lost.id]);
});

Deno.test("sightings: one that is a content too is there once", async () => {
  const twice = sighting();
  const { event } = await mapped(
    holding([twice, INDICATOR], { sightings: [twice], refs: [PARIS] }),
  );
  assertEquals(event.Sighting.length, 2);
});
