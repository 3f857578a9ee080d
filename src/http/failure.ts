import {
  ConfigError,
  LoginError,
  RejectedError,
  TransientError,
} from "../errors.ts";
import { escaped } from "./excerpt.ts";

type Meaning = "transient" | "config" | "login";
type Row = readonly [pattern: RegExp, meaning: Meaning, words: string];

/**
 * How connections fail, by code (`node:https`) or text (`fetch`, which gives
 * no codes). The first row that matches wins. Waiting cures no certificate, so
 * those are for a person.
 */
// deno-fmt-ignore
const ROWS: readonly Row[] = [
  [/proxy authentication required/i, "login",
    "the proxy refuses the login: set user name and password in the proxy's URL"],
  [/unsuccessful tunnel|while tunnel|proxy headers|CONNECT/, "transient",
    "the proxy opens no tunnel"],
  [/socks/i, "transient", "the SOCKS proxy makes no connection"],
  [/certificate not valid for name|NotValidForName|ALTNAME_INVALID|HOSTNAME_MISMATCH/, "config",
    "the server's certificate is for another host name: use a name it holds in the URL, or set verify to false"],
  [/certificate expired|CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|not valid yet/, "config",
    "the server's certificate is out of its time: renew it, correct the clock, or set verify to false"],
  [/CaUsedAsEndEntity/, "config",
    "the server's certificate is self-signed: set ca_cert to it, or set verify to false"],
  [/fatal alert: \S*(Certificate|UnknownCA|AccessDenied)|ALERT_\S*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/, "config",
    "the server does not accept our client certificate: set client certificate and key"],
  [/peer certificate|UNABLE_TO_|SELF_SIGNED|CERT_|certificate/, "config",
    "the server's certificate is not trusted, or out of its time: set ca_cert to the CA that signed it, or set verify to false"],
  [/HandshakeFailure|ProtocolVersion|InsufficientSecurity|peer is incompatible/, "config",
    "the server offers no TLS version or cipher of today: TLS 1.2 with ECDHE is the least"],
  [/InvalidContentType|corrupt message|wrong version number|WRONG_VERSION/, "config",
    "the server does not speak TLS at this port: use http:// or another port"],
  [/Requests to port \d+/, "config",
    "this port is not allowed for HTTP (port blocking of the Fetch standard)"],
  [/NotCapable/, "config",
    "the program lacks the permission: start it with --allow-net for this host"],
  [/dns error|ENOTFOUND|EAI_|lookup address/, "transient",
    "the host name cannot be resolved"],
  [/ECONNREFUSED|[Cc]onnection refused/, "transient", "the connection is refused"],
  [/ETIMEDOUT|timed out/, "transient", "the connection timed out"],
  [/EHOSTUNREACH|ENETUNREACH|unreachable|No route/, "transient", "the host is unreachable"],
  [/ECONNRESET|EPIPE|reset|broken pipe|closed|eof|error reading a body|aborted|hang up/i, "transient",
    "the connection was cut"],
];

/**
 * The error that stands for an exchange which failed below HTTP.
 *
 * The thrown error is not kept as `cause`: its text holds the whole URL.
 *
 * @param what Completes "Cannot …".
 */
export function failureOf(error: unknown, what: string): Error {
  if (isOurs(error)) return renamed(error, what);
  const detail = detailOf(error);
  const row = ROWS.find(([pattern]) => pattern.test(detail));
  const words = row?.[2] ?? "the connection failed";
  const message = `Cannot ${what}: ${words} (${detail})`;
  if (row?.[1] === "config") return new ConfigError(message);
  if (row?.[1] === "login") return new LoginError(message);
  return new TransientError(message);
}

function isOurs(
  error: unknown,
): error is TransientError | RejectedError | ConfigError {
  return error instanceof TransientError || error instanceof RejectedError ||
    error instanceof ConfigError;
}

/** A transport knows the fact, not what the request was. */
function renamed(
  error: TransientError | RejectedError | ConfigError,
  what: string,
): Error {
  const message = `Cannot ${what}: ${error.message}`;
  if (error instanceof LoginError) return new LoginError(message, error);
  if (error instanceof ConfigError) return new ConfigError(message);
  return error instanceof RejectedError
    ? new RejectedError(message, error)
    : new TransientError(message, error);
}

/** Code and text of an error and its causes, without URLs. */
function detailOf(error: unknown): string {
  const parts: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 4; depth++) {
    const code = (at as NodeJS.ErrnoException).code;
    const name = at.name === "NotCapable" ? at.name : undefined;
    parts.push(
      ...[name, code, at.message].filter((part) =>
        typeof part === "string" && part !== "" && part !== "fetch failed"
      ) as string[],
    );
    at = at.cause;
  }
  // "error sending request … for url (…): client error (Connect): the fact"
  const text = parts.join(" ").replace(/^.*?client error \(\w+\): /s, "")
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s)"]*/gi, "…");
  return escaped(text === "" ? "no detail" : text).slice(0, 300);
}
