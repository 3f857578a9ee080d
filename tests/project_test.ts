/**
 * The project's own files agree with one another: commands in the README,
 * tasks, pinned versions and the lock file.
 */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../", import.meta.url);
const readme = readText("README.md");
const tasks = Object.keys(
  (JSON.parse(readText("deno.json") ?? "{}") as { tasks: object }).tasks,
);

Deno.test({
  name: "every task the README names exists",
  ignore: readme === undefined,
  fn: () => {
    const named = commandsOf(readme ?? "").flatMap((line) =>
      [...line.matchAll(/\bdeno(?:@[\d.]+)? task (?:-\S+ )*([\w:-]+)/g)]
        .map(([, task = ""]) => task)
    );
    assertEquals(named.filter((task) => !tasks.includes(task)), []);
  },
});

Deno.test({
  name: "the README tells how to test on a new machine",
  ignore: readme === undefined,
  fn: () => {
    const command = `npx -y deno@${pinnedVersion()} task test`;
    assert(commandsOf(readme ?? "").some((line) => line.includes(command)));
  },
});

Deno.test("one version of Deno is named everywhere", () => {
  const files = [
    ".ci/run",
    "README.md",
    ".github/workflows/ci.yml",
    ".github/workflows/release.yml",
  ];
  const named = files.flatMap((path) =>
    [...(readText(path) ?? "").matchAll(VERSION)]
      .map(([, version = ""]) => ({ path, version }))
  );
  assert(named.length > 0);
  assertEquals(
    named.filter(({ version }) => version !== pinnedVersion()),
    [],
  );
});

Deno.test("every task a task runs exists", () => {
  const named = (readText("deno.json") ?? "")
    .matchAll(/deno task (?:--quiet )?([\w:-]+)/g);
  const missing = [...named].map(([, task = ""]) => task)
    .filter((task) => !tasks.includes(task));
  assertEquals(missing, []);
});

Deno.test("deno.lock holds what deno.json asks for", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet", "--frozen"],
    cwd: fileURLToPath(ROOT),
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assert(code === 0, new TextDecoder().decode(stderr));
});

Deno.test({
  name: "an example of the configuration is there",
  ignore: readText("src/config/load.ts") === undefined,
  fn: () => assert(readText("config.example.yml") !== undefined),
});

const VERSION = /(?:deno@|deno-version: )(\d[\w.-]*)/g;

/** The version `.ci/run` starts. */
function pinnedVersion(): string {
  const version = /deno@(\d[\w.-]*)/.exec(readText(".ci/run") ?? "")?.[1];
  assert(version !== undefined, ".ci/run names no version of Deno");
  return version;
}

/** The lines of the fenced blocks. */
function commandsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^ {0,3}```[^\n]*\n([^]*?)^ {0,3}```/gm)]
    .flatMap(([, block = ""]) => block.split("\n"));
}

/** A file of the repository; undefined if there is none. */
function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(new URL(path, ROOT)).replaceAll("\r\n", "\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
