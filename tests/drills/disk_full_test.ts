import { assert, assertEquals, assertMatch } from "@std/assert";
import { NOW } from "../soak/recording.ts";
import { startRunning } from "../soak/running.ts";
import { until, type World } from "../soak/world.ts";
import {
  assertInLine,
  catchUp,
  COUNT,
  create,
  startDrill,
  untilHeld,
} from "./drill.ts";

const PROGRAM = new URL("../soak/relay_process.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** `run --once` where no file may grow beyond so many KiB. */
async function runWithin(
  kib: number,
  { env }: World,
): Promise<{ code: number; err: string }> {
  const command = 'trap "" XFSZ; ulimit -f "$0"; exec "$@"';
  const options = ["--quiet", "-P=relay", "--no-prompt", "--no-check"];
  const { code, stderr } = await new Deno.Command("bash", {
    args: [
      "-c",
      command,
      `${kib}`,
      Deno.execPath(),
      "run",
      ...options,
      `--config=${CONFIG}`,
      PROGRAM,
      "run",
      "--once",
    ],
    env: { ...env, RELAY_NOW: `${NOW}` },
  }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}

Deno.test({
  name: "drill: there is no room for the state file",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using world = await startDrill();
    for (const kib of [4, 40]) {
      const { code, err } = await runWithin(kib, world);
      assertEquals(code, 3, err);
      assertMatch(err, /Cannot use the state .*(disk|file)/);
    }
    await catchUp(world);
    await untilHeld(world, COUNT);
    await assertInLine(world);
  },
});

Deno.test("drill: the cluster's disk is full", async () => {
  await using world = await startDrill();
  await using running = startRunning(["run"], world.env);
  await untilHeld(world, COUNT);
  const reason = "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage " +
    "exceeded flood-stage watermark]";
  const full = world.elastic.faults.next({
    do: "status",
    status: 429,
    body: JSON.stringify({
      error: { type: "cluster_block_exception", reason },
      status: 429,
    }),
  }, { path: "_bulk", times: Infinity });
  create(world, 100);
  await until(() => full.hits > 0);
  assert(running.err() === "" || running.err().includes("waiting"));
  full.remove();
  await untilHeld(world, COUNT + 1);
  await assertInLine(world);
});
