/** How the checks of every target are told. */
import {
  ConfigError,
  LoginError,
  RejectedError,
  TransientError,
} from "../errors.ts";
import type { CheckResult } from "./target.ts";

/** Something is as it should be. */
export function ok(subject: string, detail: string): CheckResult {
  return { subject, status: "ok", detail };
}

/** Something is not, and what a person should do about it. */
export function failed(
  subject: string,
  detail: string,
  remedy: string,
): CheckResult {
  return { subject, status: "failed", detail, remedy };
}

/**
 * An error of ours as a failed check; others are bugs.
 *
 * @param login What holds the login, in words for the remedy: "api_key".
 */
export async function outcome(
  subject: string,
  login: string,
  run: () => Promise<CheckResult>,
): Promise<CheckResult> {
  try {
    return await run();
  } catch (error) {
    const remedy = remedyFor(error, login);
    if (remedy === undefined) throw error;
    return failed(subject, (error as Error).message, remedy);
  }
}

function remedyFor(error: unknown, login: string): string | undefined {
  if (error instanceof LoginError) return `correct ${login} or its rights`;
  if (error instanceof ConfigError) return "correct the setting that is named";
  if (error instanceof TransientError) {
    return "check the address, network and server";
  }
  if (error instanceof RejectedError) return "check the version of the server";
  return undefined;
}
