/** One comparison of a STIX pattern: the values it asks for, and of what. */
import { hashAlgorithm } from "../../../stix/observable.ts";
import type { Comparison, Literal, ObjectPath } from "../../../stix/pattern.ts";
import {
  HASH_BY_DIGITS,
  HASH_PATHS,
  HASH_ROWS,
  PATTERN_OBJECT_ROWS,
  PATTERN_ROWS,
} from "./pattern_rows.ts";

/** Where the values of a path go as attributes of their own. */
export interface AttributePlace {
  readonly path: string;
  /** A type, or a word for `valueType()`. */
  readonly type: string;
  readonly category: string;
}

/** Where the values of a path go in an object. */
export interface ObjectPlace {
  readonly template: string;
  /** A relation, or a word for what the value decides. */
  readonly relation: string;
}

/** What a comparison asks for. */
export interface Asked {
  readonly values: readonly string[];
  /** False when a value of the comparison was left out. */
  readonly isComplete: boolean;
  readonly attribute: AttributePlace | undefined;
  readonly inObject: ObjectPlace | undefined;
}

const PLACES: ReadonlyMap<string, AttributePlace> = new Map(
  PATTERN_ROWS.map(([path, type, category]) => [path, {
    path,
    type,
    category,
  }]),
);

const OBJECT_PLACES: ReadonlyMap<string, ObjectPlace> = new Map(
  PATTERN_OBJECT_ROWS.map(([path, template, relation]) => [path, {
    template,
    relation,
  }]),
);

/** Paths where `ISSUBSET` names a network. */
const NETWORK_PATHS: ReadonlySet<string> = new Set([
  "ipv4-addr:value",
  "ipv6-addr:value",
  "network-traffic:src_ref.value",
  "network-traffic:dst_ref.value",
]);

/** Paths that only say what the value beside them shows anyway. */
const REDUNDANT_PATHS: ReadonlySet<string> = new Set([
  "network-traffic:src_ref.type",
  "network-traffic:dst_ref.type",
]);

const REDUNDANT: Asked = {
  values: [],
  isComplete: true,
  attribute: undefined,
  inObject: undefined,
};

/** The values that are asked for; undefined where none are, or no row fits. */
export function askedBy(comparison: Comparison): Asked | undefined {
  const path = normalPath(comparison.path);
  const literals = literalsOf(comparison, path);
  if (literals === undefined || literals.length === 0) return undefined;
  if (REDUNDANT_PATHS.has(path)) return REDUNDANT;
  const read = literals.map(literalText);
  const values = read.filter((value) => value !== undefined && value !== "");
  const attribute = PLACES.get(path) ??
    hashPlace(comparison.path, path, values[0]);
  const inObject = OBJECT_PLACES.get(path);
  if (attribute === undefined && inObject === undefined) return undefined;
  return {
    values: values as string[],
    isComplete: values.length === literals.length,
    attribute,
    inObject,
  };
}

function literalsOf(
  comparison: Comparison,
  path: string,
): readonly Literal[] | undefined {
  if (comparison.negated) return undefined;
  switch (comparison.operator) {
    case "=":
      return [comparison.value];
    case "IN":
      return comparison.values;
    case "LIKE":
      return /[%_]/.test(comparison.value.value)
        ? undefined
        : [comparison.value];
    case "ISSUBSET":
      return NETWORK_PATHS.has(path) ? [comparison.value] : undefined;
    default:
      return undefined;
  }
}

function literalText(literal: Literal): string | undefined {
  switch (literal.kind) {
    case "string":
      return literal.value;
    case "integer":
    case "float":
      return `${literal.value}`;
    default:
      return undefined;
  }
}

/** The path as the rows spell it. */
function normalPath({ objectType, steps }: ObjectPath): string {
  let text = objectType.toLowerCase().replace(/^x-opencti-/, "");
  let separator = ":";
  for (const step of steps) {
    if (step.kind === "index") {
      text += "[]";
      continue;
    }
    text += separator + step.name.toLowerCase();
    separator = ".";
  }
  return text.replace(REF_OF_END, "$1_ref.value");
}

/** Other spellings of `src_ref.value` that are seen in patterns. */
const REF_OF_END = /^(network-traffic:(?:src|dst))(?:_ref)?\.ref\.value$/;

function hashPlace(
  { steps }: ObjectPath,
  path: string,
  value: string | undefined,
): AttributePlace | undefined {
  const last = steps.at(-1);
  if (last?.kind !== "property" || steps.length < 2) return undefined;
  const owner = HASH_PATHS.get(path.slice(0, -last.name.length - 1));
  if (owner === undefined) return undefined;
  const type = hashType(hashAlgorithm(last.name), owner) ??
    hashType(algorithmByDigits(value ?? "") ?? "", owner);
  return type === undefined
    ? undefined
    : { path, type, category: "Payload delivery" };
}

function hashType(
  algorithm: string,
  owner: "file" | "certificate",
): string | undefined {
  const [, file, certificate] =
    HASH_ROWS.find(([name]) => name === algorithm) ?? [];
  return owner === "file" ? file : certificate;
}

function algorithmByDigits(value: string): string | undefined {
  return /^[0-9a-f]+$/i.test(value)
    ? HASH_BY_DIGITS.get(value.length)
    : undefined;
}
