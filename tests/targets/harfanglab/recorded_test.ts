/** The recorded stream through the whole program, to a HarfangLab console. */
import { isDeepStrictEqual } from "node:util";
import { assert, assertEquals } from "@std/assert";
import {
  type HarfanglabOptions,
  type SimulatedHarfanglab,
  startHarfanglab,
} from "../../../src/simulator/harfanglab/mod.ts";
import { foreignItems } from "../../../src/simulator/harfanglab/foreign.ts";
import { sleep } from "../../../src/backoff.ts";
import { openState } from "../../../src/state/open_state.ts";
import { startChild } from "../../soak/child.ts";
import { noRecording, NOW, replayRecording } from "../../soak/recording.ts";
import {
  deadLettersIn,
  type Environment,
  follow,
  startWorld,
  until,
  type World,
} from "../../soak/world.ts";
import { expectedRules, heldRules, type Rules } from "./expected.ts";
import { stateOf } from "./far_side.ts";

/** SSE id of the frame of the recording that is cut off. */
const CUT_FRAME = "1795057800129-0";

interface Console extends AsyncDisposable {
  readonly world: World;
  readonly console: SimulatedHarfanglab;
  /** Elastic is not spoken to. */
  readonly env: Environment;
  /** What is there is what the model says, and nothing of others is touched. */
  assertRight(): Promise<void>;
}

async function start(options: HarfanglabOptions = {}): Promise<Console> {
  const world = await startWorld();
  const console = await startHarfanglab({ now: () => NOW, ...options });
  const foreign = structuredClone(foreignItems(console.store));
  return {
    world,
    console,
    env: {
      ...world.env,
      ELASTIC_SECURITY_URL: undefined,
      ELASTIC_SECURITY_API_KEY: undefined,
      ELASTIC_SECURITY_KIBANA_URL: undefined,
      HARFANGLAB_INTEL_URL: console.url,
      HARFANGLAB_INTEL_TOKEN: console.token,
      HARFANGLAB_INTEL_SOURCE_LIST_NAME: "from_OpenCTI",
      HARFANGLAB_INTEL_RULE_MATURITY: "stable",
      HARFANGLAB_INTEL_REMOVE_INDICATOR: "true",
      HARFANGLAB_INTEL_MAX_REQUESTS_PER_SECOND: "1000",
    },
    async assertRight() {
      const expected = expectedRules(await replayRecording(), NOW);
      assert(expected.size > 1500, `${expected.size}`);
      assertEquals(apart(heldRules(console.store), expected), []);
      assertEquals(foreignItems(console.store), foreign);
    },
    async [Symbol.asyncDispose]() {
      await console.stop();
      await world[Symbol.asyncDispose]();
    },
  };
}

/** What is missing, too much or different, one line each. */
function apart(held: Rules, expected: Rules): string[] {
  const text = (value: unknown) => JSON.stringify(value).slice(0, 300);
  return [...new Set([...held.keys(), ...expected.keys()])].flatMap((key) => {
    const name = key.slice(0, 200);
    if (!held.has(key)) return [`${name} is missing`];
    if (!expected.has(key)) return [`${name} is too much`];
    const [is, should] = [held.get(key), expected.get(key)];
    return isDeepStrictEqual(is, should)
      ? []
      : [`${name} is ${text(is)}, not ${text(should)}`];
  });
}

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

for (const maxBatch of [1, 7, 100, undefined]) {
  Deno.test({
    name: `HarfangLab holds what the recorded stream says, ` +
      `${maxBatch ?? "its own number of"} events at once`,
    ignore: noRecording,
    fn: async () => {
      await using side = await start();
      await run(side, maxBatch === undefined ? {} : { maxBatch });
      await side.assertRight();
    },
  });
}

Deno.test({
  name: "HarfangLab holds what the recorded stream says, rules disabled",
  ignore: noRecording,
  fn: async () => {
    await using side = await start({ sigmaIdMode: "same" });
    const more = { HARFANGLAB_INTEL_REMOVE_INDICATOR: "false" };
    await run(side, { more });
    await side.assertRight();
  },
});

Deno.test({
  name: "HarfangLab holds what the recorded stream says, whatever goes wrong",
  ignore: noRecording,
  fn: async () => {
    await using side = await start();
    side.console.faults.chaos({ rate: 0.05, seed: 1 });
    await run(side);
    assert(side.console.faults.chaosHits > 100);
    side.console.faults.clear();
    await side.assertRight();
  },
});

Deno.test({
  name: "HarfangLab is not written to when the recorded stream comes again",
  ignore: noRecording,
  fn: async () => {
    await using side = await start();
    const { requests, store } = side.console;
    await run(side);
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

Deno.test({
  name: "HarfangLab holds what the recorded stream says after kill -9",
  ignore: noRecording,
  fn: async () => {
    await using side = await start();
    const { console, env, world } = side;
    console.faults.next({ do: "delay", ms: 3 }, { times: Infinity });
    let state = 20_261_128;
    const random = () =>
      (state = (state * 48_271) % 2_147_483_647) /
      2_147_483_647;
    let kills = 0;
    for (let done = false; !done;) {
      const before = console.requests.count("POST");
      const child = startChild(["run", "--once"], env);
      let over = false;
      const ended = child.ended.then(() => over = true);
      await until(() => over || console.requests.count("POST") > before);
      const cut = new AbortController();
      const delay = sleep(random() * 1200, cut.signal).catch(() => {});
      await Promise.race([ended, delay]);
      cut.abort();
      done = over || kills >= 15;
      if (!done) child.kill("SIGKILL");
      const { code, err, signal } = await child.ended;
      if (signal === "SIGKILL") kills++;
      else {
        assert(code === 0 || code === 5, `exit code ${code}: ${err}`);
        done = true;
      }
    }
    assert(kills >= 3, `only ${kills} kills found work under way`);
    const path = world.env.RELAY_STATE_PATH ?? "";
    const letters = await deadLettersIn(path, "harfanglab");
    assertEquals(letters.map(({ eventId }) => eventId), [CUT_FRAME]);
    await side.assertRight();
  },
});
