import type { Change } from "./change.ts";
import { type SimulatedElastic, startElastic } from "./elastic/mod.ts";
import { type SimulatedHarfanglab, startHarfanglab } from "./harfanglab/mod.ts";
import { type SimulatedMisp, startMisp } from "./misp/mod.ts";
import { loadRecording, startOpencti } from "./opencti/mod.ts";
import type { SimulatedOpencti } from "./opencti/mod.ts";
import { type SimulatedSekoia, startSekoia } from "./sekoia/mod.ts";
import { generateWeek } from "./week/mod.ts";

/** What to simulate. */
export interface SimulatorOptions {
  /** A recorded live stream; else a generated week. */
  readonly stream?: string | undefined;
  /** Seed of the week. Default 1. */
  readonly seed?: number;
  /** First port to listen on, the others follow. Default: free ones. */
  readonly port?: number | undefined;
  /** When the week ends. Default: now. */
  readonly endsAt?: number;
  /** The end of the week is kept back and happens at this pace. */
  readonly pulseMs?: number;
}

/** The simulated servers, ready to be connected to. */
export interface Simulator {
  readonly opencti: SimulatedOpencti;
  readonly elastic: SimulatedElastic;
  readonly sekoia: SimulatedSekoia;
  readonly harfanglab: SimulatedHarfanglab;
  readonly misp: SimulatedMisp;
  /** Environment variables that connect the program to them. */
  readonly env: Readonly<Record<string, string>>;
  /** The clock everything agrees on: that of the stream's end. */
  now(): number;
  stop(): Promise<void>;
}

/** The filter of the simulated stream; a label takes an object out of it. */
export const FILTERS = JSON.stringify({
  mode: "and",
  filters: [{
    key: ["objectLabel"],
    operator: "not_eq",
    values: ["do-not-share"],
    mode: "or",
  }],
  filterGroups: [],
});

/** Of a week that goes on, what is there at the start. */
const SHARE_AT_START = 0.8;

/** Real services want to be spared; these do not mind. */
const NO_THROTTLE = "1000";

const CONNECTOR_ID = "6e6bd6b8-4b8a-4b07-9e6c-0d6f6e9f0a11";

/** Starts a platform with intelligence in it, and every tool. */
export async function startSimulator(
  options: SimulatorOptions = {},
): Promise<Simulator> {
  const { port, pulseMs } = options;
  const startedAt = Date.now();
  let endsAt = options.endsAt ?? startedAt;
  let clock = () => endsAt + Date.now() - startedAt;
  const recording = options.stream === undefined
    ? undefined
    : await loadRecording(options.stream);
  // What a recording holds is judged as of its end, not as of today.
  if (recording?.log.lastId !== undefined) endsAt = recording.log.lastId.ms;
  const opencti = await startOpencti({
    now: () => clock(),
    filters: FILTERS,
    heartbeatMs: 200,
    ...(port === undefined ? {} : { port }),
    ...(recording === undefined ? {} : { recording }),
  });
  const week = recording === undefined
    ? [...generateWeek({ seed: options.seed ?? 1, endsAt })]
    : [];
  const later = pulseMs === undefined
    ? []
    : week.splice(Math.floor(week.length * SHARE_AT_START));
  const ticking = clock;
  for (const change of week) {
    clock = () => change.at;
    opencti.platform.apply(change);
  }
  clock = ticking;
  const running: { stop(): Promise<void> }[] = [opencti];
  /** Keeps what was started, to be stopped with the others. */
  const started = async <Server extends { stop(): Promise<void> }>(
    server: Promise<Server>,
  ) => {
    running.push(await server);
    return await server;
  };
  const stop = async () => {
    await Promise.all(running.map((server) => server.stop()));
  };
  const now = () => clock();
  /** The n-th port above the first, where one is asked for. */
  const above = (n: number) => port === undefined ? {} : { port: port + n };
  try {
    const elastic = await started(startElastic({
      now,
      ...above(1),
      ...(port === undefined ? {} : { kibanaPort: port + 2 }),
    }));
    const sekoia = await started(startSekoia({ now, ...above(3) }));
    const harfanglab = await started(startHarfanglab({ now, ...above(4) }));
    const misp = await started(startMisp({ now, ...above(5) }));
    if (pulseMs !== undefined) {
      running.push(startPulse(opencti, later, { everyMs: pulseMs, now }));
    }
    return {
      opencti,
      elastic,
      sekoia,
      harfanglab,
      misp,
      env: {
        OPENCTI_URL: opencti.url,
        OPENCTI_TOKEN: opencti.token,
        CONNECTOR_ID,
        CONNECTOR_LIVE_STREAM_ID: opencti.streamId,
        CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: "no",
        CONNECTOR_LIVE_STREAM_START_TIMESTAMP: "0",
        ELASTIC_SECURITY_URL: elastic.url,
        ELASTIC_SECURITY_API_KEY: elastic.apiKey,
        ELASTIC_SECURITY_KIBANA_URL: elastic.kibanaUrl,
        ELASTICSEARCH_HOSTS: elastic.url,
        ELASTICSEARCH_APIKEY: elastic.apiKey,
        SEKOIA_INTEL_URL: sekoia.url,
        SEKOIA_INTEL_APIKEY: sekoia.apiKey,
        SEKOIA_INTEL_IOC_COLLECTION_UUID: sekoia.collectionId,
        SEKOIA_INTEL_MAX_REQUESTS_PER_SECOND: NO_THROTTLE,
        HARFANGLAB_INTEL_URL: harfanglab.url,
        HARFANGLAB_INTEL_TOKEN: harfanglab.token,
        HARFANGLAB_INTEL_SOURCE_LIST_NAME: "from_OpenCTI",
        HARFANGLAB_INTEL_RULE_MATURITY: "stable",
        HARFANGLAB_INTEL_MAX_REQUESTS_PER_SECOND: NO_THROTTLE,
        MISP_URL: misp.url,
        MISP_API_KEY: misp.apiKey,
      },
      now,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The world goes on: what the week still holds happens now, bit by bit. */
function startPulse(
  { platform }: SimulatedOpencti,
  changes: readonly Change[],
  { everyMs, now }: { everyMs: number; now: () => number },
): { stop(): Promise<void> } {
  let next = 0;
  const timer = setInterval(() => {
    const change = changes[next++];
    if (change === undefined) clearInterval(timer);
    else platform.apply({ ...change, at: now() });
  }, everyMs);
  return {
    stop() {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}
