import { assert, assertEquals } from "@std/assert";
import type { NewDeadLetter } from "../../src/state/dead_letters.ts";
import { openState, openStateReadOnly } from "../../src/state/open_state.ts";
import { inFolder } from "./helpers.ts";

function letter(
  eventId: string,
  payload: string,
  more: Partial<NewDeadLetter["meta"]> = {},
): NewDeadLetter {
  return {
    meta: {
      at: 1_767_600_000_000,
      eventId,
      action: "update",
      internalId: "5c1f",
      stixId: "indicator--5c1f",
      type: "indicator",
      reason: "status is 413",
      attempts: 3,
      ...more,
    },
    payload,
  };
}

Deno.test("DeadLetters.keep() holds payloads of any size over a restart", () =>
  inFolder(async (folder) => {
    const path = `${folder}/relay.kv`;
    // 5 MB in characters of one to four bytes, so that pieces cut them.
    const large = "aé€😀".repeat(500_000);
    const exact = "x".repeat(120_000);
    const payloads = ["", "{}", "\ufeff{}", exact, large];
    const state = await openState(path);
    await state.target("edr").deadLetters.keep(
      payloads.map((payload, at) => letter(`${at}-0`, payload)),
    );
    await state.close();

    const again = await openState(path);
    const { deadLetters } = again.target("edr");
    const kept = await Array.fromAsync(deadLetters.list());
    assertEquals(kept.map(({ eventId }) => eventId), [
      "0-0",
      "1-0",
      "2-0",
      "3-0",
      "4-0",
    ]);
    for (const [at, { id, payloadBytes }] of kept.entries()) {
      const payload = await deadLetters.payload(id);
      assert(payload === payloads[at]);
      assertEquals(payloadBytes, new TextEncoder().encode(payload).byteLength);
    }
    const { id: _id, payloadBytes: _size, ...meta } = kept[1]!;
    assertEquals(meta, letter("1-0", "").meta);
    assertEquals(await deadLetters.count(), 5);
    assertEquals(await again.target("other").deadLetters.count(), 0);
    await again.close();
  }));

Deno.test("DeadLetters.keep() replaces the letter of the same event and object", () =>
  inFolder(async (folder) => {
    const path = `${folder}/relay.kv`;
    const state = await openState(path);
    const { deadLetters } = state.target("edr");
    await deadLetters.keep([letter("1-0", "x".repeat(200_000))]);
    assertEquals(await deadLetters.count(), 1);
    await deadLetters.keep([
      letter("1-0", "second", { httpStatus: 400 }),
      letter("1-0", "third", { httpStatus: 422 }),
      letter("1-0", "other object", { internalId: "77aa" }),
    ]);
    assertEquals(await deadLetters.count(), 2);
    const kept = await Array.fromAsync(deadLetters.list());
    assertEquals(kept.map(({ httpStatus }) => httpStatus), [422, undefined]);
    assertEquals(await deadLetters.payload(kept[0]!.id), "third");

    assertEquals(await deadLetters.delete(kept[0]!.id), true);
    assertEquals(await deadLetters.delete(kept[0]!.id), false);
    assertEquals(await deadLetters.payload(kept[0]!.id), undefined);
    assertEquals(await deadLetters.get(kept[0]!.id), undefined);
    assertEquals(await deadLetters.get(kept[1]!.id), kept[1]);
    assertEquals(await deadLetters.count(), 1);
    await deadLetters.delete(kept[1]!.id);
    await state.close();

    const kv = await Deno.openKv(path);
    assertEquals(await Array.fromAsync(kv.list({ prefix: ["t"] })), []);
    kv.close();
  }));

Deno.test("DeadLetters.keep() makes ids that sort by time, across restarts", () =>
  inFolder(async (folder) => {
    const path = `${folder}/relay.kv`;
    const eventIds: string[] = [];
    for (let round = 0; round < 3; round++) {
      const state = await openState(path);
      for (let at = 0; at < 15; at++) {
        const eventId = `${round}-${at}`;
        eventIds.push(eventId);
        await state.target("edr").deadLetters.keep([letter(eventId, "{}")]);
      }
      await state.close();
    }
    const reader = await openStateReadOnly(path);
    const { deadLetters } = reader.target("edr");
    const kept = await Array.fromAsync(deadLetters.list());
    assertEquals(kept.map(({ eventId }) => eventId), eventIds);
    assertEquals(await deadLetters.count(), 45);
    await reader.close();
  }));

Deno.test("DeadLetters.keep() takes texts of any length", async () => {
  const state = await openState(":memory:");
  const { deadLetters } = state.target("edr");
  const long = "é".repeat(100_000);
  await deadLetters.keep([
    letter(long, long, {
      action: long,
      internalId: long,
      stixId: long,
      type: long,
      reason: long,
    }),
  ]);
  await deadLetters.keep([letter(long, long, { internalId: long })]);
  const [kept, ...more] = await Array.fromAsync(deadLetters.list());
  assertEquals(more, []);
  assert(await deadLetters.payload(kept!.id) === long);
  assertEquals(kept!.internalId.length, 500);
  await state.close();
});

Deno.test("DeadLetters.keep() and Checkpoint.save() may run at once", async () => {
  const state = await openState(":memory:");
  const { deadLetters, checkpoint } = state.target("edr");
  await Promise.all(
    Array.from({ length: 20 }, (_none, at) => [
      deadLetters.keep([letter(`${at % 4}-0`, `payload ${at}`)]),
      checkpoint.save(at),
      deadLetters.count(),
    ]).flat(),
  );
  assertEquals(await deadLetters.count(), 4);
  assertEquals(await checkpoint.load(), 19);
  await state.close();
});

Deno.test("DeadLetters.newest() gives the last ones first, beside a writer too", () =>
  inFolder(async (folder) => {
    const path = `${folder}/relay.kv`;
    const state = await openState(path);
    const { deadLetters } = state.target("edr");
    assertEquals(await deadLetters.newest(3), []);
    for (let number = 1; number <= 5; number++) {
      await deadLetters.keep([letter(`${number}-0`, "{}")]);
    }
    await state.target("edr2").deadLetters.keep([letter("9-0", "{}")]);
    const reader = await openStateReadOnly(path);
    for (const letters of [deadLetters, reader.target("edr").deadLetters]) {
      const newest = await letters.newest(3);
      assertEquals(newest.map(({ eventId }) => eventId), ["5-0", "4-0", "3-0"]);
    }
    await reader.close();
    await state.close();
  }));
