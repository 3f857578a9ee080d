/** Deleting for good what has been revoked for a day. */
import { assertEquals } from "@std/assert";
import type { Settings } from "../../../src/simulator/sekoia/mod.ts";
import { forgetGone, purge } from "../../../src/targets/sekoia/upkeep.ts";
import { Bench, domains, event, indicator } from "./bench.ts";

const HOUR_MS = 3_600_000;

async function revoked(
  settings: Partial<Settings> = {},
): Promise<Bench> {
  const bench = await Bench.start({
    config: { delete_mode: "purge" },
    settings,
  });
  const object = indicator("a", domains("a.example"));
  await bench.deliver(event("create", object));
  await bench.deliver(event("delete", object));
  return bench;
}

for (const forceIn of ["body", "query", "both"] as const) {
  Deno.test(`purge() deletes after a day, the flag read from ${forceIn}`, async () => {
    await using bench = await revoked({ forceIn });
    assertEquals(bench.revoked(), ["a.example"]);
    bench.clock.at += 24 * HOUR_MS;
    assertEquals(await purge(bench.target.upkeep, bench.signal), 0);
    bench.clock.at += 5 * 60_000;
    await bench.restart().prepare(bench.signal);
    assertEquals(await purge(bench.target.upkeep, bench.signal), 1);
    assertEquals(bench.server.ours(), []);
    bench.server.requests.clear();
    assertEquals(await purge(bench.target.upkeep, bench.signal), 0);
    assertEquals(bench.requests(), []);
  });
}

for (const earlyStatus of [400, 409]) {
  Deno.test(`purge() tries again an hour after a ${earlyStatus}`, async () => {
    await using bench = await revoked({ earlyStatus });
    const [indicator] = bench.server.ours();
    // By the clock of Sekoia.io it was revoked an hour later.
    indicator!.revokedAt += HOUR_MS;
    bench.clock.at += 24 * HOUR_MS + 5 * 60_000;
    assertEquals(await purge(bench.target.upkeep, bench.signal), 0);
    bench.server.requests.clear();
    assertEquals(await purge(bench.target.upkeep, bench.signal), 0);
    assertEquals(bench.requests(), []);
    bench.clock.at += HOUR_MS;
    assertEquals(await purge(bench.target.upkeep, bench.signal), 1);
  });
}

Deno.test("purge() takes what somebody else deleted for done", async () => {
  await using bench = await revoked();
  bench.server.collection().indicators.clear();
  bench.clock.at += 25 * HOUR_MS;
  assertEquals(await purge(bench.target.upkeep, bench.signal), 1);
});

Deno.test("background() purges by itself, and ends when it is told to", async () => {
  await using bench = await revoked();
  bench.clock.at += 25 * HOUR_MS;
  const stop = new AbortController();
  const done = bench.target.background(stop.signal);
  while (bench.server.ours().length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  stop.abort();
  await done;
});

Deno.test("revoke is the default, and deletes nothing", async () => {
  await using bench = await Bench.start();
  const object = indicator("a", domains("a.example"));
  await bench.deliver(event("create", object));
  await bench.deliver(event("delete", object));
  bench.clock.at += 48 * HOUR_MS;
  assertEquals(await purge(bench.target.upkeep, bench.signal), 0);
  assertEquals(bench.revoked(), ["a.example"]);
});

Deno.test("forgetGone() forgets what is gone for long, not what came back", async () => {
  await using bench = await Bench.start();
  const [a, b] = ["a", "b"].map((name) =>
    indicator(name, domains(`${name}.example`))
  ) as [ReturnType<typeof indicator>, ReturnType<typeof indicator>];
  for (const object of [a, b]) {
    await bench.deliver(event("create", object));
    await bench.deliver(event("delete", object));
  }
  await bench.deliver(event("update", b));
  const count = async () =>
    (await Array.fromAsync(bench.state.list(["i"]))).length;
  bench.clock.at += 89 * 24 * HOUR_MS;
  await forgetGone(bench.target.upkeep);
  assertEquals(await count(), 2);
  bench.clock.at += 2 * 24 * HOUR_MS;
  await forgetGone(bench.target.upkeep);
  assertEquals(await count(), 1);
});
