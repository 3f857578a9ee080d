/** Prints syntax trees as STIX patterns: the inverse of `parsePattern()`. */
import type {
  Comparison,
  ComparisonExpression,
  Literal,
  ObjectPath,
  ObservationExpression,
  Qualifier,
} from "../../src/stix/pattern.ts";

export function patternText(expression: ObservationExpression): string {
  switch (expression.kind) {
    case "observation":
      return `[${comparisonText(expression.comparison)}]`;
    case "observations":
      return expression.operands.map((operand) =>
        operand.kind === "observations"
          ? `(${patternText(operand)})`
          : patternText(operand)
      ).join(` ${expression.operator} `);
    case "qualified": {
      const inner = patternText(expression.expression);
      const grouped = expression.expression.kind === "observation"
        ? inner
        : `(${inner})`;
      return [grouped, ...expression.qualifiers.map(qualifierText)].join(" ");
    }
  }
}

function qualifierText(qualifier: Qualifier): string {
  switch (qualifier.kind) {
    case "within":
      return `WITHIN ${qualifier.seconds} SECONDS`;
    case "repeats":
      return `REPEATS ${qualifier.times} TIMES`;
    case "start-stop":
      return `START t'${qualifier.start}' STOP t'${qualifier.stop}'`;
  }
}

function comparisonText(expression: ComparisonExpression): string {
  if (expression.kind === "comparison") return testText(expression);
  return expression.operands.map((operand) =>
    operand.kind === "comparisons"
      ? `(${comparisonText(operand)})`
      : comparisonText(operand)
  ).join(` ${expression.operator} `);
}

function testText(comparison: Comparison): string {
  const not = comparison.negated ? "NOT " : "";
  const path = pathText(comparison.path);
  switch (comparison.operator) {
    case "EXISTS":
      return `${not}EXISTS ${path}`;
    case "IN":
      return `${path} ${not}IN (${
        comparison.values.map(literalText).join(", ")
      })`;
    default:
      return `${path} ${not}${comparison.operator} ${
        literalText(comparison.value)
      }`;
  }
}

function pathText({ objectType, steps }: ObjectPath): string {
  const text = steps.map((step) => {
    if (step.kind === "index") return `[${step.index}]`;
    return /^[a-z_]\w*$/i.test(step.name)
      ? `.${step.name}`
      : `.${stringText(step.name)}`;
  }).join("");
  return `${objectType}:${text.slice(1)}`;
}

const PREFIXES = { timestamp: "t", hex: "h", binary: "b" } as const;

function literalText(literal: Literal): string {
  switch (literal.kind) {
    case "string":
      return stringText(literal.value);
    case "timestamp":
    case "hex":
    case "binary":
      return `${PREFIXES[literal.kind]}'${literal.value}'`;
    default:
      return String(literal.value);
  }
}

function stringText(value: string): string {
  return `'${value.replace(/['\\]/g, "\\$&")}'`;
}
