/** Random syntax trees of STIX patterns, for fast-check. */
import fc from "fast-check";
import type {
  Comparison,
  ComparisonExpression,
  Literal,
  ObjectPath,
  ObservationExpression,
  OrderableLiteral,
  PathStep,
  Qualifier,
} from "../../src/stix/pattern.ts";

const word = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/);
const objectType = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
const anyText = fc.string({ unit: "binary", maxLength: 20 });
const timestamp = fc.date({
  min: new Date("0001-01-01T00:00:00Z"),
  max: new Date("9999-12-31T00:00:00Z"),
  noInvalidDate: true,
}).map((date) => date.toISOString());

const property: fc.Arbitrary<PathStep> = fc.oneof(word, anyText).map((
  name,
) => ({
  kind: "property",
  name,
}));
const step: fc.Arbitrary<PathStep> = fc.oneof(
  property,
  fc.oneof(fc.nat(), fc.constant("*" as const)).map((index) => ({
    kind: "index" as const,
    index,
  })),
);
const path: fc.Arbitrary<ObjectPath> = fc.record({
  objectType,
  steps: fc.tuple(property, fc.array(step, { maxLength: 3 })).map(
    ([first, rest]) => [first, ...rest],
  ),
});

const stringLiteral = fc.record({
  kind: fc.constant("string" as const),
  value: anyText,
});
const orderable: fc.Arbitrary<OrderableLiteral> = fc.oneof(
  stringLiteral,
  fc.maxSafeInteger().map((value) => ({ kind: "integer" as const, value })),
  fc.integer().map((value) => ({
    kind: "float" as const,
    value: Math.trunc(value / 4) + 0.125,
  })),
  timestamp.map((value) => ({ kind: "timestamp" as const, value })),
  fc.stringMatching(/^([0-9A-Fa-f]{2}){0,8}$/).map((value) => ({
    kind: "hex" as const,
    value,
  })),
  fc.base64String({ maxLength: 16 }).map((value) => ({
    kind: "binary" as const,
    value,
  })),
);
const literal: fc.Arbitrary<Literal> = fc.oneof(
  orderable,
  fc.boolean().map((value) => ({ kind: "boolean" as const, value })),
);

const base = {
  kind: fc.constant("comparison" as const),
  path,
  negated: fc.boolean(),
};
const comparison: fc.Arbitrary<Comparison> = fc.oneof(
  fc.record({
    ...base,
    operator: fc.constantFrom("=" as const, "!=" as const),
    value: literal,
  }),
  fc.record({
    ...base,
    operator: fc.constantFrom("<", ">", "<=", ">=" as const),
    value: orderable,
  }) as fc.Arbitrary<Comparison>,
  fc.record({
    ...base,
    operator: fc.constant("IN" as const),
    values: fc.array(literal, { maxLength: 3 }),
  }),
  fc.record({
    ...base,
    operator: fc.constantFrom("LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"),
    value: stringLiteral,
  }) as fc.Arbitrary<Comparison>,
  fc.record({ ...base, operator: fc.constant("EXISTS" as const) }),
);

const qualifier: fc.Arbitrary<Qualifier> = fc.oneof(
  fc.record({
    kind: fc.constant("within" as const),
    seconds: fc.nat().map((eighths) => eighths / 8),
  }),
  fc.record({ kind: fc.constant("repeats" as const), times: fc.nat() }),
  fc.record({
    kind: fc.constant("start-stop" as const),
    start: timestamp,
    stop: timestamp,
  }),
);

/**
 * Trees that a parser can give: every junction has two operands or more.
 * Cloned because fast-check's records have no prototype.
 */
export const pattern: fc.Arbitrary<ObservationExpression> = fc.letrec<{
  comparisons: ComparisonExpression;
  observations: ObservationExpression;
}>((tie) => ({
  comparisons: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    comparison,
    fc.record({
      kind: fc.constant("comparisons" as const),
      operator: fc.constantFrom("AND" as const, "OR" as const),
      operands: fc.array(tie("comparisons"), { minLength: 2, maxLength: 4 }),
    }),
  ),
  observations: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({
      kind: fc.constant("observation" as const),
      comparison: tie("comparisons"),
    }),
    fc.record({
      kind: fc.constant("observations" as const),
      operator: fc.constantFrom("AND", "OR", "FOLLOWEDBY" as const),
      operands: fc.array(tie("observations"), { minLength: 2, maxLength: 3 }),
    }) as fc.Arbitrary<ObservationExpression>,
    fc.record({
      kind: fc.constant("qualified" as const),
      expression: tie("observations"),
      qualifiers: fc.array(qualifier, { minLength: 1, maxLength: 2 }),
    }),
  ),
})).observations.map((tree) => structuredClone(tree));
