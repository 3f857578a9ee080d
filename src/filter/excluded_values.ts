import {
  extension,
  isRecord,
  OCTI_EXTENSION,
  type StixObject,
  text,
} from "../stix/object.ts";
import {
  isObservableType,
  type Observable,
  observablesOfValues,
} from "../stix/observable.ts";
import { parsePattern, PatternError } from "../stix/pattern.ts";
import { observablesOfPattern } from "../stix/pattern_observables.ts";
import { AddressRanges, parseAddress } from "./address_ranges.ts";

/** Whether an object names a value of an exclusion list. */
export type ExcludedValue = (object: StixObject) => boolean;

/**
 * Compiles an exclusion list. `.example.org` and `*.example.org` mean the
 * domain and all below it: as a domain, a host name, the host of a URL or of
 * an e-mail address. An address or network covers addresses in it, hosts of
 * URLs too. Anything else must be the whole value, in any case: a hash, a
 * domain, a URL, a file name. An object of several values is excluded by one.
 *
 * @throws {ConfigError} A network's mask is wrong.
 */
export function excludedValue(entries: readonly string[]): ExcludedValue {
  const exact = new Set<string>();
  const domains = new Set<string>();
  const ranges = new AddressRanges();
  for (const entry of entries) {
    const domain = /^\*?\.(.+)$/.exec(entry)?.[1];
    if (domain !== undefined) domains.add(domain.toLowerCase());
    else if (!ranges.add(entry)) exact.add(entry.toLowerCase());
  }
  if (entries.length === 0) return () => false;
  const isExcluded = (value: string): boolean => {
    const lower = value.toLowerCase();
    if (exact.has(lower)) return true;
    const host = hostOf(lower);
    return ranges.covers(host) ||
      (domains.size > 0 && parents(host).some((name) => domains.has(name)));
  };
  return (object) =>
    observablesOf(object).some((observable) =>
      valuesOf(observable).some(isExcluded)
    );
}

/** The host of a URL or of an e-mail address, else the value itself. */
function hostOf(value: string): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\//.test(value)
    ? URL.parse(value)?.hostname
    : undefined;
  if (url !== undefined) return url.replace(/^\[(.*)\]$/, "$1");
  const at = value.lastIndexOf("@");
  const host = at === -1 ? value : value.slice(at + 1);
  return parseAddress(host) === undefined ? host.replace(/\.$/, "") : host;
}

/** "a.b.c": "a.b.c", "b.c", "c". At most the 127 labels a name may have. */
function parents(host: string): string[] {
  const labels = host.split(".").slice(-127);
  return labels.map((_label, index) => labels.slice(index).join("."));
}

/** What an indicator's pattern names, or the observable itself. */
function observablesOf(object: StixObject): readonly Observable[] {
  if (isObservableType(object.type)) return [object];
  if (object.type !== "indicator") return [];
  return patternObservables(object) ??
    observablesOfValues(extension(object, OCTI_EXTENSION).observable_values);
}

function patternObservables(object: StixObject): Observable[] | undefined {
  const pattern = text(object.pattern);
  if (pattern === undefined || object.pattern_type !== "stix") return undefined;
  try {
    const { observables } = observablesOfPattern(parsePattern(pattern));
    return observables.length === 0 ? undefined : observables;
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return undefined;
  }
}

/** Properties of an observable that say what it is. */
const VALUES = [
  "value",
  "name",
  "path",
  "key",
  "account_login",
  "user_id",
  "serial_number",
  "command_line",
  "number",
];

function valuesOf(observable: Observable): string[] {
  const { hashes } = observable;
  return [
    ...VALUES.map((name) => observable[name]),
    ...Object.values(isRecord(hashes) ? hashes : {}),
  ].flatMap((value) =>
    typeof value === "string" || typeof value === "number"
      ? [String(value)]
      : []
  );
}
