import { TransientError } from "../errors.ts";
import type { AnyTask } from "./task.ts";

/** One task that waits to be done. */
export interface TaskRequest {
  readonly task: AnyTask;
  readonly args: unknown;
  /** Aborted when whoever asked has gone. */
  readonly signal: AbortSignal;
  /** Does the work and tells whoever asked; never rejects. */
  answer(work: () => Promise<unknown>): Promise<void>;
}

/**
 * Where tasks for one target are handed in. They are done one after the other
 * by whoever reads the target's stream, once it stands still.
 */
export class TaskDesk {
  readonly #waiting: TaskRequest[] = [];
  readonly #refusals: ((reason: unknown) => void)[] = [];
  #bell = new AbortController();
  #isClosed = false;

  /** Aborted while anything waits. */
  get bell(): AbortSignal {
    return this.#bell.signal;
  }

  /**
   * Asks for a task; settles as the task does.
   *
   * @throws {TransientError} The program is ending.
   */
  ask(task: AnyTask, args: unknown, signal: AbortSignal): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(ending(task));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.push({
      task,
      args,
      signal,
      answer: (work) => work().then(resolve, reject),
    });
    this.#refusals.push(reject);
    this.#bell.abort();
    return promise;
  }

  /** The next task, which must then be answered. */
  take(): TaskRequest | undefined {
    const request = this.#waiting.shift();
    this.#refusals.shift();
    if (this.#waiting.length === 0 && this.bell.aborted && !this.#isClosed) {
      this.#bell = new AbortController();
    }
    return request;
  }

  /** Nothing is done any more: what waits is refused, and what comes. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.splice(0).forEach(({ task }, index) =>
      this.#refusals[index]?.(ending(task))
    );
    this.#refusals.length = 0;
  }
}

/** What whoever asked for a task is told when the program ends. */
export function ending({ name }: AnyTask): TransientError {
  return new TransientError(
    `Cannot do "${name}": the running program is ending; try again`,
  );
}
