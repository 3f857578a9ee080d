/** What the README says is what the program does. */
import { assertEquals } from "@std/assert";
import { COMMANDS } from "../src/cli/commands.ts";
import { EXIT } from "../src/cli/command.ts";
import { RELAY_SCHEMA, RELAY_VARIABLES } from "../src/config/schema.ts";
import { inputSchema } from "../src/config/input_schema.ts";
import { TARGETS } from "../src/targets/mod.ts";
import { configSchema, seed } from "../src/targets/elastic_security/config.ts";
import {
  configSchema as threatintelSchema,
  seed as threatintelSeed,
} from "../src/targets/elastic_threatintel/config.ts";
import {
  configSchema as mispSchema,
  seed as mispSeed,
} from "../src/targets/misp/config.ts";
import { load } from "./config/fixture.ts";
import { mispTables } from "./readme/misp_tables.ts";
import { checkRegion, readReadme } from "./readme/region.ts";
import { readmeTables } from "./readme/tables.ts";

const readme = await readReadme();

Deno.test("the README's tables are the product's rows (UPDATE=1 writes them)", async () => {
  await checkRegion("tables", readmeTables());
  await checkRegion("misp tables", mispTables());
});

Deno.test("every variable the README lists is read, with the default it names", () => {
  const known = new Map<string, unknown>();
  for (const [path, variable] of RELAY_VARIABLES) {
    const [block = "", key = ""] = path.split(".");
    const schema = RELAY_SCHEMA.shape[block as keyof typeof RELAY_SCHEMA.shape];
    known.set(variable, inputSchema(schema).properties[key]?.default);
  }
  const settings = inputSchema(configSchema);
  for (const [, variable, key] of seed.rows) {
    known.set(variable, settings.properties[key]?.default);
  }
  const required = new Set([
    "OPENCTI_URL",
    "OPENCTI_TOKEN",
    "CONNECTOR_ID",
    "CONNECTOR_LIVE_STREAM_ID",
    "ELASTIC_SECURITY_URL",
    "ELASTIC_SECURITY_API_KEY",
  ]);
  const wrong = variableRows().flatMap(({ names, fallback }) =>
    names.flatMap((name) => {
      if (!known.has(name)) return [`${name} is not read`];
      const value = known.get(name);
      if ((fallback === "required") !== required.has(name)) {
        return [`${name} is ${required.has(name) ? "" : "not "}required`];
      }
      const isTold = value === undefined || fallback.includes(`\`${value}\``);
      return isTold ? [] : [`${name} is ${value} by default, not ${fallback}`];
    })
  );
  assertEquals(wrong, []);
});

const OTHERS = [
  ["Elasticsearch", threatintelSeed, inputSchema(threatintelSchema)],
  ["MISP", mispSeed, inputSchema(mispSchema)],
] as const;

for (const [tool, seed, settings] of OTHERS) {
  Deno.test(`the variables of ${tool} in the README are read, with their defaults`, () => {
    const keys = new Map(seed.rows.map(([, name, key]) => [name, key]));
    const rows = tableAfter(`| variable of ${tool}`);
    assertEquals(rows.length > 5, true);
    const wrong = rows.flatMap(([cell = "", , fallback = ""]) =>
      [...cell.matchAll(/`([A-Z]\w+)`/g)].flatMap(([, name = ""]) => {
        if (name.startsWith("PROXY_")) return [];
        // A default counts for nothing where presence makes the target.
        const isPresence = fallback.startsWith("required");
        const key = keys.get(name);
        if (key === undefined) return [`${name} is not read`];
        const value = settings.properties[key]?.default;
        const isTold = isPresence || value === undefined ||
          fallback.includes(`\`${value}\``);
        return isTold ? [] : [`${name} is ${value}, not ${fallback}`];
      })
    );
    assertEquals(wrong, []);
  });
}

Deno.test("the README lists every variable of the connector", () => {
  const listed = new Set(variableRows().flatMap(({ names }) => names));
  // The table of the connector `elastic-security-intel`.
  // deno-fmt-ignore
  const connector = [
    "OPENCTI_URL", "OPENCTI_TOKEN", "CONNECTOR_ID", "CONNECTOR_LIVE_STREAM_ID",
    "ELASTIC_SECURITY_URL", "ELASTIC_SECURITY_API_KEY",
    "ELASTIC_SECURITY_CLIENT_CERT", "ELASTIC_SECURITY_CLIENT_KEY",
    "ELASTIC_SECURITY_VERIFY_SSL", "ELASTIC_SECURITY_CA_CERT",
    "ELASTIC_SECURITY_INDEX_NAME", "ELASTIC_SECURITY_INDICATOR_EXPIRE_TIME",
    "ELASTIC_SECURITY_BATCH_SIZE",
  ];
  assertEquals(connector.filter((name) => !listed.has(name)), []);
});

interface VariableRow {
  readonly names: readonly string[];
  readonly fallback: string;
}

/** Rows of the tables "variable | meaning | default": common, and Elastic's. */
function variableRows(): VariableRow[] {
  return [
    ...tableAfter("| variable "),
    ...tableAfter("| variable of Elastic Security"),
  ].map(([variable = "", , fallback = ""]) => {
    const [first = "", ...rest] = [...variable.matchAll(/`(\w+)`/g)]
      .map(([, name = ""]) => name);
    // `A_CLIENT_CERT`, `_CLIENT_KEY`: the same beginning.
    const prefix = first.replace(/_[A-Z]+_[A-Z]+$/, "");
    return {
      names: [
        first,
        ...rest.map((name) => name.startsWith("_") ? prefix + name : name),
      ],
      fallback,
    };
  });
}

Deno.test("the README's configuration of several targets loads", async () => {
  const yaml = /```yaml\n([^]*?)```/.exec(readme)?.[1] ?? "";
  const files = { "/run/secrets/soc": "key", "/run/secrets/lab": "key" };
  const { targets, warnings } = await load({
    yaml,
    files,
    env: { OPENCTI_TOKEN: "token" },
    registry: TARGETS,
  });
  assertEquals(warnings, []);
  assertEquals(
    targets.map(({ name, stream }) => [name, stream.id.slice(-1)]),
    [["soc", "1"], ["lab", "2"]],
  );
});

Deno.test("the README lists every command, and no other", () => {
  const listed = tableAfter("| command").flatMap(([cell = ""]) =>
    [...cell.matchAll(/`(?!--)([\w-]+)/g)].map(([, name = ""]) => name)
  );
  const words = ["schema", "example", "show"];
  // In the order of the help.
  assertEquals(
    [...new Set(listed)].filter((name) => !words.includes(name)),
    COMMANDS.map(({ name }) => name),
  );
});

Deno.test("the README names every option of the commands", () => {
  const options = COMMANDS.flatMap(({ name, options }) =>
    Object.keys(options).map((option) => ({ name, option }))
  );
  assertEquals(
    options.filter(({ option }) => !readme.includes(`--${option}`)),
    [],
  );
});

Deno.test("the README's contents are its headings, each once", () => {
  const text = readme.replace(/```[^]*?```/g, "");
  const headings = [...text.matchAll(/^##(#?) (.+)$/gm)]
    .map(([, deeper, title = ""]) =>
      `${deeper === "" ? "" : "  "}- [${title}](#${slug(title)})`
    )
    .filter((line) => line !== "- [Contents](#contents)");
  const [, contents = ""] = /## Contents\n\n([^]*?)\n\n/.exec(readme) ?? [];
  assertEquals(contents.split("\n"), headings);
  assertEquals(new Set(headings).size, headings.length);
  const anchors = new Set(headings.map((line) => /\((#.+)\)/.exec(line)?.[1]));
  const links = [...readme.matchAll(/\]\((#[^)]+)\)/g)].map(([, link]) => link);
  assertEquals(links.filter((link) => !anchors.has(link)), []);
});

/** As the page of a repository makes anchors. */
function slug(title: string): string {
  return title.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-");
}

Deno.test("every command line of the README is one", () => {
  const options = new Map(
    COMMANDS.map(({ name, options }) => [name, Object.keys(options)]),
  );
  const wrong = [
    ...readme.matchAll(
      /opencti-relay (?!follows)([a-z]+(?:-[a-z]+)*)([^\n`|]*)/g,
    ),
  ]
    .flatMap(([text, name = "", rest = ""]) => {
      const known = options.get(name);
      // Prose goes on in other words; a command is in code.
      if (known === undefined) return isCode(text) ? [text] : [];
      return [...rest.matchAll(/--([a-z-]+)/g)].map(([, option = ""]) => option)
        .filter((option) => !known.includes(option) && option !== "json")
        .map((option) => `${name} --${option}`);
    });
  assertEquals(wrong, []);
});

function isCode(text: string): boolean {
  return readme.includes(`\`${text}`) || readme.includes(`\n${text}`);
}

Deno.test("the README names the exit codes and the targets", () => {
  const codes = /Exit codes: ([^]*?)\n\n/.exec(readme)?.[1] ?? "";
  const told = [...codes.matchAll(/\b(\d) /g)].map(([, code]) => Number(code));
  assertEquals(told, Object.values(EXIT));
  assertEquals(
    tableAfter("| target").map(([name = ""]) => name.replaceAll("`", "")),
    TARGETS.map(({ name }) => name),
  );
});

/** Cells of the rows of the table whose head begins like this. */
function tableAfter(head: string): string[][] {
  const lines = readme.slice(readme.indexOf(`\n${head}`) + 1).split("\n");
  const rows = lines.slice(2, lines.findIndex((line) => !line.startsWith("|")));
  return rows.map((row) =>
    row.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim())
  );
}
