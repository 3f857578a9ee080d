import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type SimulatedOpencti,
  startOpencti,
  type StreamFault,
} from "../../../src/simulator/opencti/mod.ts";
import {
  consumerMetricsFrame,
  errorFrame,
  largeFrame,
  noRecoverFrame,
} from "../../../src/simulator/opencti/odd_frames.ts";
import { AT, entity, indicator } from "./objects.ts";
import { SseReader } from "./sse_client.ts";

const QUERY = { from: "0-0", "no-dependencies": "true" };

/** A platform with one author and so many indicators of that author. */
async function platformWith(
  count: number,
  options: Parameters<typeof startOpencti>[0] = {},
): Promise<SimulatedOpencti> {
  const opencti = await startOpencti({ now: () => AT, ...options });
  const author = entity("identity", "Organization", "Exämple");
  const all = [author];
  for (let n = 0; n < count; n++) {
    all.push(indicator(`${n}.example`, { created_by_ref: author.id }));
  }
  for (const object of all) {
    opencti.platform.apply({ at: AT, op: "create", object });
  }
  return opencti;
}

async function afterFault(opencti: SimulatedOpencti, ...faults: StreamFault[]) {
  opencti.faults.nextStream(...faults);
  await using reader = await SseReader.open(opencti, { query: QUERY });
  const frames = [];
  for (;;) {
    const frame = await reader.next();
    if (frame === undefined) break;
    if (frame.event !== "heartbeat") frames.push(frame);
  }
  const { text, ended } = await reader.rest();
  const bytes = reader.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return { frames, text, ended, bytes };
}

Deno.test("streams are cut where the fault says", async () => {
  const opencti = await platformWith(3);
  const cut = (at: StreamFault & { kind: "cut-in-frame" }) =>
    afterFault(opencti, at);
  const kind = "cut-in-frame";
  const middle = await cut({ kind, frame: 2, at: "middle" });
  assertEquals([middle.frames.length, middle.ended], [2, "cut"]);
  assertStringIncludes(middle.text, "event: create\ndata: {");
  const afterId = await cut({ kind, frame: 2, at: "after-id" });
  assertEquals(afterId.text, `id: ${AT}-1\n`);
  const blank = await cut({ kind, frame: 1, at: "before-blank-line" });
  assert(blank.text.endsWith("}\n") && !blank.text.endsWith("\n\n"));
  const character = await cut({ kind, frame: 1, at: "inside-character" });
  assert(character.text.endsWith("`Ex"));
  const clean = await cut({ kind, frame: 1, at: 5, how: "clean" });
  assertEquals([clean.text, clean.ended], ["id: 1", "clean"]);
  const reset = await cut({ kind, frame: 1, at: 5, how: "reset" });
  assertEquals(reset.ended, "cut");
  const bytes = await afterFault(opencti, {
    kind: "end-after-bytes",
    bytes: 321,
  });
  assertEquals([bytes.bytes, bytes.ended], [321, "cut"]);
  const after = await afterFault(opencti, { kind: "end-after", frames: 2 });
  assertEquals([after.frames.length, after.ended], [3, "clean"]);
  assertEquals(opencti.faults.count("cut-in-frame"), 6);
  await opencti.stop();
});

Deno.test("a cut between dependency and main frame keeps the id", async () => {
  const opencti = await platformWith(1, {
    matches: (object) => object.type === "indicator",
  });
  const { frames, text } = await afterFault(opencti, {
    kind: "cut-in-frame",
    frame: 1,
    at: "before-main",
  });
  assertEquals(frames.map(({ id }) => id), [undefined, `${AT}-1`]);
  assertEquals(text, "");
  opencti.faults.nextStream({ kind: "heartbeat-in-groups" });
  await using reader = await SseReader.open(opencti, { query: QUERY });
  const all = await reader.take(4, true);
  assertEquals(all.map(({ event }) => event), [
    "connected",
    "create",
    "heartbeat",
    "create",
  ]);
  assertEquals(all[2]?.id, all[3]?.id);
  await opencti.stop();
});

Deno.test("bytes come one by one, with CR LF, comments, and gzip", async () => {
  const opencti = await platformWith(2);
  const plain = await afterFault(opencti, { kind: "end-after", frames: 3 });
  opencti.faults.nextStream(
    { kind: "byte-chunks" },
    { kind: "crlf" },
    { kind: "comments" },
    { kind: "end-after", frames: 3 },
  );
  await using odd = await SseReader.open(opencti, { query: QUERY });
  const frames = await odd.take(4);
  assertEquals(frames.slice(1), plain.frames.slice(1));
  assert(odd.chunks.length > 100);
  opencti.faults.nextStream({ kind: "gzip" }, { kind: "end-after", frames: 3 });
  await using zipped = await SseReader.open(opencti, {
    query: QUERY,
    headers: { "accept-encoding": "gzip" },
  });
  assertEquals((await zipped.take(4)).slice(1), plain.frames.slice(1));
  assertEquals((await zipped.rest()).ended, "clean");
  assertEquals(opencti.faults.count("gzip"), 1);
  await opencti.stop();
});

Deno.test("frames are repeated after a reconnection, and inserted", async () => {
  const opencti = await platformWith(3);
  await afterFault(opencti, { kind: "end-after", frames: 3 });
  opencti.faults.nextStream({ kind: "repeat", frames: 2 });
  await using reader = await SseReader.open(opencti, {
    query: { ...QUERY, from: `${AT}-2` },
  });
  const ids = (await reader.take(4)).map(({ id }) => id);
  assertEquals(ids, [undefined, `${AT}-1`, `${AT}-2`, `${AT}-3`]);
  const id = `${AT}-0`;
  opencti.faults.nextStream(
    { kind: "insert-after", frames: 0, text: consumerMetricsFrame(id) },
    { kind: "insert-after", frames: 1, text: noRecoverFrame(id, "s", id) },
    { kind: "insert-after", frames: 2, text: errorFrame("s", "dead") },
    { kind: "stall-after", frames: 2 },
  );
  await using recent = await SseReader.open(opencti, { query: QUERY });
  assertEquals((await recent.take(6)).map(({ event }) => event), [
    "connected",
    "consumer_metrics",
    "create",
    "no-recover",
    "create",
    "error",
  ]);
  await opencti.stop();
});

Deno.test("a frame of 20 MB and a stall are served", async () => {
  const opencti = await platformWith(1);
  opencti.faults.nextStream(
    { kind: "insert-after", frames: 1, text: largeFrame(`${AT}-0`, 20e6) },
    { kind: "stall-after", frames: 1, ms: 60 },
  );
  const started = performance.now();
  await using reader = await SseReader.open(opencti, { query: QUERY });
  const frames = await reader.take(4);
  assert((frames[2]?.data.length ?? 0) > 20e6);
  assert(performance.now() - started >= 60);
  await opencti.stop();
});

Deno.test("answers of proxies come in place of the stream", async () => {
  const opencti = await platformWith(1);
  for (const status of [302, 403, 429, 500, 502, 503]) {
    opencti.faults.nextStream({
      kind: "status",
      status,
      headers: {
        "retry-after": "7",
        "content-type": "text/html",
        location: "/login",
      },
      body: "<html></html>",
    }, { kind: "delay", ms: 1 });
    await using reader = await SseReader.open(opencti);
    assertEquals(reader.response.status, status);
    assertEquals(reader.response.headers.get("retry-after"), "7");
    assertEquals((await reader.rest()).text, "<html></html>");
  }
  await opencti.stop();
});

Deno.test("a buffering proxy holds frames back", async () => {
  const opencti = await platformWith(1);
  opencti.faults.nextStream({ kind: "buffering", everyMs: 80 });
  const started = performance.now();
  await using reader = await SseReader.open(opencti, { query: QUERY });
  assertEquals((await reader.take(3)).length, 3);
  assert(performance.now() - started >= 70);
  await opencti.stop();
});

Deno.test("a client that does not read is sent no heartbeat", async () => {
  const opencti = await startOpencti({
    generator: { count: 200_000, startMs: AT },
    heartbeatMs: 10,
  });
  const { hostname, port } = new URL(opencti.url);
  using socket = await Deno.connect({ hostname, port: Number(port) });
  await socket.write(new TextEncoder().encode(
    `GET /stream/${opencti.streamId}?from=0-0 HTTP/1.1\r\nhost: x\r\n` +
      `authorization: Bearer ${opencti.token}\r\n\r\n`,
  ));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = Deno.memoryUsage().rss;
  await new Promise((resolve) => setTimeout(resolve, 300));
  const grown = Deno.memoryUsage().rss - before;
  assert(grown < 50e6, `grew by ${grown}`);
  await opencti.stop();
});

Deno.test("chaos is the same for the same seed", async () => {
  const lengths = async (seed: number) => {
    const opencti = await platformWith(30, {
      chaos: { seed, rate: 0.1, stallMs: 1 },
    });
    const seen: string[] = [];
    for (let connection = 0; connection < 6; connection++) {
      await using reader = await SseReader.open(opencti, { query: QUERY });
      const frames = await reader.take(32);
      seen.push(`${reader.response.status} ${frames.length}`);
    }
    await opencti.stop();
    return seen;
  };
  const first = await lengths(7);
  assertEquals(await lengths(7), first);
  assert((await lengths(8)).join() !== first.join());
});
