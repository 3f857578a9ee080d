/** The recorded stream through the whole program, to a HarfangLab console. */
import { assert, assertEquals } from "@std/assert";
import { openState } from "../../../src/state/open_state.ts";
import { noRecording } from "../../soak/recording.ts";
import { type Environment, follow } from "../../soak/world.ts";
import { stateOf } from "./far_side.ts";
import { type Console, CUT_FRAME, start } from "./recorded.ts";

/** Runs the program in this process until all is settled. */
async function run(
  { world, env }: Console,
  options: { maxBatch?: number; more?: Environment } = {},
): Promise<void> {
  const { maxBatch } = options;
  await using following = await follow(world, {
    env: { ...env, ...options.more },
    ...(maxBatch === undefined ? {} : { maxBatch }),
  });
  await following.done;
  const letters = await following.deadLetters("harfanglab");
  assertEquals(letters.map(({ eventId }) => eventId), [CUT_FRAME]);
}

Deno.test({
  name: "HarfangLab holds what the recorded stream says, event by event",
  ignore: noRecording,
  fn: async () => {
    await using side = await start();
    await run(side, { maxBatch: 1 });
    await side.assertRight();
  },
});

Deno.test({
  name: "HarfangLab holds what the recorded stream says, rules disabled",
  ignore: noRecording,
  fn: async () => {
    await using side = await start({ sigmaIdMode: "same" });
    const more = { HARFANGLAB_INTEL_REMOVE_INDICATOR: "false" };
    await run(side, { maxBatch: 100, more });
    await side.assertRight();
  },
});

Deno.test({
  name: "HarfangLab holds what the recorded stream says, whatever goes wrong",
  ignore: noRecording,
  fn: async () => {
    await using side = await start();
    side.console.faults.chaos({ rate: 0.05, seed: 1 });
    await run(side, { maxBatch: 7 });
    assert(side.console.faults.chaosHits > 100);
    side.console.faults.clear();
    await side.assertRight();
  },
});

Deno.test({
  name:
    "HarfangLab holds what the recorded stream says, and is not written to again",
  ignore: noRecording,
  fn: async () => {
    await using side = await start();
    const { requests, store } = side.console;
    await run(side);
    await side.assertRight();
    const before = stateOf(store);
    const writes = () =>
      requests.list.filter(({ method, path }) =>
        method !== "GET" && !path.includes("00000000-0000")
      ).length;
    assert(writes() > 1500);
    requests.clear();
    const state = await openState(side.world.env.RELAY_STATE_PATH ?? "");
    await state.target("harfanglab").checkpoint.save({ from: "0-0" });
    await state.close();
    await using again = await follow(side.world, { env: side.env });
    await again.done;
    assert((again.stats[0]?.events ?? 0) > 3000, "all of it came again");
    assertEquals(writes(), 0);
    assertEquals(stateOf(store), before);
  },
});
