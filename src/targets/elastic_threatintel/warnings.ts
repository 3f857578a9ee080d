import type { Log } from "../../observability/log.ts";
import { sightingConfidence, type ThreatintelConfig } from "./config.ts";

/** Warns of what is odd in the settings, and not wrong. */
export function warnOfSettings(config: ThreatintelConfig, log: Log): void {
  const { cloud_id, hosts, confidence_level, username, password } = config;
  if (cloud_id !== undefined && hosts.join() !== "http://localhost:9200") {
    log.warn("hosts are not used, because cloud.id is set");
  }
  if ((username === undefined) !== (password === undefined)) {
    log.warn("a user name and a password count only together");
  }
  const { value, isOldScale } = sightingConfidence(confidence_level);
  if (isOldScale) {
    log.warn(
      "confidence_level 1 to 4 is the old scale: write the new number",
      { old: confidence_level, new: value },
    );
  }
}
