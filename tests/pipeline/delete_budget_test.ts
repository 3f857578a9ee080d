import { assertEquals, assertRejects } from "@std/assert";
import type { StreamEvent } from "../../src/opencti/event.ts";
import {
  type BudgetLimits,
  DeleteBudget,
  DeleteBudgetError,
  letDeletesPass,
} from "../../src/pipeline/delete_budget.ts";

const NOW = Date.parse("2026-05-17T18:00:00.000Z");
const HOUR_MS = 3_600_000;
const LIMITS: BudgetLimits = { count: 10, share: 0.25, windowMs: HOUR_MS };

/** Deletes whose events are so old, one a second. */
function deletes(
  count: number,
  ago = 0,
  cause: StreamEvent["cause"] = "deleted",
): StreamEvent[] {
  return Array.from({ length: count }, (_none, index) => ({
    id: `${NOW - ago + index}-0`,
    version: 1,
    action: "delete",
    cause,
    internalId: `id-${index}`,
    object: { id: `indicator--${index}`, type: "indicator" },
    bytes: 1,
  }));
}

function budgetOf(limits = LIMITS, now = () => NOW) {
  let saved: unknown;
  const store = {
    load: <Value>() => Promise.resolve(saved as Value | undefined),
    set: (value: unknown) => void (saved = structuredClone(value)),
  };
  const budget = new DeleteBudget(store, limits, now);
  const follow = async (events: StreamEvent[], held: number) =>
    (await budget.admit(events, held, () => Promise.resolve()))();
  return { budget, follow, store };
}

// deno-fmt-ignore
const ROWS: readonly (readonly [what: string, count: number, held: number, passes: boolean])[] = [
  ["no more than the count",         10,   10, true],
  ["no more than the share",         11, 1000, true],
  ["exactly the share",              25,  100, true],
  ["more than both",                 26,  100, false],
  ["all of a small target",          11,   11, false],
];

for (const [what, count, held, passes] of ROWS) {
  Deno.test(`DeleteBudget.admit() ${passes ? "admits" : "refuses"} ${what}`, async () => {
    const { follow } = budgetOf();
    if (passes) await follow(deletes(count), held);
    else {
      await assertRejects(
        () => follow(deletes(count), held),
        DeleteBudgetError,
      );
    }
  });
}

Deno.test("DeleteBudget.admit() adds up what came within the window", async () => {
  const { follow } = budgetOf();
  await follow(deletes(10, 1_800_000), 40);
  const error = await assertRejects(
    () => follow(deletes(1), 30),
    DeleteBudgetError,
  );
  assertEquals(error.message.startsWith("11 of 40 objects held"), true);
});

Deno.test("DeleteBudget.admit() lets a program catch up with a week", async () => {
  const { follow } = budgetOf();
  for (let day = 7; day > 0; day--) {
    await follow(deletes(10, day * 24 * HOUR_MS), 40);
  }
});

Deno.test("DeleteBudget.admit() counts now what the target's own filter takes out", async () => {
  const { follow } = budgetOf();
  const old = [1, 2, 3].flatMap((day) =>
    deletes(10, day * 24 * HOUR_MS, "left-filter")
  );
  await assertRejects(() => follow(old, 40), DeleteBudgetError);
});

Deno.test("DeleteBudget.admit() counts nothing that was not followed", async () => {
  const { budget, follow } = budgetOf();
  await budget.admit(deletes(10), 40, () => Promise.resolve());
  await follow(deletes(10), 40);
});

Deno.test("DeleteBudget stays paused until a person lets the deletes pass", async () => {
  const { budget, follow, store } = budgetOf();
  assertEquals(await letDeletesPass(store, NOW), undefined);
  await assertRejects(() => follow(deletes(30), 40), DeleteBudgetError);
  const { deletes: waiting, message: reason } = await assertRejects(
    () => budget.throwIfPaused(),
    DeleteBudgetError,
  );
  assertEquals(waiting, 30);
  assertEquals(await letDeletesPass(store, NOW + 1000), reason);
  await budget.throwIfPaused();
  await follow(deletes(30), 40);
  // Later ones are judged anew.
  await assertRejects(
    () => follow(deletes(30, -HOUR_MS), 40),
    DeleteBudgetError,
  );
});

Deno.test("DeleteBudget is judged anew with other limits", async () => {
  const { follow, store } = budgetOf();
  await assertRejects(() => follow(deletes(30), 40), DeleteBudgetError);
  const raised = new DeleteBudget(store, { ...LIMITS, count: 30 }, () => NOW);
  await raised.throwIfPaused();
  (await raised.admit(deletes(30), 40, () => Promise.resolve()))();
  assertEquals(await letDeletesPass(store, NOW), undefined);
});

Deno.test("DeleteBudget with a share of all refuses nothing", async () => {
  const { follow } = budgetOf({ ...LIMITS, count: 0, share: 1 });
  await follow(deletes(40), 40);
});
