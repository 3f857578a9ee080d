import { assertEquals } from "@std/assert";
import { exportsOf, importsOf, linesWith, readSource } from "./source.ts";

function specifiers(text: string): (string | undefined)[] {
  return importsOf(readSource(text)).map(({ specifier }) => specifier);
}

Deno.test("importsOf() finds every form of import and re-export", () => {
  const text = [
    'import "./a.ts";',
    'import b from "./b.ts";',
    'import * as c from "./c.ts";',
    "import {\n  d,\n  e as f,\n} from './d.ts';",
    'export * from "./e.ts";',
    'export { g } from "./f.ts";',
    'const h = await import("./g.ts");',
    'const i = import( /* why */ "./h.ts" );',
    'import j = require("./i.ts");',
    "const k = import(`./${name}.ts`);",
    "const l = import(where);",
    'import data from "./j.json" with { type: "json" };',
  ].join("\n");
  assertEquals(
    new Set(specifiers(text)),
    new Set([
      ..."abcdefghi".split("").map((letter) => `./${letter}.ts`),
      undefined,
      "./j.json",
    ]),
  );
  assertEquals(specifiers(text).length, 12);
});

Deno.test("importsOf() is not fooled by comments, strings and patterns", () => {
  const text = [
    '// import "./a.ts";',
    '/* import "./b.ts"; */',
    "const a = 'import \"./c.ts\"';",
    'const b = `import "./d.ts" ${"`"} import "./e.ts"`;',
    'const c = /import "x/.test(d) ? "\\"import \\\'./f.ts\\\'" : 4 / 2 / 1;',
    "const e = import.meta.url;",
    "important('x'); object.import('y');",
    'const f = { from: "./g.ts" };',
  ].join("\n");
  assertEquals(specifiers(text), []);
});

Deno.test("importsOf() tells type-only imports", () => {
  const text = [
    'import type { A } from "1";',
    'import { type B, type C } from "2";',
    'export type { D } from "3";',
    'import { type E, f } from "4";',
    'import type from "5";',
    'import {} from "6";',
  ].join("\n");
  assertEquals(
    importsOf(readSource(text)).map(({ typeOnly }) => typeOnly),
    [true, true, true, false, false, false],
  );
});

Deno.test("importsOf() counts lines from one", () => {
  const text = 'const a = `\n\n`;\nimport "x";\n\nimport("y");\n';
  assertEquals(
    importsOf(readSource(text)).map(({ line }) => line),
    [4, 6],
  );
});

Deno.test("exportsOf() tells the documented from the others", () => {
  const text = [
    "/** One. */",
    "export const one = 1;",
    "/**\n * Two.\n */",
    "// deno-fmt-ignore",
    "export async function two() {}",
    "// Three.",
    "export class Three {}",
    "export type Four = string;",
    "/** Five. */",
    "export function five(a: string): void;",
    "export function five(a: unknown): void {}",
    "/** Not six. */\nconst x = 1;",
    "export abstract class Six {}",
    'export { seven } from "./seven.ts";',
    "export type { Eight };",
    "const a = `\nexport const nine = 9;\n`;",
    "export default {};",
  ].join("\n");
  assertEquals(
    exportsOf(readSource(text)).map(({ name, documented }) =>
      documented ? name : `no ${name}`
    ),
    ["one", "two", "no Three", "no Four", "five", "no Six", "no default"],
  );
});

Deno.test("linesWith() looks at code alone", () => {
  const source = readSource(
    '// Deno.exit\nconst a = "Deno.exit";\nDeno.exit(1);\nDeno.exitCode = 1;',
  );
  assertEquals(linesWith(source, /\bDeno\.exit\b/), [3]);
});
