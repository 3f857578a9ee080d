/**
 * Requests that a target needs per 1,000 events, against those of the
 * connector it replaces, which works event by event. Both are of the same
 * generated weeks, in the same run.
 */
import { main } from "../../src/cli/main.ts";
import type { Change } from "../../src/simulator/change.ts";
import { startHarfanglab } from "../../src/simulator/harfanglab/mod.ts";
import { startOpencti } from "../../src/simulator/opencti/mod.ts";
import { startSekoia } from "../../src/simulator/sekoia/mod.ts";
import { generateWeek } from "../../src/simulator/week/mod.ts";
import { internalId, type StixObject } from "../../src/stix/object.ts";
import { TARGETS } from "../../src/targets/mod.ts";
import type { Figure } from "./figures.ts";
import { platformEnv } from "../platform_env.ts";

/** A far side that counts. */
interface Counted {
  /** Variables that connect the program to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Requests so far, those of the set-up included. */
  count(): number;
  stop(): Promise<void>;
}

/** One target, and what the connector before it would have done. */
interface RequestCase {
  readonly name: string;
  start(now: () => number): Promise<Counted>;
  /** Requests that the older connector sends for one event. */
  before(event: PlainEvent): number;
}

/** One event as a connector sees it. */
interface PlainEvent {
  readonly action: "create" | "update" | "delete";
  readonly object: StixObject;
}

const CASES: readonly RequestCase[] = [
  {
    name: "sekoia",
    async start(now) {
      const server = await startSekoia({ now });
      return {
        env: {
          SEKOIA_INTEL_URL: server.url,
          SEKOIA_INTEL_APIKEY: server.apiKey,
          SEKOIA_INTEL_IOC_COLLECTION_UUID: server.collectionId,
          SEKOIA_INTEL_MAX_REQUESTS_PER_SECOND: "1000",
        },
        count: () => server.requests.list.length,
        stop: () => server.stop(),
      };
    },
    // One POST per create or update; per value that goes a GET and a DELETE.
    before({ action, object }) {
      if (object.type !== "indicator" || object.pattern_type !== "stix") {
        return 0;
      }
      const isGone = action === "delete" || object.revoked === true;
      return isGone ? 2 * stringsIn(object).length : 1;
    },
  },
  {
    name: "harfanglab",
    async start(now) {
      const server = await startHarfanglab({ now });
      return {
        env: {
          HARFANGLAB_INTEL_URL: server.url,
          HARFANGLAB_INTEL_TOKEN: server.token,
          HARFANGLAB_INTEL_REMOVE_INDICATOR: "true",
          HARFANGLAB_INTEL_MAX_REQUESTS_PER_SECOND: "1000",
        },
        count: () => server.requests.list.length,
        stop: () => server.stop(),
      };
    },
    // One question to OpenCTI, then for each rule a GET and a write. Of a
    // relationship, all rules of its indicator: here one.
    before({ object }) {
      if (object.type === "relationship") {
        return object.relationship_type === "based-on" ? 3 : 0;
      }
      if (object.type !== "indicator") return 0;
      if (object.pattern_type === "stix") {
        return 1 + 2 * stringsIn(object).length;
      }
      return ["sigma", "yara"].includes(`${object.pattern_type}`) ? 3 : 0;
    },
  },
];

/** Every value of a pattern, whatever its operator: so the connectors do. */
function stringsIn({ pattern }: StixObject): string[] {
  return [...`${pattern}`.matchAll(/=\s*'((?:\\.|[^'\\])*)'/g)]
    .map(([, value = ""]) => value);
}

const NOW = Date.parse("2026-05-17T18:00:00.000Z");

/** Brings a generated week to every target of the table. */
export async function measureRequests(scale: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const one of CASES) figures.push(...await measure(one, scale));
  return figures;
}

async function measure(one: RequestCase, scale: number): Promise<Figure[]> {
  const changes = [...generateWeek({ seed: 3, endsAt: NOW, scale })];
  const events = eventsOf(changes);
  const far = await one.start(() => NOW);
  let clock = NOW;
  const opencti = await startOpencti({ now: () => clock, heartbeatMs: 200 });
  const folder = await Deno.makeTempDir({ prefix: "opencti-relay-bench-" });
  try {
    for (const change of changes) {
      clock = change.at;
      opencti.platform.apply(change);
    }
    clock = NOW;
    await run({
      ...platformEnv(opencti),
      CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: "no",
      CONNECTOR_LOG_LEVEL: "error",
      RELAY_STATE_PATH: `${folder}/relay.kv`,
      ...far.env,
    });
    const before = events.reduce((sum, event) => sum + one.before(event), 0);
    const ratio = far.count() / before;
    const per = (count: number) => count * 1000 / events.length;
    return [
      {
        name: `requests of ${one.name} to those of the older connector`,
        value: ratio,
        unit: "ratio",
        target: { most: 1 },
      },
      {
        name: `requests per 1,000 events, ${one.name}`,
        value: per(far.count()),
        unit: "requests",
      },
      {
        name: `requests per 1,000 events, connector before ${one.name}`,
        value: per(before),
        unit: "requests",
      },
    ];
  } finally {
    await Promise.all([opencti.stop(), far.stop()]);
    await Deno.remove(folder, { recursive: true });
  }
}

function eventsOf(changes: readonly Change[]): PlainEvent[] {
  const objects = new Map<string, StixObject>();
  return changes.flatMap((change): PlainEvent[] => {
    if (change.op === "create" || change.op === "update") {
      objects.set(internalId(change.object), change.object);
      return [{ action: change.op, object: change.object }];
    }
    const gone = change.op === "delete" ? [change.internalId] : change.sources;
    return gone.flatMap((id) => {
      const object = objects.get(id);
      objects.delete(id);
      return object === undefined ? [] : [{ action: "delete", object }];
    });
  });
}

async function run(env: Readonly<Record<string, string>>): Promise<void> {
  const err: string[] = [];
  const code = await main(["run", "--once"], {
    print: () => {},
    printError: (line) => void err.push(line),
    env: () => env,
    readTextFile: () => Promise.reject(new Deno.errors.NotFound()),
    registry: TARGETS,
    now: () => NOW,
    screen: undefined,
    onStop: () => () => {},
  });
  // 5: the week holds frames that nobody can read.
  if (code !== 0 && code !== 5) throw new Error(`exit ${code}: ${err}`);
}
