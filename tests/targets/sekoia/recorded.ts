/** The recorded stream and a collection, for the whole program. */
import { assert, assertEquals } from "@std/assert";
import {
  type SimulatedSekoia,
  startSekoia,
} from "../../../src/simulator/sekoia/mod.ts";
import { NOW, replayRecording } from "../../soak/recording.ts";
import {
  deadLettersIn,
  type Environment,
  startWorld,
  type World,
} from "../../soak/world.ts";
import { differences, expectedValues, heldValues } from "./expected.ts";

/** A world whose only target is the collection, which is right in the end. */
export async function withWorld(
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
