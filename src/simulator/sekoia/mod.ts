import { Faults } from "../server/faults.ts";
import { RequestLog } from "../server/request_log.ts";
import { serve } from "../server/server.ts";
import { type Account, handle } from "./api.ts";
import { sekoiaFault } from "./fault_bodies.ts";
import {
  type Settings,
  Store,
  type StoredCollection,
  type StoredIndicator,
} from "./store.ts";

export type { FaultAction } from "../server/faults.ts";
export type { Settings, StoredIndicator } from "./store.ts";

/** How the simulated Intelligence Center is set up. */
export interface SekoiaOptions {
  /** Default 0: any free one. */
  readonly port?: number;
  /** Milliseconds since 1970; default the wall clock. */
  readonly now?: () => number;
  /** Before `/v2/inthreat`, such as `/api`. Default none. */
  readonly basePath?: string;
  /** Differences from the usual behaviour. */
  readonly settings?: Partial<Settings>;
  /** False: there is no collection yet. Default true. */
  readonly withCollection?: boolean;
  /**
   * Puts values of others into the collection, look-alikes among them:
   * `notevil.com`, `https://evil.com/x`, `11.2.3.45`. Default true.
   */
  readonly withForeign?: boolean;
}

/** A running simulated Intelligence Center. */
export interface SimulatedSekoia {
  /** As a user writes it: the root of the API. */
  readonly url: string;
  readonly apiKey: string;
  /** Of the collection it starts with; empty where there is none. */
  readonly collectionId: string;
  readonly account: Account;
  readonly store: Store;
  readonly settings: Settings;
  readonly faults: Faults;
  readonly requests: RequestLog;
  /** What others put in, which nobody may touch. */
  readonly foreign: readonly StoredIndicator[];
  collection(id?: string): StoredCollection;
  /** What is in a collection and not of others, revoked ones too. */
  ours(id?: string): StoredIndicator[];
  /** Of these, those not revoked. */
  active(id?: string): StoredIndicator[];
  stop(): Promise<void>;
}

const API_KEY = "simulated-sekoia-key";

/** What an analyst put there by hand. */
const FOREIGN_VALUES = [
  "evil.com",
  "notevil.com",
  "https://evil.com/x",
  "11.2.3.45",
  "d41d8cd98f00b204e9800998ecf8427e",
  "spam@notevil.com",
];

/** Starts the server on 127.0.0.1. */
export async function startSekoia(
  options: SekoiaOptions = {},
): Promise<SimulatedSekoia> {
  const { basePath = "", withCollection = true, withForeign = true } = options;
  const store = new Store(options.now ?? Date.now);
  Object.assign(store.settings, options.settings);
  const account = { apiKey: API_KEY, canView: true, canManage: true };
  const faults = new Faults();
  const requests = new RequestLog();
  const first = withCollection
    ? store.createCollection({ name: "OpenCTI production" })
    : undefined;
  const foreign = first !== undefined && withForeign
    ? FOREIGN_VALUES.flatMap((value) =>
      store.add(first, value, { description: "set by an analyst" }) ?? []
    )
    : [];
  const server = await serve({
    name: "sekoia",
    port: options.port ?? 0,
    maxBodyBytes: 100 * 1_048_576,
    keepBodies: true,
    faults,
    faultAnswer: sekoiaFault,
    onRequest: (seen) => void requests.list.push(seen),
    handle: (request) => handle(store, account, request, basePath),
  });
  const collection = (id = first?.id ?? "") => {
    const found = store.collections.get(id);
    if (found === undefined) throw new Error(`there is no collection "${id}"`);
    return found;
  };
  const ours = (id?: string) =>
    [...collection(id).indicators.values()]
      .filter((indicator) => !foreign.includes(indicator));
  return {
    url: server.url + basePath,
    apiKey: API_KEY,
    collectionId: first?.id ?? "",
    account,
    store,
    settings: store.settings,
    faults,
    requests,
    foreign,
    collection,
    ours,
    active: (id) => ours(id).filter(({ revoked }) => !revoked),
    stop: () => server.stop(),
  };
}
