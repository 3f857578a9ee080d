import {
  type FaultAnswer,
  jsonAnswer,
  proxyPage,
} from "../server/fault_bodies.ts";

/** Messages of MISP itself; other statuses come from what stands before it. */
const MESSAGES: Readonly<Record<number, string>> = {
  403: "Authentication failed. Please make sure you pass the API key of an " +
    "API enabled user along in the Authorization header.",
  404: "Invalid event",
  405: "You do not have the permission to do that.",
  429: "Rate limit exceeded.",
  500: "An Internal Error Has Occurred.",
};

/** Body of a faulty answer, as MISP or the server before it gives it. */
export function mispFault(status: number): FaultAnswer {
  const message = MESSAGES[status];
  return message === undefined
    ? proxyPage(status)
    : jsonAnswer({ name: message, message, url: "/" });
}
