import { startChild } from "./child.ts";
import {
  bulkTotals,
  INDEX,
  RAW_INDEX,
  type Servers,
  sizeOf,
  startServers,
} from "./servers.ts";
import type { Usage } from "./usage.ts";

/** Who carries the events. */
export type Carrier = "program" | "bare loop" | "bare loop without mapping";

/** One run of one carrier. */
export interface Run extends Usage {
  /** From the opening of the stream to the last document in the index. */
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** Bytes of all bulk requests: equal where equal documents are written. */
  readonly bulkBytes: number;
  readonly itemsPerRequest: number;
}

/** When the first event happens; nothing in the load expires for 90 days. */
const START_MS = Date.UTC(2026, 0, 5);
const NOW_MS = START_MS + 86_400_000;
const POLL_MS = 5;

/** Lets a carrier bring `count` synthetic indicators over. */
export async function carry(
  carrier: Carrier,
  count: number,
  batchSize: number,
): Promise<Run> {
  await using servers = await startServers({
    batchSize,
    generator: { count, startMs: START_MS },
    now: () => NOW_MS,
    heartbeatMs: 200,
  });
  const child = startCarrier(carrier, count, servers);
  const index = carrier === "bare loop without mapping" ? RAW_INDEX : INDEX;
  const ended = child.usage.then(() => true);
  const isOpen = () =>
    servers.opencti.requests.some(({ path }) => path.startsWith("/stream/"));
  await until(isOpen, ended);
  const openedAt = performance.now();
  await until(() => sizeOf(servers, index) >= count, ended);
  const seconds = (performance.now() - openedAt) / 1000;
  const usage = await child.usage;
  const stored = sizeOf(servers, index);
  if (stored !== count) {
    throw new Error(`${carrier}: ${stored} of ${count} documents arrived`);
  }
  const { bytes, items, requests } = bulkTotals(servers);
  return {
    ...usage,
    seconds,
    eventsPerSecond: count / seconds,
    bulkBytes: bytes,
    itemsPerRequest: items / requests,
  };
}

function startCarrier(carrier: Carrier, count: number, { env }: Servers) {
  const pinned = {
    ...env,
    BENCH_NOW: String(NOW_MS),
    BENCH_COUNT: String(count),
  };
  switch (carrier) {
    case "program":
      return startProgram(["run", "--once"], pinned);
    case "bare loop":
      return startChild("bare_loop.ts", [], pinned);
    case "bare loop without mapping":
      return startChild("bare_loop.ts", ["raw"], pinned);
  }
}

/** Starts the program with an empty state, which goes with it. */
export function startProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
) {
  const folder = Deno.makeTempDirSync({ prefix: "opencti-relay-bench-" });
  const child = startChild("program.ts", args, {
    ...env,
    RELAY_STATE_PATH: `${folder}/relay.kv`,
  });
  const usage = child.usage
    .finally(() => Deno.remove(folder, { recursive: true }));
  return { ...child, usage };
}

/** Looks again and again until something holds or the child has ended. */
async function until(
  holds: () => boolean,
  ended: Promise<boolean>,
): Promise<void> {
  for (let isOver = false; !holds() && !isOver;) {
    const pause = new Promise<boolean>((resolve) =>
      setTimeout(() => resolve(false), POLL_MS)
    );
    isOver = await Promise.race([ended, pause]);
  }
}
