/** Objects outside the stream's filter, and who is told of them. */
import { assertEquals } from "@std/assert";
import { silentLog } from "../../src/observability/log.ts";
import { TargetStats } from "../../src/observability/target_stats.ts";
import type {
  Position,
  StreamEvent,
  StreamItem,
} from "../../src/opencti/event.ts";
import { DeleteBudget } from "../../src/pipeline/delete_budget.ts";
import { runPipeline } from "../../src/pipeline/pipeline.ts";
import { openState } from "../../src/state/open_state.ts";

const NEVER = new AbortController().signal;
const START: Position = { from: "0-0" };

function event(name: string, more: Partial<StreamEvent> = {}): StreamEvent {
  return {
    id: "1-0",
    version: 1000,
    action: "update",
    cause: "changed",
    internalId: name,
    object: { id: `indicator--${name}`, type: "indicator" },
    bytes: 1,
    ...more,
  };
}

/** What the target is given of these events; what begins with "out" is out. */
async function delivered(
  events: readonly StreamEvent[],
  followsContents: boolean,
): Promise<{ events: StreamEvent[]; stats: TargetStats }> {
  const given: StreamEvent[] = [];
  const stats = new TargetStats("t");
  const state = await openState(":memory:");
  const store = state.target<Position>("t");
  const now = () => 0;
  await runPipeline({
    target: {
      prepare: () => Promise.resolve(),
      plan: () => Promise.resolve([]),
      check: () => Promise.resolve([]),
      deliver: (batch) => {
        given.push(...batch);
        return Promise.resolve(batch.map(() => ({ status: "delivered" })));
      },
    },
    followsContents,
    start: () => Promise.resolve(START),
    async *open(): AsyncGenerator<StreamItem> {
      for (const event of events) {
        yield await Promise.resolve({
          kind: "event" as const,
          event,
          resumeFrom: START,
        });
      }
    },
    scope: {
      updatesAreUnsure: true,
      outside: (batch) =>
        Promise.resolve(
          new Set(
            batch.filter(({ internalId }) => internalId.startsWith("out")),
          ),
        ),
    },
    checkpoint: { save: () => Promise.resolve() },
    store,
    filter: {
      reasonAgainst: () => Promise.resolve(undefined),
    },
    budget: new DeleteBudget(
      store.budget,
      { count: 1000, share: 1, windowMs: 1 },
      now,
    ),
    limits: { maxEvents: 100, maxBytes: 1_000_000 },
    backoff: { baseMs: 1, maxMs: 2 },
    stats,
    log: silentLog(),
    now,
  }, { stop: NEVER, abort: NEVER });
  await state.close();
  return { events: given, stats };
}

Deno.test("runPipeline() leaves out what is outside the filter", async () => {
  const { events } = await delivered([event("in"), event("out")], false);
  assertEquals(events.map(({ internalId }) => internalId), ["in"]);
});

Deno.test("runPipeline() marks it for a target that follows contents", async () => {
  const { events } = await delivered([event("in"), event("out")], true);
  assertEquals(
    events.map(({ internalId, outside }) => [internalId, outside]),
    [["in", undefined], ["out", true]],
  );
});

Deno.test("runPipeline() delivers a delete that an outsider's update replaced", async () => {
  const gone = event("out", { action: "delete", cause: "left-filter" });
  for (const followsContents of [true, false]) {
    const { events } = await delivered(
      // The two gather while the first is delivered.
      [event("in"), gone, event("out", { unsure: true })],
      followsContents,
    );
    const last = events.at(-1);
    assertEquals([last?.action, last?.outside], ["delete", undefined]);
  }
});
