/** The recorded stream and a HarfangLab console, for the whole program. */
import { isDeepStrictEqual } from "node:util";
import { assert, assertEquals } from "@std/assert";
import { foreignItems } from "../../../src/simulator/harfanglab/foreign.ts";
import {
  type HarfanglabOptions,
  type SimulatedHarfanglab,
  startHarfanglab,
} from "../../../src/simulator/harfanglab/mod.ts";
import { NOW, replayRecording } from "../../soak/recording.ts";
import { type Environment, startWorld, type World } from "../../soak/world.ts";
import { expectedRules, heldRules, type Rules } from "./expected.ts";

/** SSE id of the frame of the recording that is cut off. */
export const CUT_FRAME = "1795057800129-0";

/** The platform that sends the recording, and the console. */
export interface Console extends AsyncDisposable {
  readonly world: World;
  readonly console: SimulatedHarfanglab;
  /** Elastic is not spoken to. */
  readonly env: Environment;
  /** What is there is what the model says, and nothing of others is touched. */
  assertRight(): Promise<void>;
}

/** Starts both; the console is empty but for the lists of others. */
export async function start(options: HarfanglabOptions = {}): Promise<Console> {
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
