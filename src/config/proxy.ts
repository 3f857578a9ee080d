import { BlockList, isIP, isIPv4 } from "node:net";

/** The `proxy` block: proxies of every endpoint that has none of its own. */
export interface ProxySettings {
  /** Proxy for http:// URLs; credentials allowed. */
  readonly http?: string | undefined;
  /** Proxy for https:// URLs. */
  readonly https?: string | undefined;
  /**
   * What is reached directly: a host name and all below it (`example.org`,
   * `.example.org`, `*.example.org`), an address, a network (`192.0.2.0/24`),
   * each with a port or without; `*` is everything.
   */
  readonly noProxy: readonly string[];
}

/** The proxy for a URL; undefined if it is reached directly. */
export function proxyFor(
  settings: ProxySettings,
  url: string,
): string | undefined {
  const parsed = URL.parse(url);
  if (parsed === null) return undefined;
  const isHttps = parsed.protocol === "https:";
  const proxy = isHttps ? settings.https : settings.http;
  if (proxy === undefined) return undefined;
  const host = parsed.hostname.replace(/^\[|\]$|\.$/g, "").toLowerCase();
  const port = parsed.port === "" ? (isHttps ? "443" : "80") : parsed.port;
  return settings.noProxy.some((entry) => matches(entry, host, port))
    ? undefined
    : proxy;
}

function matches(entry: string, host: string, port: string): boolean {
  const text = entry.trim().toLowerCase();
  if (text === "*") return true;
  if (text.includes("/")) return isInNetwork(host, text);
  const withPort = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(text);
  if (withPort !== null && withPort[2] !== port) return false;
  const name = (withPort?.[1] ?? text).replace(/^\[|\]$/g, "")
    .replace(/^\*?\.|\.$/g, "");
  if (name === "") return false;
  if (isIP(name) !== 0) return isSameAddress(host, name);
  return isIP(host) === 0 && (host === name || host.endsWith(`.${name}`));
}

function isSameAddress(host: string, address: string): boolean {
  return isInNetwork(host, `${address}/${isIPv4(address) ? 32 : 128}`);
}

function isInNetwork(host: string, network: string): boolean {
  const [address = "", bits = ""] = network.split("/");
  const family = isIPv4(address) ? "ipv4" : "ipv6";
  const isNetwork = isIP(address) !== 0 && /^\d{1,3}$/.test(bits) &&
    Number(bits) <= (family === "ipv4" ? 32 : 128);
  if (!isNetwork || isIP(host) === 0) return false;
  if (isIPv4(host) !== (family === "ipv4")) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family);
  return list.check(host, family);
}
