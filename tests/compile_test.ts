/**
 * What can be proven of the executables without the runtime that
 * `deno compile` downloads: the program runs from one file with no package
 * cache, and the right things are embedded.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startWorld } from "./cli/world.ts";
import { indicator } from "./opencti/platform.ts";
import { readExecutable } from "./compile/executable.ts";
import { faultsOf, readProject } from "./compile/verify.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const noProgram = !isFile(join(ROOT, "src/main.ts"));

Deno.test({
  name: "the program runs from one file with the product's permissions",
  ignore: noProgram,
  fn: async (test) => {
    await inTempFolder(async (folder) => {
      const bundle = join(folder, "relay.js");
      await deno(["bundle", "--quiet", "--output", bundle, "src/main.ts"]);
      const relay = relayOf(folder, bundle);

      await test.step("version", async () => {
        assertStringIncludes(await relay("version"), readProject().version);
      });
      await test.step("config schema", async () => {
        const schema = JSON.parse(await relay("config", "schema"));
        assertEquals(typeof schema.$schema, "string");
      });
      await test.step("verify, which compares in SQLite", async () => {
        const valid_until = "2099-01-01T00:00:00.000Z";
        await using world = await startWorld([indicator(1, { valid_until })]);
        const connected = relayOf(folder, bundle, world.env);
        await connected("run", "--once");
        assertStringIncludes(await connected("verify"), "in line");
      });
    });
  },
});

for (
  const target of ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"]
) {
  Deno.test({
    name: `an executable for ${target} carries what deno.json says`,
    // Another system's base cannot be stood in for by this one.
    ignore: noProgram || Deno.build.os !== "linux",
    fn: async () => {
      await inTempFolder(async (folder) => {
        const OUTPUT = join(folder, "opencti-relay");
        await deno(["task", "--quiet", "compile:target"], {
          TARGET: target,
          OUTPUT,
          // Deno itself stands in for the base executable, which would be
          // downloaded. The result cannot start; what it carries is real.
          DENORT_BIN: Deno.execPath(),
        });
        const faults = faultsOf(await readExecutable(OUTPUT), readProject());
        assert(faults.length === 0, faults.join("\n"));
      });
    },
  });
}

/**
 * Runs the bundle where no package can be found, with nothing of deno.json
 * but the permissions and the unstable features.
 */
function relayOf(
  folder: string,
  bundle: string,
  env: Readonly<Record<string, string | undefined>> = {},
) {
  const { unstable, permissions } = readProject();
  const config = join(folder, "deno.json");
  Deno.writeTextFileSync(config, JSON.stringify({ unstable, permissions }));
  const options = [
    ["--quiet", "--config", config, "-P=relay", "--no-prompt"],
    ["--cached-only", "--no-remote", "--no-npm", "--no-lock"],
  ].flat();
  return (...args: string[]) =>
    deno(["run", ...options, bundle, ...args], {
      ...env,
      DENO_DIR: join(folder, "empty"),
    });
}

/** What a deno command wrote to stdout. It must exit with 0. */
async function deno(
  args: string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env } as Record<string, string>,
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((it) => new TextDecoder().decode(it));
  assert(code === 0, `deno ${args.join(" ")} exited with ${code}:\n${err}`);
  return out ?? "";
}

async function inTempFolder(
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "opencti-relay-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
