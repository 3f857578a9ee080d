import {
  type DeadLetterStatus,
  deadLetterStatus,
  type RelayStatus,
  type StatusRecord,
  targetStatus,
  toRecord,
} from "../observability/status.ts";
import type { TargetStats } from "../observability/target_stats.ts";
import { SAMPLE_MS } from "../observability/series.ts";
import type { DeadLetterReader } from "../state/dead_letter.ts";

/** What a monitor needs of the state of one target. */
export interface MonitorStore {
  readonly deadLetters: Pick<DeadLetterReader, "count" | "newest">;
  /** Keeps the counts, for those who read the state later. */
  save(record: StatusRecord): Promise<void>;
}

/** Where a monitor looks. */
export interface MonitorOptions {
  readonly version: string;
  /** Milliseconds since 1970. */
  now(): number;
  store(target: string): MonitorStore;
}

const NEWEST_LETTERS = 20;

/**
 * Watches the targets: takes a sample every 5 s, keeps the counts in the
 * state, and puts together what `/status` answers.
 */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #startedAt: number;
  #stats: readonly TargetStats[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #saving: Promise<void> = Promise.resolve();
  /** What was kept last of each target, to keep nothing twice. */
  readonly #kept = new Map<string, string>();

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** Whom to watch from now on. */
  watch(stats: readonly TargetStats[]): void {
    this.#stats = stats;
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), SAMPLE_MS);
  }

  /** Keeps the counts a last time. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#saving;
    await this.#save(true);
  }

  async status(): Promise<RelayStatus> {
    const { now, version } = this.#options;
    return {
      version,
      startedAt: new Date(this.#startedAt).toISOString(),
      now: new Date(now()).toISOString(),
      targets: await Promise.all(
        this.#stats.map(async (stats) =>
          targetStatus(stats, now(), await this.#deadLetters(stats))
        ),
      ),
    };
  }

  #tick(): void {
    for (const stats of this.#stats) stats.sample();
    this.#saving = this.#saving.then(() => this.#save());
  }

  /** That it cannot be kept disturbs nothing: the pipeline says what is wrong. */
  async #save(isLast = false): Promise<void> {
    const now = this.#options.now();
    for (const stats of this.#stats) {
      // A start that fails leaves no trace in the state.
      const isNew = !this.#kept.has(stats.name);
      if (isNew && isLast && stats.checkpoint === undefined) continue;
      const status = targetStatus(stats, now);
      const { checkpointAgeSeconds: _, lagSeconds: _lag, ...rest } = status;
      const text = JSON.stringify({ ...rest, series: [] });
      if (this.#kept.get(stats.name) === text) continue;
      this.#kept.set(stats.name, text);
      await this.#options.store(stats.name).save(toRecord(status, now))
        .catch(() => this.#kept.delete(stats.name));
    }
  }

  async #deadLetters(
    { mask, name }: TargetStats,
  ): Promise<DeadLetterStatus | undefined> {
    const { deadLetters } = this.#options.store(name);
    try {
      const held = await deadLetters.count();
      const newest = held === 0 ? [] : await deadLetters.newest(NEWEST_LETTERS);
      return deadLetterStatus(
        held,
        newest.map((letter) => ({ ...letter, reason: mask(letter.reason) })),
      );
    } catch {
      return undefined;
    }
  }
}
