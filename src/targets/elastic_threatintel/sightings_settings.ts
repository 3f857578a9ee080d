import { sightingConfidence, type ThreatintelConfig } from "./config.ts";
import type { SightingsSettings } from "./sightings_options.ts";

/**
 * What the configuration says about sightings.
 *
 * @param pattern Pattern of the indices that hold our documents.
 */
export function toSightingsSettings(
  config: ThreatintelConfig,
  pattern: string,
): SightingsSettings {
  return {
    intervalMs: config.query_interval,
    lookbackMs: config.lookback_interval,
    alertIndex: config.signal_index,
    query: config.signal_query,
    place: {
      name: config.entity_name,
      description: config.entity_description,
    },
    confidence: sightingConfidence(config.confidence_level).value,
    tlp: config.sightings_tlp,
    feedName: "OpenCTI",
    ownIndices: [pattern],
  };
}
