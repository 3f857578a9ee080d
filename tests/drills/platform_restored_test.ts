import { assertEquals, assertMatch } from "@std/assert";
import { relay } from "../soak/world.ts";
import {
  assertDrift,
  assertInLine,
  catchUp,
  COUNT,
  create,
  idOf,
  repair,
  startDrill,
  update,
  valid,
} from "./drill.ts";

Deno.test("drill: the platform is restored from yesterday's backup", async () => {
  await using world = await startDrill();
  await catchUp(world);
  const { platform } = world.opencti;
  const backup = [...platform.objects.all()];
  create(world, 100);
  create(world, 102);
  update(world, 1, { confidence: 5 });
  await catchUp(world);
  // The database is what it was, and the stream begins anew, its ids lower.
  for (const number of [100, 102]) platform.objects.remove(idOf(number));
  for (const { object, updatedAt } of backup) {
    platform.objects.put(object, updatedAt);
  }
  platform.restartWithNewIdRange({ offsetMs: -35_000 });
  await catchUp(world);
  // What the backup does not know of, no stream tells.
  assertMatch(
    await assertDrift(world),
    /extra {4}1 detection rule, 2 documents/,
  );
  assertMatch(await repair(world), /removed 3 things/);
  await assertInLine(world);
  // Whatever comes now has lower ids than what was there.
  platform.apply({
    at: platform.now() - 2000,
    op: "update",
    object: valid(4, { confidence: 6 }),
  });
  create(world, COUNT + 1, platform.now() - 1000);
  // An alarm: where the stream begins now is after our position.
  assertEquals((await relay(["run", "--once"], world.env)).code, 0);
  await assertInLine(world);
});
