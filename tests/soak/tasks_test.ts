/** Commands that change the state, beside a running program and without. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Position } from "../../src/opencti/event.ts";
import { openStateReadOnly } from "../../src/state/open_state.ts";
import { indicator } from "../opencti/platform.ts";
import { heldFarSide, INDEX } from "./far_side.ts";
import { NOW } from "./recording.ts";
import { startRunning } from "./running.ts";
import { relay, startWorld, TARGET, until, type World } from "./world.ts";

const BEFORE = NOW - 3_600_000;
const COUNT = 12;

/** A platform with some sound indicators. */
async function smallWorld(): Promise<World> {
  const world = await startWorld({ recorded: false });
  for (let number = 0; number < COUNT; number++) create(world, number);
  return world;
}

function create({ opencti }: World, number: number, more = {}): void {
  opencti.platform.apply({
    at: BEFORE + number * 60_000,
    op: "create",
    object: indicator(number, {
      valid_until: new Date(NOW + 86_400_000).toISOString(),
      ...more,
    }),
  });
}

function held({ elastic }: World): number {
  return heldFarSide(elastic).documents.size;
}

async function control({ env }: World): Promise<string | undefined> {
  return await Deno.readTextFile(`${env.RELAY_STATE_PATH}.control`)
    .catch(() => undefined);
}

async function position({ env }: World): Promise<Position | undefined> {
  const path = env.RELAY_STATE_PATH ?? "";
  const isThere = await Deno.stat(path).then(() => true, () => false);
  if (!isThere) return undefined;
  const state = await openStateReadOnly(path);
  try {
    return await state.target<Position>(TARGET).checkpoint.load();
  } finally {
    await state.close();
  }
}

/** What an accident may do behind our back: the index is deleted. */
function emptyIndex({ elastic }: World): void {
  elastic.cluster.removeIndex(INDEX);
}

for (const beside of [true, false]) {
  const where = beside ? "beside a running program" : "by itself";
  Deno.test(`replay --since writes again, ${where}`, async () => {
    await using world = await smallWorld();
    const first = await relay(["run", "--once"], world.env);
    assertEquals(first, { code: 0, out: "", err: "" });
    assertEquals(held(world), COUNT);
    emptyIndex(world);
    assertEquals(held(world), 0);
    if (beside) {
      await using running = startRunning(["run"], world.env);
      await until(async () => await control(world) !== undefined);
      const { code, out, err } = await relay(
        ["replay", "--since", "2h"],
        world.env,
      );
      assertEquals({ code, err }, { code: 0, err: "" });
      assertMatch(out, /^elastic-security: from .* to .*\(2026-/);
      await until(() => held(world) === COUNT);
      assertEquals((await running.stop()).code, 0);
    } else {
      const { code } = await relay(["replay", "--since", "2h"], world.env);
      assertEquals(code, 0);
      await relay(["run", "--once"], world.env);
      assertEquals(held(world), COUNT);
    }
    assertEquals(await control(world), undefined);
  });
}

Deno.test("offsets show, set and reset beside a running program", async () => {
  await using world = await smallWorld();
  await using running = startRunning(["run"], world.env);
  // Heartbeats move it when all is settled.
  await until(async () =>
    (await position(world))?.from.startsWith("17") ?? false
  );
  const shown = await relay(["offsets", "show"], world.env);
  assertMatch(shown.out, /^elastic-security: \d+-\d+ \(2026-/);
  emptyIndex(world);
  // The last three alone.
  const from = BEFORE + (COUNT - 3) * 60_000 - 1;
  const set = await relay(["offsets", "set", `${from}-0`], world.env);
  assertEquals({ code: set.code, err: set.err }, { code: 0, err: "" });
  await until(() => held(world) === 3);
  const reset = await relay(["offsets", "reset", "--json"], world.env);
  assertEquals(JSON.parse(reset.out)[0].after, { from: "0-0" });
  await until(() => held(world) === COUNT);
  assertEquals(await running.stop(), { code: 0, out: "", err: "" });
});

Deno.test("commands work while the far side is down", async () => {
  await using world = await smallWorld();
  world.elastic.faults.next({ do: "status", status: 503 }, { times: Infinity });
  await using running = startRunning(["run"], world.env);
  await until(async () => await control(world) !== undefined);
  const resumed = await relay(["resume", "--json"], world.env);
  assertEquals(resumed.code, 0, resumed.err);
  const set = await relay(["offsets", "set", `${BEFORE - 1}-0`], world.env);
  assertEquals(set.code, 0, set.err);
  assertEquals((await position(world))?.from, `${BEFORE - 1}-0`);
  const retried = await relay(["dead-letters", "retry", "--all"], world.env);
  assertEquals(retried.code, 3, retried.out);
  world.elastic.faults.clear();
  await relay(["resume"], world.env);
  await until(() => held(world) === COUNT);
  assertEquals((await running.stop()).code, 0);
});
