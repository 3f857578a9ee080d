import { type FaultAnswer, jsonAnswer } from "../server/fault_bodies.ts";

/** Messages and codes of the API, by status. */
const ERRORS: Readonly<Record<number, readonly [string, string]>> = {
  401: ["The token is invalid", "T300"],
  429: ["Too many requests", "T429"],
};

/** Body of a faulty answer, as the API gives it. */
export function sekoiaFault(status: number): FaultAnswer {
  const [message, code] = ERRORS[status] ?? [`Simulated ${status}`, "SIM"];
  return jsonAnswer({ message, code });
}
