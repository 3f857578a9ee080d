/** A value that several indicators give stays until the last of them goes. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Bench, domains, event, indicator } from "./bench.ts";

const SHARED = "shared.example";

/** Three ways in which an indicator stops to give a value. */
const WAYS = {
  delete: (name: string) => event("delete", of(name)),
  revoke: (name: string) => event("update", of(name, { revoked: true })),
  expire: (name: string) =>
    event("update", of(name, { valid_until: "2026-01-01T00:00:00Z" })),
  "change the pattern of": (name: string) =>
    event("update", of(name, { pattern: domains(`${name}.example`) })),
} as const;

function of(name: string, members: Record<string, unknown> = {}) {
  return indicator(name, domains(SHARED, `${name}.example`), members);
}

for (const [first, leaveFirst] of Object.entries(WAYS)) {
  for (const [second, leaveSecond] of Object.entries(WAYS)) {
    for (const [one, other] of [["one", "two"], ["two", "one"]] as const) {
      Deno.test(`${first} "${one}", then ${second} "${other}"`, async () => {
        await using bench = await Bench.start();
        await bench.deliver(
          event("create", of("one")),
          event("create", of("two")),
        );
        assertEquals(bench.values(), [
          "one.example",
          SHARED,
          "two.example",
        ]);
        await bench.deliver(leaveFirst(one));
        assertEquals(bench.values().includes(SHARED), true);
        assertEquals(bench.revoked().includes(SHARED), false);
        const [kept] = bench.server.active()
          .filter(({ value }) => value === SHARED);
        // It carries the properties of the one that is left.
        assertEquals(
          kept?.properties.description?.startsWith(`${other} | `),
          true,
        );
        await bench.deliver(leaveSecond(other));
        assertEquals(bench.values().includes(SHARED), false);
        assertEquals(
          bench.revoked().filter((value) => value === SHARED),
          [SHARED],
        );
      });
    }
  }
}

const NAMES = ["i1", "i2", "i3"] as const;
const VALUES = ["a.example", "b.example", "c.example", "d.example"];

const CHANGE = fc.record({
  name: fc.constantFrom(...NAMES),
  values: fc.uniqueArray(fc.constantFrom(...VALUES), { maxLength: 3 }),
  how: fc.constantFrom("write", "write", "write", "revoke", "delete"),
  restart: fc.boolean(),
});

Deno.test("any order of creates, changes, revocations and deletes ends as a naive model says", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(CHANGE, { minLength: 1, maxLength: 12 }),
      fc.constantFrom("same_id" as const, "new_id" as const),
      async (changes, duplicateMode) => {
        await using bench = await Bench.start({ settings: { duplicateMode } });
        const model = new Map<string, readonly string[]>();
        for (const { how, name, restart, values } of changes) {
          if (restart) await bench.restart().prepare(bench.signal);
          const isGone = how === "delete" || values.length === 0;
          const pattern = domains(...values, ...isGone ? ["x.example"] : []);
          const object = indicator(name, pattern, {
            revoked: how === "revoke",
          });
          await bench.deliver(event(isGone ? "delete" : "update", object));
          model.set(name, isGone || how === "revoke" ? [] : values);
          const expected = [...new Set([...model.values()].flat())].sort();
          assertEquals(bench.values(), expected);
        }
        // What others have there is as it was.
        assertEquals(
          bench.server.foreign.every(({ revoked, modified, created }) =>
            !revoked && modified === created
          ),
          true,
        );
      },
    ),
    { numRuns: 60, seed: 17 },
  );
});
