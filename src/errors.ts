/** What every error of this program may carry beside its message. */
export interface RelayErrorOptions extends ErrorOptions {
  /** HTTP status of the answer that caused it, where there was one. */
  status?: number | undefined;
  /** At most a few kilobytes of the answer's body, secrets masked. */
  body?: string | undefined;
}

/**
 * The far side cannot be reached or is overloaded: the same call may succeed
 * later. The pipeline retries it, with backoff and without end.
 */
export class TransientError extends Error {
  override name = "TransientError";
  /** Milliseconds that the far side asked us to wait, from `Retry-After`. */
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  readonly body: string | undefined;

  constructor(
    message: string,
    options: RelayErrorOptions & { retryAfterMs?: number | undefined } = {},
  ) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
    this.body = options.body;
  }
}

/**
 * The far side refuses this one thing and will refuse it again: it goes to the
 * dead letters and the stream goes on.
 */
export class RejectedError extends Error {
  override name = "RejectedError";
  readonly status: number | undefined;
  readonly body: string | undefined;

  constructor(message: string, options: RelayErrorOptions = {}) {
    super(message, options);
    this.status = options.status;
    this.body = options.body;
  }
}

/**
 * A person must act: a setting is wrong or missing. The message says what to
 * do. Exit code 2.
 */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/**
 * A login was refused, or lacks a right, on a server that does answer. At
 * start it ends the program with exit code 3; later it pauses the target.
 */
export class LoginError extends ConfigError {
  override name = "LoginError";
  readonly status: number | undefined;

  constructor(message: string, options: RelayErrorOptions = {}) {
    super(message, options);
    this.status = options.status;
  }
}
