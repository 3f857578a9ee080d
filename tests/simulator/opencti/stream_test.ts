import { assert, assertEquals, assertMatch } from "@std/assert";
import { startOpencti } from "../../../src/simulator/opencti/mod.ts";
import { parseStart } from "../../../src/simulator/opencti/stream_request.ts";
import { withOcti } from "../../../src/simulator/opencti/documents.ts";
import { AT, entity, indicator, payloadOf } from "./objects.ts";
import { SseReader } from "./sse_client.ts";

const BEGIN = { from: "0-0", "no-dependencies": "true" };

Deno.test("parseStart() has the platform's oddities", () => {
  assertEquals(parseStart("0"), { ms: 0, seq: 0 });
  assertEquals(parseStart("2024-12"), { ms: 2024, seq: 12 });
  assertEquals(parseStart("1699999999-0"), { ms: 1_699_999_999, seq: 0 });
  assertEquals(parseStart("1620249512599"), undefined);
  assertEquals(parseStart("2026-03-02T09:15:00Z"), { ms: AT, seq: 0 });
  assertEquals(parseStart("2026-03-02T09:15:00 02:00"), undefined);
});

Deno.test("authorisation answers empty bodies with a reason phrase", async () => {
  const opencti = await startOpencti();
  const status = async (token: string, id = opencti.streamId) => {
    const { hostname, port } = new URL(opencti.url);
    using socket = await Deno.connect({ hostname, port: Number(port) });
    const text = `GET /stream/${id} HTTP/1.1\r\nhost: x\r\n` +
      `authorization: Bearer ${token}\r\nconnection: close\r\n\r\n`;
    await socket.write(new TextEncoder().encode(text));
    const buffer = new Uint8Array(4096);
    const read = await socket.read(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, read));
  };
  assertMatch(await status("wrong"), /^HTTP\/1.1 401 You must be logged in/);
  assertMatch(
    await status(opencti.token, "unknown"),
    /^HTTP\/1.1 401 You are not allowed/,
  );
  opencti.platform.setLive(false);
  const stopped = await status(opencti.token);
  assertMatch(stopped, /^HTTP\/1.1 410 .*stopped/);
  assertMatch(stopped, /\r\n\r\n$/);
  opencti.platform.setLive(true);
  opencti.platform.user.capabilities = ["KNOWLEDGE"];
  assertMatch(await status(opencti.token), /^HTTP\/1.1 401/);
  await opencti.stop();
});

Deno.test("a stream starts with connected and goes on with changes", async () => {
  const opencti = await startOpencti({ now: () => AT });
  await using reader = await SseReader.open(opencti, { query: BEGIN });
  assertEquals(reader.response.status, 200);
  assertEquals(
    reader.response.headers.get("content-type"),
    "text/event-stream; charset=utf-8",
  );
  assertEquals(
    reader.response.headers.get("date"),
    new Date(AT).toUTCString(),
  );
  const [connected] = await reader.take(1);
  assertEquals(connected?.event, "connected");
  assertEquals(connected?.id, undefined);
  const { platform } = opencti;
  platform.apply({ at: AT, op: "create", object: indicator("a.example") });
  platform.apply({ at: AT, op: "create", object: indicator("b.example") });
  const frames = await reader.take(2);
  assertEquals(frames.map(({ id }) => id), [`${AT}-0`, `${AT}-1`]);
  assertEquals(frames.map(({ event }) => event), ["create", "create"]);
  await using later = await SseReader.open(opencti, {
    headers: { "last-event-id": `${AT}-0` },
  });
  const [, exclusive] = await later.take(2);
  assertEquals(exclusive?.id, `${AT}-1`);
  await opencti.stop();
});

Deno.test("updates follow the table of filter transitions", async () => {
  const opencti = await startOpencti({
    now: () => AT,
    matches: (object) => object.revoked !== true,
  });
  const { platform } = opencti;
  const base = indicator("a.example");
  const key = "00000000-0000-4000-8000-" + base.id.slice(-12);
  platform.apply({ at: AT, op: "create", object: base });
  const edit = (members: Record<string, unknown>) =>
    platform.apply({
      at: AT,
      op: "update",
      object: { ...platform.objects.get(key)!.object, ...members } as never,
    });
  edit({ name: "b.example" });
  edit({ revoked: true });
  edit({ name: "hidden.example" });
  edit({ revoked: false });
  platform.apply({ at: AT, op: "delete", internalId: key });
  await using reader = await SseReader.open(opencti, { query: BEGIN });
  const frames = (await reader.take(6)).slice(1);
  assertEquals(
    frames.map(({ event, data }) => [event, payloadOf(data).type]),
    [
      ["create", "create"],
      ["update", "update"],
      ["delete", "update"],
      ["create", "update"],
      ["delete", "delete"],
    ],
  );
  await using deaf = await SseReader.open(opencti, {
    headers: { from: "0-0", "listen-delete": "false" },
  });
  const heard = (await deaf.take(4)).map(({ event }) => event);
  assertEquals(heard, ["connected", "create", "update", "create"]);
  await opencti.stop();
});

Deno.test("dependencies come first, once per connection, in order", async () => {
  const opencti = await startOpencti({
    now: () => AT,
    matches: (object) => object.type === "indicator",
  });
  const { platform } = opencti;
  const author = entity("identity", "Organization", "author");
  const observable = entity("ipv4-addr", "IPv4-Addr", "o", {
    value: "192.0.2.1",
  });
  const object = indicator("i.example", { created_by_ref: author.id });
  const relation = entity("relationship", "based-on", "r", {
    relationship_type: "based-on",
    source_ref: object.id,
    target_ref: observable.id,
  });
  for (const each of [author, observable, object, relation]) {
    platform.apply({ at: AT, op: "create", object: each });
  }
  await using quiet = await SseReader.open(opencti, { query: BEGIN });
  const few = (await quiet.take(3)).slice(1).map(({ data }) => data);
  assertEquals(few.map((data) => payloadOf(data).data.id), [
    author.id,
    object.id,
  ]);
  await using reader = await SseReader.open(opencti, {
    query: { from: "0-0" },
  });
  const frames = (await reader.take(6)).slice(1);
  assertEquals(frames.map(({ data }) => payloadOf(data).data.id), [
    author.id,
    object.id,
    observable.id,
    relation.id,
    object.id,
  ]);
  assertEquals(new Set(frames.map(({ id }) => id)).size, 1);
  const [first] = frames;
  const envelope = payloadOf(first?.data ?? "");
  assertEquals(envelope.origin, { referer: "init-dependencies" });
  assertEquals(envelope.type, undefined);
  await opencti.stop();
});

Deno.test("a change of a relation with a matching end is a dependency", async () => {
  const opencti = await startOpencti({
    matches: (object) => object.type === "indicator",
  });
  const { platform } = opencti;
  const [a, b] = [indicator("a.example"), entity("malware", "Malware", "m")];
  const relation = entity("relationship", "indicates", "r", {
    relationship_type: "indicates",
    source_ref: a.id,
    target_ref: b.id,
  });
  for (const object of [a, b]) platform.apply({ at: AT, op: "create", object });
  await using reader = await SseReader.open(opencti);
  await reader.take(1);
  platform.apply({ at: AT, op: "create", object: relation });
  const frames = await reader.take(3);
  const last = payloadOf(frames.at(-1)?.data ?? "");
  assertEquals(last.data.id, relation.id);
  assertEquals(last.type, undefined);
  await opencti.stop();
});

Deno.test("a hidden member of a visible container is updated", async () => {
  const opencti = await startOpencti({
    now: () => AT,
    matches: (object) => object.type === "report",
  });
  const { platform } = opencti;
  const member = indicator("a.example");
  const report = entity("report", "Report", "r", { object_refs: [member.id] });
  platform.apply({ at: AT, op: "create", object: member });
  platform.apply({ at: AT, op: "create", object: report });
  const stored = platform.objects.get(member.id)!.object;
  platform.apply({
    at: AT,
    op: "update",
    object: { ...stored, name: "b.example" },
  });
  await using reader = await SseReader.open(opencti, { query: BEGIN });
  const frames = (await reader.take(4)).slice(1);
  assertEquals(frames.map(({ event }) => event), [
    "create",
    "create",
    "update",
  ]);
  await opencti.stop();
});

Deno.test("a merge takes its sources without a word", async () => {
  const opencti = await startOpencti();
  const { platform } = opencti;
  const [a, b] = [indicator("a.example"), indicator("b.example")];
  for (const object of [a, b]) platform.apply({ at: AT, op: "create", object });
  await using reader = await SseReader.open(opencti);
  await reader.take(1);
  platform.apply({ at: AT + 1, op: "merge", into: a.id, sources: [b.id] });
  const [frame] = await reader.take(1);
  const payload = payloadOf(frame?.data ?? "");
  assertEquals([frame?.event, payload.type], ["merge", "merge"]);
  assertEquals((payload.context?.sources as unknown[]).length, 1);
  assertEquals(platform.objects.size, 1);
  assertEquals(platform.objects.get(b.id)?.object.id, a.id);
  await opencti.stop();
});

Deno.test("heartbeats repeat the last id and then invent one", async () => {
  let now = AT;
  const opencti = await startOpencti({ now: () => now, heartbeatMs: 20 });
  opencti.platform.apply({
    at: AT,
    op: "create",
    object: indicator("a.example"),
  });
  now = AT + 1_000;
  await using reader = await SseReader.open(opencti, { query: BEGIN });
  const frames = await reader.take(4, true);
  assertEquals(frames.map(({ event }) => event), [
    "connected",
    "create",
    "heartbeat",
    "heartbeat",
  ]);
  assertEquals(frames[3]?.id, `${AT + 1_000}-0`);
  assertEquals(frames[3]?.data, JSON.stringify(new Date(now).toISOString()));
  await opencti.stop();
});

Deno.test("a recovery pages through the database, then goes live", async () => {
  const opencti = await startOpencti({ now: () => AT + 5_000, pageSize: 4 });
  const { platform } = opencti;
  for (let n = 0; n < 10; n++) {
    platform.apply({
      at: AT + n * 100,
      op: "create",
      object: indicator(`${n}.example`),
    });
  }
  const recover = new Date(AT + 900).toISOString();
  await using reader = await SseReader.open(opencti, {
    query: { from: "0-0", recover, "no-dependencies": "true" },
  });
  const frames = (await reader.take(11)).slice(1);
  const names = frames.map(({ data }) => String(payloadOf(data).data.name)[0]);
  assertEquals([...names].sort().join(""), "0123456789");
  assertEquals(names.slice(0, 4).sort().join(""), "0123");
  assert(names.join("") !== "0123456789", "pages are shuffled");
  for (const { data, event } of frames) {
    assertEquals(event, "create");
    assertEquals(payloadOf(data).origin, { referer: "init-create" });
  }
  platform.apply({ at: AT + 2_000, op: "create", object: indicator("x") });
  const [live] = await reader.take(1);
  assertEquals(live?.id, `${AT + 2_000}-0`);
  await opencti.stop();
});

Deno.test("a recover in the future loses what is written before it", async () => {
  const opencti = await startOpencti({ now: () => AT });
  const recover = new Date(AT + 60_000).toISOString();
  await using reader = await SseReader.open(opencti, {
    query: { from: "0-0", recover },
  });
  await reader.take(1);
  const { platform } = opencti;
  platform.apply({ at: AT + 1_000, op: "create", object: indicator("lost") });
  platform.apply({ at: AT + 61_000, op: "create", object: indicator("seen") });
  const [frame] = await reader.take(1);
  assertEquals(payloadOf(frame?.data ?? "").data.name, "seen");
  await opencti.stop();
});

Deno.test("recover without from is 500, and in 7.x an error frame", async () => {
  const query = { recover: "2026-03-02T09:15:00Z" };
  const old = await startOpencti();
  await using refused = await SseReader.open(old, { query });
  assertEquals(refused.response.status, 500);
  await old.stop();
  const recent = await startOpencti({ version: "7.260224.0" });
  await using reader = await SseReader.open(recent, { query });
  const events = (await reader.take(2)).map(({ event }) => event);
  assertEquals(events, ["connected", "error"]);
  await recent.stop();
});

Deno.test("a trimmed stream starts at the oldest event it has", async () => {
  const opencti = await startOpencti({ now: () => AT });
  const { platform } = opencti;
  for (let n = 0; n < 3; n++) {
    const object = indicator(`${n}.example`);
    platform.apply({ at: AT + n, op: "create", object });
  }
  platform.trimBefore({ ms: AT + 2, seq: 0 });
  await using reader = await SseReader.open(opencti, { query: BEGIN });
  const [connected, first] = await reader.take(2);
  assertEquals(JSON.parse(connected?.data ?? "").firstEventId, `${AT + 2}-0`);
  assertEquals(first?.id, `${AT + 2}-0`);
  await opencti.stop();
});

Deno.test("a wiped stream has lower ids and the same database", async () => {
  const opencti = await startOpencti({ now: () => AT });
  const { platform } = opencti;
  const object = indicator("a.example");
  platform.apply({ at: AT, op: "create", object });
  await using open = await SseReader.open(opencti);
  await open.take(1);
  platform.restartWithNewIdRange({ offsetMs: -86_400_000 });
  assertEquals((await open.rest()).ended, "clean");
  const id = platform.apply({
    at: AT + 1,
    op: "update",
    object: { ...object, name: "b.example" },
  });
  assertEquals(id, `${AT + 1 - 86_400_000}-0`);
  await using reader = await SseReader.open(opencti, { query: BEGIN });
  const [, update] = await reader.take(2);
  assertEquals(update?.event, "update");
  await opencti.stop();
});

Deno.test("a label moves the database's time and not the event's", async () => {
  const opencti = await startOpencti({ now: () => AT });
  const { platform } = opencti;
  const object = indicator("a.example");
  platform.apply({ at: AT, op: "create", object });
  const stored = platform.objects.get(object.id)!.object;
  platform.apply({
    at: AT + 5_000,
    op: "update",
    object: withOcti({ ...stored, labels: ["x"] }, { labels_ids: ["l"] }),
  });
  const row = platform.objects.get(object.id);
  assertEquals(row?.object.modified, new Date(AT).toISOString());
  assertEquals(row?.updatedAt, AT + 5_000);
  await opencti.stop();
});

Deno.test("inferred objects are sent only on request", async () => {
  const opencti = await startOpencti({ now: () => AT });
  opencti.platform.apply({
    at: AT,
    op: "create",
    object: indicator("a.example", {}, { is_inferred: true }),
  });
  opencti.platform.apply({ at: AT, op: "create", object: indicator("b") });
  await using plain = await SseReader.open(opencti, { query: BEGIN });
  assertEquals((await plain.take(2))[1]?.id, `${AT}-1`);
  await using all = await SseReader.open(opencti, {
    query: { ...BEGIN, "with-inferences": "true" },
  });
  assertEquals((await all.take(2))[1]?.id, `${AT}-0`);
  await opencti.stop();
});

Deno.test("a new token or a stopped stream ends open streams cleanly", async () => {
  const opencti = await startOpencti();
  await using first = await SseReader.open(opencti);
  await first.take(1);
  opencti.platform.token = "another-token";
  assertEquals((await first.rest()).ended, "clean");
  await using second = await SseReader.open(opencti);
  await second.take(1);
  opencti.platform.setLive(false);
  assertEquals((await second.rest()).ended, "clean");
  assertEquals(opencti.requests.length, 2);
  await opencti.stop();
});

Deno.test("a generator serves a million events without holding them", async () => {
  const opencti = await startOpencti({
    generator: { count: 1_000_000, startMs: AT },
  });
  await using reader = await SseReader.open(opencti, {
    query: { from: `${AT + 499_999}-0` },
  });
  const [connected, first] = await reader.take(2);
  assertEquals(JSON.parse(connected?.data ?? "").streamSize, 1_000_000);
  assertEquals(first?.id, `${AT + 500_000}-0`);
  assertEquals(
    payloadOf(first?.data ?? "").data.name,
    "500000.load.example",
  );
  await opencti.stop();
});
