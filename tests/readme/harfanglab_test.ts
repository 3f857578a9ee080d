/** What the README says of HarfangLab is what the program does. */
import { assertEquals } from "@std/assert";
import { inputSchema } from "../../src/config/input_schema.ts";
import { seedNames } from "../../src/config/seeds.ts";
import type { TargetDefinition } from "../../src/targets/target.ts";
import {
  DOCUMENT_FIELD_ROWS,
  IOC_FIELD_ROWS,
  LEVELS,
} from "../../src/targets/harfanglab/mapping.ts";
import {
  FILE_PATH_ROW,
  IOC_ROWS,
  OBSERVABLE_ROWS,
  OTHERWISE_ROWS,
} from "../../src/targets/harfanglab/ioc_values.ts";
import { harfanglab } from "../../src/targets/harfanglab/mod.ts";
import { code, table } from "./tables.ts";

type Cells = readonly string[];

const README = new URL("../../README.md", import.meta.url);
const START = "<!-- harfanglab tables:";
const END = "<!-- harfanglab tables end -->";

const readme = (await Deno.readTextFile(README)).replaceAll("\r\n", "\n");

Deno.test("the README's tables of HarfangLab are the product's rows (UPDATE=1 writes them)", async () => {
  const start = readme.indexOf("\n", readme.indexOf(START)) + 1;
  const end = readme.indexOf(END);
  const wanted = `\n${tables()}\n\n`;
  if (Deno.env.get("UPDATE") === "1") {
    const text = readme.slice(0, start) + wanted + readme.slice(end);
    await Deno.writeTextFile(README, text);
    return;
  }
  assertEquals(plain(readme.slice(start, end)), plain(wanted));
});

/** Without what `deno fmt` is free to change: widths and line breaks. */
function plain(markdown: string): string {
  return markdown.replace(/-{3,}/g, "---").replace(/\s+/g, " ").trim();
}

function tables(): string {
  const levels = LEVELS.map(([score, level]) => `${level} from ${score}`);
  return [
    `Every value of a pattern, and every observable that an indicator is based on,
is one IOC rule. Several paths of one observation are sent one by one, but for
the hashes and the name of one file, and for a folder and a name.`,
    table(["in a STIX pattern", "IOC rule"], patternCells()),
    table(["based on", "IOC rule"], observableCells()),
    `Other types of values are skipped, and so are objects of other types.
\`OCTI\` and \`MITRE\` are extensions of the indicator. Of several indicators that
ask for one rule it is the one changed last.`,
    table(["indicator", "member of its IOC rules"], cells(IOC_FIELD_ROWS)),
    `Level by score: ${levels.join(", ")}, else informational. Indicators of the
pattern types \`sigma\` and \`yara\` are one rule or file each:`,
    table(
      ["indicator", "member of its Sigma rule or YARA file"],
      cells(DOCUMENT_FIELD_ROWS),
    ),
  ].join("\n\n");
}

function patternCells(): Cells[] {
  const byType = new Map<string, string[]>();
  const rows = [...IOC_ROWS, ...OTHERWISE_ROWS, FILE_PATH_ROW];
  for (const [path, type] of rows) {
    byType.set(type, [...byType.get(type) ?? [], code(path)]);
  }
  return [...byType].map(([type, paths]) => [paths.join(", "), code(type)]);
}

function observableCells(): Cells[] {
  const byType = new Map<string, string[]>();
  for (const [name, type] of OBSERVABLE_ROWS) {
    byType.set(name, [...byType.get(name) ?? [], code(type)]);
  }
  return [...byType].map((
    [name, types],
  ) => [code(name), types.join(", else ")]);
}

function cells(
  rows: readonly (readonly [from: string, to: string, ...unknown[]])[],
): Cells[] {
  return rows.map(([from, to]) => [code(from), code(to)]);
}

Deno.test("every variable the README lists for HarfangLab is read, with the default it names", () => {
  const { properties } = inputSchema(harfanglab.config);
  const names = seedNames(harfanglab as TargetDefinition);
  const start = readme.indexOf("| variable of HarfangLab");
  const [block = ""] = readme.slice(start).split("\n\n");
  const rows = block.split("\n").slice(2).map((row) =>
    row.split("|").slice(1, -1).map((cell) => cell.trim())
  );
  const wrong = rows.flatMap(([cell = "", , told = ""]) => {
    const variable = cell.replaceAll("`", "");
    const name = names.find((one) => one.variable === variable && !one.isFile);
    if (name === undefined) return [`${variable} is not read`];
    const value = properties[`${name.key[0]}`]?.default;
    const wanted = value !== undefined
      ? `\`${value}\``
      : ["url", "token"].includes(`${name.key[0]}`)
      ? "required"
      : "none";
    return told === wanted ? [] : [`${variable}: ${told}, not ${wanted}`];
  });
  assertEquals(wrong, []);
  assertEquals(rows.length, 10);
});
