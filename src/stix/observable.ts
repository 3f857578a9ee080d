import { hashAlgorithm } from "./hash_algorithm.ts";
import { isRecord } from "./object.ts";
import { toStixType } from "./observable_type.ts";

export { hashAlgorithm } from "./hash_algorithm.ts";
export {
  isObservableType,
  OBSERVABLE_TYPES,
  toStixType,
} from "./observable_type.ts";

/**
 * A STIX cyber-observable, or the part of one that a pattern names, under
 * STIX's own property names, so that one function maps both. Values keep their
 * spelling. From a pattern come (`?` may be absent):
 *
 * - `ipv4-addr`, `ipv6-addr` (CIDR included), `domain-name`, `hostname`, `url`,
 *   `email-addr`, `mac-addr`, `user-agent`, `text`, `cryptocurrency-wallet`,
 *   `cryptographic-key`, `phone-number`: `value`. Addresses and names that come
 *   from network traffic: `dst_port?`, `src_port?` too
 * - `file`: `hashes?`, `name?`, `size?`, `mime_type?` and, as it was given,
 *   `"parent_directory_ref.path"?` (the SCO's property would be an id)
 * - `artifact`: `hashes`
 * - `windows-registry-key`: `key?`, `values?` `[{name?, data?, data_type?}]`
 * - `x509-certificate`: `serial_number?`, `issuer?`, `subject?`, `hashes?`
 * - `autonomous-system`: `number?`, `name?`; `network-traffic`: `dst_port?`,
 *   `src_port?`
 * - `directory`: `path`; `mutex`, `software`: `name`; `process`:
 *   `command_line?`, `name?`; `user-account`: `account_login?`, `user_id?`
 *
 * `hashes` is a record by algorithm in STIX's spelling (`hashAlgorithm()`).
 */
export interface Observable {
  readonly type: string;
  readonly [property: string]: unknown;
}

/** Properties that are numbers in STIX and text in `observable_values`. */
const NUMERIC = new Set(["dst_port", "number", "size", "src_port"]);

/**
 * Observables of OpenCTI's extension property `observable_values`: types under
 * STIX's name, hashes from either form (`{"SHA-256": "..."}`, `[{algorithm,
 * hash}]`), digits as numbers, a single registry value as a list of one. Use it
 * where the pattern cannot be read or names nothing: the platform ignores
 * operators there and leaves escapes as they stand in the pattern.
 *
 * @param values Anything; what is no observable yields nothing.
 */
export function observablesOfValues(values: unknown): Observable[] {
  const items = Array.isArray(values) ? values : [values];
  return items.flatMap((item) => {
    const observable = isRecord(item) ? toObservable(item) : undefined;
    return observable === undefined ? [] : [observable];
  });
}

function toObservable(item: Record<string, unknown>): Observable | undefined {
  if (typeof item.type !== "string") return undefined;
  const type = toStixType(item.type);
  if (type === undefined) return undefined;
  const properties = Object.entries(item).flatMap(([name, value]) => {
    const mapped = name === "type" ? undefined : toProperty(name, value);
    return mapped === undefined ? [] : [[name, mapped] as const];
  });
  if (properties.length === 0) return undefined;
  return { type, ...Object.fromEntries(properties) };
}

function toProperty(name: string, value: unknown): unknown {
  if (name === "hashes") return toHashes(value);
  if (name === "values") return toRegistryValues(value);
  if (typeof value === "string" && NUMERIC.has(name)) return toNumber(value);
  return toScalar(value);
}

function toNumber(value: string): number | undefined {
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

function toScalar(value: unknown): string | number | boolean | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "boolean"
    ? value
    : undefined;
}

function toHashes(value: unknown): Record<string, string> | undefined {
  const pairs: unknown[][] = Array.isArray(value)
    ? value.filter(isRecord).map(({ algorithm, hash }) => [algorithm, hash])
    : Object.entries(isRecord(value) ? value : {});
  const hashes = pairs.flatMap(([algorithm, hash]) =>
    typeof algorithm === "string" && typeof hash === "string" && hash !== ""
      ? [[hashAlgorithm(algorithm), hash] as const]
      : []
  );
  return hashes.length === 0 ? undefined : Object.fromEntries(hashes);
}

function toRegistryValues(value: unknown): unknown[] | undefined {
  const items = (Array.isArray(value) ? value : [value]).filter(isRecord)
    .map((item) =>
      Object.fromEntries(
        Object.entries(item).filter(([, member]) =>
          toScalar(member) !== undefined
        ),
      )
    )
    .filter((item) => Object.keys(item).length > 0);
  return items.length === 0 ? undefined : items;
}
