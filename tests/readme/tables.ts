/** The tables of the README that are printed from the product's own rows. */
import {
  OBSERVABLE_ROWS,
  SENSITIVE_TYPES,
} from "../../src/targets/_elastic/ecs_rows.ts";
import {
  ENTITY_ROWS,
  type EntityRow,
  INDICATOR_ROWS,
} from "../../src/targets/_elastic/entity_rows.ts";
import {
  RULE_LANGUAGES,
  TACTICS,
  toRule,
} from "../../src/targets/elastic_security/rule.ts";

/** The cells of one line of a table. */
export type Cells = readonly string[];

/** All of them, with what stands between, as Markdown. */
export function readmeTables(): string {
  return [
    `Every value of an indicator's pattern, and every observable, is one document.
\`OCTI\` is OpenCTI's extension of an object, \`SCO\` the one of observables; a
field stays away where its source is missing.`,
    table(["OpenCTI", "in every document"], entityCells(ENTITY_ROWS)),
    table(
      ["indicator", "further in documents of indicators"],
      entityCells(INDICATOR_ROWS),
    ),
    `What depends on the type, from the observable or from the same property in a
pattern. \`threat.indicator.name\` is always the value itself, of a file its best
hash.`,
    table(
      ["observable", "`threat.indicator.type`", "property", "fields"],
      observableCells(),
    ),
    `Never copied, because they are sensitive and nothing matches on them:
${list([...SENSITIVE_TYPES])}. Other types of objects have no place in Elastic
Security and are skipped.`,
    `An indicator without a value (another language than STIX, or nothing but
ranges and wildcards) is one document for reference, with the pattern in
\`threat.indicator.query\`: its \`threat.indicator.type\` is \`query\` for the
languages of Elastic, else \`unknown\`. Those of Elastic also become detection
rules:`,
    table(["pattern type", "type of rule", "language"], languageCells()),
    table(["field of the rule", "from the indicator"], ruleCells()),
  ].join("\n\n");
}

/** Sources with all the fields they go to; constants last. */
function entityCells(rows: readonly EntityRow[]): Cells[] {
  const bySource = grouped(
    rows.map(([from, to, how]) =>
      from === ""
        ? ["(always)", `${code(to)} = ${code(JSON.stringify(constantOf(how)))}`]
        : [code(from), to]
    ),
  );
  return [...bySource]
    .toSorted(([a], [b]) => Number(a === "(always)") - Number(b === "(always)"))
    .map(([from, fields]) => [
      from,
      from === "(always)" ? fields.join(", ") : shortened(fields),
    ]);
}

/** What a row gives that looks at nothing. */
function constantOf(how: EntityRow[2]): unknown {
  return how(undefined as unknown as Parameters<typeof how>[0]);
}

/** One line per property; types that have the same rows stand together. */
function observableCells(): Cells[] {
  const byRows = new Map<string, string[]>();
  for (const [type, { rows }] of Object.entries(OBSERVABLE_ROWS)) {
    const key = JSON.stringify(rows.map(([from, to]) => [from, to]));
    byRows.set(key, [...byRows.get(key) ?? [], type]);
  }
  const cells = [...byRows].flatMap(([key, types]) => {
    const what = [list(types), list([...new Set(types.flatMap(ecsTypesOf))])];
    const rows = JSON.parse(key) as [string, string][];
    if (rows.length === 0) return [[...what, "", "only those above"]];
    const properties = [...grouped(rows)];
    return properties.map(([from, fields], at) => [
      ...(at === 0 ? what : ["", ""]),
      code(from),
      shortened([...new Set(fields)]),
    ]);
  });
  const isBare = ([, , property]: Cells) => property === "" ? 1 : 0;
  return cells.toSorted((a, b) => isBare(a) - isBare(b));
}

/** Fields of one parent together: `a.{b,c}`. */
function shortened(fields: readonly string[]): string {
  const byParent = grouped(fields.map((field) => {
    const dot = field.lastIndexOf(".");
    return [field.slice(0, Math.max(dot, 0)), field.slice(dot + 1)];
  }));
  return [...byParent].map(([parent, names]) =>
    code(
      parent === ""
        ? names.join(", ")
        : names.length === 1
        ? `${parent}.${names[0]}`
        : `${parent}.{${names.join(",")}}`,
    )
  ).join(", ");
}

/** With and without a port, which makes traffic of another type. */
function ecsTypesOf(type: string): string[] {
  const rows = OBSERVABLE_ROWS[type];
  if (rows === undefined) return [];
  return [rows.type({ type, dst_port: 443 }), rows.type({ type })];
}

function languageCells(): Cells[] {
  return [...RULE_LANGUAGES].map(([name, { type, language }]) => [
    code(name),
    code(type),
    code(language),
  ]);
}

const CONTEXT = {
  externalUrl: "https://opencti.example.org",
  names: new Map(),
  indexPatterns: ["logs-*"],
  enabled: true,
};
const OCTI = "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba";

/** A rule of an indicator with this score. */
function ruleOf(score: number): Readonly<Record<string, unknown>> {
  const rule = toRule({
    id: "indicator--1",
    type: "indicator",
    name: "its name",
    pattern: "host.name: *",
    pattern_type: "kql",
    extensions: { [OCTI]: { id: "its id", score } },
  }, CONTEXT);
  if (rule === undefined) throw new Error("KQL makes no rule any more");
  return rule;
}

function ruleCells(): Cells[] {
  const rule = ruleOf(50);
  const constants = ["interval", "from", "to", "max_signals"]
    .map((name) => `${code(name)} = ${code(JSON.stringify(rule[name]))}`);
  return [
    [
      code("rule_id"),
      code(String(rule.rule_id).replace("its id", "<OCTI.id>")),
    ],
    [code("name"), code(String(rule.name).replace("its name", "<name>"))],
    [code("query"), "`pattern`, as it is"],
    [code("description"), "`description`"],
    [code("risk_score"), "`OCTI.score`, else `confidence`, else 50"],
    [code("severity"), `risk score: ${severities()}`],
    [code("tags"), "`opencti`, `threat-intel` and `labels`"],
    [code("author"), "name of `created_by_ref`"],
    [code("references"), "page in OpenCTI, `external_references[].url`"],
    [
      code("threat"),
      "`kill_chain_phases` of `mitre-attack`: " +
      [...TACTICS].map(([phase, [id]]) => `${phase} (${id})`).join(", "),
    ],
    [
      code("enabled"),
      "the setting `rule_enabled`; off where `OCTI.detection` is false, and " +
      "while the indicator is revoked or expired",
    ],
    [code("index"), "the setting `rule_index_patterns`; none for ES|QL"],
    ["the rest", constants.join(", ")],
  ];
}

/** The lowest risk score of each severity, asked of the code itself. */
function severities(): string {
  const lowest = new Map<string, number>();
  for (let score = 0; score <= 100; score++) {
    const severity = String(ruleOf(score).severity);
    if (!lowest.has(severity)) lowest.set(severity, score);
  }
  return [...lowest].map(([severity, score]) => `${severity} from ${score}`)
    .join(", ");
}

export function grouped(
  pairs: readonly (readonly string[])[],
): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [from = "", to = ""] of pairs) {
    groups.set(from, [...groups.get(from) ?? [], to]);
  }
  return groups;
}

export function list(names: readonly string[]): string {
  return names.map(code).join(", ");
}

export function code(text: string): string {
  return `\`${text}\``;
}

export function table(head: Cells, rows: readonly Cells[]): string {
  const cells = [head, ...rows].map((row) =>
    row.map((cell) => cell.replaceAll("|", "\\|"))
  );
  const widths = head.map((_name, column) =>
    Math.max(3, ...cells.map((row) => (row[column] ?? "").length))
  );
  const line = (row: Cells) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  const [first = [], ...rest] = cells;
  return [
    line(first),
    line(widths.map((width) => "-".repeat(width))),
    ...rest.map(line),
  ].join("\n");
}
