import { assert, assertMatch } from "@std/assert";
import { NOW } from "../soak/recording.ts";
import { startRunning } from "../soak/running.ts";
import {
  assertDrift,
  assertInLine,
  catchUp,
  COUNT,
  create,
  held,
  repair,
  startDrill,
  untilHeld,
} from "./drill.ts";

const YEAR_MS = 365 * 86_400_000;

Deno.test("drill: this machine's clock runs a year ahead, and is set back", async () => {
  await using world = await startDrill();
  await catchUp(world);
  {
    // All that has an end date is expired, as far as it can know.
    await using _running = startRunning(
      ["run"],
      world.env,
      () => NOW + YEAR_MS,
    );
    await untilHeld(world, 0);
  }
  assert(world.elastic.rules().every(({ enabled }) => enabled === false));
  assertMatch(await assertDrift(world), /missing {2}30 documents/);
  await repair(world);
  await assertInLine(world);
  create(world, 100);
  await catchUp(world);
  assert(held(world) === COUNT + 1);
  await assertInLine(world);
});

Deno.test("drill: this machine's clock is a year behind", async () => {
  await using world = await startDrill();
  await catchUp(world, world.env, () => NOW - YEAR_MS);
  create(world, 100);
  await catchUp(world, world.env, () => NOW - YEAR_MS);
  await assertInLine(world);
});
