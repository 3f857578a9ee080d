import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  compareIds,
  idAt,
  isEventId,
  laterId,
  versionOf,
} from "../../src/opencti/event_id.ts";

Deno.test("isEventId() takes two integers and nothing else", () => {
  assert(isEventId("1772442902000-0"));
  for (
    const id of ["", "1772442902000", "a-0", "1-2-3", "-1-0", "1-", " 1-0"]
  ) {
    assertEquals(isEventId(id), false, id);
  }
});

Deno.test("compareIds() orders as two integers, not as text", () => {
  assert(compareIds("999-0", "1000-0") < 0);
  assert(compareIds("1000-9", "1000-10") < 0);
  assertEquals(compareIds("1000-1", "1000-1"), 0);
  assert(compareIds("", "0-0") < 0);
  assertEquals(laterId("5-1", "5-0"), "5-1");
});

Deno.test("versionOf() orders as the ids do, within safe integers", () => {
  const id = fc.tuple(fc.nat({ max: 4e12 }), fc.nat({ max: 999 }))
    .map(([ms, sequence]) => `${ms}-${sequence}`);
  fc.assert(fc.property(id, id, (left, right) => {
    assert(Number.isSafeInteger(versionOf(left)));
    assertEquals(
      Math.sign(versionOf(left) - versionOf(right)),
      Math.sign(compareIds(left, right)),
    );
  }));
});

Deno.test("idAt() never goes before 1970", () => {
  assertEquals(idAt(5000, -60_000), "0-0");
  assertEquals(idAt(100_000, -60_000), "40000-0");
});
