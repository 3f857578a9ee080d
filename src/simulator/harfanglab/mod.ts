import { Faults } from "../server/faults.ts";
import { RequestLog } from "../server/request_log.ts";
import { serve } from "../server/server.ts";
import { harfanglabFault } from "./fault_bodies.ts";
import { handleHarfanglab } from "./routes.ts";
import { type HarfanglabSettings, HarfanglabStore } from "./store.ts";
import { addForeign } from "./foreign.ts";

export type { Item, RuleKind } from "./store.ts";
export { HarfanglabStore } from "./store.ts";

/** How the simulated console is set up. */
export interface HarfanglabOptions extends Partial<HarfanglabSettings> {
  /** Default 0: any free one. */
  readonly port?: number;
  /** Epoch milliseconds; default the wall clock. */
  readonly now?: () => number;
  /** Keep the bodies of requests in `requests`. Default false. */
  readonly keepBodies?: boolean;
  /** False: no lists of others beside ours. Default true. */
  readonly foreign?: boolean;
}

/** A running simulated console. */
export interface SimulatedHarfanglab {
  readonly url: string;
  readonly token: string;
  /** What it holds. */
  readonly store: HarfanglabStore;
  /** How it behaves; changes count at once. */
  readonly settings: HarfanglabSettings;
  readonly faults: Faults;
  readonly requests: RequestLog;
  stop(): Promise<void>;
}

const TOKEN = "0f2e4d6c8b0a19283746556473829100aabbccdd";

/** Starts a console on 127.0.0.1. */
export async function startHarfanglab(
  options: HarfanglabOptions = {},
): Promise<SimulatedHarfanglab> {
  const { port, now, keepBodies, foreign, ...given } = options;
  const settings: HarfanglabSettings = {
    token: TOKEN,
    readOnly: false,
    sigmaIdMode: "separate",
    nextMode: "relative",
    withGlobalState: true,
    ignoreTestingOnCreate: false,
    emptyReport: false,
    refuseSha512: false,
    engineErrors: () => [],
    ...given,
  };
  const store = new HarfanglabStore(settings, now ?? Date.now);
  if (foreign !== false) addForeign(store);
  const faults = new Faults();
  const requests = new RequestLog();
  const server = await serve({
    name: "harfanglab",
    port: port ?? 0,
    maxBodyBytes: 10 * 1_048_576,
    keepBodies: keepBodies ?? false,
    faults,
    faultAnswer: harfanglabFault,
    onRequest: (seen) => void requests.list.push(seen),
    handle: (request) => handleHarfanglab(store, request),
  });
  return {
    url: server.url,
    token: settings.token,
    store,
    settings,
    faults,
    requests,
    stop: () => server.stop(),
  };
}
