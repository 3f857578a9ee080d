/** Events that cannot be applied never stop the stream. */
import { assert, assertEquals } from "@std/assert";
import { formatEventId } from "../../src/simulator/opencti/event_id.ts";
import {
  brokenJsonFrame,
  largeFrame,
  unknownEventFrame,
} from "../../src/simulator/opencti/odd_frames.ts";
import type { StixObject } from "../../src/stix/object.ts";
import type { Json } from "../../src/targets/_elastic/document.ts";
import { indexBody } from "../../src/targets/_elastic/template.ts";
import { indicator } from "../opencti/platform.ts";
import { heldFarSide } from "./far_side.ts";
import { NOW } from "./recording.ts";
import {
  deadLettersIn,
  type Environment,
  relay,
  startWorld,
  type World,
} from "./world.ts";

const MIB = 1_048_576;
/** What stands at both ends of the stream in these tests. */
const COUNT = 20;
/** When all of it happens: the clock stands, and heartbeats tell it. */
const BEFORE = NOW - 60_000;

/** Writes an entry whose frame is text of our own. */
function appendText(
  { opencti }: World,
  text: (id: string) => string,
): void {
  const id = opencti.platform.nextId(BEFORE);
  const bytes = new TextEncoder().encode(text(formatEventId(id)));
  opencti.platform.append({
    id,
    frames: () => [{ kind: "main", event: "create", bytes }],
  });
}

function create({ opencti }: World, object: StixObject): string {
  return opencti.platform.apply({ at: BEFORE, op: "create", object });
}

/** Sound indicators, then the poison, then sound ones again. */
async function poisoned(
  poison: (world: World) => void,
  env: Environment = {},
) {
  const world = await startWorld({ recorded: false, maxContentLength: MIB });
  for (let number = 0; number < COUNT; number++) {
    if (number === COUNT / 2) poison(world);
    create(world, current(number));
  }
  const { code, err } = await relay(["run", "--once"], {
    ...world.env,
    ...env,
  });
  const names = new Set<string>();
  const index = env.ELASTIC_SECURITY_INDEX_NAME;
  const { documents } = heldFarSide(world.elastic, index);
  for (const { source } of documents.values()) {
    const { indicator_name: name } = source.opencti as Record<string, unknown>;
    names.add(`${name}`);
  }
  for (let number = 0; number < COUNT; number++) {
    assert(names.has(`indicator ${number}`), `indicator ${number}: ${err}`);
  }
  const letters = await deadLettersIn(world.env.RELAY_STATE_PATH ?? "");
  return { world, code, err, names, letters };
}

/** An indicator that has not expired at the pinned time. */
function current(number: number, more: Record<string, unknown> = {}) {
  const valid_until = new Date(NOW + 86_400_000).toISOString();
  return indicator(number, { valid_until, ...more });
}

function frame(id: string, event: string, data: string): string {
  return `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
}

const UNREADABLE: readonly [
  what: string,
  text: (id: string) => string,
  reason: string,
][] = [
  ["JSON that stops", brokenJsonFrame, "event data is not a JSON object"],
  [
    "JSON that is no object",
    (id) => frame(id, "update", "[1, 2]"),
    "event data is not a JSON object",
  ],
  [
    "no data at all",
    (id) => `id: ${id}\nevent: delete\ndata\n\n`,
    "event data is not a JSON object",
  ],
  [
    "an event without an object",
    (id) => frame(id, "create", '{"type":"create","data":null}'),
    "event holds no STIX object",
  ],
  [
    "an object without a type",
    (id) => frame(id, "create", '{"type":"create","data":{"id":"x--1"}}'),
    "event holds no STIX object",
  ],
  [
    "a type that does not fit",
    (id) =>
      frame(id, "create", '{"type":"delete","data":{"id":"x--1","type":"x"}}'),
    "event and payload type do not fit",
  ],
];

for (const [what, text, reason] of UNREADABLE) {
  Deno.test(`${what} ends as a dead letter, and the stream goes on`, async () => {
    const { world, code, letters } = await poisoned((world) =>
      appendText(world, text)
    );
    await using _ = world;
    assertEquals(code, 5);
    assertEquals(letters.map((letter) => letter.reason), [reason]);
    const [data] = text("").split("data: ").slice(1);
    assertEquals(letters[0]?.payload, (data ?? "").trimEnd());
  });
}

const SKIPPED: readonly [what: string, poison: (world: World) => void][] = [
  ["an unknown SSE event", (world) => appendText(world, unknownEventFrame)],
  [
    "an unknown STIX type",
    (world) =>
      appendText(world, (id) =>
        frame(
          id,
          "create",
          '{"type":"create","data":{"id":"x-acme--1","type":"x-acme"}}',
        )),
  ],
  [
    "a report of 2 MB",
    (world) => appendText(world, (id) => largeFrame(id, 2 * MIB)),
  ],
];

for (const [what, poison] of SKIPPED) {
  Deno.test(`${what} is skipped, and the stream goes on`, async () => {
    const { world, code, err, letters } = await poisoned(poison);
    await using _ = world;
    assertEquals([code, err, letters], [0, "", []]);
  });
}

Deno.test("a value the index refuses ends as a dead letter", async () => {
  const { world, code, letters } = await poisoned((world) => {
    world.elastic.faults.items({
      error: "parsing",
      where: ({ source }) => source.includes("refused.example"),
    });
    create(
      world,
      current(666, { pattern: "[domain-name:value = 'refused.example']" }),
    );
  });
  await using _ = world;
  assertEquals(code, 5);
  assertEquals(letters.length, 1);
  const [letter] = letters;
  assertEquals(letter?.httpStatus, 400);
  assertEquals([letter?.type, letter?.action], ["indicator", "create"]);
  assert(letter?.reason.startsWith("document_parsing_exception"));
  assertEquals(JSON.parse(letter?.payload ?? "").name, "indicator 666");
});

Deno.test("a value that the index's own mapping refuses ends as a dead letter", async () => {
  // Made by hand before: the score does not fit its type.
  const index = "made-by-hand";
  const { properties, ...rest } = indexBody("index").mappings as Json;
  const { opencti } = properties as { opencti: { properties: Json } };
  const narrow = { ...opencti.properties, score: { type: "byte" } };
  const { world, code, letters, names } = await poisoned((world) => {
    world.elastic.cluster.createIndex(index, {
      mappings: {
        ...rest,
        properties: { ...properties as Json, opencti: { properties: narrow } },
      },
    });
    const extensions = structuredClone(current(669).extensions) as Json;
    for (const extension of Object.values(extensions)) {
      (extension as Json).score = 300;
    }
    create(world, current(669, { extensions }));
  }, { ELASTIC_SECURITY_INDEX_NAME: index });
  await using _ = world;
  assertEquals(code, 5);
  assertEquals(letters.map(({ httpStatus }) => httpStatus), [400]);
  assert(letters[0]?.reason.includes("opencti.score"), letters[0]?.reason);
  assert(!names.has("indicator 669"));
});

Deno.test("a document too large for the cluster ends as a dead letter", async () => {
  const { world, code, letters } = await poisoned((world) =>
    create(
      world,
      current(667, { description: "x".repeat(2 * MIB) }),
    )
  );
  await using _ = world;
  assertEquals(code, 5);
  assertEquals(letters.map(({ httpStatus }) => httpStatus), [413]);
  assert((letters[0]?.payload.length ?? 0) > 2 * MIB);
});

Deno.test("a rule that Kibana refuses costs no document", async () => {
  const { world, code, names, letters } = await poisoned((world) => {
    world.elastic.faults.next({
      do: "status",
      status: 400,
      body: '{"statusCode":400,"error":"Bad Request","message":"no such rule"}',
    }, {
      server: "kibana",
      method: "POST",
      path: "detection_engine/rules",
      times: 3,
    });
    create(
      world,
      current(668, { pattern: "host.name: (", pattern_type: "kql" }),
    );
  });
  await using _ = world;
  assertEquals(code, 5);
  assert(names.has("indicator 668"));
  assertEquals(
    letters.map(({ httpStatus, attempts }) => [httpStatus, attempts]),
    [
      [400, 3],
    ],
  );
});
