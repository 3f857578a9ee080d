import type { Faults } from "../../src/simulator/server/faults.ts";
import type { FarSide } from "./far_sides.ts";

/** The faults of a far side, by way of its simulator's script. */
export function scriptedFaults(
  faults: Faults,
): Pick<FarSide, "trouble" | "hang" | "chaos"> {
  const all = { times: Infinity };
  return {
    trouble: (trouble) => faults.next({ do: "status", ...trouble }, all).remove,
    hang: () => faults.next({ do: "hang" }, all).remove,
    chaos: (rate, seed) => {
      faults.chaos({ rate, seed });
      return () => faults.chaos(undefined);
    },
  };
}
