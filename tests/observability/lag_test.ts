/** Lag: of what is settled, exact on idle streams, absent while unknown. */
import { assertEquals } from "@std/assert";
import { Lag } from "../../src/observability/lag.ts";

const id = (seconds: number) => `${seconds * 1000}-0`;
const at = (seconds: number) => seconds * 1000;

function live(from = 1_000): Lag {
  const lag = new Lag();
  lag.begin({ from: id(from) });
  return lag;
}

Deno.test("Lag is unknown without a clock, and before anything was reached", () => {
  const lag = new Lag();
  assertEquals(lag.seconds(at(1_000)), undefined);
  lag.begin({ from: "0-0" });
  assertEquals(lag.seconds(at(1_000)), undefined);
  assertEquals(live().seconds(undefined), undefined);
});

Deno.test("Lag after a restart is that of the position it goes on from", () => {
  assertEquals(live(1_000).seconds(at(1_030)), 30);
});

Deno.test("Lag of an idle stream is the age of the last heartbeat", () => {
  const lag = live();
  lag.reached(id(5_000));
  assertEquals(lag.seconds(at(5_002)), 2);
  lag.reached(id(5_005));
  assertEquals(lag.seconds(at(5_005)), 0);
});

Deno.test("Lag grows while an event is open, whatever was read behind it", () => {
  const lag = live();
  lag.reached(id(5_000));
  lag.reached(id(5_001));
  lag.opened();
  for (const seconds of [5_005, 5_010, 5_060]) lag.reached(id(seconds));
  assertEquals(lag.seconds(at(5_061)), 60);
  lag.settled(1, id(5_001), { from: id(5_001) });
  assertEquals(lag.seconds(at(5_061)), 1);
});

Deno.test("Lag in the middle of a backlog is that of the newest settled event", () => {
  const lag = live();
  for (const seconds of [2_000, 2_010, 2_020]) {
    lag.reached(id(seconds));
    lag.opened();
  }
  lag.settled(2, id(2_010), { from: id(2_000) });
  assertEquals(lag.seconds(at(3_000)), 990);
  lag.settled(1, id(2_020), { from: id(2_010) });
  assertEquals(lag.seconds(at(3_000)), 980);
});

Deno.test("Lag does not jump when an idle stream gets an event", () => {
  const lag = live(1_000);
  lag.reached(id(9_000));
  lag.reached(id(9_001));
  lag.opened();
  assertEquals(lag.seconds(at(9_001)), 0);
});

Deno.test("Lag is unknown in a recovery, whose ids are in no order", () => {
  const lag = new Lag();
  lag.begin({ from: "0-0", recoverUntil: "2026-03-03T09:00:00.000Z" });
  lag.reached(id(7));
  lag.opened();
  lag.settled(1, id(7), { from: "0-0", recoverUntil: "2026-03-03T09:00:00Z" });
  assertEquals([lag.seconds(at(9_000)), lag.isRecovering], [undefined, true]);
  lag.reached(id(8_990));
  lag.settled(0, undefined, { from: id(8_990) });
  assertEquals([lag.seconds(at(9_000)), lag.isRecovering], [10, false]);
});

Deno.test("Lag is unknown from a gap on until its recovery is over", () => {
  const lag = live();
  lag.reached(id(5_000));
  lag.recovers();
  lag.reached(id(5_001));
  assertEquals(lag.seconds(at(5_001)), undefined);
});

Deno.test("Lag forgets what was open when reading begins again", () => {
  const lag = live();
  lag.opened();
  lag.begin({ from: id(1_000) });
  lag.reached(id(5_000));
  assertEquals(lag.seconds(at(5_000)), 0);
});

Deno.test("Lag is never below zero: clocks differ", () => {
  const lag = live();
  lag.reached(id(5_000));
  assertEquals(lag.seconds(at(4_999)), 0);
});
