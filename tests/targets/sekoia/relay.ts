import {
  type SimulatedOpencti,
  startOpencti,
} from "../../../src/simulator/opencti/mod.ts";
import {
  type SimulatedSekoia,
  startSekoia,
} from "../../../src/simulator/sekoia/mod.ts";
import { type Run, runMain } from "../run_main.ts";
import { platformEnv } from "../../platform_env.ts";

/** Both servers, and the program over real sockets and a real state file. */
export interface Relay {
  readonly opencti: SimulatedOpencti;
  readonly sekoia: SimulatedSekoia;
  /** The least that the program needs. */
  readonly env: Record<string, string>;
  readonly clock: { at: number };
  run(
    argv: readonly string[],
    env?: Record<string, string>,
    files?: Record<string, string>,
  ): Promise<Run>;
}

/** Runs a test with both servers, which share a clock. */
export async function withRelay(
  at: number,
  test: (relay: Relay) => Promise<void>,
): Promise<void> {
  const clock = { at };
  const now = () => clock.at;
  const opencti = await startOpencti({ now, heartbeatMs: 20 });
  const sekoia = await startSekoia({ now });
  const folder = await Deno.makeTempDir();
  const env = {
    ...platformEnv(opencti),
    SEKOIA_INTEL_URL: sekoia.url,
    SEKOIA_INTEL_APIKEY: sekoia.apiKey,
    SEKOIA_INTEL_IOC_COLLECTION_UUID: sekoia.collectionId,
    SEKOIA_INTEL_MAX_REQUESTS_PER_SECOND: "1000",
    RELAY_STATE_PATH: `${folder}/relay.kv`,
  };
  try {
    await test({
      opencti,
      sekoia,
      env,
      clock,
      run: (argv, own = env, files = {}) =>
        runMain(argv, { env: own, files, now }),
    });
  } finally {
    await Promise.all([opencti.stop(), sekoia.stop()]);
    await Deno.remove(folder, { recursive: true });
  }
}
