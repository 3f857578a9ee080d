/** The recorded stream through the whole program, against the model. */
import { assert, assertEquals } from "@std/assert";
import { noRecording } from "../../soak/recording.ts";
import { follow, relay } from "../../soak/world.ts";
import { withWorld } from "./recorded.ts";

for (const mode of ["json", "text"] as const) {
  Deno.test({
    name: `run --once fills the collection as the model says (${mode})`,
    ignore: noRecording,
    fn: () =>
      withWorld(mode, async (world, server, env) => {
        const again = { ...world.env, ...env };
        const { code } = await relay(["run", "--once"], again);
        assertEquals(code, 5);
        // A second run has nothing to do but to get ready.
        server.requests.clear();
        await relay(["run", "--once"], again);
        assertEquals(
          server.requests.list.filter(({ method, path }) =>
            method !== "GET" && !path.includes("00000000-0000")
          ),
          [],
        );
      }),
  });
}

for (const maxBatch of [1, 7]) {
  Deno.test({
    name: `chaos leaves what the model says, ${maxBatch} at a time`,
    ignore: noRecording,
    fn: () =>
      withWorld("json", async (world, server, env) => {
        server.faults.chaos({ rate: 0.1, seed: maxBatch });
        await using run = await follow(world, { env, maxBatch });
        await run.done;
        assert(server.faults.chaosHits > 100, `${server.faults.chaosHits}`);
      }),
  });
}
