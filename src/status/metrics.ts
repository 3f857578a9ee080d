import type { HistogramCounts } from "../observability/histogram.ts";
import type { RelayStatus, TargetStatus } from "../observability/status.ts";
import { TARGET_PHASES } from "../observability/target_stats.ts";

/** One number of a metric, with the labels beside `target`. */
interface Value {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | HistogramCounts | undefined;
}

/** One metric of each target: name without its prefix, and what it is. */
export interface MetricRow {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Labels beside `target`. */
  readonly labels: readonly string[];
  readonly help: string;
  /** Absent numbers are left out: what is unknown is not told. */
  values(target: TargetStatus): readonly Value[];
}

/** [OpenCTI] What the metrics of its own connectors begin with. */
export const PREFIX = "opencti_connector_";

/** Every metric that has the label `target`. */
// deno-fmt-ignore
export const TARGET_METRICS: readonly MetricRow[] = [
  counter("events_total",                ["outcome"], "Events settled: delivered, skipped, rejected (dead letter), malformed (dead letter), or superseded by a later one of the same object", outcomes),
  counter("skipped_total",               ["reason"],  "Events that have no place in the target, by reason", ({ skipped }) => skipped.map(byReason)),
  counter("retries_total",               ["reason"],  "Tries that came to nothing and are made again: unreachable, rate-limited, server-error, login-refused, event, stream, misconfigured", ({ retries }) => retries.map(byReason)),
  counter("errors_total",                [],          "Errors of any kind", ({ counts }) => [{ value: counts.errors }]),
  counter("stream_connections_total",    [],          "Times that the platform's stream was connected", ({ counts }) => [{ value: counts.connections }]),
  counter("stream_gaps_total",           [],          "Times that the platform no longer held the events after our position", ({ counts }) => [{ value: counts.gaps }]),
  counter("ping_api_total",              [],          "Times that the platform was told where we are", ({ counts }) => [{ value: counts.pings }]),
  gauge("state",                         ["state"],   "1 for what the target is doing: starting, running, waiting (tried again by itself), paused (a person must act), stopped", states),
  gauge("ready",                         [],          "1 while the target reads and delivers", ({ phase }) => [{ value: Number(phase === "running") }]),
  gauge("lag_seconds",                   [],          "How far the target is behind the platform; absent while unknown", ({ lagSeconds }) => [{ value: lagSeconds }]),
  gauge("recovering",                    [],          "1 while the platform's database is read, before the stream is followed", ({ recovering }) => [{ value: Number(recovering) }]),
  gauge("position_timestamp_seconds",    [],          "Time of the position saved last, by the platform's clock", ({ position }) => [{ value: seconds(position?.at) }]),
  gauge("checkpoint_age_seconds",        [],          "Since a position was saved; absent before the first", ({ checkpointAgeSeconds }) => [{ value: checkpointAgeSeconds }]),
  gauge("dead_letters",                  [],          "Dead letters that are held; absent while the state cannot be read", ({ deadLetters }) => [{ value: deadLetters?.held }]),
  gauge("blocked_deletes",               [],          "Deletes that the delete budget holds back until a person decides", ({ blockedDeletes }) => [{ value: blockedDeletes }]),
  gauge("objects_held",                  [],          "Objects that the target holds; absent where they are not counted", ({ objectsHeld }) => [{ value: objectsHeld }]),
  gauge("quota_ratio",                   [],          "Used part of what the target allows, 0 to 1; absent where it does not say", ({ gauges }) => [{ value: gauges.quota_ratio }]),
  histogram("write_seconds",             [],          "Time of one delivery to the target", ({ writeSeconds }) => [{ value: writeSeconds }]),
  histogram("batch_events",              [],          "Events that were settled together", ({ batchSizes }) => [{ value: batchSizes }]),
];

/** Every metric of the process. */
// deno-fmt-ignore
export const PROCESS_METRICS: readonly { readonly name: string; readonly type: "gauge"; readonly help: string; value(status: RelayStatus): { labels?: Record<string, string>; value: number } }[] = [
  { name: `${PREFIX}build_info`,             type: "gauge", help: "1, with the program's version", value: ({ version }) => ({ labels: { version }, value: 1 }) },
  { name: "process_start_time_seconds",      type: "gauge", help: "When the program started, in seconds since 1970", value: ({ startedAt }) => ({ value: seconds(startedAt) ?? 0 }) },
  { name: "process_resident_memory_bytes",   type: "gauge", help: "Memory of the program", value: () => ({ value: Deno.memoryUsage().rss }) },
];

/** Content type of what `metricsText()` gives. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * The status in the text format of Prometheus, version 0.0.4.
 *
 * Written here because `deno compile` 2.9 overflows its stack on the package
 * `prom-client`, whose modules require each other in circles.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/exposition_formats/}
 */
export function metricsText(status: RelayStatus): string {
  const ofTargets = TARGET_METRICS.map((row) =>
    family(
      { ...row, name: PREFIX + row.name },
      status.targets.flatMap((target) =>
        row.values(target).flatMap(({ labels, value }) =>
          samples(PREFIX + row.name, { target: target.name, ...labels }, value)
        )
      ),
    )
  );
  const ofProcess = PROCESS_METRICS.map((row) => {
    const { labels = {}, value } = row.value(status);
    return family(row, [sample(row.name, labels, value)]);
  });
  return [...ofTargets, ...ofProcess].join("");
}

/** A metric that has no number is left out. */
function family(
  { name, type, help }: Pick<MetricRow, "name" | "type" | "help">,
  lines: readonly string[],
): string {
  if (lines.length === 0) return "";
  const head = [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`];
  return [...head, ...lines].map((line) => `${line}\n`).join("");
}

function sample(
  name: string,
  labels: Readonly<Record<string, string>>,
  value: number,
): string {
  const pairs = Object.entries(labels)
    .map(([key, text]) => `${key}="${escaped(text).replaceAll('"', '\\"')}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs}}`} ${value}`;
}

/** [text format] A backslash and a line feed are escaped. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** One line for a number, several for a histogram. */
function samples(
  name: string,
  labels: Readonly<Record<string, string>>,
  value: Value["value"],
): string[] {
  if (value === undefined) return [];
  if (typeof value === "number") return [sample(name, labels, value)];
  const { bounds, counts, sum, count } = value;
  let below = 0;
  const buckets = [...bounds.map(String), "+Inf"].map((le, at) => {
    below += counts[at] ?? 0;
    return sample(`${name}_bucket`, { ...labels, le }, below);
  });
  return [
    ...buckets,
    sample(`${name}_sum`, labels, sum),
    sample(`${name}_count`, labels, count),
  ];
}

type Values = MetricRow["values"];

function counter(
  name: string,
  labels: readonly string[],
  help: string,
  values: Values,
): MetricRow {
  return { name, type: "counter", labels, help, values };
}

function gauge(
  name: string,
  labels: readonly string[],
  help: string,
  values: Values,
): MetricRow {
  return { name, type: "gauge", labels, help, values };
}

function histogram(
  name: string,
  labels: readonly string[],
  help: string,
  values: Values,
): MetricRow {
  return { name, type: "histogram", labels, help, values };
}

/** Every outcome from the start, at 0 where there was none. */
function outcomes({ counts }: TargetStatus): Value[] {
  const { delivered, skipped, rejected, malformed, superseded } = counts;
  return Object
    .entries({ delivered, skipped, rejected, malformed, superseded })
    .map(([outcome, value]) => ({ labels: { outcome }, value }));
}

function states({ phase }: TargetStatus): Value[] {
  return TARGET_PHASES.map((state) => ({
    labels: { state },
    value: Number(state === phase),
  }));
}

function byReason(
  { reason, count }: { reason: string; count: number },
): Value {
  return { labels: { reason }, value: count };
}

/** Seconds since 1970 of an ISO date. */
function seconds(at: string | undefined): number | undefined {
  return at === undefined ? undefined : Date.parse(at) / 1000;
}
