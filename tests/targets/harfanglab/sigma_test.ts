import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import fc from "fast-check";
import { toSigmaRule } from "../../../src/targets/harfanglab/sigma.ts";

const ID = "f84e3c51-6f12-48e4-97d1-b15b76ecf236";
const REST = `logsource:
    product: windows
detection:
    selection:
        a: 1
    condition: selection
`;

Deno.test("toSigmaRule() sends a rule with an id as it is", () => {
  const content = `# a comment\ntitle: T\nid: ${ID}\n${REST}`;
  assertEquals(toSigmaRule(content, "x"), { id: ID, content });
});

// deno-fmt-ignore
const WITHOUT: readonly (readonly [what: string, content: string])[] = [
  ["as usual",          `title: T\n${REST}`],
  ["with a header",     `---\n# a comment\ntitle: T\n${REST}`],
  ["indented",          `  title: T\n  logsource: { product: x }\n  detection: { condition: c }\n`],
  ["with an empty id",  `title: T\nid:\n${REST}`],
  ["as JSON",           '{"title": "T", "logsource": {}, "detection": {"condition": "c"}}'],
  ["with CRLF",         `title: T\n${REST}`.replaceAll("\n", "\r\n")],
];

for (const [what, content] of WITHOUT) {
  Deno.test(`toSigmaRule() gives a rule an id, written ${what}`, () => {
    const rule = toSigmaRule(content, "internal");
    assert(typeof rule === "object", `${rule}`);
    const { id, ...rest } = parse(rule.content);
    assertEquals(id, rule.id);
    const { id: _none, ...before } = parse(content);
    assertEquals(rest, before);
    // The same for every content of the indicator, another for another one.
    const again = toSigmaRule(`title: Other\n${REST}`, "internal");
    assertEquals(typeof again === "object" && again.id, rule.id);
    const other = toSigmaRule(content, "other");
    assert(typeof other === "object" && other.id !== rule.id);
  });
}

Deno.test("toSigmaRule() puts the id before everything else", () => {
  const rule = toSigmaRule(`title: T\n${REST}`, "internal");
  assert(typeof rule === "object");
  assertEquals(rule.content, `id: ${rule.id}\ntitle: T\n${REST}`);
});

Deno.test("toSigmaRule() is not led astray by aliases without end", () => {
  const layers = Array.from(
    { length: 30 },
    (_, at) =>
      `a${at + 1}: &a${at + 1} [${Array(9).fill(`*a${at}`).join(", ")}]`,
  );
  const bomb = `a0: &a0 [x, x]\n${layers.join("\n")}\ntitle: T\n${REST}`;
  const rule = toSigmaRule(bomb, "x");
  assert(typeof rule === "string");
});

Deno.test("toSigmaRule() reads or refuses any text", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "title: T\n",
      "id: x\n",
      REST,
      "---\n",
      "? [\n",
      "&a",
      "*a",
    ),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const rule = toSigmaRule(pieces.join(""), "internal");
      if (typeof rule === "object") assert(rule.id !== "");
    }),
    { seed: 3, numRuns: 500 },
  );
});
