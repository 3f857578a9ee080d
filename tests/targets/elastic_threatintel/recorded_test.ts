/** The recorded stream, against a model that shares no code with the program. */
import { assert, assertEquals } from "@std/assert";
import { startSimulator } from "../../../src/simulator/mod.ts";
import { type ModelObject, replay } from "../../model/replay.ts";
import { sharedFile } from "../../simulator/opencti/shared.ts";
import { type Stored, storedIn } from "./bench.ts";
import { runMain } from "../run_main.ts";

const RECORDING = await sharedFile("data/real-stream.sse");

/** Plays the recording in a mode: what the cluster holds, and the model. */
async function play(mode: string, path: string): Promise<{
  stored: Stored[];
  objects: ReadonlyMap<string, ModelObject>;
  endsAt: number;
}> {
  const simulator = await startSimulator({ stream: path });
  const folder = await Deno.makeTempDir();
  try {
    const { OPENCTI_URL, OPENCTI_TOKEN, CONNECTOR_ID } = simulator.env;
    const env = {
      OPENCTI_URL,
      OPENCTI_TOKEN,
      CONNECTOR_ID,
      CONNECTOR_LIVE_STREAM_ID: simulator.opencti.streamId,
      CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: "no",
      CONNECTOR_LIVE_STREAM_START_TIMESTAMP: "0",
      CONNECTOR_LOG_LEVEL: "error",
      CONNECTOR_MODE: mode,
      ELASTICSEARCH_HOSTS: simulator.elastic.url,
      ELASTICSEARCH_APIKEY: simulator.elastic.apiKey,
      RELAY_STATE_PATH: `${folder}/relay.kv`,
    } as Record<string, string>;
    const now = () => simulator.now();
    const { code } = await runMain(["run", "--once"], { env, now });
    // One frame of the recording is cut off: it becomes a dead letter.
    assertEquals(code, 5);
    const model = replay(await Deno.readTextFile(path));
    const endsAt = Number.parseInt(model.lastEventId);
    return { stored: storedIn(simulator.elastic), ...model, endsAt };
  } finally {
    await simulator.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

function versionOf(eventId: string): number {
  const [ms, sequence] = eventId.split("-").map(Number);
  return (ms ?? 0) * 1000 + (sequence ?? 0);
}

Deno.test({
  name: "mode stix holds what the recorded stream says",
  ignore: RECORDING === undefined,
  fn: async () => {
    const { stored, objects } = await play("stix", RECORDING as string);
    assertEquals(stored.length, objects.size);
    for (const { id, version, source } of stored) {
      const { object, eventId } = objects.get(id)!;
      const at = new Date(Number.parseInt(eventId)).toISOString();
      assertEquals(source, { ...object, "@timestamp": at });
      assertEquals(version, versionOf(eventId));
    }
  },
});

Deno.test({
  name: "mode ecs holds what the recorded stream says",
  ignore: RECORDING === undefined,
  fn: async () => {
    const { stored, objects, endsAt } = await play("ecs", RECORDING as string);
    const expected = [...objects].filter(([, { object }]) =>
      object.type === "indicator" && object.pattern_type === "stix" &&
      object.revoked !== true &&
      !(Date.parse(`${object.valid_until}`) <= endsAt)
    ).map(([id]) => id);
    const found = Map.groupBy(
      stored,
      ({ source }) => String(source.opencti.internal_id),
    );
    assert(expected.length > 1000);
    assertEquals([...found.keys()].sort(), expected.sort());
    for (const [id, documents] of found) {
      const { object, eventId } = objects.get(id)!;
      assertEquals(
        documents.filter((document) => document.id === id).length,
        1,
      );
      for (const { id: documentId, version, source } of documents) {
        assert(documentId.startsWith(id));
        assertEquals(version, versionOf(eventId));
        assertEquals(source.stix, object);
        assertEquals(source.threatintel.opencti.internal_id, id);
        assert(String(object.pattern).length > 0);
      }
    }
  },
});
