import type {
  ComparisonExpression,
  ComparisonJunction,
} from "./pattern_tree.ts";
import { type Scalar, toLeaf } from "./pattern_leaf.ts";

/** Properties of one object that hold together. */
export type Alternative = ReadonlyMap<string, Scalar>;

/** Of each object type that an observation speaks of, what it may look like. */
export type Alternatives = ReadonlyMap<string, readonly Alternative[]>;

/** What the reading of one pattern keeps account of. */
export interface Reading {
  /** False once a part of the meaning was dropped. */
  complete: boolean;
  /**
   * How many more values the products of AND and OR may write, so that a
   * hostile pattern cannot blow up. One that hits it is split, not combined.
   */
  valuesLeft: number;
}

/**
 * Takes the positive equality comparisons of an observation apart. OR lists
 * alternatives; AND puts the properties of one object together: `name = 'a' AND
 * (MD5 = 'x' OR MD5 = 'y')` are two files of the same name. What cannot hold of
 * one object, or speaks of several, is listed apart and is not complete.
 */
export function alternativesOf(
  expression: ComparisonExpression,
  reading: Reading,
): Alternatives {
  if (expression.kind === "comparison") {
    const leaf = toLeaf(expression);
    if (leaf === "redundant") return new Map();
    if (!leaf?.complete) reading.complete = false;
    if (leaf === undefined) return new Map();
    const { type, property, values } = leaf;
    return new Map([[
      type,
      values.map((value) => new Map([[property, value]])),
    ]]);
  }
  const operands = flatOperands(expression).map((operand) =>
    alternativesOf(operand, reading)
  );
  const lists = listsByType(operands);
  if (expression.operator === "OR") {
    return mapValues(lists, (list) => list.flat());
  }
  if (lists.size > 1) reading.complete = false;
  return mapValues(lists, (list) => combine(list, reading));
}

/** The operands, with those of the same operator in parentheses among them. */
function flatOperands(
  junction: ComparisonJunction,
  into: ComparisonExpression[] = [],
): ComparisonExpression[] {
  for (const operand of junction.operands) {
    if (
      operand.kind === "comparisons" && operand.operator === junction.operator
    ) {
      flatOperands(operand, into);
    } else into.push(operand);
  }
  return into;
}

function listsByType(
  operands: readonly Alternatives[],
): Map<string, (readonly Alternative[])[]> {
  const lists = new Map<string, (readonly Alternative[])[]>();
  for (const operand of operands) {
    for (const [type, alternatives] of operand) {
      const list = lists.get(type);
      if (list === undefined) lists.set(type, [alternatives]);
      else list.push(alternatives);
    }
  }
  return lists;
}

function mapValues<From, To>(
  map: ReadonlyMap<string, From>,
  change: (value: From) => To,
): Map<string, To> {
  return new Map(Array.from(map, ([key, value]) => [key, change(value)]));
}

/** AND of lists that all speak of one object type. */
function combine(
  lists: readonly (readonly Alternative[])[],
  reading: Reading,
): readonly Alternative[] {
  const { factors, apart } = toFactors(lists, reading);
  const product = toProduct(factors, reading);
  return apart.length === 0 ? product : product.concat(apart);
}

/**
 * Lists that share no property, so that one alternative of each can hold of the
 * same object. Values of one property from several operands become one list.
 */
function toFactors(
  lists: readonly (readonly Alternative[])[],
  reading: Reading,
): { factors: Alternative[][]; apart: Alternative[] } {
  const columns = new Map<string, Alternative[]>();
  const wide: (readonly Alternative[])[] = [];
  for (const list of lists) {
    const property = onlyProperty(list);
    if (property === undefined) wide.push(list);
    else addToColumn(columns, property, { list, reading });
  }
  const taken = new Set(columns.keys());
  const factors = [...columns.values()];
  const apart: Alternative[] = [];
  for (const list of wide) {
    const properties = new Set(list.flatMap((item) => [...item.keys()]));
    const overlaps = [...properties].some((property) => taken.has(property));
    if (overlaps) {
      reading.complete = false;
      for (const item of list) apart.push(item);
    } else factors.push([...list]);
    for (const property of properties) taken.add(property);
  }
  return { factors, apart };
}

/** The property that is all that the alternatives speak of. */
function onlyProperty(list: readonly Alternative[]): string | undefined {
  const [first] = list[0]?.keys() ?? [];
  return first !== undefined &&
      list.every((item) => item.size === 1 && item.has(first))
    ? first
    : undefined;
}

function addToColumn(
  columns: Map<string, Alternative[]>,
  property: string,
  { list, reading }: { list: readonly Alternative[]; reading: Reading },
): void {
  const column = columns.get(property);
  if (column === undefined) {
    columns.set(property, [...list]);
    return;
  }
  const same = column.length === 1 && list.length === 1 &&
    column[0]?.get(property) === list[0]?.get(property);
  if (same) return;
  // Two values that one property must have are two objects.
  reading.complete = false;
  for (const item of list) column.push(item);
}

function toProduct(
  factors: readonly (readonly Alternative[])[],
  reading: Reading,
): Alternative[] {
  const base = new Map<string, Scalar>();
  const choices: (readonly Alternative[])[] = [];
  for (const factor of factors) {
    const [only] = factor;
    if (factor.length !== 1 || only === undefined) choices.push(factor);
    else for (const [property, value] of only) base.set(property, value);
  }
  if (choices.length === 0) return [base];
  if (base.size === 0 && choices.length === 1) return [...choices.flat()];
  const values = valuesOfProduct(base, choices);
  if (values > reading.valuesLeft) {
    reading.complete = false;
    return [...(base.size === 0 ? [] : [base]), ...choices.flat()];
  }
  reading.valuesLeft -= values;
  return choices.reduce<Alternative[]>(
    (product, list) =>
      product.flatMap((left) =>
        list.map((right) => new Map([...left, ...right]))
      ),
    [base],
  );
}

/** How many values the product will hold, or somewhat more. */
function valuesOfProduct(
  base: Alternative,
  choices: readonly (readonly Alternative[])[],
): number {
  let count = 1;
  let width = base.size;
  for (const list of choices) {
    count *= list.length;
    width += list.reduce((most, item) => Math.max(most, item.size), 0);
  }
  return count * width;
}
