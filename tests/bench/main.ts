/**
 * Measures the whole path over real sockets: `deno task bench`.
 *
 * The simulated OpenCTI and Elasticsearch run in this process; what is
 * measured runs in a process of its own (`program.ts`, `bare_loop.ts`).
 *
 * - Throughput: the program (`run --once`, empty state) and a bare loop that
 *   writes byte for byte the same documents, in turn; medians. The time is
 *   that from the opening of the stream to the last document in the index.
 * - Memory: the program's peak of resident memory after 1,000,000 events and
 *   after 100,000; the same of the bare loop, which holds nothing, tells how
 *   much of the growth is the runtime's.
 * - Latency: from a change on the platform to its document in the index, at
 *   10 changes per second.
 * - Requests: per 1,000 events of a generated week, to those of the connector
 *   that a target replaces, which it counts event by event.
 *
 * A machine drifts, so only ratios within one run, and the latency, have
 * targets; events per second and MiB are told for orientation. The program
 * reads while it sends and the bare loop does not, so that the ratio of events
 * per second may be better than that of processor time. Exit code 1 when a
 * target is missed.
 *
 * Options: `--quick` for small counts (figures are rough), `--json` for JSON,
 * `--only throughput|memory|latency|requests`.
 */
import { parseArgs } from "@std/cli";
import { type Figure, isMet, toTable } from "./figures.ts";
import { measureLatency } from "./latency.ts";
import { measureMemory } from "./memory.ts";
import { measureRequests } from "./requests.ts";
import { measureThroughput } from "./throughput.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    only: { type: "string" },
  },
});

const counts = values.quick
  ? {
    throughput: 10_000,
    rounds: 1,
    memory: { few: 100_000, many: 200_000 },
    latency: 30,
  }
  : {
    throughput: 80_000,
    rounds: 3,
    memory: { few: 100_000, many: 1_000_000 },
    latency: 150,
  };

const parts: Readonly<Record<string, () => Promise<Figure[]>>> = {
  async throughput() {
    const { throughput: count, rounds } = counts;
    return [
      ...await measureThroughput({
        count,
        rounds,
        batchSize: 100,
        isJudged: true,
      }),
      ...await measureThroughput({
        count,
        rounds,
        batchSize: 1000,
        isJudged: false,
      }),
    ];
  },
  latency: () => measureLatency(counts.latency),
  memory: () => measureMemory(counts.memory),
  requests: () => measureRequests(values.quick ? 0.3 : 1),
};

const figures: Figure[] = [];
for (const [name, measure] of Object.entries(parts)) {
  if (values.only !== undefined && values.only !== name) continue;
  if (!values.json) console.error(`measuring ${name} ...`);
  figures.push(...await measure());
}
if (figures.length === 0) {
  throw new Error(`--only takes ${Object.keys(parts).join(", ")}`);
}
console.log(
  values.json
    ? JSON.stringify(
      figures.map((figure) => ({ ...figure, ok: isMet(figure) })),
      null,
      2,
    )
    : toTable(figures),
);
if (figures.some((figure) => isMet(figure) === false)) Deno.exit(1);
