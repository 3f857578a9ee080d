import { address, extensionOf, keyword, port } from "./values.ts";

interface UrlParts {
  readonly scheme: string;
  readonly username?: string;
  readonly domain: string;
  readonly port?: number;
  readonly path?: string;
  readonly query?: string;
  readonly fragment?: string;
}

/**
 * Splits a URL without changing it: the platform's `URL` would encode, drop
 * default ports and resolve dots, and the parts would no longer be found in
 * logs. Nothing for a URL without host.
 */
function splitUrl(value: unknown): UrlParts | undefined {
  if (typeof value !== "string") return undefined;
  // [spec] RFC 3986, appendix B, with a mandatory authority.
  const match =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/is
      .exec(value);
  if (match === null) return undefined;
  const [, scheme = "", authority = "", path, query, fragment] = match;
  const at = authority.lastIndexOf("@");
  const host = /^(\[[0-9a-f:.%]+\]|[^:[\]\s]+)(?::(\d{1,5})?)?$/i
    .exec(authority.slice(at + 1));
  if (host === null) return undefined;
  const given = port(host[2]);
  const user = at < 0
    ? undefined
    : keyword(authority.slice(0, at).split(":")[0]);
  return {
    scheme: scheme.toLowerCase(),
    ...(user === undefined ? {} : { username: user }),
    domain: (host[1] ?? "").toLowerCase(),
    ...(given === undefined ? {} : { port: given }),
    ...(path ? { path } : {}),
    ...(query ? { query } : {}),
    ...(fragment ? { fragment } : {}),
  };
}

/** Reads one part of a URL; nothing where the URL cannot be split. */
export function urlPart(part: keyof UrlParts): (value: unknown) => unknown {
  return (value) => splitUrl(value)?.[part];
}

/** The file extension in a URL's path. */
export function urlExtension(value: unknown): string | undefined {
  return extensionOf(splitUrl(value)?.path);
}

/** The host of a URL where it is a name. */
export function urlHost(value: unknown): string | undefined {
  const host = splitUrl(value)?.domain;
  return host === undefined || urlAddress(value) !== undefined
    ? undefined
    : host;
}

/** The host of a URL where it is an IP address. */
export function urlAddress(value: unknown): string | undefined {
  return address(splitUrl(value)?.domain.replace(/^\[|\]$/g, ""));
}
