/** One request, as a transport sends it: nothing left to decide. */
export interface TransportRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body?: string | Uint8Array<ArrayBuffer> | undefined;
  /** Ends the exchange at any time, also while the body arrives. */
  readonly signal: AbortSignal;
}

/**
 * Methods that may be sent again when a kept connection turns out dead: any
 * other may have been carried out. [RFC 9110 §9.2.2]
 */
export const IDEMPOTENT: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "PUT",
  "DELETE",
]);

/** Status line and headers of an answer; the body is still to be read. */
export interface TransportAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Decoded (gzip, br). Aborting the request's signal ends it. */
  readonly body: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/**
 * One way to make a connection. Throws whatever its library throws; words and
 * classes are made of it by `failureOf()`.
 */
export interface Transport {
  send(request: TransportRequest): Promise<TransportAnswer>;
  close(): void;
}

/**
 * The transport for an endpoint, by its configuration alone:
 *
 * | URL   | TLS              | proxy            | transport          |
 * | ----- | ---------------- | ---------------- | ------------------ |
 * | http  | any              | any              | fetch              |
 * | https | verified, no CA  | any              | fetch              |
 * | https | verified, own CA | none, http(s)    | node:https         |
 * | https | verified, own CA | socks5           | fetch              |
 * | https | not verified     | none, http(s)    | node:https         |
 * | https | not verified     | socks5           | refused            |
 *
 * `fetch` cannot leave out verification for one client. It also refuses what
 * plain `openssl req -x509` makes, even when it is given as CA: a self-signed
 * certificate with CA:TRUE, or one without subject alternative name. Whoever
 * sets a CA may well have such a certificate, so `node:https` it is. There the
 * given CA replaces the well-known ones for the server; with `fetch` it is
 * added to them.
 */
export function transportKind(
  protocol: string,
  tls: { verify: boolean; ca: boolean },
  proxy: "none" | "http" | "socks",
): "fetch" | "node" | "refused" {
  if (protocol !== "https:" || (tls.verify && !tls.ca)) return "fetch";
  if (proxy !== "socks") return "node";
  return tls.verify ? "fetch" : "refused";
}
