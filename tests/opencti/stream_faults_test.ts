import { assert, assertEquals } from "@std/assert";
import type { StreamFault } from "../../src/simulator/opencti/mod.ts";
import { firstPosition } from "../../src/opencti/stream.ts";
import {
  applied,
  indicator,
  readItems,
  startPlatform,
  type TestPlatform,
} from "./platform.ts";

const AT = Date.UTC(2026, 2, 2, 10);

/** Changes within a minute, names with characters of several bytes. */
async function fill(
  { client, simulated }: TestPlatform,
): Promise<Map<string, string>> {
  // As at every start: the platform's clock is known from its first answer.
  await client.probe(new AbortController().signal);
  const expected = new Map<string, string>();
  const key = (number: number) =>
    `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
  for (let number = 1; number <= 40; number++) {
    const name = `première ${number} 🚨`;
    const at = AT + number * 1000;
    simulated.platform.apply({
      at,
      op: "create",
      object: indicator(number, { name }),
    });
    expected.set(key(number), name);
    if (number % 3 === 0) {
      const renamed = `${name} renamed`;
      simulated.platform.apply({
        at: at + 100,
        op: "update",
        object: indicator(number, { name: renamed }),
      });
      expected.set(key(number), renamed);
    }
    if (number % 7 === 0) {
      simulated.platform.apply({
        at: at + 200,
        op: "delete",
        internalId: key(number),
      });
      expected.delete(key(number));
    }
  }
  return expected;
}

// deno-fmt-ignore
const FAULTS: readonly [string, StreamFault][] = [
  ["a cut in the middle of a frame", { kind: "cut-in-frame", frame: 5, at: "middle" }],
  ["a cut inside a character", { kind: "cut-in-frame", frame: 5, at: "inside-character" }],
  ["a cut after the id", { kind: "cut-in-frame", frame: 5, at: "after-id" }],
  ["a cut before the blank line", { kind: "cut-in-frame", frame: 5, at: "before-blank-line" }],
  ["a reset", { kind: "cut-in-frame", frame: 5, at: "middle", how: "reset" }],
  ["a clean end", { kind: "end-after", frames: 4, how: "clean" }],
  ["silence", { kind: "stall-after", frames: 3 }],
  ["duplicates", { kind: "repeat", frames: 10 }],
  ["single bytes", { kind: "byte-chunks" }],
  ["CR LF", { kind: "crlf" }],
  ["comments", { kind: "comments" }],
  ["401", { kind: "status", status: 401 }],
  ["403", { kind: "status", status: 403 }],
  ["410", { kind: "status", status: 410 }],
  ["429 with seconds", { kind: "status", status: 429, headers: { "retry-after": "0" } }],
  ["429 with a date", { kind: "status", status: 429, headers: { "retry-after": new Date(0).toUTCString() } }],
  ["500", { kind: "status", status: 500 }],
  ["502 with a page", { kind: "status", status: 502, body: "<html>" }],
  ["503", { kind: "status", status: 503 }],
  ["a redirect to a login page", { kind: "status", status: 302, headers: { location: "/login" } }],
  ["a page instead of a stream", { kind: "status", status: 200, body: "<html>" }],
  ["a slow answer", { kind: "delay", ms: 50 }],
  ["a buffering proxy", { kind: "buffering", everyMs: 50 }],
];

for (const [title, fault] of FAULTS) {
  Deno.test(`readStream() comes through ${title}`, async () => {
    await using platform = await startPlatform({ now: () => AT + 100_000 });
    const expected = await fill(platform);
    platform.simulated.faults.nextStream(fault);
    // What only a person can repair is waited for when the program stays.
    const stop = new AbortController();
    const options = platform.streamOptions({
      once: false,
      silenceMs: 300,
      watch: {
        connected: () => {},
        waiting: () => {},
        gap: () => {},
        reached: (id) => {
          if (Number(id.split("-")[0]) >= AT + 100_000) stop.abort();
        },
      },
    });
    const { readStream } = await import("../../src/opencti/stream.ts");
    const items = [];
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]);
    const start = { from: `${AT}-0` };
    for await (const item of readStream(options, start, signal)) {
      items.push(item);
    }
    assert(stop.signal.aborted, "did not reach the end");
    assertEquals(applied(items), expected);
  });
}

Deno.test("readStream() comes through faults at random places", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    await using platform = await startPlatform({ now: () => AT + 100_000 });
    const expected = await fill(platform);
    platform.simulated.faults.setChaos({ seed, rate: 0.05, stallMs: 20 });
    const items = await readItems(
      platform.streamOptions({ silenceMs: 2000 }),
      { from: `${AT}-0` },
    );
    assertEquals(applied(items), expected, `seed ${seed}`);
  }
});

Deno.test("readStream() recovers from the database, then goes live", async () => {
  await using platform = await startPlatform({
    now: () => AT + 100_000,
    pageSize: 7,
  });
  const expected = await fill(platform);
  const start = firstPosition(
    "0-0",
    "until-now",
    platform.client.graphql.platformNow(),
  );
  const items = await readItems(platform.streamOptions(), start);
  assertEquals(applied(items), expected);
  assert(
    items.some((item) =>
      item.kind === "event" && item.event.cause === "recovered"
    ),
  );
  assertEquals(items.at(-1)?.resumeFrom.recoverUntil, undefined);
});

Deno.test("readStream() recovers what a trimmed stream no longer holds", async () => {
  await using platform = await startPlatform({ now: () => AT + 200_000 });
  const expected = await fill(platform);
  platform.simulated.platform.trimBefore({ ms: AT + 30_000, seq: 0 });
  const gaps: string[] = [];
  const items = await readItems(
    platform.streamOptions({
      watch: {
        connected: () => {},
        waiting: () => {},
        reached: () => {},
        gap: (from) => gaps.push(from),
      },
    }),
    { from: `${AT + 10_000}-0` },
  );
  assertEquals(gaps, [`${AT + 10_000}-0`]);
  const state = applied(items);
  for (const [id, name] of expected) {
    // Objects older than the position were delivered before.
    if (Number(id.slice(-12)) > 10) assertEquals(state.get(id), name);
  }
});

// Redis was lost; or the whole platform came back with an older clock.
for (const jumpMs of [200_000, -3_600_000]) {
  Deno.test(`readStream() comes through ids that jump by ${jumpMs} ms`, async () => {
    let now = AT + 100_000;
    await using platform = await startPlatform({ now: () => now });
    const expected = await fill(platform);
    const first = await readItems(platform.streamOptions(), {
      from: `${AT}-0`,
    });
    const position = first.at(-1)?.resumeFrom;
    assert(position !== undefined);
    now += jumpMs;
    platform.simulated.platform.restartWithNewIdRange({ offsetMs: 0 });
    platform.simulated.platform.apply({
      at: now,
      op: "update",
      object: indicator(1, { name: "after the restart" }),
    });
    expected.set(
      "00000000-0000-4000-8000-000000000001",
      "after the restart",
    );
    const second = await readItems(platform.streamOptions(), position);
    assertEquals(applied([...first, ...second]), expected);
    // What comes after the restart is newer than all before it.
    const versions = (items: typeof first) =>
      items.flatMap((item) =>
        item.kind === "event" ? [item.event.version] : []
      );
    const last = second.findLast((item) =>
      item.kind === "event" && item.event.object.name === "after the restart"
    );
    assert(last?.kind === "event");
    assert(last.event.version >= Math.max(...versions(first)));
  });
}
