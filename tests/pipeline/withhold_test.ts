import { assertEquals } from "@std/assert";
import type { Cause, StreamEvent } from "../../src/opencti/event.ts";
import { withhold } from "../../src/pipeline/withhold.ts";
import type { Fate, LedgerRow } from "../../src/state/ledger.ts";
import type { StixObject } from "../../src/stix/object.ts";

const SIGNAL = new AbortController().signal;
const REASON = "filter: its score is below the one asked for";

/** Whatever is called "low" does not pass. */
const FILTER = {
  reasonAgainst: ({ name }: StixObject) =>
    Promise.resolve(name === "low" ? REASON : undefined),
};

function event(
  action: StreamEvent["action"],
  cause: Cause,
  more: Partial<StreamEvent> = {},
): StreamEvent {
  return {
    id: "5-0",
    version: 5000,
    action,
    cause,
    internalId: "a",
    object: { id: "indicator--a", type: "indicator", name: "low" },
    changed: ["/name"],
    bytes: 1,
    ...more,
  };
}

function row(fate: Fate, isHeld = fate === "held"): LedgerRow {
  return {
    internalId: "a",
    stixId: "indicator--a",
    type: "indicator",
    firstEventId: "1-0",
    lastEventId: "1-0",
    version: 1000,
    action: "create",
    fate,
    isHeld,
    at: 1,
  };
}

/** What the event is, what is known of the object, what is delivered. */
// deno-fmt-ignore
const ROWS: readonly (readonly [event: StreamEvent, row: LedgerRow | undefined, delivered: string])[] = [
  [event("create", "created"),        undefined,                "nothing"],
  [event("create", "created"),        row("held"),              "delete left-filter"],
  [event("create", "recovered"),      undefined,                "delete left-filter"],
  [event("create", "entered-filter"), undefined,                "delete left-filter"],
  [event("update", "changed"),        undefined,                "delete left-filter"],
  [event("update", "changed"),        row("held"),              "delete left-filter"],
  [event("update", "changed"),        row("skipped"),           "nothing"],
  [event("update", "changed"),        row("gone"),              "nothing"],
  [event("update", "changed"),        row("rejected"),          "delete left-filter"],
  [event("update", "changed"),        row("rejected", true),    "delete left-filter"],
  [event("delete", "deleted"),        row("held"),              "delete deleted"],
  [event("update", "changed", { outside: true }), row("held"),  "update changed"],
  [event("update", "changed", { object: { id: "indicator--a", type: "indicator", name: "high" } }), row("held"), "update changed"],
];

for (const [given, known, expected] of ROWS) {
  const what = `${given.cause}${given.outside ? ", outside" : ""}`;
  Deno.test(`withhold() delivers ${expected} for ${what}, ${given.object.name}, ${known?.fate ?? "unknown"} ${known?.isHeld ?? ""}`, async () => {
    const former = new Map([[given, known]]);
    const { events, reasons, dropped } = await withhold(
      [given],
      former,
      FILTER,
      SIGNAL,
    );
    const [one] = events;
    assertEquals(one ? `${one.action} ${one.cause}` : "nothing", expected);
    assertEquals(dropped.get(given), one ? undefined : REASON);
    if (one === undefined || one === given) return;
    assertEquals(reasons.get(one), { event: given, reason: REASON });
    assertEquals("changed" in one, false);
  });
}
