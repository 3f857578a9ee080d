import { syntheticIndicator } from "../../src/simulator/opencti/synthetic.ts";
import type { StixObject } from "../../src/stix/object.ts";
import { type Figure, median, percentile } from "./figures.ts";
import { startProgram } from "./load.ts";
import { INDEX, type Servers, sizeOf, startServers } from "./servers.ts";

/** What half of the events may take at most. */
const MOST_MS = 50;
const EVERY_MS = 100;
const POLL_MS = 1;
const PATIENCE_MS = 10_000;

/**
 * The time from a change on the platform to its document in the index, at 10
 * changes per second, with the program following the live stream.
 */
export async function measureLatency(count: number): Promise<Figure[]> {
  await using servers = await startServers({});
  const program = startProgram(["run"], servers.env);
  const latencies: number[] = [];
  try {
    await until(() => isFollowing(servers), "the program to follow");
    for (let n = 0; n < count; n++) {
      const beganAt = performance.now();
      latencies.push(await latencyOf(n, servers));
      await sleep(EVERY_MS - (performance.now() - beganAt));
    }
  } finally {
    program.stop();
    await program.usage;
  }
  const name = "from the change to the document";
  return [
    {
      name: `${name}, median`,
      value: median(latencies),
      unit: "ms",
      target: { most: MOST_MS },
    },
    { name: `${name}, p95`, value: percentile(latencies, 0.95), unit: "ms" },
    { name: `${name}, max`, value: Math.max(...latencies), unit: "ms" },
  ];
}

async function latencyOf(n: number, servers: Servers): Promise<number> {
  const { platform } = servers.opencti;
  const at = platform.now();
  const object = indicator(n, at);
  const beganAt = performance.now();
  platform.apply({ at, op: "create", object });
  await until(() => sizeOf(servers, INDEX) > n, `document ${n + 1}`);
  return performance.now() - beganAt;
}

function indicator(n: number, ms: number): StixObject {
  const frame = new TextDecoder().decode(syntheticIndicator(n, { ms, seq: 0 }));
  const data = frame.slice(frame.indexOf("data: ") + 6);
  return JSON.parse(data).data;
}

function isFollowing({ opencti }: Servers): boolean {
  return opencti.requests.some(({ path }) => path.startsWith("/stream/"));
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > end) {
      throw new Error(`waited ${PATIENCE_MS} ms in vain for ${what}`);
    }
    await sleep(POLL_MS);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
