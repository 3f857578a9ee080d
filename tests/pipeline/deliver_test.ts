import { assert, assertEquals, assertRejects } from "@std/assert";
import { LoginError, RejectedError, TransientError } from "../../src/errors.ts";
import { silentLog } from "../../src/observability/log.ts";
import { TargetStats } from "../../src/observability/target_stats.ts";
import type { StreamEvent } from "../../src/opencti/event.ts";
import { deliverAll } from "../../src/pipeline/deliver.ts";
import type { Outcome, Target } from "../../src/targets/target.ts";

const NEVER = new AbortController().signal;

function event(name: string): StreamEvent {
  return {
    id: "1-0",
    version: 1000,
    action: "create",
    cause: "created",
    internalId: name,
    object: { id: `indicator--${name}`, type: "indicator" },
    bytes: 1,
  };
}

/** A target that answers call by call; the last answer repeats. */
function scripted(
  answers: ((events: readonly StreamEvent[]) => Outcome[])[],
): { target: Target; calls: string[][] } {
  const calls: string[][] = [];
  const target: Target = {
    prepare: () => Promise.resolve(),
    plan: () => Promise.resolve([]),
    check: () => Promise.resolve([]),
    deliver(events) {
      calls.push(events.map(({ internalId }) => internalId));
      const answer = answers[Math.min(calls.length, answers.length) - 1];
      return Promise.resolve().then(() => answer?.(events) ?? []);
    },
  };
  return { target, calls };
}

const all = (outcome: Outcome) => (events: readonly StreamEvent[]) =>
  events.map(() => outcome);
const byName =
  (outcomes: Record<string, Outcome>) => (events: readonly StreamEvent[]) =>
    events.map(({ internalId }) =>
      outcomes[internalId] ?? { status: "delivered" as const }
    );
const fails = (error: Error) => () => {
  throw error;
};

function options(stats = new TargetStats("t"), stop = NEVER) {
  return {
    backoff: { baseMs: 1, maxMs: 2 },
    stop,
    abort: NEVER,
    stats,
    log: silentLog(),
  };
}

Deno.test("deliverAll() counts what was delivered and skipped", async () => {
  const stats = new TargetStats("t");
  const { target } = scripted([
    byName({ b: { status: "skipped", reason: "revoked" } }),
  ]);
  const rejected = await deliverAll(
    target,
    [event("a"), event("b")],
    options(stats),
  );
  assertEquals(rejected, []);
  assertEquals(stats.delivered, 1);
  assertEquals([...stats.skipped], [["revoked", 1]]);
});

Deno.test("deliverAll() repeats only what is to be retried", async () => {
  const { target, calls } = scripted([
    byName({ b: { status: "retry", reason: "busy" } }),
    all({ status: "delivered" }),
  ]);
  await deliverAll(target, [event("a"), event("b")], options());
  assertEquals(calls, [["a", "b"], ["b"]]);
});

Deno.test("deliverAll() waits for a target in trouble without end", async () => {
  const outage = Array.from(
    { length: 30 },
    () => fails(new TransientError("no connection")),
  );
  const { target, calls } = scripted([...outage, all({ status: "delivered" })]);
  const stats = new TargetStats("t");
  assertEquals(await deliverAll(target, [event("a")], options(stats)), []);
  assertEquals(calls.length, 31);
  assertEquals(stats.phase, "running");
});

Deno.test("deliverAll() gives a bad item three tries", async () => {
  const { target, calls } = scripted([
    byName({ b: { status: "rejected", reason: "no IP", httpStatus: 400 } }),
  ]);
  const rejected = await deliverAll(
    target,
    [event("a"), event("b")],
    options(),
  );
  assertEquals(calls, [["a", "b"], ["b"], ["b"]]);
  assertEquals(
    rejected.map(({ event, reason, httpStatus, attempts }) => [
      event.internalId,
      reason,
      httpStatus,
      attempts,
    ]),
    [["b", "no IP", 400, 3]],
  );
});

Deno.test("deliverAll() pauses at a refused login and loses nothing", async () => {
  const stats = new TargetStats("t");
  let phase = "";
  const { target } = scripted([
    fails(new LoginError("401")),
    (events) => all({ status: "delivered" })(events),
  ]);
  const watch = setInterval(() => {
    if (stats.phase === "paused") phase = stats.phase;
  }, 0);
  const slow = {
    ...options(stats),
    backoff: { baseMs: 20, maxMs: 20, random: () => 0.99 },
  };
  await deliverAll(target, [event("a")], slow);
  clearInterval(watch);
  assertEquals(phase, "paused");
  assertEquals(stats.delivered, 1);
});

Deno.test("deliverAll() finds the one event that a whole call is refused for", async () => {
  const { target } = scripted([(events) => {
    if (events.some(({ internalId }) => internalId === "bad")) {
      throw new RejectedError("400", { status: 400 });
    }
    return all({ status: "delivered" })(events);
  }]);
  const stats = new TargetStats("t");
  const rejected = await deliverAll(
    target,
    [event("a"), event("bad"), event("c")],
    options(stats),
  );
  assertEquals(rejected.map(({ event }) => event.internalId), ["bad"]);
  assertEquals(stats.delivered, 2);
});

Deno.test("deliverAll() keeps Retry-After", async () => {
  const { target } = scripted([
    fails(new TransientError("429", { retryAfterMs: 30 })),
    all({ status: "delivered" }),
  ]);
  const before = performance.now();
  await deliverAll(target, [event("a")], options());
  assert(performance.now() - before >= 29);
});

Deno.test("deliverAll() stops waiting when it is told to stop", async () => {
  const stop = new AbortController();
  const { target } = scripted([fails(new TransientError("down"))]);
  const reason = new Error("stop");
  setTimeout(() => stop.abort(reason), 5);
  const patient = {
    ...options(new TargetStats("t"), stop.signal),
    backoff: { baseMs: 60_000, maxMs: 60_000 },
  };
  const error = await assertRejects(() =>
    deliverAll(target, [event("a")], patient)
  );
  assertEquals(error, reason);
});

Deno.test("deliverAll() lets a bug through", async () => {
  const { target } = scripted([fails(new TypeError("bug"))]);
  await assertRejects(
    () => deliverAll(target, [event("a")], options()),
    TypeError,
  );
});

Deno.test("deliverAll() calls a missing outcome a bug", async () => {
  const { target } = scripted([() => []]);
  await assertRejects(
    () => deliverAll(target, [event("a")], options()),
    Error,
    "0 outcomes for 1 events",
  );
});

Deno.test("deliverAll() pauses when a login is refused while it looks for the bad event", async () => {
  let refusals = 0;
  const { target } = scripted([(events) => {
    if (events.length > 1) throw new RejectedError("400", { status: 400 });
    if (events[0]?.internalId === "b" && refusals++ < 2) {
      throw new LoginError("401");
    }
    return all({ status: "delivered" })(events);
  }]);
  const stats = new TargetStats("t");
  const rejected = await deliverAll(
    target,
    [event("a"), event("b"), event("c")],
    options(stats),
  );
  assertEquals(rejected, []);
  assertEquals(stats.delivered, 3);
  assertEquals(refusals, 3);
});
