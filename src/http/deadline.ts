import { TransientError } from "../errors.ts";

/**
 * One exchange's end: the caller's signal, or the time limit, whichever comes
 * first. `release()` must follow, or the timer keeps running.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #abort: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @throws The reason of `outer`, as it is, if that is aborted already. */
  constructor(outer: AbortSignal | undefined, limitMs: number) {
    outer?.throwIfAborted();
    this.#outer = outer;
    this.#abort = () => this.#controller.abort(outer?.reason);
    outer?.addEventListener("abort", this.#abort, { once: true });
    this.#timer = setTimeout(() => {
      this.#controller.abort(
        new TransientError(`no complete answer within ${limitMs} ms`),
      );
    }, limitMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the caller ended it; the reason is then to be thrown as it is. */
  get isCallers(): boolean {
    return this.#outer?.aborted === true &&
      this.#controller.signal.reason === this.#outer.reason;
  }

  /** Ends the exchange from our side, such as when enough was read. */
  end(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Lifts the time limit; the caller's signal still holds. */
  lift(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  release(): void {
    this.lift();
    this.#outer?.removeEventListener("abort", this.#abort);
  }
}
