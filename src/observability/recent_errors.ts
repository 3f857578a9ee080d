/** Something that went wrong, perhaps more than once in a row. */
export interface RecentError {
  /** Milliseconds since 1970, of the last time. */
  readonly at: number;
  /** What was being done: "waiting", "paused", "dead letter", "background". */
  readonly during: string;
  readonly reason: string;
  /** How often in a row. */
  readonly times: number;
}

const MAX_ERRORS = 20;
const MAX_REASON_CHARS = 1_000;

/** The last errors of one target, newest first, in bounded memory. */
export class RecentErrors {
  #errors: RecentError[] = [];
  /** Errors since the start. */
  total = 0;

  /** The same error again is counted, not listed anew. */
  add(at: number, during: string, text: string): void {
    this.total++;
    const reason = text.length <= MAX_REASON_CHARS
      ? text
      : `${text.slice(0, MAX_REASON_CHARS).toWellFormed()}...`;
    const [newest, ...rest] = this.#errors;
    const isSame = newest?.during === during && newest.reason === reason;
    this.#errors = isSame
      ? [{ ...newest, at, times: newest.times + 1 }, ...rest]
      : [{ at, during, reason, times: 1 }, ...this.#errors]
        .slice(0, MAX_ERRORS);
  }

  /** Newest first. */
  get list(): readonly RecentError[] {
    return this.#errors;
  }
}
