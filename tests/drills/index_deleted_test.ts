import { assertMatch } from "@std/assert";
import { handsOn } from "../simulator/elastic/client.ts";
import { INDEX } from "../soak/far_side.ts";
import { startRunning } from "../soak/running.ts";
import {
  assertDrift,
  assertInLine,
  COUNT,
  create,
  repair,
  startDrill,
  untilHeld,
} from "./drill.ts";

Deno.test("drill: somebody deletes the index while run is at work", async () => {
  await using world = await startDrill();
  await using _running = startRunning(["run"], world.env);
  await untilHeld(world, COUNT);
  await handsOn(world.elastic).es("DELETE", `/${INDEX}`);
  create(world, 100);
  await untilHeld(world, 1);
  assertMatch(await assertDrift(world), /missing {2}30 documents/);
  assertMatch(await repair(world), /repaired 30 objects/);
  await untilHeld(world, COUNT + 1);
  await assertInLine(world);
});
