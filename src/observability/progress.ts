import { msOf } from "./lag.ts";
import type { Log } from "./log.ts";
import type { TargetStats } from "./target_stats.ts";

/** A terminal that shows live lines below what scrolls. */
export interface Screen {
  /** Writes text as it is. */
  write(text: string): void;
  /** Characters per line. */
  columns(): number;
}

const REDRAW_MS = 250;
const REPORT_MS = 1000;
/** Between two log lines of one target while it catches up, and after. */
const CATCHING_UP_MS = 30_000;
const SETTLED_MS = 600_000;
const BAR_CELLS = 10;
/** Catch-up counts as done this close to the newest event. */
const CAUGHT_UP_MS = 60_000;

/**
 * Shows how far each target is. On a terminal one live line per target, with
 * events, rate, position between start and end, and time left; elsewhere a log
 * line now and then while there is something to catch up.
 */
export class Progress {
  readonly #stats: readonly TargetStats[];
  readonly #screen: Screen | undefined;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #startedAt: number;
  /** What was logged last of each target. */
  readonly #reported = new Map<
    TargetStats,
    { at: number; events: number; caughtUp: boolean }
  >();
  #drawn = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    stats: readonly TargetStats[],
    { screen, log, now }: {
      screen: Screen | undefined;
      log: Log;
      now: () => number;
    },
  ) {
    this.#stats = stats;
    this.#screen = screen;
    this.#log = log;
    this.#now = now;
    this.#startedAt = now();
  }

  start(): void {
    this.#timer = this.#screen === undefined
      ? setInterval(() => this.#report(), REPORT_MS)
      : setInterval(() => this.#draw(), REDRAW_MS);
  }

  /** Leaves the last state on the screen. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#screen !== undefined) this.#draw();
    this.#drawn = 0;
  }

  /** Writes a log line above the live lines. */
  writeAbove(line: string): void {
    if (this.#drawn > 0) this.#erase();
    this.#screen?.write(line);
    if (this.#drawn > 0) this.#drawLines();
  }

  #draw(): void {
    this.#erase();
    this.#drawLines();
  }

  #erase(): void {
    if (this.#drawn > 0) this.#screen?.write(`\x1b[${this.#drawn}A\x1b[0J`);
  }

  #drawLines(): void {
    const columns = this.#screen?.columns() ?? 80;
    const lines = this.#stats.map((stats) =>
      progressLine(stats, this.#now() - this.#startedAt).slice(0, columns - 1)
    );
    this.#screen?.write(lines.map((line) => `${line}\n`).join(""));
    this.#drawn = lines.length;
  }

  #report(): void {
    const now = this.#now();
    for (const stats of this.#stats) {
      const share = shareOf(stats);
      const last = this.#reported.get(stats) ??
        { at: this.#startedAt, events: 0, caughtUp: false };
      if (share === undefined) continue;
      const caughtUp = last.caughtUp || share >= 1;
      const every = caughtUp ? SETTLED_MS : CATCHING_UP_MS;
      const isDue = now - last.at >= every && stats.events > last.events;
      if (!isDue && caughtUp === last.caughtUp) continue;
      this.#reported.set(stats, { at: now, events: stats.events, caughtUp });
      this.#log.info(caughtUp ? "caught up" : "catching up", {
        target: stats.name,
        events: stats.events,
        delivered: stats.delivered,
        skipped: stats.skippedTotal,
        deadLetters: stats.rejected + stats.malformed,
        ...(caughtUp ? {} : {
          perSecond: rateOf(stats, now - this.#startedAt),
          percent: Math.floor(share * 100),
        }),
        reached: isoOf(stats.reachedId),
      });
    }
  }
}

/** One line: name, phase, events, rate, bar, time left. */
export function progressLine(stats: TargetStats, elapsedMs: number): string {
  const rate = rateOf(stats, elapsedMs);
  const share = shareOf(stats);
  const parts = [
    stats.name.padEnd(17),
    stats.phase.padEnd(8),
    `${stats.events.toLocaleString("en-US")} events`.padStart(14),
    `${rate.toLocaleString("en-US")}/s`.padStart(8),
  ];
  if (stats.phase === "waiting" || stats.phase === "paused") {
    parts.push(stats.reason ?? "");
  } else if (share !== undefined) {
    const cells = Math.round(share * BAR_CELLS);
    parts.push(
      `[${"#".repeat(cells)}${"-".repeat(BAR_CELLS - cells)}]`,
      `${Math.floor(share * 100)}%`.padStart(4),
      share >= 1 ? "caught up" : `${timeLeft(share, elapsedMs)} left`,
    );
  }
  return parts.join(" ");
}

function rateOf(stats: TargetStats, elapsedMs: number): number {
  return elapsedMs < 1 ? 0 : Math.round(stats.events / (elapsedMs / 1000));
}

/** How much of the way from the start to the newest event is done: 0 to 1. */
function shareOf(stats: TargetStats): number | undefined {
  const start = msOf(stats.startId);
  const end = msOf(stats.newestId);
  const reached = msOf(stats.reachedId);
  if (end === undefined || reached === undefined) return undefined;
  if (reached >= end - CAUGHT_UP_MS) return reached >= end ? 1 : 0.99;
  const from = start === undefined || start === 0 ? undefined : start;
  if (from === undefined || end <= from) return undefined;
  return Math.min(0.99, Math.max(0, (reached - from) / (end - from)));
}

function isoOf(id: string | undefined): string | undefined {
  const ms = msOf(id);
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

function timeLeft(share: number, elapsedMs: number): string {
  if (share <= 0) return "--:--";
  const seconds = Math.round(elapsedMs * (1 - share) / share / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${String(minutes).padStart(2, "0")}:${
    String(seconds % 60).padStart(2, "0")
  }`;
}
