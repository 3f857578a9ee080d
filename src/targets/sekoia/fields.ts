import type { StoredFields } from "./client.ts";
import type { Fields } from "./mapping.ts";

/**
 * True where what an indicator carries is what is wanted of it. A date that is
 * not sent is the server's to choose.
 */
export function covers(found: StoredFields | undefined, wanted: Fields) {
  if (found === undefined) return false;
  const { description, kill_chain_phases, valid_from, valid_until } = wanted;
  return found.description === description &&
    (valid_from === undefined || found.valid_from === valid_from) &&
    (valid_until === undefined || found.valid_until === valid_until) &&
    phasesOf(found) === phasesOf({ kill_chain_phases });
}

/** In an order of their own: the server's need not be ours. */
function phasesOf(
  { kill_chain_phases }: Pick<Fields, "kill_chain_phases">,
): string {
  return kill_chain_phases
    .map((phase) => `${phase.kill_chain_name} ${phase.phase_name}`)
    .sort().join("\n");
}
