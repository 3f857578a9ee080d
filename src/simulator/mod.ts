import { type SimulatedElastic, startElastic } from "./elastic/mod.ts";
import { type SimulatedMisp, startMisp } from "./misp/mod.ts";
import { loadRecording, startOpencti } from "./opencti/mod.ts";
import type { SimulatedOpencti } from "./opencti/mod.ts";
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
}

/** The simulated servers, ready to be connected to. */
export interface Simulator {
  readonly opencti: SimulatedOpencti;
  readonly elastic: SimulatedElastic;
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

const CONNECTOR_ID = "6e6bd6b8-4b8a-4b07-9e6c-0d6f6e9f0a11";

/** Starts a platform with intelligence in it, and every tool. */
export async function startSimulator(
  options: SimulatorOptions = {},
): Promise<Simulator> {
  const { port } = options;
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
  if (recording === undefined) {
    const running = clock;
    for (const change of generateWeek({ seed: options.seed ?? 1, endsAt })) {
      clock = () => change.at;
      opencti.platform.apply(change);
    }
    clock = running;
  }
  const elastic = await startElastic({
    now: () => clock(),
    ...(port === undefined ? {} : { port: port + 1, kibanaPort: port + 2 }),
  }).catch(async (error) => {
    await opencti.stop();
    throw error;
  });
  const misp = await startMisp({
    now: () => clock(),
    ...(port === undefined ? {} : { port: port + 3 }),
  }).catch(async (error) => {
    await Promise.all([opencti.stop(), elastic.stop()]);
    throw error;
  });
  return {
    opencti,
    elastic,
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
      MISP_URL: misp.url,
      MISP_API_KEY: misp.apiKey,
    },
    now: () => clock(),
    async stop() {
      await Promise.all([opencti.stop(), elastic.stop(), misp.stop()]);
    },
  };
}
