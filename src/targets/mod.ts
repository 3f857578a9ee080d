import { elasticSecurity } from "./elastic_security/mod.ts";
import { elasticThreatintel } from "./elastic_threatintel/mod.ts";
import { sekoia } from "./sekoia/mod.ts";
import { harfanglab } from "./harfanglab/mod.ts";
import { misp } from "./misp/mod.ts";
import type { TargetDefinition } from "./target.ts";

/** Every kind of target. A new one is a folder and a line here. */
export const TARGETS: readonly TargetDefinition[] = [
  elasticSecurity as TargetDefinition,
  elasticThreatintel as TargetDefinition,
  sekoia as TargetDefinition,
  harfanglab as TargetDefinition,
  misp as TargetDefinition,
];
