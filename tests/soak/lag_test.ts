/** Lag and counts of the real pipeline, against the simulated servers. */
import { assert, assertEquals } from "@std/assert";
import type { TargetStats } from "../../src/observability/target_stats.ts";
import { indicator } from "../opencti/platform.ts";
import { NOW } from "./recording.ts";
import { follow, startWorld, until } from "./world.ts";

/** An indicator that does not expire meanwhile. */
function lasting(number: number) {
  const validUntil = new Date(NOW + 86_400_000).toISOString();
  return indicator(number, { valid_until: validUntil });
}

/** Whole seconds, or undefined while unknown. */
function lagOf({ lagSeconds }: TargetStats): number | undefined {
  return lagSeconds === undefined ? undefined : Math.round(lagSeconds);
}

Deno.test("lag is 0 when idle, grows while the target is down, and falls again", async () => {
  let now = NOW;
  await using world = await startWorld({ recorded: false, clock: () => now });
  const create = (number: number) =>
    world.opencti.platform.apply({
      at: now,
      op: "create",
      object: lasting(number),
    });
  create(1);
  await using run = await follow(world, { once: false, now: () => now });
  const [stats] = run.stats;
  assert(stats !== undefined);
  await until(() => stats.delivered === 1);
  stats.platformNow = () => now;
  now += 3_600_000;
  // Nothing happens on the platform: its heartbeats say that we are level.
  await until(() => lagOf(stats) === 0);
  const down = world.elastic.faults.next({ do: "status", status: 503 }, {
    path: "_bulk",
    times: Infinity,
  });
  create(2);
  await until(() => stats.phase === "waiting");
  const before = lagOf(stats) ?? NaN;
  now += 600_000;
  assertEquals(lagOf(stats), before + 600);
  assert((stats.retriesByReason.get("server-error") ?? 0) > 0);
  down.remove();
  await until(() => stats.delivered === 2 && lagOf(stats) === 0);
  const { count } = stats.writeSeconds.counts;
  assert(count >= 3, `${count} deliveries`);
  assertEquals(stats.batchSizes.counts.sum, 2);
  assertEquals(stats.errors.list[0]?.during, "waiting");
});

Deno.test("lag is unknown while the platform's database is read", async () => {
  await using world = await startWorld({ recorded: false });
  for (let number = 1; number <= 3; number++) {
    world.opencti.platform.apply({
      at: NOW - 90_000 + number,
      op: "create",
      object: lasting(number),
    });
  }
  const hung = world.elastic.faults.next({ do: "status", status: 503 }, {
    path: "_bulk",
    times: Infinity,
  });
  await using run = await follow(world, {
    once: false,
    env: { CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: undefined },
  });
  const [stats] = run.stats;
  assert(stats !== undefined);
  await until(() => stats.phase === "waiting");
  assertEquals([lagOf(stats), stats.lag.isRecovering], [undefined, true]);
  hung.remove();
  await until(() => stats.delivered === 3 && !stats.lag.isRecovering);
  stats.platformNow = () => NOW;
  await until(() => lagOf(stats) !== undefined);
});

Deno.test("lag is known at a start that finds its target down", async () => {
  await using world = await startWorld({ recorded: false });
  world.opencti.platform.apply({
    at: NOW - 1_000,
    op: "create",
    object: lasting(1),
  });
  {
    await using run = await follow(world, { once: false });
    await until(() => run.stats[0]?.events === 1);
    // A heartbeat completes it: before, the place is still the beginning.
    await until(() => run.stats[0]?.checkpoint?.from !== "0-0");
  }
  world.elastic.faults.next({ do: "status", status: 503 }, {
    times: Infinity,
  });
  await using run = await follow(world, { once: false });
  const [stats] = run.stats;
  assert(stats !== undefined);
  await until(() => stats.phase === "waiting");
  stats.platformNow = () => NOW + 3_600_000;
  const lag = lagOf(stats) ?? NaN;
  assert(lag >= 3_600 && lag < 3_700, `${lag} s`);
});
