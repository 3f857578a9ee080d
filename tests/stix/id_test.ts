import { assertEquals, assertNotEquals } from "@std/assert";
import { deterministicId, deterministicUuid } from "../../src/stix/id.ts";

Deno.test("deterministicId() makes the platform's ids", () => {
  assertEquals(
    deterministicId("vocabulary", { name: "kql", category: "pattern_type_ov" }),
    "vocabulary--810227a6-52e3-5301-9405-cc4cd20cacf9",
  );
});

Deno.test("deterministicUuid() does not depend on the order of keys", () => {
  assertEquals(
    deterministicUuid({ b: [{ d: 1, c: "x" }], a: null, "10": 1, "9": true }),
    deterministicUuid({ "9": true, a: null, "10": 1, b: [{ c: "x", d: 1 }] }),
  );
});

Deno.test("deterministicUuid() leaves out what is undefined, not null", () => {
  assertEquals(
    deterministicUuid({ a: 1, b: undefined }),
    deterministicUuid({ a: 1 }),
  );
  assertNotEquals(
    deterministicUuid({ a: 1, b: null }),
    deterministicUuid({ a: 1 }),
  );
});
