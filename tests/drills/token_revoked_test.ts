import { assertEquals, assertMatch } from "@std/assert";
import { startRunning } from "../soak/running.ts";
import { relay, until } from "../soak/world.ts";
import {
  assertInLine,
  catchUp,
  COUNT,
  create,
  startDrill,
  untilHeld,
} from "./drill.ts";

Deno.test("drill: OpenCTI's token is revoked and replaced", async () => {
  await using world = await startDrill();
  await using running = startRunning(["run"], world.env);
  await untilHeld(world, COUNT);
  world.opencti.platform.token = "the-new-token";
  create(world, 100);
  await until(() => running.err().includes("OpenCTI refuses the stream"));
  const refused = await relay(["verify"], world.env);
  assertEquals(refused.code, 3);
  assertMatch(refused.out, /check opencti\.token/);
  await running.stop();
  const env = { ...world.env, OPENCTI_TOKEN: "the-new-token" };
  await catchUp(world, env);
  await untilHeld(world, COUNT + 1);
  await assertInLine(world, env);
});

Deno.test("drill: the key of Elasticsearch is revoked and given back", async () => {
  await using world = await startDrill();
  await using running = startRunning(["run"], world.env);
  await untilHeld(world, COUNT);
  const { apiKeyId, security } = world.elastic;
  const key = security.keys.get(apiKeyId)!;
  security.keys.delete(apiKeyId);
  create(world, 100);
  await until(() => running.err().includes("login refused, target paused"));
  const refused = await relay(["verify"], world.env);
  assertEquals(refused.code, 3);
  assertMatch(refused.out, /refuses the login in "api_key"/);
  security.keys.set(apiKeyId, key);
  // A person who repaired it need not wait for the next try.
  assertEquals((await relay(["resume"], world.env)).code, 0);
  await untilHeld(world, COUNT + 1);
  await assertInLine(world);
});
