import { isAlive, phasesLine } from "../observability/liveness.ts";
import type { ServiceManager } from "../observability/systemd_notify.ts";
import type { TargetStats } from "../observability/target_stats.ts";

const STATUS_MS = 1_000;

/**
 * Tells the service manager what the targets do when that changes, and gives
 * its watchdog a sign of life while every one of them is alive.
 *
 * @param stats The targets as they are now.
 * @returns How to end it.
 */
export function watchForService(
  manager: ServiceManager,
  stats: () => readonly TargetStats[],
): () => void {
  let told = "";
  const status = setInterval(() => {
    const line = phasesLine(stats());
    if (line !== told) manager.status(line);
    told = line;
  }, STATUS_MS);
  const { watchdogMs } = manager;
  const watchdog = watchdogMs === undefined ? undefined : setInterval(() => {
    if (stats().every((target) => isAlive(target))) manager.watchdog();
  }, watchdogMs / 3);
  return () => {
    clearInterval(status);
    clearInterval(watchdog);
  };
}
