import type { TargetDefinition } from "../target.ts";
import { configSchema, type MispConfig, seed } from "./config.ts";
import { MispTarget } from "./target.ts";

/** Containers as events of MISP. */
export const misp: TargetDefinition<MispConfig> = {
  name: "misp",
  summary: "MISP: reports, groupings and cases as events",
  // Changes of one container that are taken together cost one reading of it;
  // a batch of new containers must not take all too long to be saved.
  maxBatch: 500,
  followsContents: true,
  config: configSchema,
  seed,
  identity: ({ url }) => `the MISP at ${url}`,
  create: (config, services) => new MispTarget(config, services),
};
