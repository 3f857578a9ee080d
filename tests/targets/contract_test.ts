/** What every target promises, tried on each of them over real sockets. */
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import fc from "fast-check";
import {
  ConfigError,
  LoginError,
  RejectedError,
  TransientError,
} from "../../src/errors.ts";
import type { StreamEvent } from "../../src/opencti/event.ts";
import { internalId } from "../../src/stix/object.ts";
import type { Outcome } from "../../src/targets/target.ts";
import { SET_UPS, type SetUp } from "./far_sides.ts";
import { hostileObject } from "./hostile_object.ts";
import { isSettled, Rig } from "./rig.ts";
import { batchOf, CAUSES, NOW, SAMPLE, SOME, WEEK } from "./sample_events.ts";

/** One test of the contract, run for every set-up. */
function promise(
  name: string,
  run: (rig: Rig, setUp: SetUp) => Promise<void>,
): void {
  for (const setUp of SET_UPS) {
    Deno.test(`${setUp.name} ${name}`, () => withRig(setUp, run));
  }
}

async function withRig(
  setUp: SetUp,
  run: (rig: Rig, setUp: SetUp) => Promise<void>,
): Promise<void> {
  const rig = await Rig.start(setUp);
  try {
    await run(rig, setUp);
  } finally {
    await rig.stop();
  }
}

/** The far side after the events, one by one and undisturbed. */
async function stateAfter(
  setUp: SetUp,
  events: readonly StreamEvent[],
): Promise<unknown> {
  let state: unknown;
  await withRig(setUp, async (rig) => {
    await rig.target.prepare(rig.signal);
    const before = rig.far.state();
    for (const event of events) await rig.settle([event]);
    state = rig.far.state();
    // A state that nothing changes would make every comparison true.
    assertNotEquals(state, before, "the far side holds nothing of it");
  });
  return state;
}

promise(
  "says that a login is refused, and loses nothing",
  async (rig, setUp) => {
    rig.far.refuseLogin(true);
    const at = await assertRejects(
      () => rig.target.prepare(rig.signal),
      LoginError,
    );
    assertSecret(rig, at);
    rig.far.refuseLogin(false);
    await rig.restart().prepare(rig.signal);
    await rig.settle(SOME.slice(0, 5));
    rig.far.refuseLogin(true);
    assertSecret(rig, await assertRejects(() => rig.deliver(SOME), LoginError));
    const results = await rig.target.check(rig.signal);
    assert(results.some(({ status }) => status === "failed"));
    assertSecret(rig, results);
    rig.far.refuseLogin(false);
    await rig.settle(SOME);
    assertEquals(rig.far.state(), await stateAfter(setUp, SOME));
  },
);

for (const form of ["seconds", "a date"]) {
  promise(`waits as long as a 429 says in ${form}`, async (rig, setUp) => {
    await rig.target.prepare(rig.signal);
    const retryAfter = form === "seconds" ? 90 : new Date(Date.now() + 90_000);
    const end = rig.far.trouble({ status: 429, retryAfter });
    for (const outcome of await rig.attempt(SOME)) {
      if (isSettled(outcome)) continue;
      assert(outcome.status === "retry", JSON.stringify(outcome));
      const { afterMs = 0 } = outcome;
      assert(afterMs > 80_000 && afterMs <= 90_000, `${afterMs}`);
    }
    end();
    await rig.settle(SOME);
    assertEquals(rig.far.state(), await stateAfter(setUp, SOME));
  });
}

for (const status of [500, 502, 503, 504]) {
  promise(`tries again after a ${status}`, async (rig, setUp) => {
    const end = rig.far.trouble({ status });
    await assertRejects(() => rig.target.prepare(rig.signal), TransientError);
    end();
    await rig.target.prepare(rig.signal);
    const endAgain = rig.far.trouble({ status });
    const outcomes = await rig.attempt(SOME);
    assert(outcomes.every((one) => one.status === "retry" || isSettled(one)));
    assert(outcomes.some(({ status }) => status === "retry"));
    endAgain();
    await rig.settle(SOME);
    assertEquals(rig.far.state(), await stateAfter(setUp, SOME));
  });
}

promise("waits out an outage", async (rig, setUp) => {
  for (const gate of rig.gates) gate.shut();
  await assertRejects(() => rig.target.prepare(rig.signal), TransientError);
  const results = await rig.target.check(rig.signal);
  assert(results.some(({ status }) => status === "failed"));
  for (const gate of rig.gates) gate.open();
  await rig.target.prepare(rig.signal);
  await rig.settle(SOME.slice(0, 5));
  for (const gate of rig.gates) gate.shut();
  const outcomes = await rig.attempt(SOME);
  assert(outcomes.every((one) => one.status === "retry" || isSettled(one)));
  assert(outcomes.some(({ status }) => status === "retry"));
  for (const gate of rig.gates) gate.open();
  await rig.settle(SOME);
  assertEquals(rig.far.state(), await stateAfter(setUp, SOME));
});

promise("comes through chaos", async (rig, setUp) => {
  await rig.target.prepare(rig.signal);
  const rates = [0.1, 0.3, 0.5];
  for (const [at, event] of SAMPLE.entries()) {
    const end = rig.far.chaos(rates[at % 3] as number, at);
    await rig.settle([event], 50);
    end();
  }
  assertEquals(rig.far.state(), await stateAfter(setUp, SAMPLE));
});

promise("does the same twice as once", async (rig, setUp) => {
  await rig.target.prepare(rig.signal);
  const expected = await stateAfter(setUp, SAMPLE);
  for (const event of SAMPLE) {
    await rig.settle([event]);
    await rig.settle([event]);
  }
  assertEquals(rig.far.state(), expected);
  // The program died before the checkpoint: all of it comes again.
  await rig.restart().prepare(rig.signal);
  for (const event of SAMPLE) await rig.settle([event]);
  assertEquals(rig.far.state(), expected);
});

// An old update, not an old creation, which is taken for new. And where the
// newest event leaves nothing at the far side, nothing there tells that it was
// newer: such an object comes back with an old event.
promise("never lets an old update undo a newer one", async (rig) => {
  await rig.target.prepare(rig.signal);
  for (const event of SAMPLE) await rig.settle([event]);
  const expected = rig.far.state();
  const plans = await rig.target.plan(batchOf(SAMPLE), rig.signal);
  const emptied = new Set(
    plans.filter(({ action }) => action !== "write").map((plan) => plan.object),
  );
  const newest = new Set(batchOf(SAMPLE));
  const old = SAMPLE.filter((event) =>
    !newest.has(event) && !emptied.has(event.internalId)
  ).map((event): StreamEvent => ({
    ...event,
    action: "update",
    cause: "changed",
  }));
  assert(old.length > 5, "the sample has updates");
  for (const event of old) await rig.settle([event]);
  assertEquals(rig.far.state(), expected);
});

promise("takes a batch in any order", async (rig, setUp) => {
  await rig.target.prepare(rig.signal);
  await rig.settle([...SOME].reverse());
  assertEquals(rig.far.state(), await stateAfter(setUp, SOME));
});

promise("takes deletes of what never arrived", async (rig) => {
  await rig.target.prepare(rig.signal);
  const before = rig.far.state();
  await rig.settle(
    SOME.map((event) => ({ ...event, action: "delete", cause: "deleted" })),
  );
  assertEquals(rig.far.state(), before);
});

promise("gives one outcome per event, in order", async (rig, setUp) => {
  await rig.target.prepare(rig.signal);
  await withRig(setUp, async (single) => {
    await single.target.prepare(single.signal);
    let version = NOW * 1000 + 1_000_000;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.constantFrom(...WEEK), {
          selector: ({ internalId }) => internalId,
          maxLength: 25,
        }),
        async (chosen) => {
          const batch = chosen.map((event) => ({
            ...event,
            version: ++version,
          }));
          const outcomes = await rig.deliver(batch);
          const apart: Outcome[] = [];
          for (const event of batch) {
            apart.push(...await single.deliver([event]));
          }
          assertEquals(outcomes, apart);
          assertEquals(rig.far.state(), single.far.state());
        },
      ),
      { numRuns: 20, seed: 5 },
    );
  });
});

promise("takes the whole week", async (rig) => {
  await rig.target.prepare(rig.signal);
  const reasons = new Map<string, number>();
  for (let at = 0; at < WEEK.length; at += 200) {
    const outcomes = await rig.deliver(batchOf(WEEK.slice(at, at + 200)));
    for (const outcome of outcomes) {
      if (isSettled(outcome)) continue;
      const reason = JSON.stringify(outcome);
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  }
  assertEquals([...reasons], []);
});

promise("plans and checks without writing", async (rig) => {
  const before = rig.far.state();
  await rig.target.check(rig.signal);
  await rig.target.plan(SAMPLE, rig.signal);
  assertEquals(rig.far.state(), before);
  await rig.target.prepare(rig.signal);
  await rig.settle(SOME.slice(0, 9));
  const filled = rig.far.state();
  const actions = await rig.target.plan(SAMPLE, rig.signal);
  await rig.target.check(rig.signal);
  assertEquals(rig.far.state(), filled);
  const planned = new Set(actions.map(({ event }) => event));
  assertEquals(planned.size, SAMPLE.length, "every event is spoken of");
  assertSecret(rig, actions);
});

promise("ends with the signal's own reason", async (rig) => {
  await rig.target.prepare(rig.signal);
  const reason = new Error("stopped by the test");
  const isReason = async (work: Promise<unknown>) => {
    const error = await assertRejects(() => work);
    assert(error === reason, `${error}`);
  };
  await isReason(rig.target.deliver(SOME, AbortSignal.abort(reason)));
  const end = rig.far.hang();
  const stop = new AbortController();
  const pending = rig.target.deliver(SOME, stop.signal);
  setTimeout(() => stop.abort(reason), 30);
  await isReason(pending);
  end();
  await rig.settle(SOME);
});

promise("never throws but our errors at hostile objects", async (rig) => {
  await rig.target.prepare(rig.signal);
  let sequence = 2_000_000;
  await fc.assert(
    fc.asyncProperty(
      fc.array(hostileObject(), { minLength: 1, maxLength: 8 }),
      fc.constantFrom("create", "update", "delete"),
      async (objects, action) => {
        const events = batchOf(objects.map((object): StreamEvent => ({
          id: `${NOW}-${++sequence}`,
          version: NOW * 1000 + sequence,
          action,
          cause: CAUSES[action],
          internalId: internalId(object),
          object,
          bytes: 1000,
        })));
        try {
          await rig.target.plan(events, rig.signal);
          const outcomes = await rig.deliver(events);
          assertEquals(outcomes.length, events.length);
          const waiting = outcomes.filter(({ status }) => status === "retry");
          assertEquals(waiting, [], "it would be tried without end");
          assertSecret(rig, outcomes);
        } catch (error) {
          assert(
            error instanceof TransientError || error instanceof RejectedError ||
              error instanceof ConfigError,
            error instanceof Error ? `${error.stack}` : `${error}`,
          );
          throw new Error(`one object stops the others: ${error}`);
        }
      },
    ),
    { numRuns: 150, seed: 7 },
  );
});

promise("tells no secret, whatever the far side sends back", async (rig) => {
  await rig.target.prepare(rig.signal);
  const { secrets } = rig.far;
  for (const status of [400, 401, 403, 404, 409, 413, 429, 500, 502, 503]) {
    const text = `you sent ${secrets.join(" and ")}`;
    const error = { type: text, reason: text };
    for (const body of [text, JSON.stringify({ error, message: text })]) {
      const end = rig.far.trouble({ status, body });
      const told = [
        await outcomesOrError(() => rig.deliver(SOME)),
        await outcomesOrError(() => rig.restart().prepare(rig.signal)),
        await outcomesOrError(() => rig.target.check(rig.signal)),
      ];
      end();
      assertSecret(rig, told);
      rig.restart();
    }
  }
});

async function outcomesOrError(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    return error;
  }
}

/** No secret is in the value, be it an error, nor in anything logged. */
function assertSecret(rig: Rig, value: unknown): void {
  const shown = [Deno.inspect(value, { depth: 20, strAbbreviateSize: 1e6 })];
  shown.push(...rig.services.loggedWhole);
  for (const secret of rig.far.secrets) {
    const found = shown.find((text) => text.includes(secret));
    assertEquals(found, undefined, "a secret is shown");
  }
}
