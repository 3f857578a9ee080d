import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import tls from "node:tls";
import { LoginError, TransientError } from "../errors.ts";
import type { TlsOptions } from "./client.ts";
import type { Proxy } from "./proxy.ts";

/** Where a tunnel leads. */
export interface TunnelTarget {
  /** Name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Asks an HTTP or HTTPS proxy for a tunnel (RFC 9110 §9.3.6 CONNECT) and
 * returns the bare connection through it.
 *
 * The TLS options of the endpoint hold for the way to an https proxy too
 * (its CA is added to the well-known ones), but not the client certificate.
 *
 * @throws {LoginError} The proxy refuses the credentials.
 * @throws {TransientError} The proxy cannot reach the target.
 */
export function openTunnel(
  target: TunnelTarget,
  proxy: Proxy,
  options: { tls: TlsOptions; signal: AbortSignal },
): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const authority = `${bracketed(target.host)}:${target.port}`;
  const request = (proxy.url.protocol === "https:" ? https : http).request({
    ...(proxy.url.protocol === "https:" ? proxyTls(options.tls) : {}),
    host: proxy.url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(proxy.url.port) || defaultPort(proxy.url),
    method: "CONNECT",
    path: authority,
    headers: { host: authority, ...authorization(proxy) },
    agent: false,
  });
  const abort = () => request.destroy(options.signal.reason);
  options.signal.addEventListener("abort", abort, { once: true });
  request.on("connect", (answer, socket, head) => {
    const refusal = refusalOf(answer.statusCode ?? 0, proxy, head.length);
    if (refusal === undefined) return resolve(socket as Socket);
    socket.destroy();
    reject(refusal);
  });
  request.on("response", (answer) => {
    answer.destroy();
    reject(refusalOf(answer.statusCode ?? 0, proxy, 0));
  });
  request.on("error", reject);
  request.end();
  return promise.finally(() =>
    options.signal.removeEventListener("abort", abort)
  );
}

function refusalOf(
  status: number,
  proxy: Proxy,
  headBytes: number,
): Error | undefined {
  if (status === 407) {
    return new LoginError(
      "the proxy refuses the login: set user name and password in the " +
        `URL of ${proxy.url.host}`,
      { status },
    );
  }
  if (status < 200 || status > 299) {
    return new TransientError(
      `the proxy ${proxy.url.host} opens no tunnel: its status is ${status}`,
      { status },
    );
  }
  // [spec] The server speaks first in no TLS version: these are not its bytes.
  return headBytes === 0 ? undefined : new TransientError(
    `the proxy ${proxy.url.host} sends data ahead of the tunnel`,
  );
}

function authorization(proxy: Proxy): Record<string, string> {
  if (proxy.username === undefined) return {};
  const pair = `${proxy.username}:${proxy.password ?? ""}`;
  const text = String.fromCharCode(...new TextEncoder().encode(pair));
  return { "proxy-authorization": `Basic ${btoa(text)}` };
}

function proxyTls(options: TlsOptions): tls.ConnectionOptions {
  return {
    rejectUnauthorized: options.verify ?? true,
    ...(options.ca === undefined
      ? {}
      : { ca: [...tls.getCACertificates("default"), options.ca] }),
  };
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function defaultPort(url: URL): number {
  return url.protocol === "https:" ? 443 : 80;
}
