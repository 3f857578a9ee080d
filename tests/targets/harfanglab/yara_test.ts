import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ruleNames, toYaraFile } from "../../../src/targets/harfanglab/yara.ts";

// deno-fmt-ignore
const FILES: readonly (readonly [what: string, text: string, names: string[]])[] = [
  ["one rule",            "rule A { condition: true }",                               ["A"]],
  ["tags",                "rule A : apt x { condition: true }",                       ["A"]],
  ["modifiers",           "private global rule A { condition: true }",                ["A"]],
  ["imports",             'import "pe"\nimport "math"\nrule A { condition: pe.is_dll() }', ["A"]],
  ["comments",            "/* rule X { */ rule A { // }\n condition: true }",         ["A"]],
  ["braces in strings",   'rule A { strings: $a = "} rule B {" condition: $a }',      ["A"]],
  ["escaped quotes",      'rule A { strings: $a = "\\"}" condition: $a }',            ["A"]],
  ["hex strings",         "rule A { strings: $a = { 4D 5A [2-4] ( 90 | ?? ) } condition: $a }", ["A"]],
  ["hex with comments",   "rule A { strings: $a = { 4D /* } */ 5A // }\n } condition: $a }", ["A"]],
  ["regular expressions", "rule A { strings: $a = /[a-z]{3}\\/}\"/i condition: $a }", ["A"]],
  ["a loop",              "rule A { condition: for any i in (1..3) : ( uint8(i) == 0x4D ) }", ["A"]],
  ["several",             "rule B { condition: true } rule A { condition: B }",       ["B", "A"]],
];

for (const [what, text, names] of FILES) {
  Deno.test(`toYaraFile() reads ${what}`, () => {
    const file = toYaraFile(text);
    assertEquals(typeof file === "string" ? file : ruleNames(file), names);
  });
}

Deno.test("toYaraFile() tells modifiers and imports", () => {
  assertEquals(
    toYaraFile('import "pe"\nprivate rule A { condition: true }'),
    {
      rules: [{ name: "A", isPrivate: true, isGlobal: false }],
      imports: ["pe"],
    },
  );
});

// deno-fmt-ignore
const BROKEN: readonly (readonly [text: string, why: string])[] = [
  ["rule A { condition: true",                  "no } at the end of rule A"],
  ["rule A { /* condition: true }",             "a comment without end"],
  ['rule A { strings: $a = "x condition: true', "a string without end"],
  ["rule 1A { condition: true }",               "a rule without a name"],
  ["rule all { condition: true }",              'a rule called "all"'],
  ["rule A condition: true }",                  "no { after rule A"],
  ["rule A { meta: a = 1 }",                    "no condition in rule A"],
  ["import pe rule A { condition: true }",      "import without a name in quotes"],
  ["private",                                   "a modifier without a rule"],
  ["rule A { condition: true } }",              '"}" outside of a rule'],
  ["rule A { condition: true } rule A { condition: true }", 'two rules called "A"'],
];

for (const [text, why] of BROKEN) {
  Deno.test(`toYaraFile() says ${why}: ${text.slice(0, 25)}`, () => {
    assertEquals(toYaraFile(text), why);
  });
}

Deno.test("toYaraFile() reads or refuses any text", () => {
  const piece = fc.oneof(
    fc.constantFrom("rule", "A", "{", "}", "condition", ":", '"', "/*", "*/"),
    fc.constantFrom("//", "/", "\\", "=", "$a", "import", "\n", " ", "private"),
    fc.string({ unit: "binary", maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const file = toYaraFile(pieces.join(" "));
      if (typeof file === "object") assertEquals(file.rules.length > 0, true);
    }),
    { seed: 3, numRuns: 500 },
  );
});
