/** What counts of a position here: see `Position` of `opencti/`. */
interface Resume {
  readonly from: string;
  readonly recoverUntil?: string;
}

/** Milliseconds since 1970 of an SSE id; `undefined` for what is none. */
export function msOf(id: string | undefined): number | undefined {
  const ms = Number(id?.split("-")[0]);
  return id === undefined || id === "" || !Number.isFinite(ms) ? undefined : ms;
}

/**
 * How far a target is behind its stream. What counts is what is settled, not
 * what was read: while anything is under way, the newest id that was settled
 * before it; else the newest id that was read, heartbeats included, which is
 * why an idle stream has no lag.
 *
 * Unknown while a recovery from the platform's database is under way, whose
 * ids are in no order, and before anything was reached.
 */
export class Lag {
  /** The newest id up to which nothing is open. */
  #settledMs: number | undefined;
  #reachedId: string | undefined;
  #recovering = false;
  /** Events that were read and are not settled. */
  #open = 0;

  /** Reading begins, or begins again; what was open comes again. */
  begin(position: Resume): void {
    this.#open = 0;
    this.#follow(position);
    const ms = msOf(position.from);
    this.#settledMs = this.#recovering || ms === 0 ? undefined : ms;
  }

  /** A frame with this id was read. */
  reached(id: string): void {
    this.#reachedId = id;
    if (this.#open === 0) this.#settleTo(id);
  }

  /** An event was read that must be settled. */
  opened(): void {
    this.#open++;
  }

  /**
   * Events are settled.
   *
   * @param lastId The newest of them, where there is any.
   */
  settled(
    count: number,
    lastId: string | undefined,
    position: Resume,
  ): void {
    this.#open = Math.max(0, this.#open - count);
    this.#follow(position);
    this.#settleTo(this.#open === 0 ? this.#reachedId ?? lastId : lastId);
  }

  /** A recovery begins: what is reached says nothing until it is over. */
  recovers(): void {
    this.#recovering = true;
    this.#settledMs = undefined;
  }

  get isRecovering(): boolean {
    return this.#recovering;
  }

  /** Milliseconds since 1970 up to which the target has everything. */
  get settledMs(): number | undefined {
    return this.#settledMs;
  }

  /** @param platformNow The platform's clock, milliseconds since 1970. */
  seconds(platformNow: number | undefined): number | undefined {
    if (platformNow === undefined || this.#settledMs === undefined) return;
    return Math.max(0, platformNow - this.#settledMs) / 1000;
  }

  #follow({ recoverUntil }: Resume): void {
    if (recoverUntil !== undefined) this.recovers();
    else this.#recovering = false;
  }

  #settleTo(id: string | undefined): void {
    if (!this.#recovering) this.#settledMs = msOf(id) ?? this.#settledMs;
  }
}
