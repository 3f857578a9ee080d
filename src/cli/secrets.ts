import type { RelayConfig } from "../config/load.ts";
import { Secret } from "../config/secret.ts";

/**
 * Every text that must not appear anywhere: tokens, keys and passwords of the
 * configuration, credentials in its URLs (as they are and as a proxy is sent
 * them), lines of private keys, and the access token of a KV Connect server,
 * which Deno itself reads from the environment.
 */
export function secretsOf(
  config: RelayConfig,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const found = new Set<string>([env.DENO_KV_ACCESS_TOKEN ?? ""]);
  const walk = (value: unknown): void => {
    if (value instanceof Secret) found.add(value.reveal());
    else if (typeof value === "string") {
      for (const secret of secretsInText(value)) found.add(secret);
    } else if (typeof value === "object" && value !== null) {
      Object.values(value).forEach(walk);
    }
  };
  const { opencti, http, proxy, state, targets } = config;
  walk([opencti, http, proxy, state, targets.map(({ settings }) => settings)]);
  found.delete("");
  return [...found];
}

function secretsInText(text: string): string[] {
  if (text.includes("PRIVATE KEY")) {
    return text.split(/\s+/).filter((line) =>
      /^[A-Za-z0-9+/=]{16,}$/.test(line)
    );
  }
  if (!/^\w+:\/\/[^/]*@/.test(text)) return [];
  const url = URL.parse(text);
  if (url === null || url.password === "") return [];
  const { username, password } = url;
  const plain = [username, password].map(decoded);
  return [password, plain[1] ?? "", btoa(unescape8(plain.join(":")))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** UTF-8 bytes as characters, which is what `btoa` takes. */
function unescape8(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}
