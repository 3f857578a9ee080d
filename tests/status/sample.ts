/** Targets in every phase, with texts as an attacker would choose them. */
import { TargetStats } from "../../src/observability/target_stats.ts";
import { Monitor } from "../../src/status/monitor.ts";
import type { DeadLetter } from "../../src/state/dead_letter.ts";

/** Clock of the sample: milliseconds since 1970. */
export const NOW = Date.parse("2026-03-03T09:00:00.000Z");

/** Markup, a script, and characters that turn the direction of writing. */
export const HOSTILE = [
  `<img src=x onerror="document.title='owned'">`,
  "<script>document.title='owned'</script>",
  "\u202egnp.exe\u202c and \u2066isolated\u2069",
  "\"quotes\" 'and' \\backslash\\\nline\u2028break",
].join(" ");

/** The four targets of the sample. */
export function sampleStats(at = NOW): TargetStats[] {
  const now = () => at;
  const soc = running(new TargetStats("soc", { now }), at);
  const edr = running(new TargetStats("edr-paris", { now }), at);
  edr.objectsHeld = 48_211;
  edr.gauges.set("quota_ratio", 0.83);
  edr.blockedDeletes = 120;
  edr.enter(
    "waiting",
    `Cannot import IOCs into "main": status is 503, ${HOSTILE}`,
  );
  edr.retry("server-error");
  edr.retry("unreachable");
  edr.since = at - 95_000;
  const ti = new TargetStats(HOSTILE, { now });
  ti.enter(
    "paused",
    "Cannot log in to Elasticsearch: status is 401. Make a new API key and " +
      "set it as ELASTIC_SECURITY_API_KEY",
  );
  ti.retry("login-refused");
  const misp = new TargetStats("misp", { now });
  misp.platformNow = now;
  misp.lag.begin({ from: "0-0", recoverUntil: "2026-03-03T08:59:00.000Z" });
  misp.enter("starting");
  return [soc, edr, ti, misp];
}

/** A target that delivered for an hour. */
function running(stats: TargetStats, at: number): TargetStats {
  stats.enter("running");
  stats.since = at - 3_600_000;
  stats.platformNow = () => at;
  stats.lag.begin({ from: `${at - 3_600_000}-0` });
  stats.reached(`${at - 1_200}-0`);
  stats.saved({ from: `${at - 61_200}-0` });
  Object.assign(stats, {
    events: 18_233,
    delivered: 12_004,
    rejected: 3,
    malformed: 1,
    superseded: 225,
    batches: 460,
    connections: 2,
    pings: 90,
  });
  stats.skip("type report has no place in Elastic Security", 5_000);
  stats.skip(`label ${HOSTILE}`, 1_000);
  for (let n = 0; n < 720; n++) {
    const wave = Math.sin(n / 40) + Math.sin(n / 9) / 3;
    stats.series.add(
      at - (719 - n) * 5000,
      Math.round(n * 30 + wave * 400),
      n > 300 && n < 320 ? undefined : Math.max(0.2, 3 + 2.5 * wave),
    );
  }
  for (const seconds of [0.02, 0.04, 0.3, 1.7]) {
    stats.writeSeconds.observe(seconds);
  }
  stats.batchSizes.observe(40);
  stats.failed("dead letter", `mapper_parsing_exception: ${HOSTILE}`);
  return stats;
}

/** Dead letters of the sample, oldest first. */
export function sampleLetters(at = NOW): DeadLetter[] {
  return [1, 2, 3].map((number) => ({
    id: `00000${at - number * 60_000}-00000000${number}`,
    at: at - number * 60_000,
    eventId: `${at - number * 60_000}-0`,
    action: "create",
    internalId: "00000000-0000-4000-8000-000000000001",
    stixId: `indicator--${HOSTILE}`,
    type: "indicator",
    reason: `failed to parse field [threat.indicator.ip] ${HOSTILE}`,
    httpStatus: 400,
    attempts: 3,
    payloadBytes: 2_048,
  }));
}

/** What is served of them. */
export function sampleMonitor(
  stats: readonly TargetStats[] = sampleStats(),
  now: () => number = () => NOW,
): Monitor {
  const monitor = new Monitor({
    version: "0.1.0",
    now,
    store: (target) => ({
      deadLetters: {
        count: () => Promise.resolve(target === "soc" ? 3 : 0),
        newest: () => Promise.resolve(sampleLetters(now())),
      },
      save: () => Promise.resolve(),
    }),
  });
  monitor.watch(stats);
  return monitor;
}
