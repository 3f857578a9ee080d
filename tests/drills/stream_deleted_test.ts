import { assertEquals, assertMatch } from "@std/assert";
import { startRunning } from "../soak/running.ts";
import { relay, until } from "../soak/world.ts";
import { assertInLine, COUNT, create, startDrill, untilHeld } from "./drill.ts";

Deno.test("drill: the live stream is deleted, and made again", async () => {
  await using world = await startDrill();
  const { platform, streamId } = world.opencti;
  await using running = startRunning(["run"], world.env);
  await untilHeld(world, COUNT);
  const collection = platform.collections.get(streamId)!;
  platform.collections.delete(streamId);
  platform.endConnections();
  create(world, 100);
  await until(() => running.err().includes("OpenCTI refuses the stream"));
  assertMatch(running.err(), /live stream .* does not exist/);
  const told = await relay(["verify"], world.env);
  assertEquals(told.code, 3);
  assertMatch(told.out, /Cannot find the live stream/);
  platform.collections.set(streamId, collection);
  assertEquals((await relay(["resume"], world.env)).code, 0);
  await untilHeld(world, COUNT + 1);
  await assertInLine(world);
});
