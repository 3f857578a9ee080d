import {
  type SimulatedElastic,
  startElastic,
} from "../../../src/simulator/elastic/mod.ts";
import {
  type OpenctiOptions,
  type SimulatedOpencti,
  startOpencti,
} from "../../../src/simulator/opencti/mod.ts";
import { type Run, runMain } from "../run_main.ts";

/** Both servers, and the program over real sockets and a real state file. */
export interface Relay extends AsyncDisposable {
  readonly opencti: SimulatedOpencti;
  readonly elastic: SimulatedElastic;
  /** The least that the program needs. */
  readonly env: Record<string, string>;
  /** Runs a command line; `-c` finds `files` alone. */
  run(
    argv: readonly string[],
    env: Record<string, string>,
    files?: Record<string, string>,
  ): Promise<Run>;
}

/** Starts both servers, with the same clock. */
export async function startRelay(
  now: () => number,
  options: OpenctiOptions = {},
): Promise<Relay> {
  const opencti = await startOpencti({ now, heartbeatMs: 20, ...options });
  // The stream "live", which is the default, is for those who may do all.
  opencti.platform.user.capabilities.push("BYPASS");
  const elastic = await startElastic({ now, basic: "elastic:s3cr:et" });
  const folder = await Deno.makeTempDir();
  return {
    opencti,
    elastic,
    env: {
      OPENCTI_URL: opencti.url,
      OPENCTI_TOKEN: opencti.token,
      CONNECTOR_ID: "6e6bd6b8-4b8a-4b07-9e6c-0d6f6e9f0a11",
      ELASTICSEARCH_HOSTS: elastic.url,
      ELASTICSEARCH_APIKEY: elastic.apiKey,
      ELASTIC_IMPORT_FROM_DATE: "2026-01-01",
      RELAY_STATE_PATH: `${folder}/relay.kv`,
    },
    run: (argv, env, files = {}) => runMain(argv, { env, files, now }),
    async [Symbol.asyncDispose]() {
      await Promise.all([opencti.stop(), elastic.stop()]);
      await Deno.remove(folder, { recursive: true });
    },
  };
}
