/** The memory that a comparison takes, whatever there is to compare. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startChild } from "../bench/child.ts";
import { NOW, startWorld } from "../cli/world.ts";
import { indicator } from "../opencti/platform.ts";

const COUNT = 50_000;
/** Of JavaScript's heap: all objects and documents take several times that. */
const HEAP_MIB = 64;
const PROGRAM = new URL("../bench/program.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

Deno.test(`verify compares ${COUNT} objects with ${HEAP_MIB} MiB of heap`, async () => {
  await using world = await startWorld([]);
  for (let number = 1; number <= COUNT; number++) {
    world.opencti.platform.objects.put(indicator(number), NOW - 3_600_000);
  }
  const env = Object.fromEntries(
    Object.entries({ ...world.env, BENCH_NOW: `${NOW}` })
      .filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  await startChild("program.ts", ["run", "--once"], env).usage;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--allow-all",
      `--config=${CONFIG}`,
      // Holding all of either side ends the process: out of memory.
      `--v8-flags=--max-old-space-size=${HEAP_MIB}`,
      PROGRAM,
      "verify",
    ],
    env,
    stdout: "piped",
    stderr: "inherit",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, text);
  assertMatch(text, /50,000 objects of the stream, 50,000 things wanted/);
  assertMatch(text, /in line/);
  const { maxRssKiB } = JSON.parse(text.trim().split("\n").at(-1) ?? "");
  console.log(`peak of verify: ${Math.round(maxRssKiB / 1024)} MiB`);
  assert(maxRssKiB < 320 * 1024);
});
