import { editDistance, nearest } from "../../src/config/nearest.ts";
import { assertEquals } from "../assert.ts";

// deno-fmt-ignore
const DISTANCES: readonly [string, string, number][] = [
  ["", "", 0], ["a", "", 1], ["", "ab", 2], ["url", "url", 0],
  ["ulr", "url", 1], ["tokn", "token", 1], ["tooken", "token", 1],
  ["tiken", "token", 1], ["kitten", "sitting", 3],
];

for (const [from, to, distance] of DISTANCES) {
  Deno.test(`editDistance() of "${from}" and "${to}" is ${distance}`, () => {
    assertEquals(editDistance(from, to), distance);
    assertEquals(editDistance(to, from), distance);
  });
}

Deno.test("nearest() names the closest and nothing far away", () => {
  const known = ["url", "token", "ssl_verify"];
  assertEquals(nearest("Token", known), "token");
  assertEquals(nearest("verify_ssl", known), undefined);
  assertEquals(nearest("ssl_verfy", known), "ssl_verify");
  assertEquals(nearest("x", known), undefined);
  assertEquals(nearest("anything", []), undefined);
});
