import { ConfigError, LoginError, TransientError } from "../errors.ts";
import type { RetryReason } from "../observability/target_stats.ts";

/** What kind of trouble an error is, for a count: never its text. */
export function retryReasonOf(error: Error): RetryReason {
  if (error instanceof LoginError) return "login-refused";
  if (error instanceof ConfigError) return "misconfigured";
  const status = error instanceof TransientError ? error.status : undefined;
  if (status === undefined) return "unreachable";
  return status === 429 ? "rate-limited" : "server-error";
}
