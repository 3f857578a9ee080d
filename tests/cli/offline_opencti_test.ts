import { assertEquals } from "@std/assert";
import { offlineOpencti } from "../../src/cli/offline_opencti.ts";
import { internalId } from "../../src/stix/object.ts";
import { indicator } from "../opencti/platform.ts";

const URL = "https://opencti.example.invalid";
const REPORT = {
  type: "report",
  id: "report--00000000-0000-5000-8000-000000000001",
  object_refs: [indicator(1).id, "malware--not-in-the-file"],
};
const ADDRESS = {
  type: "ipv4-addr",
  id: "ipv4-addr--00000000-0000-5000-8000-000000000002",
  value: "198.51.100.7",
};
const LINK = {
  type: "relationship",
  id: "relationship--00000000-0000-5000-8000-000000000003",
  relationship_type: "based-on",
  source_ref: indicator(1).id,
  target_ref: ADDRESS.id,
};
const SIGHTING = {
  type: "sighting",
  id: "sighting--00000000-0000-5000-8000-000000000004",
  sighting_of_ref: indicator(1).id,
};
const OBJECTS = [REPORT, indicator(1), ADDRESS, LINK, SIGHTING];

Deno.test("offlineOpencti() resolves a container from the file", async () => {
  const { containers } = offlineOpencti(OBJECTS, URL);
  const found = await containers.resolve(REPORT.id);
  assertEquals(found?.container, REPORT);
  assertEquals(found?.contents, [indicator(1)]);
  assertEquals(found?.sightings, [SIGHTING]);
  assertEquals([...found?.references.keys() ?? []], [
    ADDRESS.id,
    LINK.id,
    SIGHTING.id,
  ]);
  assertEquals(await containers.resolve("report--unknown"), null);
});

Deno.test("offlineOpencti() tells what an indicator is based on", async () => {
  const opencti = offlineOpencti(OBJECTS, URL);
  assertEquals(await opencti.observablesOf(internalId(indicator(1))), [
    { type: "ipv4-addr", value: "198.51.100.7" },
  ]);
  assertEquals(await opencti.observablesOf("unknown"), []);
});
