import { parsePattern, PatternError } from "../../stix/pattern.ts";
import type {
  Comparison,
  ComparisonExpression,
  Observation,
  ObservationExpression,
} from "../../stix/pattern.ts";
import { toLeaf } from "../../stix/pattern_leaf.ts";

/** A value that an indicator asks for: the property equals it. */
export interface Atom {
  /** `ipv4-addr:value`, `file:hashes.SHA-256`: spelled as STIX has it. */
  readonly path: string;
  /** Type of the STIX object: `file`. */
  readonly type: string;
  readonly value: string | number;
}

/** What has to hold of one observation at the same time. */
export interface Group {
  readonly atoms: readonly Atom[];
  /** What else has to hold and is no value: `file:name MATCHES`. */
  readonly conditions: readonly string[];
}

/** The groups of a pattern: any one of them is an alternative. */
export interface PatternGroups {
  readonly groups: readonly Group[];
  /** Why the pattern cannot be read; then there are no groups. */
  readonly problem?: string;
}

/**
 * So that a hostile product of AND and OR cannot blow up: far above any real
 * one. A pattern that hits it is taken apart, each part marked as a part.
 */
const MAX_ATOMS = 20_000;
const TOO_MANY: Group = {
  atoms: [],
  conditions: ["more combinations than can be told apart"],
};

/**
 * Takes a pattern apart into groups of what AND joins inside one observation.
 * OR at either level, AND and FOLLOWEDBY between observations, and qualifiers
 * separate groups: no tool that matches single values can hold them.
 *
 * Positive `=` and `IN` are atoms, `NOT !=` too. Everything else, and what
 * names no observable, is a condition of its group.
 */
export function groupsOfPattern(text: string): PatternGroups {
  try {
    const budget = { atoms: MAX_ATOMS };
    const groups = [...observationsOf(parsePattern(text))]
      .flatMap(({ comparison }) => alternatives(comparison, budget));
    return { groups };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return { groups: [], problem: error.message };
  }
}

function* observationsOf(
  expression: ObservationExpression,
): Generator<Observation> {
  if (expression.kind === "observation") yield expression;
  else if (expression.kind === "qualified") {
    yield* observationsOf(expression.expression);
  } else {
    for (const operand of expression.operands) yield* observationsOf(operand);
  }
}

/** The disjunctive normal form. */
function alternatives(
  expression: ComparisonExpression,
  budget: { atoms: number },
): Group[] {
  if (expression.kind === "comparison") return groupsOf(expression);
  const lists = expression.operands.map((operand) =>
    alternatives(operand, budget)
  );
  if (expression.operator === "OR") return lists.flat();
  const size = sizeOfProduct(lists);
  if (size > budget.atoms) {
    return lists.flat().map((group) => joined(group, TOO_MANY));
  }
  // One group alone is no product: a long chain of AND costs nothing.
  if (lists.some((list) => list.length > 1)) budget.atoms -= size;
  return lists.reduce((product, list) =>
    list.length === 1 && product.length === 1
      ? [joined(product[0]!, list[0]!)]
      : product.flatMap((left) => list.map((right) => joined(left, right)))
  );
}

function joined(left: Group, right: Group): Group {
  return {
    atoms: left.atoms.concat(right.atoms),
    conditions: left.conditions.concat(right.conditions),
  };
}

/** How many atoms and conditions the product will hold, or somewhat more. */
function sizeOfProduct(lists: readonly (readonly Group[])[]): number {
  let count = 1;
  let width = 0;
  for (const list of lists) {
    count *= list.length;
    width += list.reduce(
      (most, { atoms, conditions }) =>
        Math.max(most, atoms.length + conditions.length),
      0,
    );
  }
  return count * width;
}

function groupsOf(comparison: Comparison): Group[] {
  const leaf = toLeaf(positive(comparison));
  if (leaf === "redundant") return [{ atoms: [], conditions: [] }];
  if (leaf === undefined) {
    return [{ atoms: [], conditions: [textOf(comparison)] }];
  }
  const { type, property, values } = leaf;
  const path = `${type}:${property}`;
  return values.map((value) => ({
    atoms: [{ path, type, value }],
    conditions: [],
  }));
}

/** Not unequal is equal. */
function positive(comparison: Comparison): Comparison {
  return comparison.operator === "!=" && comparison.negated
    ? { ...comparison, operator: "=", negated: false }
    : comparison;
}

/** Without the value, which is of no use to who reads it. */
function textOf({ path, negated, operator }: Comparison): string {
  const steps = path.steps.map((step) =>
    step.kind === "index" ? `[${step.index}]` : `.${step.name}`
  ).join("").replace(/^\./, ":");
  return `${path.objectType}${steps} ${negated ? "NOT " : ""}${operator}`
    .slice(0, 120);
}
