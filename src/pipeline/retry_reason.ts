import { ConfigError, LoginError, TransientError } from "../errors.ts";
import type { RetryReason } from "../observability/target_stats.ts";

/** What kind of trouble an error is, for a count: never its text. */
export function retryReasonOf(error: Error): RetryReason {
  if (error instanceof LoginError) return "login-refused";
  if (error instanceof ConfigError) return "misconfigured";
  const status = error instanceof TransientError ? error.status : undefined;
  return status === undefined ? "unreachable" : reasonOf(status);
}

/**
 * The same for events that a target asks to try again, by the status that its
 * reason names ("status is 503"); "event" where it names none.
 */
export function retryReasonOfText(reason: string): RetryReason {
  const status = /\bstatus is (\d{3})\b/.exec(reason)?.[1];
  return status === undefined ? "event" : reasonOf(Number(status));
}

function reasonOf(status: number): RetryReason {
  if (status === 429) return "rate-limited";
  return status === 401 || status === 403 ? "login-refused" : "server-error";
}
