import { elasticSecurity } from "./elastic_security/mod.ts";
import type { TargetDefinition } from "./target.ts";

/** Every kind of target. A new one is a folder and a line here. */
export const TARGETS: readonly TargetDefinition[] = [
  elasticSecurity as TargetDefinition,
];
