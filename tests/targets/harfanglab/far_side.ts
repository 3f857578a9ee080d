/** A simulated HarfangLab for the contract. */
import {
  type HarfanglabStore,
  type Item,
  type RuleKind,
  startHarfanglab,
} from "../../../src/simulator/harfanglab/mod.ts";
import type { FarSide } from "../far_sides.ts";
import { scriptedFaults } from "../scripted_faults.ts";

/** Name of our lists. */
export const LIST = "from_OpenCTI";

/** Starts one; requests go as fast as they can. */
export async function startHarfanglabSide(
  now: () => number,
  settings: Record<string, unknown>,
): Promise<FarSide> {
  const harfanglab = await startHarfanglab({ now });
  const { faults, store, token } = harfanglab;
  return {
    servers: { url: harfanglab.url },
    settings: { ...settings, token, max_requests_per_second: 1000 },
    secrets: [token],
    state: () => stateOf(store),
    refuseLogin: (refused) => {
      harfanglab.settings.token = refused ? "another" : token;
    },
    ...scriptedFaults(faults),
    stop: () => harfanglab.stop(),
  };
}

/** Every rule of ours, without what differs from run to run. */
export function stateOf(store: HarfanglabStore): unknown {
  return (["IOCRule", "SigmaRule", "YaraFile"] as const).map((kind) =>
    store.rulesOf(kind, LIST).map((rule) => lasting(kind, rule))
      .sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
  );
}

/** Ids and times are the console's own. */
function lasting(kind: RuleKind, rule: Item): Record<string, unknown> {
  const { id, source, source_id, creation_date, last_update, ...rest } = rule;
  void [id, source, source_id, creation_date, last_update];
  if (kind === "YaraFile") rest.id = id;
  // Nobody asks for a rule that is disabled: for whom it was is no matter.
  if (rest.enabled === false) {
    for (const name of ["comment", "description", "references"]) {
      delete rest[name];
    }
  }
  return rest;
}
