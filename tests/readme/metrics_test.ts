/** The README's metrics are those of the program. */
import { assert } from "@std/assert";
import { parse } from "@std/yaml";
import {
  PREFIX,
  PROCESS_METRICS,
  TARGET_METRICS,
} from "../../src/status/metrics.ts";
import { checkRegion, readReadme } from "./region.ts";

const readme = await readReadme();

Deno.test("the README's metrics are printed from the code (UPDATE=1 writes them)", async () => {
  await checkRegion("metrics", metricsTable());
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
