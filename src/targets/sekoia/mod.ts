import type { TargetDefinition } from "../target.ts";
import { configSchema, seed, type SekoiaConfig } from "./config.ts";
import { SekoiaTarget } from "./target.ts";

/** Values in one IOC collection of Sekoia.io. */
export const sekoia: TargetDefinition<SekoiaConfig> = {
  name: "sekoia",
  summary: "Sekoia.io: values of indicators in an IOC collection",
  // As many as one request may carry, should they have all in common.
  maxBatch: 100,
  config: configSchema,
  seed,
  create: (config, services) => new SekoiaTarget(config, services),
};
