import { assert, assertEquals } from "@std/assert";
import { createLog, silentLog } from "../../src/observability/log.ts";
import { Progress, progressLine } from "../../src/observability/progress.ts";
import { TargetStats } from "../../src/observability/target_stats.ts";

function statsAt(reachedId: string): TargetStats {
  const stats = new TargetStats("soc");
  stats.enter("running");
  stats.startId = "1000000000-0";
  stats.newestId = "2000000000-0";
  stats.reachedId = reachedId;
  stats.events = 5000;
  return stats;
}

Deno.test("progressLine() shows rate, position and time left", () => {
  assertEquals(
    progressLine(statsAt("1500000000-0"), 10_000),
    "soc               running    5,000 events    500/s " +
      "[#####-----]  50% 00:10 left",
  );
});

Deno.test("progressLine() says when it has caught up", () => {
  const line = progressLine(statsAt("2000000001-0"), 10_000);
  assert(line.endsWith("100% caught up"), line);
});

Deno.test("progressLine() says why a target waits", () => {
  const stats = statsAt("1500000000-0");
  stats.enter("waiting", "no connection to es.example");
  const line = progressLine(stats, 10_000);
  assert(line.includes("waiting"), line);
  assert(line.endsWith("no connection to es.example"), line);
});

Deno.test("Progress keeps log lines above its live lines", () => {
  let screen = "";
  const progress = new Progress([statsAt("1500000000-0")], {
    screen: { write: (text) => screen += text, columns: () => 80 },
    log: silentLog(),
    now: () => 0,
  });
  progress.writeAbove("before\n");
  assertEquals(screen, "before\n");
  progress.start();
  progress.stop();
  assert(screen.includes("soc"));
  for (const line of screen.split("\n")) assert(line.length < 80, line);
});

Deno.test("Progress logs when a target has caught up, once", async () => {
  const lines: string[] = [];
  const stats = statsAt("1500000000-0");
  const progress = new Progress([stats], {
    screen: undefined,
    log: createLog({
      level: "info",
      format: "text",
      write: (line) => lines.push(line),
      now: () => 0,
    }),
    now: () => Date.now(),
  });
  progress.start();
  stats.reachedId = "2000000001-0";
  await new Promise((resolve) => setTimeout(resolve, 2200));
  progress.stop();
  assertEquals(lines.length, 1);
  assert(lines[0]?.includes("soc: caught up events=5000"), lines[0]);
});
