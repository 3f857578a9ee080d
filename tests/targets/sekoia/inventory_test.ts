/** Both sides of a comparison, and the repairs. */
import { assert, assertEquals } from "@std/assert";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import type { Holding } from "../../../src/targets/target.ts";
import { Bench, domains, event, indicator, OPENCTI } from "./bench.ts";

const LONG = `https://evil.example/${"x".repeat(900)}`;

async function held(bench: Bench): Promise<Holding[]> {
  return await Array.fromAsync(bench.target.inventory.held(bench.signal));
}

async function drift(
  bench: Bench,
  events: readonly StreamEvent[],
): Promise<{ repair: StreamEvent[]; remove: Holding[] }> {
  const wanted = await bench.target.inventory.wanted(events, bench.signal);
  const have = await held(bench);
  const digests = new Map(have.map(({ key, digest }) => [key, digest]));
  const asked = Map.groupBy(wanted.flat(), ({ key }) => key);
  return {
    repair: events.filter((_event, at) =>
      wanted[at]!.some(({ key }) =>
        !asked.get(key)?.some(({ digest }) => digest === digests.get(key))
      )
    ),
    remove: have.filter(({ key }) => !asked.has(key)),
  };
}

function sample(): StreamEvent[] {
  return [
    event("create", indicator("a", domains("a.example", "both.example"))),
    event("create", indicator("b", domains("b.example", "both.example"))),
    event("create", indicator("long", `[url:value = '${LONG}']`)),
    event(
      "create",
      indicator("open", domains("open.example"), {
        valid_until: undefined,
      }),
    ),
    event("update", indicator("gone", domains("g.example"), { revoked: true })),
  ];
}

Deno.test("inventory finds no drift in what was delivered", async () => {
  await using bench = await Bench.start();
  const events = sample();
  await bench.deliver(...events);
  // What the server sets by itself is no drift.
  for (const { properties } of bench.server.active()) {
    Object.assign(properties, {
      valid_until: properties.valid_until ?? "2026-08-01T00:00:00.000Z",
    });
  }
  assertEquals(await drift(bench, events), { repair: [], remove: [] });
  const keys = (await held(bench)).map(({ key }) => key);
  assertEquals(new Set(keys).size, keys.length);
  assert(keys.every((key) => new TextEncoder().encode(key).length <= 500));
  // Of what others have there nothing is told.
  assertEquals(keys.length, 5);
});

Deno.test("inventory repairs what is missing, changed or too much", async () => {
  await using bench = await Bench.start({
    settings: { duplicateMode: "new_id" },
  });
  const events = sample();
  await bench.deliver(...events);
  const { server } = bench;
  const collection = server.collection();
  const of = (value: string) => collection.active.get(value)!;
  collection.indicators.delete(of("a.example").id);
  collection.active.delete("a.example");
  server.store.revoke(collection, of(LONG));
  const link = of("b.example").properties.description?.split(" | ").at(-1);
  server.store.update(of("b.example"), { description: `edited | ${link}` });
  const stray = {
    description: `${OPENCTI}/dashboard/observations/indicators/nobody`,
  };
  server.store.add(collection, "stray.example", stray);
  server.store.add(collection, `${LONG}y`, stray);
  server.store.add(collection, "open.example", stray);
  const { repair, remove } = await drift(bench, events);
  assertEquals(repair.length, 3);
  assertEquals(remove.length, 3);
  const { inventory } = bench.target;
  const removed = await inventory.remove(remove, bench.signal);
  const repaired = await inventory.repair(repair, bench.signal);
  assert(
    [...removed, ...repaired].every(({ status }) => status === "delivered"),
  );
  assertEquals(await drift(bench, events), { repair: [], remove: [] });
  assertEquals(
    bench.values(),
    [
      "a.example",
      "b.example",
      "both.example",
      LONG,
      "open.example",
    ].sort(),
  );
  assert(server.foreign.every(({ revoked }) => !revoked));
});

Deno.test("inventory removes what a lost indicator left, owners and all", async () => {
  await using bench = await Bench.start();
  const events = sample();
  await bench.deliver(...events);
  const left = events.slice(1);
  const { repair, remove } = await drift(bench, left);
  assertEquals(remove.map(({ key }) => key), ["domain-name|a.example"]);
  await bench.target.inventory.repair(repair, bench.signal);
  await bench.target.inventory.remove(remove, bench.signal);
  assertEquals(bench.values().includes("a.example"), false);
  await bench.deliver(event("delete", left[0]!.object));
  // It is still asked for by the one that was lost, as far as we know.
  assertEquals(bench.values().includes("both.example"), true);
  await bench.deliver(event("delete", events[0]!.object));
  assertEquals(bench.values().includes("both.example"), false);
});

Deno.test("inventory compares beside a program, before anything was made ready", async () => {
  await using bench = await Bench.start();
  const events = sample();
  await bench.deliver(...events);
  bench.restart();
  assertEquals(await drift(bench, events), { repair: [], remove: [] });
  assertEquals((await held(bench)).length, 5);
});

Deno.test("inventory holds nothing where the collection is still to be made", async () => {
  await using bench = await Bench.start();
  const collections = bench.server.store.collections.size;
  bench.restart({
    ioc_collection_uuid: undefined,
    ioc_collection_name: "not made yet",
    create_collection: true,
  });
  assertEquals(await held(bench), []);
  assertEquals(bench.server.store.collections.size, collections);
});
