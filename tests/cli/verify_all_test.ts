/** `verify` of every kind of target, beside and without a running program. */
import { assertEquals } from "@std/assert";
import { main } from "../../src/cli/main.ts";
import { startSimulator } from "../../src/simulator/mod.ts";
import { TARGETS } from "../../src/targets/mod.ts";
import { fakeIo } from "./fake_io.ts";

const RECORDING =
  new URL("../fixtures/opencti_stream.sse", import.meta.url).pathname;

Deno.test("verify compares every kind of target that was never made ready", async () => {
  const simulator = await startSimulator({ stream: RECORDING });
  const folder = await Deno.makeTempDir({ prefix: "opencti-relay-" });
  try {
    const relay = async (...args: string[]) => {
      const io = fakeIo({
        variables: {
          ...simulator.env,
          RELAY_STATE_PATH: `${folder}/relay.kv`,
          RELAY_LOG_LEVEL: "error",
        },
        now: () => simulator.now(),
      });
      const code = await main(args, io);
      return { code, out: io.out.join("\n"), err: io.err.join("") };
    };
    const before = await relay("verify", "--json");
    assertEquals(before.err, "");
    const run = await relay("run", "--once");
    assertEquals([run.code, run.err], [0, ""]);
    const after = await relay("verify", "--json");
    assertEquals([after.code, after.err], [0, ""], after.out);
    const results = JSON.parse(after.out);
    assertEquals(
      results.map(({ target, clean }: { target: string; clean: boolean }) => [
        target,
        clean,
      ]),
      TARGETS.map(({ name }) => [name, true]),
    );
    // The recording has no container, hence nothing for MISP.
    const empty = results
      .filter(({ comparison }: { comparison: { held: number } }) =>
        comparison.held === 0
      )
      .map(({ target }: { target: string }) => target);
    assertEquals(empty, ["misp"]);
  } finally {
    await simulator.stop();
    await Deno.remove(folder, { recursive: true });
  }
});
