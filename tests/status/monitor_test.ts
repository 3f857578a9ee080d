import { assertEquals } from "@std/assert";
import { TargetStats } from "../../src/observability/target_stats.ts";
import type { StatusRecord } from "../../src/observability/status.ts";
import { Monitor, type MonitorStore } from "../../src/status/monitor.ts";
import { sampleLetters } from "./sample.ts";

const NOW = Date.parse("2026-03-03T09:00:00.000Z");

function monitorOf(
  stats: readonly TargetStats[],
  store: Partial<MonitorStore>,
) {
  const kept: StatusRecord[] = [];
  const monitor = new Monitor({
    version: "1.2.3",
    now: () => NOW,
    store: () => ({
      deadLetters: {
        count: () => Promise.resolve(0),
        newest: () => Promise.resolve([]),
      },
      save: (record) => {
        kept.push(record);
        return Promise.resolve();
      },
      ...store,
    }),
  });
  monitor.watch(stats);
  return { monitor, kept };
}

Deno.test("Monitor leaves dead letters out that it cannot read", async () => {
  const { monitor } = monitorOf([new TargetStats("soc")], {
    deadLetters: {
      count: () => Promise.reject(new Error("disk I/O error")),
      newest: () => Promise.resolve(sampleLetters()),
    },
  });
  const { version, targets: [soc] } = await monitor.status();
  assertEquals([version, soc?.deadLetters], ["1.2.3", undefined]);
});

Deno.test("Monitor keeps nothing of a start that came to nothing", async () => {
  const stats = new TargetStats("soc");
  const { monitor, kept } = monitorOf([stats], {});
  monitor.start();
  stats.enter("paused", "login refused");
  await monitor.stop();
  assertEquals(kept, []);
});

Deno.test("Monitor keeps the counts of what was settled, once", async () => {
  const stats = new TargetStats("soc", { now: () => NOW });
  const { monitor, kept } = monitorOf([stats], {});
  stats.saved({ from: `${NOW}-0` });
  stats.delivered = 3;
  await monitor.stop();
  await monitor.stop();
  assertEquals(kept.length, 1);
  assertEquals(kept[0]?.counts.delivered, 3);
  assertEquals(kept[0]?.position?.id, `${NOW}-0`);
});

Deno.test("Monitor tries again to keep what could not be kept", async () => {
  const stats = new TargetStats("soc", { now: () => NOW });
  let tries = 0;
  const { monitor } = monitorOf([stats], {
    save: () => {
      tries++;
      return Promise.reject(new Error("disk full"));
    },
  });
  stats.saved({ from: `${NOW}-0` });
  await monitor.stop();
  await monitor.stop();
  assertEquals(tries, 2);
});
