/** A simulated platform and a MISP, and the real program between them. */
import { generateWeek } from "../../src/simulator/week/mod.ts";
import {
  type MispOptions,
  type SimulatedMisp,
  startMisp,
} from "../../src/simulator/misp/mod.ts";
import {
  loadRecording,
  type SimulatedOpencti,
  startOpencti,
} from "../../src/simulator/opencti/mod.ts";
import { FILTERS } from "../../src/simulator/mod.ts";
import { openState } from "../../src/state/open_state.ts";
import { NOW, RECORDING } from "./recording.ts";
import { platformEnv } from "../platform_env.ts";

/** Both sides and a folder for the state. */
export interface MispWorld {
  readonly opencti: SimulatedOpencti;
  readonly misp: SimulatedMisp;
  readonly folder: string;
  /** Variables that connect the program to them; no recovery. */
  readonly env: Readonly<Record<string, string>>;
  /** The position is forgotten, all else is kept: everything comes again. */
  rewind(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What the platform holds: the recording, a generated week, or nothing. */
export type Content = "recording" | "week" | "nothing";

/** Starts both sides on loopback; the platform's clock goes on from NOW. */
export async function startMispWorld(
  content: Content,
  options: MispOptions = {},
): Promise<MispWorld> {
  const folder = await Deno.makeTempDir({ prefix: "relay-misp-" });
  const now = () => NOW;
  const misp = await startMisp({ now, ...options });
  const started = performance.now();
  const opencti = await startOpencti({
    // Heartbeats must be later than the links that the program writes.
    now: () => NOW + Math.ceil(performance.now() - started),
    filters: FILTERS,
    heartbeatMs: 25,
    ...(content === "recording"
      ? { recording: await loadRecording(RECORDING) }
      : {}),
  });
  if (content === "week") {
    const week = generateWeek({ seed: 5, endsAt: NOW - 60_000, scale: 0.15 });
    for (const change of week) opencti.platform.apply(change);
  }
  const env = {
    ...platformEnv(opencti),
    CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: "no",
    CONNECTOR_LOG_LEVEL: "error",
    RELAY_STATE_PATH: `${folder}/relay.kv`,
    MISP_URL: misp.url,
    MISP_API_KEY: misp.apiKey,
  };
  return {
    opencti,
    misp,
    folder,
    env,
    async rewind() {
      const state = await openState(env.RELAY_STATE_PATH);
      await state.target("misp").checkpoint.clear();
      await state.close();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([opencti.stop(), misp.stop()]);
      await Deno.remove(folder, { recursive: true });
    },
  };
}
