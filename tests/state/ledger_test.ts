import { assertEquals } from "@std/assert";
import type { LedgerEntry, LedgerRow } from "../../src/state/ledger.ts";
import { openState, openStateReadOnly } from "../../src/state/open_state.ts";

/** A state file in a folder of its own. */
async function withFile(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ledger-" });
  try {
    await test(`${folder}/relay.kv`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function entry(number: number, more: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    internalId: `id-${number}`,
    stixId: `indicator--${number}`,
    type: "indicator",
    eventId: `${1000 + number}-0`,
    version: (1000 + number) * 1000,
    action: "create",
    fate: "held",
    ...more,
  };
}

/** Records as the pipeline does: with the rows that were there. */
async function record(
  ledger: {
    getMany(ids: readonly string[]): Promise<(LedgerRow | undefined)[]>;
    record(
      entries: readonly LedgerEntry[],
      former: readonly (LedgerRow | undefined)[],
      at: number,
    ): Promise<void>;
  },
  entries: readonly LedgerEntry[],
  at = 5,
): Promise<void> {
  const former = await ledger.getMany(
    entries.map(({ internalId }) => internalId),
  );
  await ledger.record(entries, former, at);
}

Deno.test("Ledger.record() keeps first and last event, and counts what is held", async () => {
  await withFile(async (path) => {
    let state = await openState(path);
    let { ledger, rows } = state.target("t");
    await record(ledger, [entry(1), entry(2), entry(3)]);
    await record(ledger, [
      entry(1, { eventId: "2000-0", version: 2e6, action: "update" }),
      entry(2, {
        eventId: "2001-0",
        version: 2_001_000,
        action: "delete",
        fate: "gone",
      }),
      entry(3, {
        eventId: "2002-0",
        version: 2_002_000,
        action: "update",
        fate: "rejected",
        reason: "no",
      }),
    ]);
    await rows.flush();
    await state.close();
    state = await openState(path);
    ({ ledger, rows } = state.target("t"));
    assertEquals(await ledger.get("id-1"), {
      internalId: "id-1",
      stixId: "indicator--1",
      type: "indicator",
      firstEventId: "1001-0",
      lastEventId: "2000-0",
      version: 2e6,
      action: "update",
      fate: "held",
      isHeld: true,
      at: 5,
    });
    const gone = await ledger.get("id-2");
    assertEquals([gone?.fate, gone?.isHeld], ["gone", false]);
    const refused = await ledger.find("indicator--3");
    assertEquals([refused?.fate, refused?.isHeld, refused?.reason], [
      "rejected",
      true,
      "no",
    ]);
    assertEquals(await ledger.held(), new Map([["indicator", 2]]));
    assertEquals(await ledger.newestVersion(), 2_002_000);
    await state.close();
  });
});

Deno.test("Ledger.record() does not let an older event be the last", async () => {
  await withFile(async (path) => {
    const state = await openState(path);
    const { ledger, rows } = state.target("t");
    await record(ledger, [entry(5)]);
    await record(ledger, [entry(5, { eventId: "7-0", version: 7000 })]);
    await rows.flush();
    const row = await ledger.get("id-5");
    assertEquals([row?.lastEventId, row?.version], ["1005-0", 1_005_000]);
    await state.close();
  });
});

Deno.test("Ledger.record() has no row for what a target never takes", async () => {
  await withFile(async (path) => {
    const state = await openState(path);
    const { ledger, rows } = state.target("t");
    const skipped = { fate: "skipped", reason: "not taken" } as const;
    await record(ledger, [
      entry(1),
      entry(2, { type: "country", ...skipped }),
      entry(3, skipped),
      entry(4, { type: "country", ...skipped, isTold: true }),
    ]);
    await rows.flush();
    const found = await Array.fromAsync(ledger.list());
    assertEquals(found.map(({ internalId }) => internalId), [
      "id-1",
      "id-3",
      "id-4",
    ]);
    await state.close();
  });
});

Deno.test("Ledger takes what is staged with the checkpoint, and loses it without", async () => {
  await withFile(async (path) => {
    let state = await openState(path);
    await record(state.target("t").ledger, [entry(1)]);
    assertEquals((await state.target("t").ledger.get("id-1"))?.fate, "held");
    await state.close();
    state = await openState(path);
    const { checkpoint, ledger } = state.target<string>("t");
    assertEquals(await ledger.get("id-1"), undefined);
    assertEquals((await ledger.held()).size, 0);
    await record(ledger, [entry(1)]);
    await checkpoint.save("here");
    const reader = await openStateReadOnly(path);
    assertEquals(
      await reader.target("t").ledger.held(),
      new Map([["indicator", 1]]),
    );
    await record(ledger, [entry(2)]);
    await checkpoint.save("there");
    assertEquals(
      await reader.target("t").ledger.held(),
      new Map([["indicator", 2]]),
    );
    await reader.close();
    await state.close();
  });
});

Deno.test("Ledger counts right where a batch takes several atomic writes", async () => {
  await withFile(async (path) => {
    const state = await openState(path);
    const { ledger, rows } = state.target(
      "a-name-of-forty-characters-xxxxxxxxxxxxxx",
    );
    const many = Array.from({ length: 5000 }, (_none, number) => entry(number));
    await record(ledger, many);
    await rows.flush();
    assertEquals(await ledger.held(), new Map([["indicator", 5000]]));
    assertEquals((await Array.fromAsync(ledger.list())).length, 5000);
    await state.close();
  });
});

Deno.test("Ledger.prune() drops what is long gone, and nothing else", async () => {
  await withFile(async (path) => {
    const state = await openState(path);
    const { ledger, rows } = state.target("t");
    const gone = { action: "delete", fate: "gone" } as const;
    await record(ledger, [entry(1), entry(2), entry(3)], 10);
    await record(ledger, [entry(2, gone)], 20);
    await record(ledger, [entry(3, gone)], 30);
    await rows.flush();
    const stopped = AbortSignal.abort();
    assertEquals(await ledger.prune(30, stopped), 0);
    assertEquals(await ledger.prune(30, new AbortController().signal), 1);
    const left = await Array.fromAsync(ledger.list());
    assertEquals(left.map(({ internalId }) => internalId), ["id-1", "id-3"]);
    await state.close();
  });
});

Deno.test("Ledger takes ids and reasons of any length", async () => {
  await withFile(async (path) => {
    const state = await openState(path);
    const { ledger, rows } = state.target("t");
    const internalId = "x".repeat(5000);
    const reason = "r".repeat(5000);
    await record(ledger, [
      entry(1, { internalId, stixId: internalId, fate: "rejected", reason }),
    ]);
    await rows.flush();
    const row = await ledger.get(internalId);
    assertEquals([row?.reason?.length, row?.stixId.length], [500, 200]);
    await state.close();
  });
});
