import { assert, assertEquals, assertMatch } from "@std/assert";
import type { SimulatedHarfanglab } from "../../src/simulator/harfanglab/mod.ts";
import { startRunning } from "../soak/running.ts";
import { relay, until } from "../soak/world.ts";
import { assertDrift, assertInLine, catchUp, idOf, repair } from "./drill.ts";
import {
  apply,
  assertRefused,
  domainOf,
  explained,
  loseState,
  RELATED,
  SIGMA,
  startConsole,
  VALUES,
  YARA,
} from "./ioc_drill.ts";

/** Rules that are switched on, of the values and of a relationship. */
const IOCS = VALUES + 1;

function ioc({ store }: SimulatedHarfanglab, value: string) {
  const rule = [...store.rules.IOCRule.values()]
    .find((rule) => rule.value === value && rule.comment !== "");
  assert(rule !== undefined, `no rule of ${value}`);
  return rule;
}

/** Those of ours that are on, by kind. */
function counts({ store }: SimulatedHarfanglab): number[] {
  return (["IOCRule", "SigmaRule", "YaraFile"] as const).map((kind) => {
    const list = [...store.sources[kind].values()]
      .find(({ name }) => name === "from_OpenCTI")?.id;
    return [...store.rules[kind].values()].filter((rule) =>
      rule.source_id === list && rule.enabled === true
    ).length;
  });
}

/** The one rule of ours. */
function document(
  { store }: SimulatedHarfanglab,
  kind: "SigmaRule" | "YaraFile",
) {
  const list = [...store.sources[kind].values()]
    .find(({ name }) => name === "from_OpenCTI")?.id;
  const rule = [...store.rules[kind].values()]
    .find(({ source_id }) => source_id === list);
  assert(rule !== undefined, `no ${kind}`);
  return rule;
}

Deno.test("drill: HarfangLab rules are deleted and edited by hand", async () => {
  await using drill = await startConsole();
  const { far, world } = drill;
  await catchUp(world);
  assertEquals(counts(far), [IOCS, 1, 1]);
  await assertInLine(world);
  const { rules } = far.store;
  rules.IOCRule.delete(ioc(far, domainOf(1)).id);
  rules.IOCRule.delete(ioc(far, RELATED).id);
  rules.SigmaRule.delete(document(far, "SigmaRule").id);
  rules.YaraFile.delete(document(far, "YaraFile").id);
  ioc(far, domainOf(2)).description = "an analyst was here";
  const drift = await assertDrift(world);
  assertMatch(
    drift,
    /missing {2}2 IOC rules, 1 Sigma rule, 1 YARA file\n/,
  );
  assertMatch(drift, /stale {4}1 IOC rule\n/);
  assertMatch(await repair(world), /repaired 6 objects, removed 0 things/);
  assertEquals(counts(far), [IOCS, 1, 1]);
  await assertInLine(world);
});

Deno.test("drill: a HarfangLab rule that somebody switched off stays off", async () => {
  await using drill = await startConsole();
  const { far, world } = drill;
  await catchUp(world);
  const rule = ioc(far, domainOf(3));
  far.store.settle(rule, { global_state: "disabled" });
  await assertInLine(world);
  ioc(far, domainOf(3)).description = "an analyst was here";
  assertMatch(await assertDrift(world), /stale {4}1 IOC rule\n/);
  await repair(world);
  assertEquals(ioc(far, domainOf(3)).enabled, false);
  assertEquals(counts(far), [IOCS - 1, 1, 1]);
  await assertInLine(world);
});

Deno.test("drill: the state of HarfangLab is lost, and much has changed", async () => {
  await using drill = await startConsole();
  const { far, world } = drill;
  await catchUp(world);
  const before = document(far, "YaraFile").id;
  await loseState(world);
  apply(world, "create", 100);
  apply(world, "update", 1, { description: "changed" });
  apply(world, "delete", 2);
  far.requests.clear();
  const { code } = await relay(["verify"], world.env);
  assertEquals(code, 4);
  const writes = () =>
    far.requests.list.filter(({ method }) => method !== "GET");
  assertEquals(writes(), [], "verify has written");
  assertMatch(await repair(world), /no place in the stream was saved/);
  assertEquals(counts(far), [IOCS, 1, 1]);
  assertEquals(document(far, "YaraFile").id, before, "it was taken over");
  await assertInLine(world);
  apply(world, "create", 101);
  // What its relationship gives is remembered, though no event told it since.
  apply(world, "update", 4, { description: "changed" });
  await catchUp(world);
  assertEquals(ioc(far, RELATED).description, "changed");
  assertEquals(counts(far), [IOCS + 1, 1, 1]);
  await assertInLine(world);
});

Deno.test("drill: HarfangLab's token is revoked and replaced", async () => {
  await using drill = await startConsole();
  const { far, world } = drill;
  await using running = startRunning(["run"], world.env);
  await until(() => counts(far).join() === `${IOCS},1,1`);
  far.settings.token = "1".repeat(40);
  apply(world, "create", 100);
  await until(() => running.err().includes("login refused, target paused"));
  await assertRefused(world.env, /HarfangLab refuses the "token"/);
  await running.stop();
  const env = { ...world.env, HARFANGLAB_INTEL_TOKEN: "1".repeat(40) };
  await catchUp(world, env);
  assertEquals(counts(far), [IOCS + 1, 1, 1]);
  await assertInLine(world, env);
});

Deno.test("drill: the HarfangLab console is down while much changes", async () => {
  await using drill = await startConsole();
  const { far, world } = drill;
  await using _running = startRunning(["run"], world.env);
  await until(() => counts(far).join() === `${IOCS},1,1`);
  const outage = far.faults.next({ do: "status", status: 503 }, {
    times: Infinity,
  });
  apply(world, "create", 100);
  apply(world, "update", 1, { description: "changed" });
  apply(world, "delete", 2);
  apply(world, "delete", SIGMA);
  await until(() => outage.hits > 0);
  assertEquals(counts(far), [IOCS, 1, 1], "nothing can have arrived");
  outage.remove();
  await until(() => counts(far).join() === `${IOCS},0,1`);
  await until(() => ioc(far, domainOf(1)).description === "changed");
  await assertInLine(world);
});

Deno.test("explain finds an indicator by its rules in HarfangLab", async () => {
  await using drill = await startConsole();
  const { far, world } = drill;
  await catchUp(world);
  const sigma = document(far, "SigmaRule");
  const cases: [id: string, number: number][] = [
    [idOf(1), 1],
    ["indicator--00000000-0000-5000-8000-000000000001", 1],
    [ioc(far, domainOf(1)).id, 1],
    [ioc(far, RELATED).id, 4],
    [sigma.id, SIGMA],
    ["f84e3c51-6f12-48e4-97d1-b15b76ecf236", SIGMA],
    [document(far, "YaraFile").id, YARA],
  ];
  for (const [id, number] of cases) {
    const { internalId, targets } = await explained(world, id);
    assertEquals(internalId, idOf(number), id);
    assert((targets[0]?.holdings.length ?? 0) > 0, id);
  }
});
