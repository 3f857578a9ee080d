/** What Prometheus reads: checked by a strict parser, and by promtool. */
import { assert, assertEquals } from "@std/assert";
import {
  metricsText,
  PREFIX,
  TARGET_METRICS,
} from "../../src/status/metrics.ts";
import { HOSTILE, sampleMonitor } from "./sample.ts";

const text = metricsText(await sampleMonitor().status());

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

/** [Prometheus text format 0.0.4] Anything that it does not allow throws. */
function parse(text: string): Map<string, Family> {
  assert(text.endsWith("\n"), "the last line must end");
  const families = new Map<string, Family>();
  let help: [string, string] | undefined;
  let current: Family | undefined;
  let currentName = "";
  for (const line of text.slice(0, -1).split("\n")) {
    if (line === "") continue;
    const [, kind, name = "", rest = ""] =
      /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.*)$/.exec(line) ?? [];
    if (kind === "HELP") help = [name, rest];
    else if (kind === "TYPE") {
      assert(/^(counter|gauge|histogram)$/.test(rest), line);
      assert(help?.[0] === name, `no help before ${line}`);
      assert(!families.has(name), `twice: ${name}`);
      current = { type: rest, help: help[1], samples: [] };
      currentName = name;
      families.set(name, current);
    } else {
      const sample = parseSample(line);
      assert(current !== undefined, line);
      const suffix = sample.name.slice(currentName.length);
      const suffixes = current.type === "histogram"
        ? ["_bucket", "_sum", "_count"]
        : [""];
      assert(
        sample.name.startsWith(currentName) && suffixes.includes(suffix),
        `${sample.name} below ${currentName}`,
      );
      current.samples.push(sample);
    }
  }
  return families;
}

function parseSample(line: string): Sample {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{([^]*)\})? (\S+)$/.exec(line);
  assert(match !== null, `no sample: ${line}`);
  const [, name = "", inner = "", value = ""] = match;
  const labels: Record<string, string> = {};
  const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/y;
  while (label.lastIndex < inner.length) {
    const at = label.lastIndex;
    const found = label.exec(inner);
    assert(found !== null, `no label at ${at}: ${line}`);
    const [, key = "", escaped = ""] = found;
    labels[key] = escaped.replace(
      /\\([\\"n])/g,
      (_, char: string) => char === "n" ? "\n" : char,
    );
  }
  const number = value === "+Inf" ? Infinity : Number(value);
  assert(!Number.isNaN(number), `no number: ${line}`);
  return { name, labels, value: number };
}

const families = parse(text);

function value(
  name: string,
  labels: Readonly<Record<string, string>>,
): number | undefined {
  const samples = [...families.values()].flatMap(({ samples }) => samples);
  return samples.find((sample) =>
    sample.name === PREFIX + name &&
    Object.entries(labels).every(([key, text]) => sample.labels[key] === text)
  )?.value;
}

Deno.test("metricsText() is the text format, every metric with type and help", () => {
  for (const { name, type } of TARGET_METRICS) {
    assertEquals(families.get(PREFIX + name)?.type, type, name);
    assert(type !== "counter" || name.endsWith("_total"), name);
  }
  for (const { help } of families.values()) assert(help.length > 10);
  const sets = [...families.values()].flatMap(({ samples }) =>
    samples.map(({ name, labels }) => JSON.stringify([name, labels]))
  );
  assertEquals(new Set(sets).size, sets.length);
});

// deno-fmt-ignore
const VALUES: readonly [name: string, labels: Record<string, string>, value: number | undefined][] = [
  ["events_total",         { target: "soc", outcome: "delivered" },      12_004],
  ["events_total",         { target: "soc", outcome: "skipped" },         6_000],
  ["events_total",         { target: "soc", outcome: "rejected" },            3],
  ["events_total",         { target: "soc", outcome: "malformed" },           1],
  ["events_total",         { target: "soc", outcome: "superseded" },        225],
  ["skipped_total",        { target: "soc", reason: `label ${HOSTILE}` }, 1_000],
  ["retries_total",        { target: "edr-paris", reason: "unreachable" },    1],
  ["lag_seconds",          { target: "soc" },                               1.2],
  // Unknown is absent, not zero.
  ["lag_seconds",          { target: "misp" },                        undefined],
  ["objects_held",         { target: "soc" },                         undefined],
  ["objects_held",         { target: "edr-paris" },                      48_211],
  ["quota_ratio",          { target: "edr-paris" },                        0.83],
  ["blocked_deletes",      { target: "edr-paris" },                         120],
  ["dead_letters",         { target: "soc" },                                 3],
  ["recovering",           { target: "misp" },                                1],
  ["ready",                { target: HOSTILE },                               0],
  ["state",                { target: HOSTILE, state: "paused" },              1],
  ["state",                { target: HOSTILE, state: "running" },             0],
  ["write_seconds_bucket", { target: "soc", le: "0.025" },                    1],
  ["write_seconds_bucket", { target: "soc", le: "0.5" },                      3],
  ["write_seconds_bucket", { target: "soc", le: "+Inf" },                     4],
  ["write_seconds_count",  { target: "soc" },                                 4],
];

for (const [name, labels, expected] of VALUES) {
  Deno.test(`metricsText() gives ${name} ${JSON.stringify(labels).slice(0, 60)}`, () => {
    assertEquals(value(name, labels), expected);
  });
}

Deno.test("metricsText() gives histograms whose buckets rise to the count", () => {
  for (const { type, samples } of families.values()) {
    if (type !== "histogram") continue;
    const byTarget = Map.groupBy(samples, ({ labels }) => labels.target);
    for (const own of byTarget.values()) {
      const buckets = own.filter(({ name }) => name.endsWith("_bucket"))
        .map(({ value }) => value);
      assertEquals(buckets, buckets.toSorted((a, b) => a - b));
      const count = own.find(({ name }) => name.endsWith("_count"))?.value;
      assertEquals(buckets.at(-1), count);
    }
  }
});

const promtool = findOnPath("promtool");

Deno.test({
  name: "promtool accepts what metricsText() gives",
  ignore: promtool === undefined,
  async fn() {
    const child = new Deno.Command(promtool ?? "", {
      args: ["check", "metrics"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    const said = new TextDecoder().decode(stdout) +
      new TextDecoder().decode(stderr);
    assertEquals([code, said], [0, ""]);
  },
});

function findOnPath(name: string): string | undefined {
  return (Deno.env.get("PATH") ?? "").split(":")
    .map((folder) => `${folder}/${name}`)
    .find((path) => {
      try {
        return Deno.statSync(path).isFile;
      } catch {
        return false;
      }
    });
}
