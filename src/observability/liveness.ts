import type { TargetStats } from "./target_stats.ts";

/**
 * Longer than any call of a target or the platform may take (time limits end
 * them after 5 minutes at most), and than an idle stream is silent (45 s).
 */
export const STUCK_MS = 600_000;

/**
 * Whether a target makes progress, or has a reason not to. Waiting for a far
 * side or for a person is alive; one that should work and gave no sign of life
 * for 10 minutes (nothing read, tried or settled) is stuck.
 *
 * @param now Milliseconds of `performance.now()`.
 */
export function isAlive(
  { aliveAt, phase }: TargetStats,
  now: number = performance.now(),
): boolean {
  const shouldWork = phase === "running" || phase === "starting";
  return !shouldWork || now - aliveAt < STUCK_MS;
}

/** What every target is doing, in one line. */
export function phasesLine(stats: readonly TargetStats[]): string {
  return stats.map(({ name, phase, reason }) =>
    `${name} ${phase}${reason === undefined ? "" : ` (${reason})`}`
  ).join(", ");
}
