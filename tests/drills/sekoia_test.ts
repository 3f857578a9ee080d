import { assert, assertEquals, assertMatch } from "@std/assert";
import type { SimulatedSekoia } from "../../src/simulator/sekoia/mod.ts";
import { startRunning } from "../soak/running.ts";
import { relay, until } from "../soak/world.ts";
import { assertDrift, assertInLine, catchUp, idOf, repair } from "./drill.ts";
import {
  apply,
  assertRefused,
  domainOf,
  explained,
  loseState,
  startCollection,
  VALUES,
} from "./ioc_drill.ts";

function stored(far: SimulatedSekoia, number: number) {
  const value = domainOf(number);
  const found = far.active().find((one) => one.value === value);
  assert(found !== undefined, `${value} is not there`);
  return found;
}

Deno.test("drill: values in Sekoia.io are revoked and edited by hand", async () => {
  await using drill = await startCollection();
  const { far, world } = drill;
  await catchUp(world);
  assertEquals(far.active().length, VALUES);
  await assertInLine(world);
  const revoked = stored(far, 1);
  far.store.revoke(far.collection(), revoked);
  const edited = stored(far, 2);
  const link = edited.properties.description?.split(" | ").at(-1);
  far.store.update(edited, { description: `an analyst was here | ${link}` });
  const drift = await assertDrift(world);
  assertMatch(drift, /missing {2}1 IOC\n/);
  assertMatch(drift, /stale {4}1 IOC\n/);
  assertMatch(await repair(world), /repaired 2 objects, removed 0 things/);
  // A revocation cannot be undone: it is another one.
  assert(revoked.revoked);
  assert(stored(far, 1).id !== revoked.id);
  assertEquals(far.active().length, VALUES);
  await assertInLine(world);
});

Deno.test("drill: the state of Sekoia.io is lost, and much has changed", async () => {
  await using drill = await startCollection();
  const { far, world } = drill;
  await catchUp(world);
  const before = stored(far, 5).id;
  await loseState(world);
  apply(world, "create", 100);
  apply(world, "update", 1, { description: "changed" });
  apply(world, "delete", 2);
  far.requests.clear();
  const { code } = await relay(["verify"], world.env);
  assertEquals(code, 4);
  assertEquals(far.requests.list.filter(({ method }) => method !== "GET"), []);
  assertMatch(await repair(world), /no place in the stream was saved/);
  assertEquals(far.active().length, VALUES);
  assertEquals(stored(far, 5).id, before, "it was taken over");
  await assertInLine(world);
  apply(world, "create", 101);
  await catchUp(world);
  assertEquals(far.active().length, VALUES + 1);
  await assertInLine(world);
});

Deno.test("drill: Sekoia.io's key expires and is replaced", async () => {
  await using drill = await startCollection();
  const { far, world } = drill;
  await using running = startRunning(["run"], world.env);
  await until(() => far.active().length === VALUES);
  const { apiKey } = far.account;
  far.account.apiKey = "the-new-key";
  apply(world, "create", 100);
  await until(() => running.err().includes("login refused, target paused"));
  await assertRefused(world.env, /refuses the key in "apikey".*expired/);
  assert(!running.err().includes(apiKey), "the key is told");
  await running.stop();
  const env = { ...world.env, SEKOIA_INTEL_APIKEY: "the-new-key" };
  await catchUp(world, env);
  assertEquals(far.active().length, VALUES + 1);
  await assertInLine(world, env);
});

Deno.test("drill: Sekoia.io is down while much changes", async () => {
  await using drill = await startCollection();
  const { far, world } = drill;
  await using _running = startRunning(["run"], world.env);
  await until(() => far.active().length === VALUES);
  const outage = far.faults.next({ do: "status", status: 503 }, {
    times: Infinity,
  });
  apply(world, "create", 100);
  apply(world, "create", 101);
  apply(world, "delete", 2);
  await until(() => outage.hits > 0);
  assertEquals(far.active().length, VALUES, "nothing can have arrived");
  outage.remove();
  await until(() => far.active().length === VALUES + 1);
  await assertInLine(world);
});

Deno.test("explain finds an indicator by its values in Sekoia.io", async () => {
  await using drill = await startCollection();
  const { far, world } = drill;
  await catchUp(world);
  const ids = [
    idOf(1),
    "indicator--00000000-0000-5000-8000-000000000001",
    stored(far, 1).id,
    `domain-name|${domainOf(1)}`,
  ];
  for (const id of ids) {
    const { internalId, targets } = await explained(world, id);
    assertEquals(internalId, idOf(1), id);
    assertEquals(targets[0]?.holdings.length, 1, id);
  }
});
