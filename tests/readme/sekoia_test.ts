/** What the README says of Sekoia.io is what the program does. */
import { assert, assertEquals } from "@std/assert";
import { TARGETS } from "../../src/targets/mod.ts";
import { load } from "../config/fixture.ts";
import { seed } from "../../src/targets/sekoia/config.ts";
import { sekoiaMapping, sekoiaVariables } from "./sekoia_tables.ts";

const README = new URL("../../README.md", import.meta.url);
const readme = (await Deno.readTextFile(README)).replaceAll("\r\n", "\n");

const PARTS = [
  ["sekoia variables", sekoiaVariables],
  ["sekoia mapping", sekoiaMapping],
] as const;

for (const [name, tables] of PARTS) {
  Deno.test(`the README's ${name} are the product's rows (UPDATE=1 writes them)`, async () => {
    const start = readme.indexOf("\n", readme.indexOf(`<!-- ${name}:`)) + 1;
    const end = readme.indexOf(`<!-- ${name} end -->`);
    assert(start > 0 && end > start);
    const wanted = `\n${tables()}\n\n`;
    if (Deno.env.get("UPDATE") === "1") {
      const now = await Deno.readTextFile(README);
      const from = now.indexOf("\n", now.indexOf(`<!-- ${name}:`)) + 1;
      const to = now.indexOf(`<!-- ${name} end -->`);
      await Deno.writeTextFile(
        README,
        now.slice(0, from) + wanted + now.slice(to),
      );
      return;
    }
    assertEquals(plain(readme.slice(start, end)), plain(wanted));
  });
}

/** Without what `deno fmt` is free to change: widths and line breaks. */
function plain(markdown: string): string {
  return markdown.replace(/-{3,}/g, "---").replace(/\s+/g, " ").trim();
}

Deno.test("the README lists every variable of the connector sekoia-intel", () => {
  const listed = sekoiaVariables();
  for (
    const name of [
      "SEKOIA_INTEL_URL",
      "SEKOIA_INTEL_APIKEY",
      "SEKOIA_INTEL_IOC_COLLECTION_UUID",
      ...seed.rows.map(([, variable]) => variable),
    ]
  ) assert(listed.includes(`\`${name}\``), name);
});

Deno.test("the README's configuration of two collections loads", async () => {
  const yaml = /```yml\n([^]*?)```/.exec(readme)?.[1] ?? "";
  const { targets, warnings } = await load({
    yaml,
    files: { "/run/secrets/sekoia": "key" },
    env: {
      OPENCTI_URL: "https://opencti.example.org",
      OPENCTI_TOKEN: "token",
      CONNECTOR_ID: "6e6bd6b8-4b8a-4b07-9e6c-0d6f6e9f0a11",
    },
    registry: TARGETS,
  });
  assertEquals(warnings, []);
  assertEquals(targets.map(({ name, type }) => [name, type]), [
    ["soc", "sekoia"],
    ["ot", "sekoia"],
  ]);
});
