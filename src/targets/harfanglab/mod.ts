import type { TargetDefinition } from "../target.ts";
import {
  configSchema,
  consoleUrl,
  type HarfanglabConfig,
  seed,
} from "./config.ts";
import { HarfanglabTarget } from "./target.ts";

/** IOC rules, Sigma rules and YARA files of a HarfangLab EDR. */
export const harfanglab: TargetDefinition<HarfanglabConfig> = {
  name: "harfanglab",
  summary: "HarfangLab EDR: IOC rules, Sigma rules and YARA files",
  // One call per rule: some seconds of work at the default pace.
  maxBatch: 200,
  config: configSchema,
  seed,
  identity: ({ source_list_name, url }) =>
    `the source lists "${source_list_name}" of ${consoleUrl(url)}`,
  create: (config, services) => new HarfanglabTarget(config, services),
};
