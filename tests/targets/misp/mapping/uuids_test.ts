import { assertEquals, assertNotEquals } from "@std/assert";
import {
  attributeUuid,
  eventUuid,
  objectAttributeUuid,
  objectUuid,
  sightingUuid,
} from "../../../../src/targets/misp/mapping/uuids.ts";

const EVENT = "bbbbbbbb-1111-4111-8111-aaaaaaaaaaaa";
const OBJECT = "41b7dcc4-e3d5-5c8f-92ee-24f6a56bdcb8";
const ATTRIBUTE = "90cf2942-34f0-54a2-a10c-457a1cc66ddf";

Deno.test("attributeUuid() gives the vector of the recipe", () => {
  assertEquals(attributeUuid(EVENT, "ip-dst", "1.2.3.4"), ATTRIBUTE);
});

Deno.test("objectUuid() gives the vector of the recipe", () => {
  const file = "file--e277603e-1060-5ad4-9937-c26c97f1ca68";
  assertEquals(objectUuid(EVENT, "file", file), OBJECT);
});

Deno.test("objectAttributeUuid() gives the vector of the recipe", () => {
  assertEquals(
    objectAttributeUuid(OBJECT, "md5", "d41d8cd98f00b204e9800998ecf8427e"),
    "7ad2b5a1-23d1-5cbc-92f7-52e9d93b2ad2",
  );
});

Deno.test("sightingUuid() gives the vector of the recipe", () => {
  const id = "sighting--0d2f1c0e-6b0c-5f5e-9b8a-0c2d3e4f5a6b";
  assertEquals(
    sightingUuid(ATTRIBUTE, id, 1_706_745_600),
    "0cac2590-2b7a-5343-a088-3167eec30d89",
  );
});

Deno.test("eventUuid() keeps what MISP takes and remakes what it refuses", () => {
  assertEquals(eventUuid(EVENT.toUpperCase()), EVENT);
  const version7 = "0190d3c0-0000-7000-8000-000000000000";
  for (const id of [version7, "report--x", "", "\ud800"]) {
    const made = eventUuid(id);
    assertNotEquals(made, id);
    assertEquals(eventUuid(made), made);
    assertEquals(eventUuid(id), made);
  }
});
