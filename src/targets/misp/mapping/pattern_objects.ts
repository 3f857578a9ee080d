/** Values of one observation that make objects together. */
import type {
  ComparisonExpression,
  Observation,
  ObservationExpression,
} from "../../../stix/pattern.ts";
import { askedBy, type ObjectPlace } from "./pattern_comparison.ts";

/** A value with its place in an object. */
export interface Leaf extends ObjectPlace {
  readonly value: string;
}

/** Values that hold together: one way in which an observation can be true. */
type Conjunct = readonly Leaf[];

/** Far above any real product of AND and OR; beyond it values stay apart. */
const MAX_PRODUCT_VALUES = 4_000;

/** Observations in written order, whatever joins them. */
export function* observationsOf(
  expression: ObservationExpression,
): Generator<Observation> {
  switch (expression.kind) {
    case "observation":
      yield expression;
      return;
    case "qualified":
      yield* observationsOf(expression.expression);
      return;
    case "observations":
      for (const operand of expression.operands) yield* observationsOf(operand);
  }
}

/**
 * The values of an observation by template, one list for each object. OR lists
 * alternatives, AND puts them together; no two lists are alike.
 */
export function objectLists(expression: ComparisonExpression): Leaf[][] {
  const lists = new Map<string, Leaf[]>();
  for (const conjunct of conjuncts(expression)) {
    for (const list of splitByTemplate(conjunct)) {
      const key = JSON.stringify(
        list.map(({ template, relation, value }) => [template, relation, value])
          .toSorted(),
      );
      if (!lists.has(key)) lists.set(key, list);
    }
  }
  return [...lists.values()];
}

function conjuncts(expression: ComparisonExpression): Conjunct[] {
  if (expression.kind === "comparison") {
    const asked = askedBy(expression);
    if (asked?.inObject === undefined) return [[]];
    const place = asked.inObject;
    return asked.values.map((value) => [{ ...place, value }]);
  }
  const operands = expression.operands.map(conjuncts);
  return expression.operator === "OR" ? operands.flat() : product(operands);
}

function product(operands: readonly Conjunct[][]): Conjunct[] {
  const base: Leaf[] = [];
  const choices: Conjunct[][] = [];
  for (const operand of operands) {
    const [only] = operand;
    if (operand.length > 1) choices.push(operand);
    else if (only !== undefined) { for (const leaf of only) base.push(leaf); }
  }
  if (choices.length === 0) return [base];
  const count = choices.reduce((total, list) => total * list.length, 1);
  const width = choices.reduce(
    (total, list) =>
      total + list.reduce((most, { length }) => Math.max(most, length), 0),
    base.length,
  );
  if (count * width > MAX_PRODUCT_VALUES) return [base, ...choices.flat()];
  return choices.reduce<Conjunct[]>(
    (left, list) => left.flatMap((a) => list.map((b) => [...a, ...b])),
    [base],
  );
}

/** One list per template; a relation that has two values begins another. */
function splitByTemplate(conjunct: Conjunct): Leaf[][] {
  const lists: Leaf[][] = [];
  const byTemplate = Map.groupBy(conjunct, ({ template }) => template);
  for (const leaves of byTemplate.values()) {
    const main = new Map<string, Leaf>();
    const others: Leaf[][] = [];
    const protocols: Leaf[] = [];
    for (const leaf of leaves) {
      // A connection has a protocol on each layer.
      if (leaf.relation === "protocol") protocols.push(leaf);
      else if (!main.has(leaf.relation)) main.set(leaf.relation, leaf);
      else if (main.get(leaf.relation)?.value !== leaf.value) {
        others.push([leaf]);
      }
    }
    lists.push([...main.values(), ...protocols], ...others);
  }
  return lists;
}
