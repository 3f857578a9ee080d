import type { Endpoint, TlsOptions } from "../http/client.ts";

/** How a far side is reached, as every target's settings say it. */
export interface ReachSettings {
  /** PEM text, not a path; so are the next two. */
  readonly ca_cert?: string | undefined;
  readonly client_cert?: string | undefined;
  readonly client_key?: string | undefined;
  /** URL of a proxy instead of the general one. */
  readonly proxy?: string | undefined;
}

/**
 * TLS and proxy of an endpoint.
 *
 * @param verify False accepts any certificate, and wins over `ca_cert`.
 */
export function reachBy(
  { ca_cert, client_cert, client_key, proxy }: ReachSettings,
  verify: boolean,
): Pick<Endpoint, "tls" | "proxy"> {
  const tls: TlsOptions = {
    verify,
    ...(ca_cert === undefined || !verify ? {} : { ca: ca_cert }),
    ...(client_cert === undefined ? {} : { cert: client_cert }),
    ...(client_key === undefined ? {} : { key: client_key }),
  };
  return { tls, ...(proxy === undefined ? {} : { proxy }) };
}
