import type { SimulatedOpencti } from "../src/simulator/opencti/mod.ts";

/** Id of the connector in all tests. */
export const CONNECTOR_ID = "6e6bd6b8-4b8a-4b07-9e6c-0d6f6e9f0a11";

/** Variables that connect the program to a platform and its stream. */
export function platformEnv(
  { url, token, streamId }: Pick<
    SimulatedOpencti,
    "url" | "token" | "streamId"
  >,
): Record<string, string> {
  return {
    OPENCTI_URL: url,
    OPENCTI_TOKEN: token,
    CONNECTOR_ID,
    CONNECTOR_LIVE_STREAM_ID: streamId,
  };
}
