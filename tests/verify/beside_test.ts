/** verify and explain beside a program that follows the stream. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { indicator } from "../opencti/platform.ts";
import { handsOn } from "../simulator/elastic/client.ts";
import { heldFarSide, INDEX } from "../soak/far_side.ts";
import { NOW } from "../soak/recording.ts";
import { startRunning } from "../soak/running.ts";
import { relay, startWorld, until, type World } from "../soak/world.ts";

const BEFORE = NOW - 3_600_000;
const COUNT = 40;

async function smallWorld(): Promise<World> {
  const world = await startWorld({ recorded: false });
  for (let number = 0; number < COUNT; number++) create(world, number);
  return world;
}

function create({ opencti }: World, number: number, at = BEFORE + number) {
  opencti.platform.apply({ at, op: "create", object: valid(number) });
}

function valid(number: number, more: Record<string, unknown> = {}) {
  const until = new Date(NOW + 86_400_000).toISOString();
  return indicator(number, { valid_until: until, ...more });
}

function idOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

function held({ elastic }: World): number {
  return heldFarSide(elastic).documents.size;
}

Deno.test("verify calls no change drift that is made while it looks", async () => {
  await using world = await smallWorld();
  await using _running = startRunning(["run"], world.env);
  await until(() => held(world) === COUNT);
  const { platform } = world.opencti;
  let step = 0;
  const timer = setInterval(() => {
    step++;
    // Heartbeats say that the stream is at the platform's clock.
    const at = NOW + step;
    platform.apply({ at, op: "create", object: valid(1000 + step) });
    platform.apply({
      at,
      op: "update",
      object: valid(step % 20, { confidence: step % 100 }),
    });
    if (step <= 20) {
      platform.apply({ at, op: "delete", internalId: idOf(19 + step) });
    }
  }, 5);
  try {
    for (let look = 0; look < 4; look++) {
      const { code, err, out } = await relay(["verify"], world.env);
      assertEquals([code, err], [0, ""], out);
    }
  } finally {
    clearInterval(timer);
  }
  assert(step > 20, `only ${step} changes were made meanwhile`);
});

Deno.test("verify --fix repairs through the program that runs", async () => {
  await using world = await smallWorld();
  await using running = startRunning(["run"], world.env);
  await until(() => held(world) === COUNT);
  const { es } = handsOn(world.elastic);
  const documents = [...world.elastic.cluster.documents(INDEX)];
  for (const [id] of documents.slice(0, 5)) {
    await es("DELETE", `/${INDEX}/_doc/${id}`);
  }
  const [, { source }] = documents[7]!;
  await es("PUT", `/${INDEX}/_doc/copied-by-hand`, { body: source });
  const { code, err, out } = await relay(["verify", "--fix"], world.env);
  assertEquals([code, err], [0, ""], out);
  assertMatch(out, /repaired 5 objects, removed 1 thing; after that:/);
  assertEquals(held(world), COUNT);
  // It still follows the stream.
  create(world, 500, NOW);
  await until(() => held(world) === COUNT + 1);
  assertEquals((await running.stop()).code, 0);
  assertEquals((await relay(["verify"], world.env)).code, 0);
});

Deno.test("explain works beside a program that runs", async () => {
  await using world = await smallWorld();
  await using _running = startRunning(["run"], world.env);
  await until(() => held(world) === COUNT);
  const { code, out } = await relay(["explain", idOf(3)], world.env);
  assertEquals(code, 0);
  assertMatch(out, /the stream's filter matches it/);
  assertMatch(out, /there, as it should be/);
});
