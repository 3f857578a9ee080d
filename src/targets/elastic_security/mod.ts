import type { TargetDefinition } from "../target.ts";
import { configSchema, type ElasticSecurityConfig, seed } from "./config.ts";
import { ElasticSecurityTarget } from "./target.ts";

/** Threat documents (ECS) and detection rules in Elastic Security. */
export const elasticSecurity: TargetDefinition<ElasticSecurityConfig> = {
  name: "elastic-security",
  summary: "Elastic Security: threat documents (ECS) and detection rules",
  // Enough to keep three bulk requests of the default size under way.
  maxBatch: 1000,
  config: configSchema,
  seed,
  create: (config, services) => new ElasticSecurityTarget(config, services),
};
