import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { openState } from "../../../src/state/open_state.ts";
import { Ledger, propsHash } from "../../../src/targets/_ioc/ledger.ts";
import { PackedRows } from "../../../src/targets/_ioc/packed_rows.ts";
import type { TargetState } from "../../../src/targets/target.ts";

async function withState(
  run: (state: TargetState) => Promise<void>,
): Promise<void> {
  const state = await openState(":memory:");
  try {
    await run(state.target("soc").rows);
  } finally {
    await state.close();
  }
}

const NOW = Date.parse("2026-05-17T18:00:00Z");

/** One event through a page of its own, as after a restart. */
async function apply(
  state: TargetState,
  event: {
    id: string;
    version: number;
    keys: string[];
    part?: string;
    gone?: boolean;
  },
) {
  const page = new Ledger<{ by: string }>(state).page();
  const { id, version, keys, part = "pattern", gone = false } = event;
  await page.load([id], keys);
  if (page.isOutdated(id, part, version)) return undefined;
  const change = page.apply({
    id,
    part,
    version,
    keys,
    props: gone ? null : { by: `${id}@${version}` },
  }, NOW);
  // A freed value is taken from the far side, and forgotten.
  for (const key of change.freed) page.setValue(key, undefined);
  await page.stage();
  await state.flush();
  return change;
}

const ID = fc.constantFrom("i1", "i2", "i3");
const KEYS = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"));
const PART = fc.constantFrom("pattern", "relation");
const EVENT = fc.record({
  id: ID,
  part: PART,
  keys: KEYS,
  gone: fc.boolean(),
  /** How far back the version lies: a late event. */
  late: fc.constantFrom(0, 0, 0, 1, 5),
});

Deno.test("LedgerPage.apply() counts as a naive model does, in any order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(EVENT, { maxLength: 20 }),
      (events) =>
        withState(async (state) => {
          const model = new Map<string, { version: number; keys: string[] }>();
          const givenBy = (key: string) =>
            [...model].filter(([, { keys }]) => keys.includes(key))
              .map(([name]) => name.split("/")[0]!);
          let now = 10;
          for (const { gone, late, ...event } of events) {
            const version = ++now - late;
            const keys = gone ? [] : event.keys;
            const name = `${event.id}/${event.part}`;
            const before = new Set(
              ["a", "b", "c", "d", "e"].filter((key) =>
                givenBy(key).includes(event.id)
              ),
            );
            const change = await apply(state, {
              ...event,
              version,
              keys,
              gone,
            });
            if (version < (model.get(name)?.version ?? -1)) {
              assertEquals(change, undefined);
              continue;
            }
            model.set(name, { version, keys });
            const after = new Set(
              ["a", "b", "c", "d", "e"].filter((key) =>
                givenBy(key).includes(event.id)
              ),
            );
            assert(change !== undefined);
            assertEquals(new Set(change.added), after.difference(before));
            assertEquals(new Set(change.dropped), before.difference(after));
            assertEquals(new Set(change.kept), before.intersection(after));
            assertEquals(
              new Set(change.freed),
              new Set(
                change.dropped.filter((key) => givenBy(key).length === 0),
              ),
            );
          }
          const page = new Ledger(state).page();
          await page.load([], ["a", "b", "c", "d", "e"]);
          for (const key of ["a", "b", "c", "d", "e"]) {
            assertEquals(
              page.value(key)?.owners ?? [],
              [...new Set(givenBy(key))].sort(),
              `owners of ${key}`,
            );
          }
        }),
    ),
    { numRuns: 150, seed: 11 },
  );
});

Deno.test("LedgerPage.leadingOwner() is the owner changed last, in any order", async () => {
  for (const order of [["i1", "i2"], ["i2", "i1"]]) {
    await withState(async (state) => {
      for (const id of order) {
        const version = id === "i2" ? 9 : 5;
        await apply(state, { id, version, keys: ["a"] });
      }
      const page = new Ledger<{ by: string }>(state).page();
      await page.load([], ["a"]);
      assertEquals(page.leadingOwner("a")?.props, { by: "i2@9" });
      await apply(state, { id: "i2", version: 10, keys: [], gone: true });
      const later = new Ledger<{ by: string }>(state).page();
      await later.load([], ["a"]);
      assertEquals(later.leadingOwner("a")?.props, { by: "i1@5" });
    });
  }
});

Deno.test("LedgerPage.apply() keeps the version of an indicator that is gone", async () => {
  await withState(async (state) => {
    await apply(state, { id: "i1", version: 5, keys: ["a"] });
    await apply(state, { id: "i1", version: 7, keys: [], gone: true });
    assertEquals(
      await apply(state, { id: "i1", version: 6, keys: ["a"] }),
      undefined,
    );
    const row = await new Ledger(state).owners.get("i1");
    assertEquals(row?.goneAt, NOW);
    assertEquals(row?.props, undefined);
  });
});

Deno.test("LedgerPage.apply() frees what an unwritten owner left behind", async () => {
  await withState(async (state) => {
    const page = new Ledger(state).page();
    await page.load(["i1"], ["a"]);
    page.setValue("a", { key: "a", owners: ["i1"], remoteId: "r" });
    const change = page.apply({
      id: "i1",
      part: "pattern",
      version: 3,
      keys: [],
      props: null,
      suspects: ["a"],
    }, NOW);
    assertEquals(change, {
      added: [],
      kept: [],
      dropped: ["a"],
      freed: ["a"],
    });
  });
});

Deno.test("LedgerPage.dropPhantoms() leaves the owners whose rows say so", async () => {
  await withState(async (state) => {
    await apply(state, { id: "i1", version: 1, keys: ["a", "b"] });
    await apply(state, { id: "i2", version: 1, keys: ["b"] });
    const page = new Ledger(state).page();
    await page.load([], ["a", "b", "c"]);
    page.setValue("a", { key: "a", owners: ["i1", "i2"] });
    page.setValue("c", { key: "c", owners: ["i3"], remoteId: "r" });
    await page.load(["i3"], []);
    page.dropPhantoms(["a", "b", "c"]);
    assertEquals(page.value("a")?.owners, ["i1"]);
    assertEquals(page.value("b")?.owners, ["i1", "i2"]);
    assertEquals(page.value("c"), { key: "c", owners: [], remoteId: "r" });
  });
});

Deno.test("Ledger holds 20,000 values of one indicator, and long ones", async () => {
  await withState(async (state) => {
    const long = `url|https://evil.example/${"x".repeat(70_000)}`;
    const keys = [
      long,
      ...Array.from({ length: 20_000 }, (_key, at) => `domain|d${at}.example`),
    ];
    await apply(state, { id: "i1", version: 1, keys });
    const change = await apply(state, {
      id: "i1",
      version: 2,
      keys: keys.slice(0, -1),
    });
    assertEquals(change?.kept.length, 20_000);
    assertEquals(change?.freed, keys.slice(-1));
    const row = await new Ledger(state).values.get(long);
    assertEquals(row?.key, long);
    const last = await apply(state, { id: "i1", version: 3, keys: [] });
    assertEquals(last?.freed.length, 20_000);
  });
});

Deno.test("PackedRows leaves no parts of a value that was replaced", async () => {
  await withState(async (state) => {
    const rows = new PackedRows<string>(state, ["x"]);
    const count = async () => {
      let found = 0;
      for await (const _row of state.list(["x"])) found++;
      return found;
    };
    for (const size of [10, 100_000, 70_000, 70_001, 5]) {
      await rows.setMany([["name", "é".repeat(size)]]);
      await state.flush();
      assertEquals(await rows.get("name"), "é".repeat(size));
      assertEquals(await Array.fromAsync(rows.list()), ["é".repeat(size)]);
      assertEquals(
        await count(),
        size > 30_000 ? 1 + Math.ceil((size + 2) / 30_000) : 1,
      );
    }
    await rows.setMany([["name", "é".repeat(90_000)]]);
    await state.flush();
    await rows.setMany([["name", undefined]]);
    await state.flush();
    assertEquals(await count(), 0);
    assertEquals(await rows.get("name"), undefined);
  });
});

Deno.test("propsHash() ignores the order of members and nothing else", () => {
  assertEquals(
    propsHash({ a: 1, b: { c: 2, d: 3 } }),
    propsHash({ b: { d: 3, c: 2 }, a: 1 }),
  );
  assertNotEquals(propsHash({ a: [1, 2] }), propsHash({ a: [2, 1] }));
  assertNotEquals(propsHash({ a: 1 }), propsHash({ a: "1" }));
  assertNotEquals(propsHash({}), propsHash({ a: null }));
});
