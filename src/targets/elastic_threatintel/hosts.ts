/** Addresses of Elasticsearch, as the former connector took them. */
import { ConfigError } from "../../errors.ts";
import {
  commaList,
  type Field,
  field,
  quoted,
  scalarText,
} from "../../config/fields.ts";

/**
 * A list of hosts, each `host`, `host:port` or a URL: http and port 9200
 * unless they say otherwise. A path needs a scheme. The result is base URLs.
 */
export function hostList(): Field<string[]> {
  return field((value) => {
    const entries = commaList().parse(value);
    if (entries.length === 0) {
      throw new ConfigError("is empty; give at least one host");
    }
    return [...new Set(entries.map(toUrl))];
  }, { type: ["array", "string"], items: { type: "string" } });
}

function toUrl(entry: string): string {
  const hasScheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(entry);
  if (!hasScheme && entry.includes("/")) {
    throw new ConfigError(
      `${quoted(entry)} has a path but no scheme; ` +
        "write it like https://host.example:9200/path",
    );
  }
  const url = URL.parse(hasScheme ? entry : `http://${entry}`);
  if (
    url === null || url.hostname === "" || /\s/.test(entry) ||
    !["http:", "https:"].includes(url.protocol)
  ) {
    throw new ConfigError(
      `${quoted(entry)} is not a host; write it like ` +
        "https://host.example:9200, or [2001:db8::1]:9200",
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new ConfigError(
      "must not hold a user name or password; use the settings for those",
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw new ConfigError(
      'must not hold a query or fragment; cut it at the "?" or "#"',
    );
  }
  // URL drops the default port of a scheme: was there one?
  const authority = entry.replace(/^[^/]*:\/\//, "").split("/")[0] ?? "";
  if (!/:\d+$/.test(authority)) url.port = "9200";
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/**
 * `cloud.id` of Elastic Cloud: `name:` and Base64 of
 * `domain[:port]$elasticsearch[:port]$kibana`. The result is the URL of
 * Elasticsearch.
 */
export function cloudId(): Field<string> {
  return field((value) => {
    const url = cloudUrl(scalarText(value));
    if (url !== undefined) return url;
    throw new ConfigError(
      "is not the id of a deployment; copy it from the Elastic Cloud console",
    );
  }, { type: "string" });
}

function cloudUrl(id: string): string | undefined {
  const [domain = "", service = ""] = decoded(id.split(":").at(-1) ?? "")
    .split("$");
  const [host = "", domainPort = "443"] = domain.split(":");
  const [name = "", port = domainPort] = service.split(":");
  const isName = (text: string) => /^[A-Za-z0-9.-]+$/.test(text);
  if (!isName(host) || !isName(name) || !/^\d{1,5}$/.test(port)) {
    return undefined;
  }
  return URL.parse(`https://${name}.${host}:${port}`)?.origin;
}

function decoded(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return "";
  }
}
