import type { HttpSettings } from "./config.ts";
import type { Problems } from "./problems.ts";
import type { Secret } from "./secret.ts";

/** The `http` block as the schema gives it. */
interface HttpValues {
  readonly address: string;
  readonly token?: Secret | undefined;
  readonly hosts?: readonly string[] | undefined;
}

/** Host names that mean this machine alone. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/** Whether only this machine reaches an address such as "127.0.0.1:8686". */
function isLoopback(address: string): boolean {
  return LOOPBACK.test(address.replace(/:\d+$/, ""));
}

/** What others can reach must ask for a token. */
export function noteOpenAddress(
  http: HttpValues | undefined,
  problems: Problems,
): void {
  if (http === undefined || http.token !== undefined) return;
  if (isLoopback(http.address)) return;
  problems.add(
    "http.token",
    `is missing: others can reach ${http.address}. Set it (or token_file, ` +
      "RELAY_HTTP_TOKEN), or listen on 127.0.0.1",
  );
}

/** The settings of the status, read. */
export function httpSettings(
  { address, token, hosts = [] }: HttpValues,
): HttpSettings {
  return { address, hosts, ...(token === undefined ? {} : { token }) };
}
