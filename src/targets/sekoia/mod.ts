import type { TargetDefinition } from "../target.ts";
import {
  configSchema,
  resourceUrl,
  seed,
  type SekoiaConfig,
} from "./config.ts";
import { SekoiaTarget } from "./target.ts";

/** Values in one IOC collection of Sekoia.io. */
export const sekoia: TargetDefinition<SekoiaConfig> = {
  name: "sekoia",
  summary: "Sekoia.io: values of indicators in an IOC collection",
  // As many as one request may carry, should they have all in common.
  maxBatch: 100,
  config: configSchema,
  seed,
  identity: ({ ioc_collection_name, ioc_collection_uuid, url }) =>
    `the IOC collection "${ioc_collection_uuid ?? ioc_collection_name}" of ` +
    resourceUrl(url),
  create: (config, services) => new SekoiaTarget(config, services),
};
