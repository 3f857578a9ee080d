import { assertEquals, assertMatch } from "@std/assert";
import { handsOn } from "../simulator/elastic/client.ts";
import { startRunning } from "../soak/running.ts";
import {
  assertDrift,
  assertInLine,
  COUNT,
  repair,
  startDrill,
  untilHeld,
} from "./drill.ts";

const RULES = "/api/detection_engine/rules";

Deno.test("drill: an analyst edits one rule, switches one off, deletes one", async () => {
  await using world = await startDrill();
  await using _running = startRunning(["run"], world.env);
  await untilHeld(world, COUNT);
  const { kb } = handsOn(world.elastic);
  const [edited, off, gone] = world.elastic.rules();
  await kb("PATCH", RULES, {
    body: {
      rule_id: edited?.rule_id,
      query: "host.name: mine",
      severity: "low",
    },
  });
  await kb("PATCH", RULES, { body: { rule_id: off?.rule_id, enabled: false } });
  await kb("DELETE", `${RULES}?rule_id=${gone?.rule_id}`);
  const drift = await assertDrift(world);
  assertMatch(drift, /missing {2}1 detection rule\n/);
  assertMatch(drift, /stale {4}2 detection rules\n/);
  assertMatch(await repair(world), /repaired 3 objects/);
  const rules = world.elastic.rules();
  assertEquals(rules.length, COUNT / 3);
  assertEquals(rules.every(({ enabled }) => enabled === true), true);
  await assertInLine(world);
});
