import { parse } from "@std/yaml";
import type { CommandArgs, CommandIo } from "../../src/cli/command.ts";
import { configCommand } from "../../src/cli/config.ts";
import { versionCommand } from "../../src/cli/version.ts";
import { exampleYaml } from "../../src/config/example.ts";
import { ConfigError } from "../../src/errors.ts";
import { assertEquals, assertMatch, assertRejects } from "../assert.ts";
import { ENV, load, REGISTRY } from "../config/fixture.ts";
import { fakeIo } from "./fake_io.ts";

/** Runs a command and gives its exit code and what it wrote. */
async function run(
  command: (args: CommandArgs, io: CommandIo) => Promise<number>,
  {
    positionals = [],
    values = {},
    env = ENV,
    files = {},
  }: {
    positionals?: string[];
    values?: CommandArgs["values"];
    env?: Record<string, string>;
    files?: Record<string, string>;
  },
): Promise<{ code: number; out: string; err: string }> {
  const io = fakeIo({ variables: env, files, registry: REGISTRY });
  const code = await command({ values, positionals }, io);
  return { code, out: io.out.join("\n"), err: io.err.join("\n") };
}

Deno.test("config schema prints the JSON Schema", async () => {
  const { code, out } = await run(configCommand, { positionals: ["schema"] });
  const schema = JSON.parse(out);
  assertEquals(code, 0);
  assertEquals(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assertEquals(schema.properties.targets.items.oneOf.length, 2);
});

Deno.test("config example prints the example file", async () => {
  const { code, out } = await run(configCommand, { positionals: ["example"] });
  assertEquals(code, 0);
  assertEquals(`${out}\n`, exampleYaml(REGISTRY));
});

Deno.test("config show prints what counts, as a file that loads", async () => {
  const env = { ...ENV, OPENCTI_TOKN: "x", RELAY_LOG_LEVEL: "debug" };
  const { code, out, err } = await run(configCommand, {
    positionals: ["show"],
    env,
  });
  assertEquals(code, 0);
  assertEquals(
    err,
    "Warning: OPENCTI_TOKN: this variable is not read; " +
      "did you mean OPENCTI_TOKEN?\n",
  );
  assertEquals(out.includes("token-of-opencti"), false);
  assertEquals(out.includes("key-of-elastic"), false);
  const shown = parse(out) as Record<string, Record<string, unknown>>;
  assertEquals(shown.opencti!.token, "***");
  assertEquals(shown.log!.level, "debug");
  const first = (await load({ env })).targets[0]!;
  const again = (await load({ env: {}, yaml: out })).targets[0]!;
  assertEquals(again.stream, first.stream);
  assertEquals(again.connector.id, first.connector.id);
  // Secrets are equal to assertEquals(), whatever they hold.
  assertEquals(again.settings, first.settings);
});

Deno.test("config show --json -c reads the named file", async () => {
  const { out } = await run(configCommand, {
    positionals: ["show"],
    values: { json: true, config: "my.yml" },
    files: { "my.yml": "connector: {name: Mine}" },
  });
  assertEquals(JSON.parse(out).connector.name, "Mine");
  await assertRejects(
    () =>
      run(configCommand, {
        positionals: ["show"],
        values: { config: "gone.yml" },
      }),
    ConfigError,
    "gone.yml: cannot be read: it does not exist",
  );
});

Deno.test("config refuses other subcommands", async () => {
  for (const positionals of [[], ["shw"], ["show", "x"], ["constructor"]]) {
    const error = await assertRejects(
      () => run(configCommand, { positionals }),
      ConfigError,
    );
    assertEquals(
      error.message,
      "Usage: opencti-relay config schema|example|show",
    );
  }
});

Deno.test("version prints version, commit, Deno and targets", async () => {
  const { code, out } = await run(versionCommand, { env: {} });
  assertEquals(code, 0);
  assertMatch(
    out,
    /^opencti-relay \d+\.\d+\.\d+\ncommit {2}unknown\ndeno {4}\d.*\ntargets elastic-security, elastic-threatintel$/,
  );
});

Deno.test("version --json prints the same facts", async () => {
  const { out } = await run(versionCommand, {
    values: { json: true },
    env: { RELAY_COMMIT: "0123abc" },
  });
  const { version, commit, deno, targets } = JSON.parse(out);
  assertMatch(version, /^\d+\.\d+\.\d+/);
  assertEquals(commit, "0123abc");
  assertEquals(deno, Deno.version.deno);
  assertEquals(targets, ["elastic-security", "elastic-threatintel"]);
});

Deno.test("version takes only a commit for one", async () => {
  const { out } = await run(versionCommand, {
    values: { json: true },
    env: { RELAY_COMMIT: "not a commit" },
  });
  assertEquals(JSON.parse(out).commit, "unknown");
});
