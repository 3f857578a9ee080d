/** Several entities that name the same value: each has its own documents. */
import { assertEquals } from "@std/assert";
import {
  type Bench,
  type BenchOptions,
  DELETE,
  scenario,
  UPDATE,
} from "./bench.ts";

const domain = (value: string) => ({
  pattern: `[domain-name:value = '${value}']`,
});
const observed = (value: string) => ({
  type: "domain-name",
  id: `domain-name--${value}`,
  value,
});

/** "indicator domain" of every document, in order. */
function held(bench: Bench): string[] {
  return [...bench.documents().values()].map((source) => {
    const { opencti, threat } = source as {
      opencti: { internal_id: string };
      threat: { indicator: { url: { domain: string } } };
    };
    return `${opencti.internal_id} ${threat.indicator.url.domain}`;
  }).sort();
}

// deno-fmt-ignore
const MODES: readonly [string, BenchOptions][] = [
  ["an index",      {}],
  ["a data stream", { settings: { write_mode: "data_stream" } }],
];

for (const [place, options] of MODES) {
  /** Two on the same value, and two that only look alike. */
  const shared = (
    what: string,
    run: (bench: Bench) => Promise<void>,
  ) =>
    scenario(`${what} in ${place}`, async (bench) => {
      await bench.target.prepare(bench.signal);
      await bench.deliver(
        bench.event("one", domain("evil.example")),
        bench.event("two", domain("evil.example")),
        bench.event("seen", observed("evil.example")),
        bench.event("other", domain("notevil.example")),
        bench.event("below", domain("evil.example.com")),
      );
      assertEquals(held(bench), [...ALIKE, ...ALL].sort());
      await run(bench);
    }, options);

  shared("deletes one of two indicators", async (bench) => {
    const gone = bench.event("one", domain("evil.example"), DELETE);
    assertEquals(await bench.deliver(gone), ["delivered"]);
    assertEquals(held(bench), [...ALIKE, ...without("one")].sort());
    await bench.deliver(bench.event("two", domain("evil.example"), DELETE));
    assertEquals(held(bench), [...ALIKE, "seen evil.example"].sort());
    await bench.deliver(bench.event("seen", observed("evil.example"), DELETE));
    assertEquals(held(bench), ALIKE);
  });

  shared("revokes one, then the other", async (bench) => {
    const revoked = { ...domain("evil.example"), revoked: true };
    await bench.deliver(bench.event("two", revoked, UPDATE));
    assertEquals(held(bench), [...ALIKE, ...without("two")].sort());
    await bench.deliver(bench.event("one", revoked, UPDATE));
    assertEquals(held(bench), [...ALIKE, "seen evil.example"].sort());
    await bench.deliver(bench.event("one", domain("evil.example"), UPDATE));
    assertEquals(held(bench), [...ALIKE, ...without("two")].sort());
  });

  shared("changes the pattern of one, then of the other", async (bench) => {
    await bench.deliver(bench.event("one", domain("fresh.example"), UPDATE));
    assertEquals(
      held(bench),
      [...ALIKE, ...without("one"), "one fresh.example"].sort(),
    );
    // Onto a value that another one has.
    await bench.deliver(bench.event("two", domain("notevil.example"), UPDATE));
    assertEquals(
      held(bench),
      [
        ...ALIKE,
        "one fresh.example",
        "seen evil.example",
        "two notevil.example",
      ].sort(),
    );
    await bench.deliver(bench.event("other", domain("x"), DELETE));
    assertEquals(held(bench), [
      "below evil.example.com",
      "one fresh.example",
      "seen evil.example",
      "two notevil.example",
    ]);
  });

  shared("changes all of them in one batch", async (bench) => {
    const outcomes = await bench.deliver(
      bench.event("one", domain("evil.example"), DELETE),
      bench.event("two", domain("evil.example.net"), UPDATE),
      bench.event("seen", observed("evil.example"), UPDATE),
      bench.event("new", domain("evil.example")),
    );
    assertEquals(outcomes, Array(4).fill("delivered"));
    assertEquals(
      held(bench),
      [
        ...ALIKE,
        "new evil.example",
        "seen evil.example",
        "two evil.example.net",
      ].sort(),
    );
  });
}

const ALIKE = ["below evil.example.com", "other notevil.example"];
const ALL = ["one evil.example", "seen evil.example", "two evil.example"];

function without(name: string): string[] {
  return ALL.filter((line) => !line.startsWith(`${name} `));
}

scenario("leaves a deleted entity deleted for a minute", async (bench) => {
  await bench.target.prepare(bench.signal);
  const created = bench.event("one", domain("evil.example"));
  await bench.deliver(created);
  await bench.deliver(bench.event("one", domain("evil.example"), DELETE));
  assertEquals(await bench.deliver(created), ["delivered"]);
  assertEquals(held(bench), [], "the index remembers the version");
});
