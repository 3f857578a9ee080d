import { get } from "node:http";
import type { HttpSettings } from "../config/config.ts";
import type { RelayStatus } from "../observability/status.ts";

/** Time a running program has to answer. */
const LIVE_MS = 3_000;
const MAX_CHARS = 64 * 1024 * 1024;

/**
 * The status of the running program; undefined if none answers as it should.
 * Asked directly, never by way of a proxy: the token is for this program.
 */
export async function askRunning(
  { address, token }: HttpSettings,
): Promise<RelayStatus | undefined> {
  const reachable = address.replace(/^0\.0\.0\.0:/, "127.0.0.1:")
    .replace(/^\[::\]:/, "[::1]:");
  try {
    const text = await read(
      `http://${reachable}/status`,
      token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` },
    );
    const status = JSON.parse(text);
    return Array.isArray(status?.targets) ? status : undefined;
  } catch {
    return undefined;
  }
}

/** `node:http`, since `fetch` would follow the proxies of the environment. */
function read(url: string, headers: Record<string, string>): Promise<string> {
  const signal = AbortSignal.timeout(LIVE_MS);
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, signal, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text += part;
        if (text.length > MAX_CHARS) request.destroy(new Error("too long"));
      });
      answer.on("error", reject);
      answer.on(
        "end",
        () =>
          answer.statusCode === 200
            ? resolve(text)
            : reject(new Error(`status ${answer.statusCode}`)),
      );
    });
    request.on("error", reject);
  });
}
