import { assert, assertEquals } from "@std/assert";
import {
  loadRecording,
  readRecording,
  startOpencti,
} from "../../../src/simulator/opencti/mod.ts";
import { internalId } from "../../../src/stix/object.ts";
import { sharedFile } from "./shared.ts";
import { gql, SseReader } from "./sse_client.ts";

const REAL = await sharedFile("data/real-stream.sse");
const END = Date.parse("2026-11-20T05:00:00.000Z");

const SMALL = `event: connected
data: {"lastEventId":"10-0","firstEventId":"5-0"}

id: 10-0
event: heartbeat
data: "1970-01-01T00:00:00.010Z"

id: 11-0
event: create
data: {"version":"4","origin":{"referer":"init-dependencies"},"data":{"id":"identity--1","type":"identity"}}

id: 11-0
event: heartbeat
data: "x"

id: 11-0
event: create
data: {"version":"4","type":"create","data":{"id":"indicator--1","type":"indicator"}}

id: 12-0
event: create
data: {"version":"4","type":"cre

id: 12-1
event: snapshot
data: {}

event: connected
data: {}

id: 13-0
event: delete
data: {"version":"4","type":"update","data":{"id":"indicator--1","type":"indicator"}}

id: 14-0
event: create
data: {"cut"`;

Deno.test("readRecording() groups frames and keeps odd ones", async () => {
  const recording = readRecording(new TextEncoder().encode(SMALL));
  assertEquals(recording.log.size, 4);
  assertEquals(recording.firstId, { ms: 5, seq: 0 });
  assertEquals([...recording.hidden], ["indicator--1"]);
  assertEquals(recording.objects.length, 2);
  const opencti = await startOpencti({ recording, now: () => 1_000 });
  await using reader = await SseReader.open(opencti, {
    query: { from: "0-0" },
  });
  const frames = await reader.take(6);
  assertEquals(frames.map(({ id, event }) => `${id} ${event}`), [
    "undefined connected",
    "11-0 create",
    "11-0 create",
    "12-0 create",
    "12-1 snapshot",
    "13-0 delete",
  ]);
  await opencti.stop();
});

Deno.test({
  name: "the real stream is served byte for byte",
  ignore: REAL === undefined,
  async fn() {
    const bytes = await Deno.readFile(REAL!);
    const recording = await loadRecording(REAL!);
    const opencti = await startOpencti({ recording, now: () => END });
    const frames = new TextDecoder().decode(bytes).split("\n\n").filter((
      frame,
    ) => /^id: [^\n]*\nevent: (?!heartbeat)/.test(frame));
    opencti.faults.nextStream({ kind: "end-after", frames: frames.length });
    await using reader = await SseReader.open(opencti, {
      query: { from: "0-0" },
    });
    assertEquals((await reader.next())?.event, "connected");
    let count = 0;
    for (;;) {
      const frame = await reader.next();
      if (frame === undefined) break;
      if (frame.event === "heartbeat") continue;
      const { id, event, data } = frame;
      assert(frames[count++] === `id: ${id}\nevent: ${event}\ndata: ${data}`);
    }
    assertEquals(count, frames.length);
    assertEquals(count, 3_950);
    const { data } = await gql(
      opencti,
      `{ stixCoreObjects(first: 1, types: ["Indicator"]) {
        pageInfo { globalCount } } }`,
    );
    const hidden = recording.objects.filter(({ object }) =>
      object.type === "indicator" && recording.hidden.has(internalId(object))
    );
    // What a client holds at the end, and what it may not see.
    const expected = 1_648 + hidden.length;
    assertEquals(data.stixCoreObjects.pageInfo.globalCount, expected);
    await opencti.stop();
  },
});

Deno.test({
  name: "the real stream's database can be recovered",
  ignore: REAL === undefined,
  async fn() {
    const recording = await loadRecording(REAL!);
    const opencti = await startOpencti({ recording, now: () => END });
    opencti.faults.nextStream({ kind: "end-after", frames: 5_000 });
    await using reader = await SseReader.open(opencti, {
      query: {
        from: "0-0",
        recover: new Date(END).toISOString(),
        "no-dependencies": "true",
      },
    });
    const sent = new Set<string>();
    const expected = opencti.platform.objects.size - recording.hidden.size;
    await reader.next();
    while (sent.size < expected) {
      const frame = await reader.next();
      if (frame === undefined) break;
      if (frame.event !== "create") continue;
      const { data } = JSON.parse(frame.data);
      assert(!sent.has(data.id), "twice");
      sent.add(data.id);
    }
    assertEquals(sent.size, expected);
    await opencti.stop();
  },
});
