import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  assertInLine,
  catchUp,
  COUNT,
  create,
  held,
  remove,
  repair,
  startDrill,
  update,
} from "./drill.ts";

Deno.test("drill: the state file is lost, and much has changed since", async () => {
  await using world = await startDrill();
  await catchUp(world);
  assertEquals(held(world), COUNT);
  for (const { name } of Deno.readDirSync(world.folder)) {
    await Deno.remove(`${world.folder}/${name}`);
  }
  create(world, 100);
  update(world, 1, { confidence: 5 });
  remove(world, 2);
  assertMatch(await repair(world), /no place in the stream was saved/);
  await assertInLine(world);
  // The next run goes on from there: it does not write all again.
  const { requests } = world.elastic;
  requests.clear();
  create(world, 101);
  await catchUp(world);
  assert(requests.items < 5, `${requests.items} documents were written`);
  assertEquals(held(world), COUNT + 1);
  await assertInLine(world);
});
