import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import examples from "../fixtures/opencti_events.json" with { type: "json" };
import { type Frame, readFrame } from "../../src/opencti/frame.ts";

interface Example {
  key: string;
  id?: string;
  event: string;
  data: unknown;
}

const EXAMPLES = examples as unknown as Example[];

function frameOf(event: string, data: unknown, id = "1772442902000-0"): Frame {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return readFrame({
    id,
    event,
    data: text,
    bytes: text.length,
    oversized: false,
  });
}

function exampleFrame(key: string): Frame {
  const example = EXAMPLES.find((candidate) => candidate.key === key);
  assert(example !== undefined, key);
  return frameOf(example.event, JSON.stringify(example.data), example.id ?? "");
}

/** What section 3 of the platform's format says of each example. */
const EXPECTED: Readonly<Record<string, string>> = {
  "connected": "connected",
  "heartbeat": "heartbeat",
  "consumer_metrics": "ignored",
  "no-recover": "no-recover",
  "error": "error",
  "dependency.create": "dependency",
  "recovery.create": "recovered create recovered",
  "indicator.create": "main create created",
  "indicator.update.name": "main update changed",
  "indicator.update.pattern": "main update changed",
  "indicator.update.score": "main update changed",
  "indicator.update.label.add": "main update changed",
  "indicator.update.revoked": "main update changed",
  "indicator.delete": "main delete deleted",
  "indicator.leaves-filter": "main delete left-filter",
  "indicator.enters-filter": "main create entered-filter",
  "indicator.merge": "main delete merged, update changed",
  "relationship.create.based-on": "main create created",
  "sighting.create": "main create created",
  "report.create": "main create created",
  "report.update.object-added": "main update changed",
  "report.update.own-external-reference": "main update changed",
};

function summary(frame: Frame): string {
  const events = "events" in frame
    ? frame.events.map(({ action, cause }) => `${action} ${cause}`).join(", ")
    : "";
  return `${frame.kind} ${events}`.trim();
}

Deno.test("the example frames are 45", () => {
  assertEquals(EXAMPLES.length, 45);
});

for (const { key } of EXAMPLES) {
  Deno.test(`readFrame() reads example ${key}`, () => {
    const expected = key.startsWith("observable.create.")
      ? "main create created"
      : EXPECTED[key];
    assertEquals(summary(exampleFrame(key)), expected);
  });
}

Deno.test("readFrame() keeps id, version, internal id and what changed", () => {
  const frame = exampleFrame("indicator.update.pattern");
  assert(frame.kind === "main");
  const [event] = frame.events;
  assertEquals(event?.id, "1772442904000-0");
  assertEquals(event?.version, 1772442904000000);
  assertEquals(event?.internalId, "eea07a5e-3ea1-4f3d-9704-75970f289d6c");
  assert(event?.changed?.includes("/pattern"));
  assert(event?.changed?.includes("/id"));
  assertEquals(event?.reversePatch?.length, event?.changed?.length);
});

Deno.test("readFrame() lifts versions to the floor", () => {
  const message = {
    id: "1000-1",
    event: "create",
    data: JSON.stringify({ type: "create", data: { id: "x--1", type: "x" } }),
    bytes: 1,
    oversized: false,
  };
  const low = readFrame(message);
  const lifted = readFrame(message, 5_000_000);
  assert(low.kind === "main" && lifted.kind === "main");
  assertEquals(low.events[0]?.version, 1_000_001);
  assertEquals(lifted.events[0]?.version, 5_000_000);
});

Deno.test("readFrame() deletes every source of a merge before the update", () => {
  const frame = exampleFrame("indicator.merge");
  assert(frame.kind === "main");
  assertEquals(frame.events.map((event) => event.internalId), [
    "35515e8f-412f-42fb-87b4-329377e99f2e",
    "eea07a5e-3ea1-4f3d-9704-75970f289d6c",
  ]);
  // What a merge changed is not only what its patch says.
  assertEquals(frame.events[1]?.changed, undefined);
});

const MALFORMED: readonly [string, string][] = [
  ["cut JSON", '{"type":"create","data":{"id":"a'],
  ["no object", "[]"],
  ["null", "null"],
  ["a text", '"x"'],
  ["no data", '{"type":"create"}'],
  ["data without id", '{"type":"create","data":{"type":"indicator"}}'],
  ["data with a wrong id", '{"type":"create","data":{"type":"x","id":1}}'],
  ["an unknown payload type", '{"type":"x","data":{"type":"x","id":"x--1"}}'],
];

for (const [title, data] of MALFORMED) {
  Deno.test(`readFrame() calls ${title} malformed`, () => {
    assertEquals(frameOf("create", data).kind, "malformed");
  });
}

Deno.test("readFrame() calls an event above the limit malformed", () => {
  const frame = readFrame({
    id: "1-0",
    event: "create",
    data: "",
    bytes: 0,
    oversized: true,
  });
  assertEquals(frame.kind, "malformed");
});

Deno.test("readFrame() never throws", () => {
  const name = fc.constantFrom(
    "create",
    "update",
    "delete",
    "merge",
    "connected",
    "error",
    "no-recover",
    "heartbeat",
    "x",
  );
  fc.assert(fc.property(name, fc.json(), (event, data) => {
    frameOf(event, data);
  }));
  fc.assert(fc.property(name, fc.object({ maxDepth: 3 }), (event, data) => {
    frameOf(event, { type: event, data, context: data, origin: data });
    frameOf(event, { type: event, data: { id: "a--1", type: "a", ...data } });
  }));
});
