import { apiKeyHeader } from "../_elastic/login.ts";
import type { ThreatintelConfig } from "./config.ts";

/** The setting that holds the login, for messages. */
export function loginSetting(
  { api_key, cloud_auth }: ThreatintelConfig,
): string {
  if (api_key !== undefined) return "api_key";
  return cloud_auth === undefined ? "username" : "cloud_auth";
}

/** The header that logs in; nothing where the cluster has no security. */
export function authorizationOf(config: ThreatintelConfig): string | undefined {
  const { api_key, cloud_auth, password, username } = config;
  if (api_key !== undefined) return apiKeyHeader(api_key.reveal());
  const login = cloud_auth?.reveal() ??
    (username === undefined || password === undefined
      ? undefined
      : `${username}:${password.reveal()}`);
  // [RFC 7617] The password may hold colons, the user name none.
  return login === undefined
    ? undefined
    : `Basic ${new TextEncoder().encode(login).toBase64()}`;
}
