/** The quota of indicators: warned of, reached, and with room again. */
import { assert, assertEquals } from "@std/assert";
import { makeParked, purge } from "../../../src/targets/sekoia/upkeep.ts";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import { Bench, domains, event, indicator } from "./bench.ts";

/** Six entries of others are there from the beginning. */
const FOREIGN = 6;
const PARKED = {
  status: "skipped" as const,
  reason: "it waits for room in the quota of indicators",
};

function scored(name: string, score: number, validFrom?: string): StreamEvent {
  const members = validFrom === undefined ? {} : { valid_from: validFrom };
  return event(
    "create",
    indicator(name, domains(`${name}.example`), members, { score }),
  );
}

function logged(bench: Bench, text: string): number {
  return bench.services.logged.filter((line) => line.includes(text)).length;
}

Deno.test("the quota is warned of before it is reached, once per interval", async () => {
  await using bench = await Bench.start({ settings: { max: FOREIGN + 4 } });
  assertEquals(logged(bench, "nearly used up"), 0);
  await bench.deliver(scored("a", 50), scored("b", 50), scored("c", 50));
  assertEquals(logged(bench, "nearly used up"), 1);
  await bench.deliver(scored("d", 50));
  assertEquals(logged(bench, "nearly used up"), 1);
  const [, , quota] = await bench.target.check(bench.signal);
  assertEquals([quota?.status, quota?.detail], [
    "failed",
    "10 of 10 indicators",
  ]);
  assertEquals(bench.services.gauges.get("quota_ratio"), 1);
});

Deno.test("stop: new values wait, the rest goes on, and they are made later", async () => {
  await using bench = await Bench.start({
    settings: { max: FOREIGN + 2, countsRevoked: false },
  });
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => scored(name, 50)) as [
    StreamEvent,
    StreamEvent,
    StreamEvent,
    StreamEvent,
  ];
  await bench.deliver(a, b);
  assertEquals(await bench.deliver(c, d), [PARKED, PARKED]);
  assertEquals(bench.values(), ["a.example", "b.example"]);
  assertEquals(logged(bench, "is used up"), 1);
  // No call for what waits, and the error is not told again.
  assertEquals(await bench.calls(c), []);
  assertEquals(logged(bench, "is used up"), 1);
  // Updates and revocations go on; what waits outlives a restart.
  const renamed = event("update", { ...a.object, name: "A" });
  assertEquals(await bench.deliver(renamed), [{ status: "delivered" }]);
  await bench.restart().prepare(bench.signal);
  assertEquals(await makeParked(bench.target.upkeep, bench.signal), 0);
  await bench.deliver(event("delete", b.object));
  assertEquals(await makeParked(bench.target.upkeep, bench.signal), 1);
  assertEquals(bench.values().length, 2);
  // What leaves while it waits never arrives.
  await bench.deliver(event("delete", c.object), event("delete", d.object));
  bench.server.settings.max = 1000;
  bench.clock.at += 400_000;
  assertEquals(await makeParked(bench.target.upkeep, bench.signal), 0);
  assertEquals(bench.values(), ["a.example"]);
});

Deno.test("stop: a part of one indicator's values fits", async () => {
  await using bench = await Bench.start({ settings: { max: FOREIGN + 2 } });
  const object = indicator("m", domains("a.example", "b.example", "c.example"));
  assertEquals(
    await bench.deliver(event("create", object)),
    [{ status: "delivered" }],
  );
  assertEquals(bench.values().length, 2);
  bench.server.settings.max = 100;
  bench.clock.at += 400_000;
  assertEquals(await makeParked(bench.target.upkeep, bench.signal), 1);
  assertEquals(bench.values().length, 3);
});

Deno.test("a refusal that speaks of the limit is the quota, whatever was counted", async () => {
  await using bench = await Bench.start();
  bench.server.faults.next({
    do: "status",
    status: 400,
    body: '{"message":"Maximum number of indicators reached","code":"X"}',
  }, { method: "POST" });
  const created = scored("a", 50);
  assertEquals(await bench.deliver(created), [PARKED]);
  assertEquals(bench.server.requests.count("POST"), 1);
  bench.clock.at += 400_000;
  assertEquals(await makeParked(bench.target.upkeep, bench.signal), 1);
  assertEquals(bench.values(), ["a.example"]);
});

Deno.test("others that fill the quota meanwhile are noticed", async () => {
  await using bench = await Bench.start({ settings: { max: FOREIGN + 3 } });
  const { server } = bench;
  for (const value of ["x.example", "y.example", "z.example"]) {
    server.store.add(server.collection(), value, {});
  }
  assertEquals(await bench.deliver(scored("a", 50)), [PARKED]);
});

Deno.test("keep_best: better values take the place of the worst and oldest", async () => {
  await using bench = await Bench.start({
    config: { quota_policy: "keep_best" },
    settings: { max: FOREIGN + 3, countsRevoked: false },
  });
  await bench.deliver(
    scored("low", 10),
    scored("old", 40, "2025-01-01T00:00:00Z"),
    scored("new", 40, "2026-01-01T00:00:00Z"),
  );
  assertEquals(await bench.deliver(scored("worse", 5)), [PARKED]);
  assertEquals(
    await bench.deliver(scored("best", 90), scored("good", 80)),
    [{ status: "delivered" }, { status: "delivered" }],
  );
  assertEquals(bench.values(), ["best.example", "good.example", "new.example"]);
  // What was pushed out comes back, best first, when there is room.
  bench.server.settings.max = FOREIGN + 5;
  bench.clock.at += 400_000;
  assertEquals(await makeParked(bench.target.upkeep, bench.signal), 2);
  assertEquals(bench.values(), [
    "best.example",
    "good.example",
    "low.example",
    "new.example",
    "old.example",
  ]);
  assert(bench.server.foreign.every(({ revoked }) => !revoked));
});

Deno.test("keep_best: a score that changes counts from then on, without a call", async () => {
  await using bench = await Bench.start({
    config: { quota_policy: "keep_best" },
    settings: { max: FOREIGN + 2, countsRevoked: false },
  });
  const [a, b] = [scored("a", 10), scored("b", 20)];
  await bench.deliver(a, b);
  const raised = indicator("a", domains("a.example"), {}, { score: 60 });
  assertEquals(await bench.calls(event("update", raised)), []);
  await bench.deliver(scored("c", 50));
  assertEquals(bench.values(), ["a.example", "c.example"]);
});

Deno.test("keep_best: one value alone is revoked where that makes no room", async () => {
  await using bench = await Bench.start({
    config: { quota_policy: "keep_best", delete_mode: "purge" },
    settings: { max: FOREIGN + 3, countsRevoked: true },
  });
  await bench.deliver(scored("a", 10), scored("b", 10), scored("c", 10));
  assertEquals(
    await bench.deliver(scored("x", 90), scored("y", 90)),
    [PARKED, PARKED],
  );
  assertEquals(bench.values().length, 2);
  assertEquals(logged(bench, "makes no room"), 1);
  // Room comes with the deletion, a day later.
  bench.clock.at += 25 * 3_600_000;
  assertEquals(await purge(bench.target.upkeep, bench.signal), 1);
  assertEquals(await makeParked(bench.target.upkeep, bench.signal), 1);
  assertEquals(bench.values().length, 3);
});

for (const policy of ["stop", "keep_best"]) {
  Deno.test(`${policy}: a quota reached mid-stream ends as if it had never been`, async () => {
    await using bench = await Bench.start({
      config: { quota_policy: policy },
      settings: { max: FOREIGN + 10, countsRevoked: false },
    });
    const names = Array.from({ length: 30 }, (_item, at) => `i${at}`);
    for (const [at, name] of names.entries()) {
      await bench.deliver(scored(name, at * 7 % 100));
      if (at % 5 === 4) {
        const object = indicator(`i${at - 2}`, domains("gone.example"));
        await bench.deliver(event("delete", object));
      }
      assert(bench.server.active().length <= 10);
      if (at % 7 === 0) await bench.restart().prepare(bench.signal);
    }
    const left = names.filter((_name, at) => at % 5 !== 2);
    if (policy === "keep_best") {
      const best = left.map((name) => ({
        name,
        score: Number(name.slice(1)) * 7 % 100,
      })).sort((x, y) => y.score - x.score).slice(0, 4);
      for (const { name } of best) {
        assert(bench.values().includes(`${name}.example`), name);
      }
    }
    bench.server.settings.max = 1000;
    bench.clock.at += 400_000;
    await makeParked(bench.target.upkeep, bench.signal);
    assertEquals(bench.values(), left.map((name) => `${name}.example`).sort());
  });
}
