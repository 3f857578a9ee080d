/** The README's metrics are those of the program. */
import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import {
  PREFIX,
  PROCESS_METRICS,
  TARGET_METRICS,
} from "../../src/status/metrics.ts";

const README = new URL("../../README.md", import.meta.url);
const START = "<!-- metrics:";
const END = "<!-- metrics end -->";

const readme = (await Deno.readTextFile(README)).replaceAll("\r\n", "\n");

Deno.test("the README's metrics are printed from the code (UPDATE=1 writes them)", async () => {
  const start = readme.indexOf("\n", readme.indexOf(START)) + 1;
  const end = readme.indexOf(END);
  const wanted = `\n${metricsTable()}\n\n`;
  if (Deno.env.get("UPDATE") === "1") {
    await Deno.writeTextFile(
      README,
      readme.slice(0, start) + wanted + readme.slice(end),
    );
    return;
  }
  assertEquals(plain(readme.slice(start, end)), plain(wanted));
});

function metricsTable(): string {
  const rows = [
    ...TARGET_METRICS.map(({ name, type, labels, help }) => [
      code(PREFIX + name),
      type,
      ["target", ...labels].map(code).join(", "),
      help,
    ]),
    ...PROCESS_METRICS.map(({ name, type, help }) => [
      code(name),
      type,
      "",
      help,
    ]),
  ];
  return [["metric", "type", "labels", "what"], ["---", "---", "---", "---"]]
    .concat(rows).map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}

/** Without what `deno fmt` is free to change: widths and line breaks. */
function plain(markdown: string): string {
  return markdown.replace(/-{3,}/g, "---").replace(/\s+/g, " ").trim();
}

Deno.test("every metric that the README's alerts ask for is one", () => {
  const block = /```yaml\n(groups:[^]*?)```/.exec(readme)?.[1] ?? "";
  const { groups } = parse(block) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  const known = new Set([
    ...TARGET_METRICS.map(({ name }) => PREFIX + name),
    ...PROCESS_METRICS.map(({ name }) => name),
  ]);
  const rules = groups.flatMap(({ rules }) => rules);
  assert(rules.length > 5);
  for (const { alert, expr } of rules) {
    const [name = ""] = /opencti_connector_\w+/.exec(expr) ?? [];
    assert(known.has(name), `${alert}: ${expr}`);
  }
});
