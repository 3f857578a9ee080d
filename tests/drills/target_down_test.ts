import { assert } from "@std/assert";
import { startRunning } from "../soak/running.ts";
import { until } from "../soak/world.ts";
import {
  assertInLine,
  COUNT,
  create,
  held,
  remove,
  startDrill,
  untilHeld,
  update,
} from "./drill.ts";

Deno.test("drill: the target is down while much changes", async () => {
  await using world = await startDrill();
  await using _running = startRunning(["run"], world.env);
  await untilHeld(world, COUNT);
  const { faults, requests } = world.elastic;
  const outage = faults.next({ do: "status", status: 503 }, {
    times: Infinity,
  });
  create(world, 100);
  create(world, 102);
  update(world, 1, { confidence: 5 });
  remove(world, 2);
  remove(world, 3);
  const before = requests.list.length;
  await until(() => requests.list.length > before);
  assert(held(world) === COUNT, "nothing can have arrived");
  outage.remove();
  await untilHeld(world, COUNT);
  await until(() => world.elastic.rules().length === COUNT / 3);
  await assertInLine(world);
});
