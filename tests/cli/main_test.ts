/** The command line itself: help, mistakes in it, and a bug. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands.ts";
import { main } from "../../src/cli/main.ts";
import { fakeIo, type FakeIoOptions } from "./fake_io.ts";
import { startRelay } from "./process.ts";
import { TARGETS } from "../../src/targets/mod.ts";

/** Names of all targets. */
const NAMES = TARGETS.map(({ name }) => name);

async function run(args: readonly string[], options: FakeIoOptions = {}) {
  const io = fakeIo(options);
  const code = await main(args, io);
  return { code, out: io.out.join("\n"), err: io.err.join("") };
}

for (const args of [["help"], ["--help"], ["-h"]]) {
  Deno.test(`${args} names every command and ends with 0`, async () => {
    const { code, out, err } = await run(args);
    assertEquals([code, err], [0, ""]);
    for (const { name, summary } of COMMANDS) {
      assertMatch(out, new RegExp(`^  ${name} +${summary}$`, "m"));
    }
  });
}

Deno.test("no command at all prints the help and ends with 2", async () => {
  const { code, out, err } = await run([]);
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(err, "Usage: opencti-relay <command>");
});

for (const { name, options } of COMMANDS) {
  Deno.test(`${name} --help names every option`, async () => {
    const { code, out } = await run([name, "--help"]);
    assertEquals(code, 0);
    assertStringIncludes(out, `Usage: opencti-relay ${name}`);
    for (const option of [...Object.keys(options), "config", "json"]) {
      assertStringIncludes(out, `--${option}`);
    }
  });
}

// deno-fmt-ignore
const MISTAKES: readonly (readonly [args: string[], message: string])[] = [
  [["rnu"],                     'There is no command "rnu"; did you mean "run"?\nCommands: run, check, '],
  [["xyzzy"],                   'There is no command "xyzzy"\nCommands: run, check, '],
  [["-c", "x.yml"],             'The command comes first, then "-c": opencti-relay run -c x.yml\n'],
  [["run", "--onse"],           "Unknown option '--onse'; did you mean --once?\nSee: opencti-relay run --help\n"],
  [["run", "-x"],               "Unknown option '-x'\nSee: opencti-relay run --help\n"],
  [["run", "now"],              "Unexpected argument 'now'"],
  [["check", "--config"],       "Option '-c, --config <value>' argument missing\n"],
  [["run", "--once=yes"],       "Option '--once' does not take an argument\n"],
  [["config"],                  "Usage: opencti-relay config schema|example|show\n"],
  [["config", "exmaple"],       "Usage: opencti-relay config schema|example|show\n"],
  [["demo", "--seed", "x"],     '--seed "x" is not a whole number\n'],
  [["simulate", "--port", "0"], "--port 0 is out of range; use 1 to 65530"],
  [["simulate", "--port=65534"], "--port 65534 is out of range"],
];

for (const [args, message] of MISTAKES) {
  Deno.test(`"${args.join(" ")}" is told in one message, exit code 2`, async () => {
    const { code, out, err } = await run(args);
    assertEquals([code, out], [2, ""]);
    assertEquals(err.slice(0, message.length), message);
    assertEquals(/\n\s+at /.test(err), false);
  });
}

Deno.test("a bug ends with 1, its stack and a request to report it", async () => {
  const { code, err } = await run(["version"], {
    env: () => {
      throw new TypeError("made up");
    },
  });
  assertEquals(code, 1);
  assertMatch(
    err,
    /^This is a bug in opencti-relay, please report it:\nTypeError: made up\n +at /,
  );
});

Deno.test("version prints what it is; --json the same as JSON", async () => {
  const variables = { RELAY_COMMIT: "0123456789abcdef" };
  const text = await run(["version"], { variables });
  const { version } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  assertEquals(text.code, 0);
  assertEquals(text.out.split("\n"), [
    `opencti-relay ${version}`,
    "commit  0123456789abcdef",
    `deno    ${Deno.version.deno}`,
    `targets ${NAMES.join(", ")}`,
  ]);
  const json = await run(["version", "--json"], { variables });
  assertEquals(JSON.parse(json.out), {
    version,
    commit: "0123456789abcdef",
    deno: Deno.version.deno,
    targets: NAMES,
  });
  assertEquals((await run(["--version"], { variables })).out, text.out);
});

Deno.test("as a process: results on stdout, errors on stderr, exit codes", async () => {
  const version = await startRelay(["version", "--json"]).ended;
  assertEquals([version.code, version.err], [0, ""]);
  assertEquals(JSON.parse(version.out).targets, NAMES);
  const wrong = await startRelay(["rnu"]).ended;
  assertEquals([wrong.code, wrong.out], [2, ""]);
  assertStringIncludes(wrong.err, 'did you mean "run"?');
});
