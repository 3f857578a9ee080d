import { BlockList, isIP } from "node:net";
import { ConfigError } from "../errors.ts";

/** Reads one environment variable. */
export type ReadEnvironment = (name: string) => string | undefined;

/** A proxy, its credentials taken out of the URL and percent-decoded. */
export interface Proxy {
  readonly kind: "http" | "socks";
  /** Without userinfo. */
  readonly url: URL;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** What the settings may say; `socks5h` is `socks5`: the proxy resolves. */
const KINDS: Readonly<Record<string, Proxy["kind"]>> = {
  "http:": "http",
  "https:": "http",
  "socks5:": "socks",
  "socks5h:": "socks",
};

/**
 * The proxy to reach `target` through: the configured one, else that of the
 * environment (`HTTPS_PROXY` or `HTTP_PROXY` by the target's scheme, then
 * `ALL_PROXY`, each also in lower case). `NO_PROXY` goes before all of them,
 * as it does in `fetch`.
 *
 * @throws {ConfigError} The proxy is not a URL of a known kind.
 */
export function proxyFor(
  target: URL,
  configured: string | undefined,
  readEnv: ReadEnvironment,
): Proxy | undefined {
  const ofScheme = target.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const candidates: [source: string, text: string | undefined][] = [
    ["the proxy setting", configured],
    [ofScheme, either(readEnv, ofScheme)],
    ["ALL_PROXY", either(readEnv, "ALL_PROXY")],
  ];
  const found = candidates.find(([, text]) => text?.trim());
  if (found === undefined) return undefined;
  if (isExcepted(target.hostname, either(readEnv, "NO_PROXY"))) {
    return undefined;
  }
  return parseProxy(found[1]!.trim(), found[0]);
}

function either(readEnv: ReadEnvironment, name: string): string | undefined {
  return readEnv(name) || readEnv(name.toLowerCase());
}

function parseProxy(text: string, source: string): Proxy {
  // [curl] A proxy without a scheme is an HTTP proxy.
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
    ? text
    : `http://${text}`;
  const url = URL.parse(withScheme);
  const kind = url === null ? undefined : KINDS[url.protocol];
  if (url === null || kind === undefined || url.hostname === "") {
    // The text is not shown: it may hold a password.
    throw new ConfigError(
      `Cannot use ${source}: expected http://, https:// or socks5:// with ` +
        "host and port, special characters of the password percent-encoded",
    );
  }
  const username = url.username === "" ? undefined : decode(url.username);
  const password = url.password === "" ? undefined : decode(url.password);
  url.username = "";
  url.password = "";
  return { kind, url, username, password };
}

/** A lone `%` in a password is taken as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Whether `NO_PROXY` names the host: names match themselves and everything
 * below them, `*` matches all, addresses may have a prefix length.
 */
function isExcepted(hostname: string, list: string | undefined): boolean {
  const host = hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const entries = (list ?? "").toLowerCase().split(",").map((part) =>
    part.trim()
  );
  return entries.some((entry) =>
    isIP(host) === 0 ? isNameIn(host, entry) : isAddressIn(host, entry)
  );
}

function isNameIn(host: string, entry: string): boolean {
  const domain = entry.replace(/^\./, "");
  return entry === "*" || (domain !== "" &&
    (host === domain || host.endsWith(`.${domain}`)));
}

function isAddressIn(host: string, entry: string): boolean {
  if (entry === "*" || entry === host) return true;
  const [net = "", bits] = entry.split("/");
  const version = isIP(net);
  if (version === 0 || version !== isIP(host)) return false;
  const width = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? width : Number(bits);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > width) return false;
  const family = version === 4 ? "ipv4" : "ipv6";
  const range = new BlockList();
  range.addSubnet(net, prefix, family);
  return range.check(host, family);
}
