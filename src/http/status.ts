import {
  ConfigError,
  LoginError,
  RejectedError,
  TransientError,
} from "../errors.ts";
import { excerptOf, summaryOf } from "./excerpt.ts";
import { retryAfterMs } from "./retry_after.ts";

/** What an answer's status means for the caller. */
type Meaning = "transient" | "login" | "proxy-login" | "redirect" | "rejected";

/**
 * Statuses that do not follow the rule of their hundred.
 * RFC 9110 §15, RFC 6585 (429), RFC 8470 (425).
 */
// deno-fmt-ignore
const MEANINGS: Readonly<Record<number, Meaning>> = {
  301: "redirect",
  302: "redirect",
  303: "redirect",
  307: "redirect",
  308: "redirect",
  401: "login",
  403: "login",
  407: "proxy-login",
  408: "transient",  // request timeout
  425: "transient",  // too early
  429: "transient",  // too many requests
  501: "rejected",   // not implemented: it will not be tomorrow either
  505: "rejected",   // HTTP version not supported
};

/**
 * The error that stands for an answer which is not a success: the one place
 * where statuses become our errors.
 *
 * 408, 425, 429 and 5xx (but 501 and 505) are `TransientError` with the wait
 * the answer asks for; 401, 403 and 407 `LoginError`; a redirect
 * `ConfigError`, because it leads to a login page or another name of the
 * server; everything else `RejectedError`.
 *
 * @param body Its text, or the beginning of it.
 * @param what Completes "Cannot …": `import IOCs into collection "7f6c"`.
 */
export function errorOf(
  status: number,
  headers: Headers,
  body: string,
  what: string,
): TransientError | RejectedError | LoginError | ConfigError {
  const summary = summaryOf(body);
  const fact = `Cannot ${what}: status is ${status}` +
    (summary === "" ? "" : `: ${summary}`);
  const details = { status, body: excerptOf(body) };
  switch (MEANINGS[status] ?? (status >= 500 ? "transient" : "rejected")) {
    case "transient":
      return new TransientError(fact, {
        ...details,
        retryAfterMs: retryAfterMs(headers, Date.now()),
      });
    case "login":
      return new LoginError(fact, details);
    case "proxy-login":
      return new LoginError(
        `${fact}. The proxy refuses the login: set user name and password ` +
          "in the proxy's URL",
        details,
      );
    case "redirect":
      return new ConfigError(
        `Cannot ${what}: status is ${status}, a redirect to ` +
          `${hostOf(headers.get("location"))}. Set the URL to the address of ` +
          "the API itself; if it is, a proxy or login page stands before it",
      );
    case "rejected":
      return new RejectedError(fact, details);
  }
}

/** The host alone: paths and queries of redirects carry login tokens. */
function hostOf(location: string | null): string {
  if (location === null) return "nowhere";
  const url = URL.parse(location);
  return url === null ? "another path of the same host" : `"${url.origin}"`;
}
