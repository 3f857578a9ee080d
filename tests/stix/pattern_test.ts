import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type Comparison,
  type ComparisonExpression,
  type Literal,
  type ObservationExpression,
  parsePattern,
  type PathStep,
  PatternError,
} from "../../src/stix/pattern.ts";
import { pattern } from "./pattern_arbitrary.ts";
import { patternText } from "./pattern_text.ts";

/** `a:b = 1` and the like, as trees, named by their object type. */
function test(objectType: string): Comparison {
  return {
    kind: "comparison",
    path: { objectType, steps: [{ kind: "property", name: "p" }] },
    negated: false,
    operator: "=",
    value: { kind: "integer", value: 1 },
  };
}

function both(
  operator: "AND" | "OR",
  ...operands: ComparisonExpression[]
): ComparisonExpression {
  return { kind: "comparisons", operator, operands };
}

function observed(comparison: ComparisonExpression): ObservationExpression {
  return { kind: "observation", comparison };
}

function joined(
  operator: "AND" | "OR" | "FOLLOWEDBY",
  ...operands: ObservationExpression[]
): ObservationExpression {
  return { kind: "observations", operator, operands };
}

function onlyComparison(text: string): Comparison {
  const tree = parsePattern(text);
  assert(tree.kind === "observation" && tree.comparison.kind === "comparison");
  return tree.comparison;
}

const [A, B, C] = [
  observed(test("a")),
  observed(test("b")),
  observed(test("c")),
];
const [a, b, c, d] = [test("a"), test("b"), test("c"), test("d")];

/** `a` stands for `a:p = 1`, so that the structure shows. */
const STRUCTURES: readonly [text: string, tree: ObservationExpression][] = [
  ["[a]", A],
  ["[a OR b AND c]", observed(both("OR", a, both("AND", b, c)))],
  ["[a AND b OR c]", observed(both("OR", both("AND", a, b), c))],
  ["[(a OR b) AND c]", observed(both("AND", both("OR", a, b), c))],
  ["[a AND b AND c AND d]", observed(both("AND", a, b, c, d))],
  ["[a AND (b AND c)]", observed(both("AND", a, both("AND", b, c)))],
  ["[((a))]", A],
  ["((([a])))", A],
  ["[a] AND [b]", joined("AND", A, B)],
  ["[a] OR [b] AND [c]", joined("OR", A, joined("AND", B, C))],
  ["[a] FOLLOWEDBY [b] OR [c]", joined("FOLLOWEDBY", A, joined("OR", B, C))],
  [
    "[a] AND [b] FOLLOWEDBY [c]",
    joined("FOLLOWEDBY", joined("AND", A, B), C),
  ],
  [
    "([a] FOLLOWEDBY [b]) AND [c]",
    joined("AND", joined("FOLLOWEDBY", A, B), C),
  ],
  [
    "[a] WITHIN 5 SECONDS AND [b]",
    joined("AND", {
      kind: "qualified",
      expression: A,
      qualifiers: [{ kind: "within", seconds: 5 }],
    }, B),
  ],
  [
    "([a] AND [b]) REPEATS 3 TIMES WITHIN 1.5 SECONDS START " +
    "t'2026-01-01T00:00:00Z' STOP t'2026-01-02T23:59:60.123Z'",
    {
      kind: "qualified",
      expression: joined("AND", A, B),
      qualifiers: [
        { kind: "repeats", times: 3 },
        { kind: "within", seconds: 1.5 },
        {
          kind: "start-stop",
          start: "2026-01-01T00:00:00Z",
          stop: "2026-01-02T23:59:60.123Z",
        },
      ],
    },
  ],
  [
    "[a] START '2026-01-01T00:00:00Z' STOP '2026-01-02T00:00:00Z'",
    {
      kind: "qualified",
      expression: A,
      qualifiers: [{
        kind: "start-stop",
        start: "2026-01-01T00:00:00Z",
        stop: "2026-01-02T00:00:00Z",
      }],
    },
  ],
  [
    "[a aNd b]followedby[c]",
    joined("FOLLOWEDBY", observed(both("AND", a, b)), C),
  ],
];

for (const [text, tree] of STRUCTURES) {
  Deno.test(`parsePattern() reads the structure of ${text}`, () => {
    const full = text.replace(/\b[a-d]\b/g, "$&:p = 1");
    assertEquals(parsePattern(full), tree);
  });
}

const LITERALS: readonly [text: string, literal: Literal][] = [
  ["''", { kind: "string", value: "" }],
  [String.raw`'it\'s \\ok'`, { kind: "string", value: "it's \\ok" }],
  [String.raw`'\\\\'`, { kind: "string", value: "\\\\" }],
  ["'[x] AND (y)\n// z'", { kind: "string", value: "[x] AND (y)\n// z" }],
  ["'\u{1f600}é'", { kind: "string", value: "\u{1f600}é" }],
  ["0", { kind: "integer", value: 0 }],
  ["-42", { kind: "integer", value: -42 }],
  ["+7", { kind: "integer", value: 7 }],
  ["9007199254740993", { kind: "integer", value: 9007199254740992 }],
  ["1.50", { kind: "float", value: 1.5 }],
  [".5", { kind: "float", value: 0.5 }],
  ["-.5", { kind: "float", value: -0.5 }],
  ["007.5", { kind: "float", value: 7.5 }],
  ["true", { kind: "boolean", value: true }],
  ["False", { kind: "boolean", value: false }],
  ["t'2026-02-28T12:00:00Z'", {
    kind: "timestamp",
    value: "2026-02-28T12:00:00Z",
  }],
  ["h'00fF'", { kind: "hex", value: "00fF" }],
  ["h''", { kind: "hex", value: "" }],
  ["b'QUI='", { kind: "binary", value: "QUI=" }],
];

for (const [text, literal] of LITERALS) {
  Deno.test(`parsePattern() reads the literal ${text}`, () => {
    const equal = onlyComparison(`[a:b = ${text}]`);
    assert(equal.operator === "=");
    assertEquals(equal.value, literal);
    const member = onlyComparison(`[a:b IN (${text},${text})]`);
    assert(member.operator === "IN");
    assertEquals(member.values, [literal, literal]);
  });
}

const OPERATORS = [
  ["=", "="],
  ["==", "="],
  ["!=", "!="],
  ["<>", "!="],
  ["<", "<"],
  [">", ">"],
  ["<=", "<="],
  [">=", ">="],
  ["LIKE", "LIKE"],
  ["matches", "MATCHES"],
  ["IsSubset", "ISSUBSET"],
  ["ISSUPERSET", "ISSUPERSET"],
] as const;

for (const [written, operator] of OPERATORS) {
  Deno.test(`parsePattern() reads the operator ${written}`, () => {
    for (const [not, negated] of [["", false], ["NOT ", true]] as const) {
      assertEquals(onlyComparison(`[a:b ${not}${written} 'x']`), {
        ...test("a"),
        path: {
          objectType: "a",
          steps: [{ kind: "property", name: "b" }],
        },
        negated,
        operator,
        value: { kind: "string", value: "x" },
      } as Comparison);
    }
  });
}

Deno.test("parsePattern() reads EXISTS, and types and properties of that name", () => {
  for (const [text, negated] of [["EXISTS", false], ["not exists", true]]) {
    const found = onlyComparison(`[${text} exists:not.'in']`);
    assertEquals(found, {
      kind: "comparison",
      path: {
        objectType: "exists",
        steps: [
          { kind: "property", name: "not" },
          { kind: "property", name: "in" },
        ],
      },
      negated,
      operator: "EXISTS",
    } as Comparison);
  }
  assertEquals(onlyComparison("[not:in IN ()]").operator, "IN");
});

const PATHS: readonly [text: string, objectType: string, ...PathStep[]][] = [
  [
    "file:hashes.'SHA-256'",
    "file",
    { kind: "property", name: "hashes" },
    { kind: "property", name: "SHA-256" },
  ],
  [
    "file:hashes.SHA-256",
    "file",
    { kind: "property", name: "hashes" },
    { kind: "property", name: "SHA-256" },
  ],
  [
    'file:hashes."SHA-""256"',
    "file",
    { kind: "property", name: "hashes" },
    { kind: "property", name: 'SHA-"256' },
  ],
  [
    String.raw`x-acme-thing:'it\'s'[*] . b [ 0 ][-1]`,
    "x-acme-thing",
    { kind: "property", name: "it's" },
    { kind: "index", index: "*" },
    { kind: "property", name: "b" },
    { kind: "index", index: 0 },
    { kind: "index", index: -1 },
  ],
];

for (const [text, objectType, ...steps] of PATHS) {
  Deno.test(`parsePattern() reads the path ${text}`, () => {
    assertEquals(onlyComparison(`[${text} = 1]`).path, { objectType, steps });
  });
}

Deno.test("parsePattern() skips white space and comments of the grammar", () => {
  const spaces = "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u200a\u2028\u2029" +
    "\u202f\u205f\u3000";
  for (const gap of [spaces, "/* ] ' */", "// ] '\n", "//\r", "/**//***/"]) {
    const text = ["", "[", "a", ":", "p", "=", "1", "]", ""].join(gap);
    assertEquals(parsePattern(text), A);
  }
  assertEquals(parsePattern("[a:p = 1] // the end"), A);
  assertEquals(parsePattern("[a:p=1]AND[b:p=1]"), joined("AND", A, B));
});

const ERRORS: readonly [text: string, position: number, expected: string][] = [
  ["", 0, '"[" or "("'],
  ["  ", 2, '"[" or "("'],
  ["this is not STIX", 0, '"[" or "("'],
  ["[]", 1, 'an object path or "("'],
  ["[a]", 2, '":"'],
  ["[a:]", 3, "a property name"],
  ["[a:b]", 4, "a comparison operator"],
  ["[a:b =]", 6, "a literal"],
  ["[a:b = 'x'", 10, 'AND, OR or "]"'],
  ["[a:b = 'x' c:d = 'y']", 11, 'AND, OR or "]"'],
  ["[a:b = 'x", 9, "a closing '"],
  [String.raw`[a:b = 'C:\Temp']`, 10, "\\' or \\\\ in a string"],
  ["[a:b = 01]", 7, "an integer without leading zeros"],
  ["[a:b = 1.]", 8, 'AND, OR or "]"'],
  ["[a:b < true]", 7, "a literal"],
  ["[a:b LIKE 5]", 10, "a string"],
  ["[a:b IN 'x']", 8, '"("'],
  ["[a:b IN ('x',)]", 13, "a literal"],
  ["[a:b IN ('x' 'y')]", 13, '"," or ")"'],
  ["[NOT a:b = 1]", 5, "EXISTS"],
  ["[EXISTS]", 7, "an object path"],
  ["[a:b[x] = 1]", 5, "a list index or *"],
  ["[a:b[0 = 1]", 7, '"]"'],
  [
    "[a:b = t'2026-13-01T00:00:00Z']",
    7,
    "a time such as t'2026-01-31T00:00:00Z'",
  ],
  ["[a:b = h'0']", 7, "pairs of hexadecimal digits"],
  ["[a:b = b'QUI']", 7, "base64"],
  ["[a:b = h'00]", 12, "a closing '"],
  ['[a:"b = 1]', 10, 'a closing "'],
  ["[a:b = 1] /* x", 14, "a closing */"],
  ["[a:b = 1] / x", 10, "a token of the grammar"],
  ["[a:b ^ 1]", 5, "a token of the grammar"],
  ["[(a:b = 1]", 9, 'an operator or ")"'],
  ["[a:b = 1] WITHIN -5 SECONDS", 17, "a number of seconds"],
  ["[a:b = 1] WITHIN 5", 18, "SECONDS"],
  ["[a:b = 1] REPEATS 1.5 TIMES", 18, "a number of times"],
  ["[a:b = 1] START 'soon'", 16, "a time such as t'2026-01-31T00:00:00Z'"],
  [
    "[a:b = 1] XOR [c:d = 1]",
    10,
    "AND, OR, FOLLOWEDBY, a qualifier or the end of the pattern",
  ],
];

for (const [text, position, expected] of ERRORS) {
  Deno.test(`parsePattern() refuses ${JSON.stringify(text)}`, () => {
    const error = assertThrows(() => parsePattern(text), PatternError);
    assertEquals([error.position, error.expected], [position, expected]);
    assertEquals(error.near, text.slice(position, position + 40));
  });
}

Deno.test("PatternError quotes little of the pattern, escaped", () => {
  const text = `[a:b = 1] \n\u0085\u2028\u202e${"^".repeat(1000)}`;
  const { message } = assertThrows(() => parsePattern(text), PatternError);
  assertEquals(
    message,
    "Cannot parse STIX pattern at character 13: expected a token of the " +
      'grammar, found "\\u202e' + "^".repeat(39) + '"',
  );
  const { message: end } = assertThrows(() => parsePattern("["), PatternError);
  assert(end.endsWith("found its end"));
});

Deno.test("parsePattern() takes 200 parentheses in each other, not more", () => {
  const nested = (depth: number) =>
    `${"(".repeat(depth / 2)}[${"(".repeat(depth / 2)}a:p = 1${
      ")".repeat(depth / 2)
    }]${")".repeat(depth / 2)}`;
  assertEquals(parsePattern(nested(200)), A);
  assertThrows(() => parsePattern(nested(202)), PatternError, "at most 200");
  assertThrows(() => parsePattern("(".repeat(1e6)), PatternError);
  assertThrows(() => parsePattern("[" + "(".repeat(1e6)), PatternError);
  const flat = Array(1000).fill("([(a:p = 1)])").join(" OR ");
  assertEquals(parsePattern(flat).kind, "observations");
});

Deno.test("parsePattern() reads back every tree that is printed", () => {
  fc.assert(fc.property(pattern, (tree) => {
    assertEquals(parsePattern(patternText(tree)), tree);
  }));
});

const FRAGMENTS = [
  ..."[]():,.*=<>!'\"\\/ -+0179th^\n",
  ...["AND", "or", "NOT", "IN", "LIKE", "EXISTS", "FOLLOWEDBY", "WITHIN"],
  ...["SECONDS", "START", "STOP", "file:name", " = ", "'x'", "t'", "h'", "//"],
];

Deno.test("parsePattern() throws nothing but PatternError", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 40 }).map((parts) =>
      parts.join("")
    ),
    fc.tuple(pattern, fc.nat()).map(([tree, cut]) => {
      const whole = patternText(tree);
      return whole.slice(0, cut % (whole.length + 1));
    }),
  );
  fc.assert(
    fc.property(text, (text) => {
      try {
        parsePattern(text);
      } catch (error) {
        assert(error instanceof PatternError, String(error));
        assert(error.position >= 0 && error.position <= text.length);
      }
    }),
    { numRuns: 2000 },
  );
});

/** Quadratic time would be minutes for each. */
const LARGE: Readonly<Record<string, string>> = {
  string: `[a:b = '${"\\\\".repeat(500_000)}']`,
  "OR chain": `[${Array(60_000).fill("a:b = 'x' ").join("OR ")}]`,
  "IN list": `[a:b IN (${Array(250_000).fill("'x'").join()})]`,
  path: `[a:b${".c".repeat(500_000)} = 1]`,
  digits: `[a:b = ${"9".repeat(1_000_000)}]`,
  float: `[a:b = 1.${"9".repeat(1_000_000)}]`,
  space: `[a:b = 1]${" ".repeat(1_000_000)}`,
  comments: `[a:b = 1]${"/* */".repeat(200_000)}`,
  qualifiers: `[a:b = 1]${" WITHIN 5 SECONDS".repeat(60_000)}`,
  observations: Array(70_000).fill("[a:b = 1]").join(" AND "),
  "open comments": "/*".repeat(500_000),
  "open quotes": `[a:"${'""'.repeat(500_000)}`,
  word: `[${"a".repeat(1_000_000)}`,
  hex: `[a:b = h'${"0".repeat(999_999)}g']`,
  base64: `[a:b = b'${"A".repeat(999_999)}!']`,
};

for (const [name, text] of Object.entries(LARGE)) {
  Deno.test(`parsePattern() is done with 1 MB of ${name} in time`, () => {
    const startedAt = performance.now();
    try {
      parsePattern(text);
    } catch (error) {
      assert(error instanceof PatternError, String(error));
    }
    assert(performance.now() - startedAt < 5000);
  });
}
