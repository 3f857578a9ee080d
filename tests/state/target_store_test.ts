import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { compareKeys, keyBytes } from "../../src/state/keys.ts";
import { openState } from "../../src/state/open_state.ts";
import type { TargetStore } from "../../src/state/target_store.ts";
import type { TargetState } from "../../src/targets/target.ts";
import { inFolder } from "./helpers.ts";

async function withStore(
  test: (store: TargetStore<unknown>) => Promise<void>,
): Promise<void> {
  const state = await openState(":memory:");
  try {
    await test(state.target("soc"));
  } finally {
    await state.close();
  }
}

Deno.test("TargetStore.rows is a TargetState", () =>
  withStore((store) => {
    const rows: TargetState = store.rows;
    assertEquals(typeof rows.flush, "function");
    return Promise.resolve();
  }));

Deno.test("TargetStore.rows shows what is staged, before and after commits", () =>
  withStore(async ({ rows, checkpoint }) => {
    rows.set(["ids", "a"], { id: 1 });
    rows.set(["ids", "b"], { id: 2 });
    await checkpoint.save(1);
    rows.set(["ids", "a"], { id: 10 });
    rows.delete(["ids", "b"]);
    rows.set(["ids", "c"], { id: 3 });
    rows.set(["other"], 1);
    const see = async () => {
      assertEquals(
        await rows.getMany([["ids", "c"], ["ids", "b"], ["ids", "a"], ["no"]]),
        [{ id: 3 }, undefined, { id: 10 }, undefined],
      );
      assertEquals(await Array.fromAsync(rows.list(["ids"])), [
        { key: ["ids", "a"], value: { id: 10 } },
        { key: ["ids", "c"], value: { id: 3 } },
      ]);
      assertEquals(await rows.get(["ids", "a"]), { id: 10 });
    };
    await see();
    const saving = checkpoint.save(2);
    await see();
    await saving;
    await see();
  }));

Deno.test("TargetStore.rows takes values as they are when they are set", () =>
  withStore(async ({ rows }) => {
    const value = { list: [1], at: new Date(5), bytes: Uint8Array.of(1, 2) };
    rows.set(["v"], value);
    value.list.push(2);
    const staged = await rows.get<typeof value>(["v"]);
    staged!.list.push(3);
    const expected = {
      list: [1],
      at: new Date(5),
      bytes: Uint8Array.of(1, 2),
    };
    assertEquals(await rows.get(["v"]), expected);
    await rows.flush();
    assertEquals(await rows.get(["v"]), expected);
    rows.set(["b"], Uint8Array.of(1, 2));
    rows.set(["zero"], 0);
    await rows.flush();
    assertEquals(await rows.get(["b"]), Uint8Array.of(1, 2));
    assertEquals(await rows.get(["zero"]), 0);
    rows.set(["zero"], undefined);
    assertEquals(await rows.get(["zero"]), undefined);
  }));

Deno.test("TargetStore.rows keeps what is staged during a commit", () =>
  withStore(async ({ rows, checkpoint }) => {
    rows.set(["a"], 1);
    const saving = checkpoint.save(1);
    rows.set(["a"], 2);
    rows.set(["b"], 2);
    await saving;
    assertEquals(await rows.getMany([["a"], ["b"]]), [2, 2]);
    await rows.flush();
    assertEquals(await rows.getMany([["a"], ["b"]]), [2, 2]);
  }));

Deno.test("TargetStore loses what was staged and not committed", () =>
  inFolder(async (folder) => {
    const path = `${folder}/relay.kv`;
    const state = await openState(path);
    const store = state.target("soc");
    store.rows.set(["a"], 1);
    await store.rows.flush();
    store.rows.set(["b"], 1);
    await state.close();
    const again = await openState(path);
    const { rows } = again.target("soc");
    assertEquals(await rows.getMany([["a"], ["b"]]), [1, undefined]);
    await again.close();
  }));

Deno.test("TargetStore takes values and keys up to their limits", () =>
  withStore(async ({ rows, checkpoint }) => {
    // Serialized: two bytes of version, one of kind, three of length.
    rows.set(["largest"], "x".repeat(65_530));
    rows.set(["k".repeat(2_048 - 3 - 5 - 3 - 2)], 1);
    await checkpoint.save(1);
    assertThrows(() => rows.set(["v"], "x".repeat(65_536)), RangeError);
    assertThrows(() => rows.set(["v"], new Uint8Array(65_537)), RangeError);
    assertThrows(() => rows.set(["k".repeat(2_036)], 1), RangeError);
    assertThrows(() => rows.set(["é".repeat(1_020)], 1), RangeError);
    assertThrows(() => rows.set([], 1), RangeError);
    assertThrows(() => rows.set(["f"], () => {}), TypeError);
    await checkpoint.save(2);
    await assertRejects(
      () => checkpoint.save(3, { text: "é".repeat(20_000) }),
      RangeError,
    );
    assertEquals(await checkpoint.load(), 2);
  }));

Deno.test("TargetStore commits more than one atomic write can hold", () =>
  withStore(async ({ rows, checkpoint }) => {
    for (let at = 0; at < 5_000; at++) {
      rows.set(["many", `indicator--${at}`.padEnd(90, "x")], at);
    }
    for (let at = 0; at < 40; at++) rows.set(["large", at], "y".repeat(60_000));
    await checkpoint.save(1, { delivered: 5_040 });
    const many = await Array.fromAsync(rows.list(["many"]));
    assertEquals(many.length, 5_000);
    const keys = Array.from({ length: 40 }, (_none, at) => ["large", at]);
    const large = await rows.getMany<string>(keys);
    assertEquals(large.every((value) => value?.length === 60_000), true);
  }));

Deno.test("Checkpoint keeps its meta until another is saved", () =>
  withStore(async ({ checkpoint }) => {
    assertEquals(await checkpoint.load(), undefined);
    assertEquals(await checkpoint.loadMeta(), undefined);
    await checkpoint.save({ from: "1-0" }, { delivered: 1 });
    await checkpoint.save({ from: "2-0" });
    assertEquals(await checkpoint.load(), { from: "2-0" });
    assertEquals(await checkpoint.loadMeta(), { delivered: 1 });
    await checkpoint.clear();
    assertEquals(await checkpoint.load(), undefined);
    assertEquals(await checkpoint.loadMeta(), { delivered: 1 });
  }));

const keyPart = fc.oneof(
  fc.string({ unit: "binary", maxLength: 3 }),
  fc.integer(),
);
const rowKey = fc.array(keyPart, { minLength: 1, maxLength: 3 });

Deno.test("TargetStore.rows.list() is in the order of Deno KV", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(rowKey, { maxLength: 20 }),
      fc.array(rowKey, { maxLength: 20 }),
      (committed, staged) =>
        withStore(async ({ rows }) => {
          committed.forEach((key) => rows.set(key, 1));
          await rows.flush();
          staged.forEach((key) => rows.set(key, 2));
          const before = await Array.fromAsync(rows.list([]));
          await rows.flush();
          assertEquals(await Array.fromAsync(rows.list([])), before);
          const sorted = before.toSorted((a, b) => compareKeys(a.key, b.key));
          assertEquals(sorted, before);
        }),
    ),
    { numRuns: 30 },
  ));

Deno.test("keyBytes() counts as Deno KV does", async () => {
  const kv = await Deno.openKv(":memory:");
  const ends: [unit: string, size: number][] = [["k", 1], ["é", 2], ["\0", 2]];
  for (const [unit, size] of ends) {
    const room = 2_048 - keyBytes(["t", 1, ""]);
    const fits = ["t", 1, unit.repeat(Math.floor(room / size))];
    await kv.set(fits, 1);
    const tooLong = [...fits.slice(0, 2), `${fits[2]}${unit}k`];
    await assertRejects(() => kv.set(tooLong, 1), TypeError);
    assertEquals(keyBytes(tooLong) > 2_048, true);
  }
  kv.close();
});
