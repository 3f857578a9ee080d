/** The recorded stream through the whole program, against the model. */
import { assert, assertEquals } from "@std/assert";
import { startSekoia } from "../../../src/simulator/sekoia/mod.ts";
import type { SimulatedSekoia } from "../../../src/simulator/sekoia/mod.ts";
import { noRecording, NOW, replayRecording } from "../../soak/recording.ts";
import { startChild } from "../../soak/child.ts";
import {
  deadLettersIn,
  type Environment,
  follow,
  relay,
  startWorld,
  until,
  type World,
} from "../../soak/world.ts";
import { differences, expectedValues, heldValues } from "./expected.ts";

const ignore = noRecording;

/** A world whose only target is the collection. */
async function withWorld(
  mode: "json" | "text",
  run: (world: World, server: SimulatedSekoia, env: Environment) => Promise<
    void
  >,
): Promise<void> {
  await using world = await startWorld();
  const server = await startSekoia({ now: () => NOW });
  try {
    const env: Record<string, string | undefined> = {
      ELASTIC_SECURITY_URL: undefined,
      ELASTIC_SECURITY_API_KEY: undefined,
      ELASTIC_SECURITY_KIBANA_URL: undefined,
      SEKOIA_INTEL_URL: server.url,
      SEKOIA_INTEL_APIKEY: server.apiKey,
      SEKOIA_INTEL_IOC_COLLECTION_UUID: server.collectionId,
      SEKOIA_INTEL_MAX_REQUESTS_PER_SECOND: "1000",
      SEKOIA_INTEL_IMPORT_MODE: mode,
    };
    await run(world, server, env);
    await assertComplete(world, server, env);
  } finally {
    await server.stop();
  }
}

/** All that the model says and nothing else, nothing of others touched. */
async function assertComplete(
  world: World,
  server: SimulatedSekoia,
  { SEKOIA_INTEL_IMPORT_MODE: mode }: Environment,
): Promise<void> {
  const model = await replayRecording();
  const expected = expectedValues(model, NOW, world.opencti.url);
  assert(expected.size > 1000, `${expected.size}`);
  const held = heldValues(server);
  if (mode === "json") assertEquals(differences(held, expected), []);
  else {
    // A hash may be in a line with others, and alone for another indicator.
    const names = [...held.keys()].filter((value) => !value.includes(" "));
    assertEquals(new Set(names), new Set(expected.keys()));
  }
  assert(
    server.foreign.every(({ properties, revoked }) =>
      !revoked && properties.description === "set by an analyst"
    ),
  );
  const letters = await deadLettersIn(
    world.env.RELAY_STATE_PATH ?? "",
    "sekoia",
  );
  assertEquals(letters.map(({ eventId }) => eventId), ["1795057800129-0"]);
}

for (const mode of ["json", "text"] as const) {
  Deno.test({
    name: `run --once fills the collection as the model says (${mode})`,
    ignore,
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

for (const maxBatch of [1, 7, 100]) {
  Deno.test({
    name: `chaos leaves what the model says, ${maxBatch} at a time`,
    ignore,
    fn: () =>
      withWorld("json", async (world, server, env) => {
        server.faults.chaos({ rate: 0.1, seed: maxBatch });
        await using run = await follow(world, { env, maxBatch });
        await run.done;
        assert(server.faults.chaosHits > 100, `${server.faults.chaosHits}`);
      }),
  });
}

const KILLS = 12;

Deno.test({
  name: `the collection comes through ${KILLS} times kill -9`,
  ignore,
  fn: () =>
    withWorld("json", async (world, server, env) => {
      server.settings.duplicateMode = "new_id";
      server.faults.next({ do: "delay", ms: 2 }, { times: Infinity });
      let busy = 0;
      for (let left = KILLS;; left--) {
        const before = server.requests.count("POST");
        const child = startChild(["run", "--once"], { ...world.env, ...env });
        let over = false;
        const ended = child.ended.then(({ code, err }) => {
          over = true;
          return { code, err };
        });
        // In the midst of its work, not before.
        const share = 30 + left * 17 % 90;
        if (left > 0) {
          await until(() =>
            over || server.requests.count("POST") >= before + share
          );
          child.kill("SIGKILL");
        }
        const { code, err } = await ended;
        if (server.requests.count("POST") > before) busy++;
        if (left > 0) continue;
        assert(code === 0 || code === 5, `exit code ${code}: ${err}`);
        break;
      }
      assert(busy >= KILLS, `only ${busy} kills found work under way`);
    }),
});
