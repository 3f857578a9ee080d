import { assert, assertEquals } from "@std/assert";
import { ConfigError, LoginError, TransientError } from "../../src/errors.ts";
import { Histogram } from "../../src/observability/histogram.ts";
import { maskOf } from "../../src/observability/mask.ts";
import { RecentErrors } from "../../src/observability/recent_errors.ts";
import { Series } from "../../src/observability/series.ts";
import { targetStatus, toRecord } from "../../src/observability/status.ts";
import { TargetStats } from "../../src/observability/target_stats.ts";
import {
  retryReasonOf,
  retryReasonOfText,
} from "../../src/pipeline/retry_reason.ts";

Deno.test("Histogram counts what is at a bound below it", () => {
  const histogram = new Histogram([1, 2]);
  for (const value of [0, 1, 1.5, 2, 3]) histogram.observe(value);
  assertEquals(histogram.counts, {
    bounds: [1, 2],
    counts: [2, 2, 1],
    sum: 7.5,
    count: 5,
  });
});

Deno.test("RecentErrors counts the same error again, and holds 20", () => {
  const errors = new RecentErrors();
  errors.add(1, "waiting", "down");
  errors.add(2, "waiting", "down");
  assertEquals(errors.list, [
    { at: 2, during: "waiting", reason: "down", times: 2 },
  ]);
  for (let at = 3; at < 100; at++) errors.add(at, "waiting", `${at}`);
  assertEquals([errors.list.length, errors.total], [20, 99]);
  assertEquals(errors.list[0]?.reason, "99");
});

Deno.test("RecentErrors cuts what nobody would read", () => {
  const errors = new RecentErrors();
  errors.add(1, "waiting", "x".repeat(100_000));
  assert((errors.list[0]?.reason.length ?? 0) < 1_100);
});

Deno.test("Series shows what was settled before its first point", () => {
  const series = new Series(1_000);
  series.add(6_000, 2_000, undefined);
  assertEquals(series.samples, [{ at: 6_000, rate: 400 }]);
});

Deno.test("Series holds one hour, and rates between its points", () => {
  const series = new Series(0);
  for (let n = 0; n <= 1_000; n++) series.add(n * 5_000, n * 50, 0.5);
  assertEquals(series.samples.length, 720);
  assertEquals(series.samples.at(-1), { at: 5_000_000, rate: 10, lag: 0.5 });
});

Deno.test("Series begins anew when the clock is set back", () => {
  const series = new Series(45_000);
  series.add(50_000, 10, undefined);
  series.add(10_000, 20, undefined);
  assertEquals(series.samples, [{ at: 10_000, rate: 0 }]);
});

Deno.test("TargetStats masks every text it keeps", () => {
  const mask = maskOf(["hunter2hunter2"]);
  const stats = new TargetStats("soc", { mask });
  stats.enter("waiting", "refused: hunter2hunter2");
  stats.failed("dead letter", "sent hunter2hunter2");
  const text = JSON.stringify(targetStatus(stats, 0));
  assert(!text.includes("hunter2"), text);
});

Deno.test("TargetStats tells at most 200 reasons to skip apart", () => {
  const stats = new TargetStats("soc");
  for (let n = 0; n < 300; n++) stats.skip(`reason ${n}`);
  assertEquals(stats.skipped.size, 201);
  assertEquals(stats.skipped.get("other reasons"), 100);
});

Deno.test("toRecord() stays below the 32 KiB that are kept, whatever came", () => {
  const stats = new TargetStats("soc");
  const long = "\u{1f4a5}".repeat(10_000);
  for (let n = 0; n < 300; n++) {
    stats.skip(`${n} ${long}`);
    stats.enter("waiting", `${n} ${long}`);
  }
  const text = JSON.stringify(toRecord(targetStatus(stats, 0), 0));
  const bytes = new TextEncoder().encode(text).byteLength;
  assert(bytes < 32 * 1024, `${bytes} bytes`);
});

// deno-fmt-ignore
const REASONS: readonly [error: Error, reason: string][] = [
  [new TransientError("no connection"),                 "unreachable"],
  [new TransientError("slow down", { status: 429 }),    "rate-limited"],
  [new TransientError("broken", { status: 503 }),       "server-error"],
  [new LoginError("refused", { status: 401 }),          "login-refused"],
  [new ConfigError("no such index"),                    "misconfigured"],
];

for (const [error, reason] of REASONS) {
  Deno.test(`retryReasonOf() calls "${error.message}" ${reason}`, () => {
    assertEquals(retryReasonOf(error), reason);
  });
}

// deno-fmt-ignore
const TEXTS: readonly [text: string, reason: string][] = [
  ["Cannot write 3 documents: status is 503, busy",  "server-error"],
  ["Cannot write 3 documents: status is 429",        "rate-limited"],
  ["Cannot write 3 documents: status is 403",        "login-refused"],
  ["the index is being made",                        "event"],
];

for (const [text, reason] of TEXTS) {
  Deno.test(`retryReasonOfText() calls "${text}" ${reason}`, () => {
    assertEquals(retryReasonOfText(text), reason);
  });
}
