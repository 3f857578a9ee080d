import type { TargetConfig } from "./config.ts";

/**
 * SSE id at which the first run of a target begins.
 *
 * @param platformNow Milliseconds since 1970 by the platform's clock.
 */
export function startOf(
  { definition, settings, stream }: TargetConfig,
  platformNow: number,
): string {
  return stream.startFrom ??
    definition.firstRunFrom?.(settings, platformNow) ?? "0-0";
}
