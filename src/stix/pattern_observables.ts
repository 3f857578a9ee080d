import type { Observable } from "./observable.ts";
import type {
  Observation,
  ObservationExpression,
  Pattern,
} from "./pattern_tree.ts";
import {
  type Alternative,
  alternativesOf,
  type Reading,
} from "./pattern_alternatives.ts";
import type { Scalar } from "./pattern_leaf.ts";

/** Far above any real product of AND and OR; see `Reading.valuesLeft`. */
const MAX_PRODUCT_VALUES = 20_000;

/**
 * Types whose properties are taken for one object even where OR joins them:
 * producers write the hashes of one file that way.
 */
const ONE_OBJECT_TYPES: ReadonlySet<string> = new Set([
  "artifact",
  "autonomous-system",
  "file",
  "windows-registry-key",
  "x509-certificate",
]);

/** What a pattern names. */
export interface PatternObservables {
  /** No two alike, in the order of the pattern by object type. */
  readonly observables: Observable[];
  /**
   * True when to see any one of them is to see what the pattern means. False
   * for AND between objects or observations, FOLLOWEDBY, qualifiers, any
   * comparison that names no value, and where there are no observables.
   */
  readonly complete: boolean;
}

/**
 * Takes the observables out of a pattern: the values of `=` and `IN`. Inside
 * one observation the properties of one object make one observable (a file of
 * several hashes and a name); a property of several values makes one each.
 */
export function observablesOfPattern(pattern: Pattern): PatternObservables {
  const reading = { complete: true, valuesLeft: MAX_PRODUCT_VALUES };
  const byContent = new Map<string, Observable>();
  for (const observation of observationsOf(pattern, reading)) {
    for (const [key, observable] of observablesOf(observation, reading)) {
      if (!byContent.has(key)) byContent.set(key, observable);
    }
  }
  return {
    observables: [...byContent.values()],
    complete: reading.complete && byContent.size > 0,
  };
}

function* observationsOf(
  expression: ObservationExpression,
  reading: Reading,
): Generator<Observation> {
  switch (expression.kind) {
    case "observation":
      yield expression;
      return;
    case "qualified":
      reading.complete = false;
      yield* observationsOf(expression.expression, reading);
      return;
    case "observations":
      if (expression.operator !== "OR") reading.complete = false;
      for (const operand of expression.operands) {
        yield* observationsOf(operand, reading);
      }
  }
}

/** Each with a text that is equal for equal ones. */
function* observablesOf(
  observation: Observation,
  reading: Reading,
): Generator<[key: string, Observable]> {
  const alternatives = alternativesOf(observation.comparison, reading);
  for (const [type, list] of alternatives) {
    const merged = ONE_OBJECT_TYPES.has(type) ? mergeUnique(list) : list;
    for (const alternative of merged) {
      if (type !== "network-traffic") {
        yield [
          JSON.stringify([type, ...[...alternative].sort(byProperty)]),
          toObservable(type, alternative),
        ];
        continue;
      }
      const ends = toEnds(alternative);
      if (ends.length > 1) reading.complete = false;
      for (const end of ends) yield [JSON.stringify(Object.entries(end)), end];
    }
  }
}

/**
 * Makes one object, in the place of the first, of all alternatives whose
 * properties have a single value in the whole observation.
 */
function mergeUnique(list: readonly Alternative[]): readonly Alternative[] {
  if (list.length === 1) return list;
  const values = new Map<string, Scalar>();
  const several = new Set<string>();
  for (const alternative of list) {
    for (const [property, value] of alternative) {
      if (!values.has(property)) values.set(property, value);
      else if (values.get(property) !== value) several.add(property);
    }
  }
  const merged = new Map<string, Scalar>();
  const result: Alternative[] = [];
  for (const alternative of list) {
    if ([...alternative.keys()].some((property) => several.has(property))) {
      result.push(alternative);
      continue;
    }
    if (merged.size === 0) result.push(merged);
    for (const [property, value] of alternative) merged.set(property, value);
  }
  return result;
}

function byProperty([left]: [string, Scalar], [right]: [string, Scalar]) {
  return left < right ? -1 : 1;
}

const HASHES = "hashes.";
const REGISTRY_VALUE = /^values\[(.+)\]\.(.+)$/;

function toObservable(type: string, alternative: Alternative): Observable {
  const plain: [string, Scalar][] = [];
  const hashes: [string, Scalar][] = [];
  const values = new Map<string, [string, Scalar][]>();
  for (const [property, value] of alternative) {
    const [, index, member] = REGISTRY_VALUE.exec(property) ?? [];
    if (property.startsWith(HASHES)) {
      hashes.push([property.slice(HASHES.length), value]);
    } else if (index === undefined || member === undefined) {
      plain.push([property, value]);
    } else {
      const item = values.get(index) ?? [];
      values.set(index, item);
      item.push([member, value]);
    }
  }
  return {
    type,
    ...Object.fromEntries(plain),
    // An own property even where the algorithm is called "__proto__".
    ...(hashes.length > 0 && { hashes: Object.fromEntries(hashes) }),
    ...(values.size > 0 && {
      values: Array.from(values.values(), (item) => Object.fromEntries(item)),
    }),
  };
}

/**
 * The ends of a connection that have a name: with its own port, or with any
 * port where the other end has no name. Ports alone stay network traffic.
 */
function toEnds(traffic: Alternative): Observable[] {
  const ports = (["dst_port", "src_port"] as const).filter((port) =>
    traffic.has(port)
  );
  const ends = [...traffic.keys()].filter((property) =>
    property.endsWith("_ref")
  );
  if (ends.length === 0) {
    return [{ type: "network-traffic", ...pick(traffic, ports) }];
  }
  return ends.map((end) => {
    const value = String(traffic.get(end));
    const own = ends.length === 1
      ? ports
      : ports.filter((port) => port.startsWith(end.slice(0, 4)));
    return { type: addressType(value), value, ...pick(traffic, own) };
  });
}

function pick(
  alternative: Alternative,
  properties: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(
    properties.map((property) => [property, alternative.get(property)]),
  );
}

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}(\/\d{1,2})?$/;
const MAC = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i;

/** What the end of a connection is, by the look of its value. */
function addressType(value: string): string {
  if (IPV4.test(value)) return "ipv4-addr";
  if (MAC.test(value)) return "mac-addr";
  return value.includes(":") ? "ipv6-addr" : "domain-name";
}
