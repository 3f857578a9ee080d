import type { TargetDefinition } from "../target.ts";
import {
  configSchema,
  firstRunFrom,
  seed,
  type ThreatintelConfig,
} from "./config.ts";
import { ElasticThreatintelTarget } from "./target.ts";

/** Threat documents (ECS) or raw STIX in Elasticsearch. */
export const elasticThreatintel: TargetDefinition<ThreatintelConfig> = {
  name: "elastic-threatintel",
  summary: "Elasticsearch: threat documents (ECS) with sightings, or raw STIX",
  // Enough to keep bulk requests under way.
  maxBatch: 1000,
  config: configSchema,
  seed,
  firstRunFrom,
  create: (config, services) => new ElasticThreatintelTarget(config, services),
};
