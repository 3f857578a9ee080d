/** Commands that change the state, beside a running program and without. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Position } from "../../src/opencti/event.ts";
import { openStateReadOnly } from "../../src/state/open_state.ts";
import { indicator } from "../opencti/platform.ts";
import { startChild } from "./child.ts";
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
  const wrong = await relay(
    ["offsets", "show", "--target", "elastic-securty"],
    world.env,
  );
  assertEquals(wrong.code, 2);
  assertMatch(wrong.err, /no target "elastic-securty"; did you mean/);
});

Deno.test("commands work while the far side is down", async () => {
  await using world = await smallWorld();
  world.elastic.faults.next({ do: "status", status: 503 }, { times: Infinity });
  await using running = startRunning(["run"], world.env);
  await until(() => running.err().includes("503") || hasAsked(world));
  const resumed = await relay(["resume"], world.env);
  assertMatch(resumed.out, /goes on; it stood still: .*503/);
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

Deno.test("commands work while the platform was never reached", async () => {
  await using world = await smallWorld();
  const env = { ...world.env, OPENCTI_URL: closedUrl() };
  await using running = startRunning(["run"], env);
  await until(async () => await control(world) !== undefined);
  const set = await relay(["offsets", "set", "2026-01-31"], env);
  assertEquals({ code: set.code, err: set.err }, { code: 0, err: "" });
  const resumed = await relay(["resume", "--json"], env);
  assertMatch(resumed.out, /"was":"/);
  const retried = await relay(["dead-letters", "retry", "--all"], env);
  assertEquals(retried.code, 3);
  assertEquals((await running.stop()).code, 0);
});

Deno.test("replay --since reads from the database what the stream no longer holds", async () => {
  await using world = await smallWorld();
  await relay(["run", "--once"], world.env);
  world.opencti.platform.trimBefore({ ms: NOW, seq: 0 });
  emptyIndex(world);
  const { code } = await relay(["replay", "--since", "2h"], world.env);
  assertEquals(code, 0);
  const { err } = await relay(["run", "--once"], world.env);
  assertMatch(err, /no longer holds the events after our position/);
  assertEquals(held(world), COUNT);
});

Deno.test("replay never goes forwards, and means nothing before a first run", async () => {
  await using world = await smallWorld();
  const first = await relay(["replay", "--since", "2h"], world.env);
  assertMatch(first.out, /nothing was read yet/);
  await relay(["run", "--once"], world.env);
  await relay(["offsets", "set", `${BEFORE}-0`], world.env);
  const forwards = await relay(["replay", "--since", "1m"], world.env);
  assertMatch(forwards.out, /stays at/);
  assertEquals((await position(world))?.from, `${BEFORE}-0`);
  for (const since of ["soon", "2027-01-01", ""]) {
    const { code } = await relay(["replay", "--since", since], world.env);
    assertEquals(code, 2);
  }
});

Deno.test("a program that was killed leaves nothing that disturbs commands", async () => {
  await using world = await smallWorld();
  const child = startChild(["run"], world.env);
  await until(() => held(world) === COUNT);
  child.kill("SIGKILL");
  await child.ended;
  assertMatch(await control(world) ?? "", /^{"url":/);
  const set = await relay(["offsets", "set", `${BEFORE}-0`], world.env);
  assertEquals({ code: set.code, err: set.err }, { code: 0, err: "" });
});

Deno.test("a command says when the program that has the state does not answer", async () => {
  await using world = await smallWorld();
  const child = startChild(["run"], world.env);
  await until(() => held(world) === COUNT);
  await Deno.remove(`${world.env.RELAY_STATE_PATH}.control`);
  const { code, err } = await relay(["resume"], world.env);
  assertEquals(code, 2);
  assertMatch(err, /another opencti-relay \(pid \d+\).*does not answer/);
  child.kill("SIGTERM");
  assertEquals((await child.ended).code, 0);
});

/** The target has met the fault. */
function hasAsked({ elastic }: World): boolean {
  return elastic.requests.list.length > 2;
}

/** Where nobody listens. */
function closedUrl(): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return `http://127.0.0.1:${port}`;
}
