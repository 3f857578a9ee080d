import {
  type SimulatedHarfanglab,
  startHarfanglab,
} from "../../../src/simulator/harfanglab/mod.ts";
import {
  type SimulatedOpencti,
  startOpencti,
} from "../../../src/simulator/opencti/mod.ts";
import { type Run, runMain } from "../run_main.ts";
import { LIST } from "./far_side.ts";
import { platformEnv } from "../../platform_env.ts";

/** Both servers, and the program over real sockets and a real state file. */
export interface Relay extends AsyncDisposable {
  readonly opencti: SimulatedOpencti;
  readonly console: SimulatedHarfanglab;
  /** The least that the program needs. */
  readonly env: Record<string, string>;
  /** Runs a command line; `-c` finds `files` alone. */
  run(
    argv: readonly string[],
    env: Record<string, string>,
    files?: Record<string, string>,
  ): Promise<Run>;
  /** `value`, with ` off` behind it where the rule is disabled. */
  values(list?: string): string[];
}

/** Starts both servers, with the same clock. */
export async function startRelay(now: () => number): Promise<Relay> {
  const opencti = await startOpencti({ now, heartbeatMs: 20 });
  const console = await startHarfanglab({ now });
  const folder = await Deno.makeTempDir();
  return {
    opencti,
    console,
    env: {
      ...platformEnv(opencti),
      CONNECTOR_TYPE: "STREAM",
      CONNECTOR_NAME: "HarfangLab",
      CONNECTOR_SCOPE: "harfanglab",
      CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: "no",
      HARFANGLAB_INTEL_URL: console.url,
      HARFANGLAB_INTEL_TOKEN: console.token,
      HARFANGLAB_INTEL_SOURCE_LIST_NAME: LIST,
      HARFANGLAB_INTEL_RULE_MATURITY: "stable",
      HARFANGLAB_INTEL_MAX_REQUESTS_PER_SECOND: "1000",
      RELAY_STATE_PATH: `${folder}/relay.kv`,
    },
    run: (argv, env, files = {}) => runMain(argv, { env, files, now }),
    values: (list = LIST) =>
      console.store.rulesOf("IOCRule", list).map(({ value, enabled }) =>
        `${value}${enabled === true ? "" : " off"}`
      ).sort(),
    async [Symbol.asyncDispose]() {
      await Promise.all([opencti.stop(), console.stop()]);
      await Deno.remove(folder, { recursive: true });
    },
  };
}
