import { ConfigError, RejectedError } from "../errors.ts";
import type { HttpRequest } from "./client.ts";

/** An endpoint's URL, taken apart. */
export interface BaseUrl {
  /** Without userinfo, query, fragment and trailing slash. */
  readonly url: URL;
  /** `Basic` credentials that stood in the URL. */
  readonly authorization: string | undefined;
}

/**
 * Reads an endpoint's URL.
 *
 * @throws {ConfigError} It is no absolute http or https URL. The URL itself is
 *   not in the message: it may hold a password.
 */
export function parseBaseUrl(text: string): BaseUrl {
  const url = URL.parse(text.trim());
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ConfigError(
      "Cannot use the endpoint's URL: expected http:// or https:// with a " +
        "host, such as https://tool.example.org",
    );
  }
  const authorization = basicOf(url);
  url.username = "";
  url.password = "";
  url.search = "";
  url.hash = "";
  url.pathname = url.pathname.replace(/\/+$/, "");
  return { url, authorization };
}

function basicOf(url: URL): string | undefined {
  if (url.username === "" && url.password === "") return undefined;
  const pair = [url.username, url.password].map((part) =>
    part.replace(/(%[0-9a-f]{2})+/gi, decodeOrKeep)
  );
  const bytes = new TextEncoder().encode(pair.join(":"));
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

function decodeOrKeep(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * What could lead out of the place that the path names: dot segments (`..`
 * survives percent-encoding of an id), backslashes, which URLs take for
 * slashes, fragments, and what URL parsing silently drops.
 */
// deno-lint-ignore no-control-regex
const UNSAFE_PATH = /[\\#\u0000-\u0020\u007f]|(^|\/)(\.|%2e){1,2}(?=\/|\?|$)/i;

/**
 * The URL of one request below its endpoint. A path that could end up
 * somewhere else is refused: parts of it may come from received data.
 *
 * @throws {RejectedError} The path holds a dot segment, a backslash, a
 *   fragment, a space or a control character.
 */
export function requestUrl(base: URL, request: HttpRequest): URL {
  const { path, query = {} } = request;
  if (UNSAFE_PATH.test(path)) {
    throw new RejectedError(
      `Cannot ask ${base.host}: the path holds a dot segment or a character ` +
        "that does not belong there",
    );
  }
  const prefix = base.pathname.replace(/\/$/, "");
  const url = new URL(base.origin + prefix + slashed(path));
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.append(name, String(value));
  }
  return url;
}

function slashed(path: string): string {
  return path === "" || /^[/?]/.test(path) ? path : `/${path}`;
}
