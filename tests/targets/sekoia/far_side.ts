/** Sekoia.io as the contract suite sees it. */
import {
  type SimulatedSekoia,
  startSekoia,
} from "../../../src/simulator/sekoia/mod.ts";
import { sekoia } from "../../../src/targets/sekoia/mod.ts";
import type { TargetDefinition } from "../../../src/targets/target.ts";
import type { FarSide, SetUp } from "../far_sides.ts";
import { scriptedFaults } from "../scripted_faults.ts";

/** The collection by default, filled by text imports, and with purging. */
export const SEKOIA_SET_UPS: readonly SetUp[] = [
  setUp("sekoia", {}),
  setUp("sekoia with text imports", { import_mode: "text" }),
  setUp("sekoia with purging", { delete_mode: "purge" }),
];

function setUp(name: string, settings: Record<string, unknown>): SetUp {
  return {
    name,
    definition: sekoia as TargetDefinition,
    start: (now) => startSekoiaSide(now, settings),
  };
}

async function startSekoiaSide(
  now: () => number,
  settings: Record<string, unknown>,
): Promise<FarSide> {
  const server = await startSekoia({ now });
  const { account, apiKey, collectionId, faults } = server;
  return {
    servers: { url: server.url },
    settings: {
      apikey: apiKey,
      ioc_collection_uuid: collectionId,
      max_requests_per_second: 1000,
      ...settings,
    },
    secrets: [apiKey],
    state: () => heldBy(server),
    refuseLogin: (refused) => {
      account.apiKey = refused ? "another key" : apiKey;
    },
    ...scriptedFaults(faults),
    stop: () => server.stop(),
  };
}

/** Active values of ours with what they carry, and what others have there. */
export function heldBy(server: SimulatedSekoia): unknown {
  return {
    ours: server.active()
      .map(({ value, properties }) => [value, properties] as const)
      .sort(([a], [b]) => a < b ? -1 : 1),
    foreign: server.foreign.map((
      { value, properties, revoked, modified },
    ) => ({ value, properties, revoked, modified })),
  };
}
