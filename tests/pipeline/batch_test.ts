import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import type { StreamEvent, StreamItem } from "../../src/opencti/event.ts";
import { type Batch, inBatches } from "../../src/pipeline/batch.ts";

const LIMITS = { maxEvents: 10, maxBytes: 1000 };

function event(
  sequence: number,
  object: string,
  more: Partial<StreamEvent> = {},
): StreamItem {
  return {
    kind: "event",
    event: {
      id: `${sequence}-0`,
      version: sequence * 1000,
      action: "create",
      cause: "created",
      internalId: object,
      object: { id: `indicator--${object}`, type: "indicator" },
      bytes: 10,
      ...more,
    },
    resumeFrom: { from: `${sequence - 1}-0` },
  };
}

async function* given(items: readonly StreamItem[]) {
  yield* items;
}

/** The batches of items that all wait while a first batch is delivered. */
async function gathered(items: readonly StreamItem[]): Promise<Batch[]> {
  const first: StreamItem = { kind: "position", resumeFrom: { from: "0-0" } };
  const batches: Batch[] = [];
  for await (const batch of inBatches(given([first, ...items]), LIMITS)) {
    batches.push(batch);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return batches.slice(1);
}

function ids(batches: readonly Batch[]): string[][] {
  return batches.map((batch) => batch.events.map(({ id }) => id));
}

Deno.test("inBatches() delivers at once what is there", async () => {
  const first = Promise.withResolvers<void>();
  async function* items() {
    yield event(1, "a");
    await first.promise;
    yield event(2, "b");
    yield event(3, "c");
  }
  const batches: Batch[] = [];
  for await (const batch of inBatches(items(), LIMITS)) {
    batches.push(batch);
    first.resolve();
    // The far side takes its time: what comes meanwhile gathers.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assertEquals(ids(batches), [["1-0"], ["2-0", "3-0"]]);
});

Deno.test("inBatches() never holds one object twice; the last one wins", async () => {
  const object = fc.constantFrom("a", "b", "c", "d");
  const action = fc.constantFrom("create", "update", "delete");
  await fc.assert(fc.asyncProperty(
    fc.array(fc.tuple(object, action), { maxLength: 60 }),
    async (changes) => {
      const items = changes.map(([name, action], index) =>
        event(index + 1, name, { action: action as "create" })
      );
      const last = new Map<string, string>();
      let total = 0;
      for await (const batch of inBatches(given(items), LIMITS)) {
        const objects = batch.events.map(({ internalId }) => internalId);
        assertEquals(new Set(objects).size, objects.length);
        assert(batch.events.length <= LIMITS.maxEvents);
        for (const { internalId, id } of batch.events) {
          last.set(internalId, id);
        }
        total += batch.events.length + batch.superseded;
      }
      assertEquals(total, items.length);
      changes.forEach(([name], index) => {
        const newest = changes.findLastIndex(([other]) => other === name);
        if (newest === index) assertEquals(last.get(name), `${index + 1}-0`);
      });
    },
  ));
});

Deno.test("inBatches() forgets what changed when events are taken together", async () => {
  const [batch] = await gathered([
    event(1, "a"),
    event(2, "a", { action: "update", cause: "changed", changed: ["/name"] }),
  ]);
  const [taken] = batch?.events ?? [];
  // Not "created": before a crash the first one may have been delivered.
  assertEquals(taken?.cause, "changed");
  assertEquals(taken?.changed, undefined);
  assertEquals(batch?.superseded, 1);
});

Deno.test("inBatches() keeps the delete that an unsure event replaced", async () => {
  const unsure = { action: "update", cause: "changed", unsure: true } as const;
  const [batch] = await gathered([
    event(1, "left, then changed in a container"),
    event(2, "left, then changed in a container", { action: "delete" }),
    event(3, "left, then changed in a container", unsure),
    event(4, "left, then changed in a container", unsure),
    event(5, "left and came back", { action: "delete" }),
    event(6, "left and came back", unsure),
    event(7, "left and came back"),
  ]);
  const [left, back] = batch?.events ?? [];
  assert(left !== undefined && back !== undefined);
  assertEquals([left.id, left.unsure], ["4-0", true]);
  assertEquals(batch?.deletes.get(left)?.id, "2-0");
  assertEquals([back.id, back.unsure], ["7-0", undefined]);
  assertEquals(batch?.deletes.size, 1);
});

Deno.test("inBatches() does not doubt an object that an event before told", async () => {
  const unsure = { action: "update", cause: "changed", unsure: true } as const;
  const [batch] = await gathered([
    event(1, "a"),
    event(2, "a", unsure),
    event(3, "b", unsure),
    event(4, "b", unsure),
  ]);
  assertEquals(batch?.events.map(({ unsure }) => unsure), [undefined, true]);
});

Deno.test("inBatches() keeps a single event as it came", async () => {
  const update = event(1, "a", {
    action: "update",
    cause: "changed",
    changed: ["/name"],
  });
  const [batch] = await gathered([update]);
  assertEquals(batch?.events[0]?.changed, ["/name"]);
});

Deno.test("inBatches() keeps within bytes, and lets one large event pass alone", async () => {
  const items = [
    event(1, "a", { bytes: 600 }),
    event(2, "b", { bytes: 600 }),
    event(3, "c", { bytes: 5000 }),
    event(4, "d", { bytes: 1 }),
  ];
  assertEquals(ids(await gathered(items)), [
    ["1-0"],
    ["2-0"],
    ["3-0"],
    ["4-0"],
  ]);
});

Deno.test("inBatches() stops reading while as much as a batch waits", async () => {
  let read = 0;
  async function* items() {
    for (let count = 1; count <= 100; count++) {
      read = count;
      yield event(count, `object-${count}`);
    }
  }
  const batches = inBatches(items(), LIMITS);
  await batches.next();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert(read <= 2 * LIMITS.maxEvents + 1, `${read} were read`);
  await batches.return();
});

Deno.test("inBatches() hands positions and malformed events on", async () => {
  const items: StreamItem[] = [
    event(5, "a"),
    {
      kind: "malformed",
      id: "6-0",
      reason: "event data is not a JSON object",
      payload: "{",
      resumeFrom: { from: "5-0" },
    },
    { kind: "position", resumeFrom: { from: "6-0" } },
  ];
  const [batch] = await gathered(items);
  assertEquals(batch?.resumeFrom, { from: "6-0" });
  assertEquals(batch?.malformed.map(({ id }) => id), ["6-0"]);
});

Deno.test("inBatches() gives what came before an error, then the error", async () => {
  async function* items() {
    yield event(1, "a");
    throw new RangeError("broken");
  }
  const seen: string[] = [];
  await assertRejects(async () => {
    for await (const batch of inBatches(items(), LIMITS)) {
      seen.push(...batch.events.map(({ id }) => id));
    }
  }, RangeError);
  assertEquals(seen, ["1-0"]);
});
