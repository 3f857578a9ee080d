import { assertEquals, assertThrows } from "@std/assert";
import { eventIdOf, momentOf } from "../../src/cli/moment.ts";
import { ConfigError } from "../../src/errors.ts";

const NOW = Date.parse("2026-05-17T18:00:00.000Z");
const HOUR_MS = 3_600_000;

// deno-fmt-ignore
const ROWS: readonly (readonly [text: string, id: string])[] = [
  ["1779040000000-7",          "1779040000000-7"],
  ["2026-05-17",               `${NOW - 18 * HOUR_MS}-0`],
  ["2026-05-17T17:00:00Z",     `${NOW - HOUR_MS}-0`],
  ["2026-05-17T18:00:00+02:00", `${NOW - 2 * HOUR_MS}-0`],
  ["3h",                       `${NOW - 3 * HOUR_MS}-0`],
  ["2d",                       `${NOW - 48 * HOUR_MS}-0`],
  ["1h30m",                    `${NOW - 1.5 * HOUR_MS}-0`],
];

for (const [text, id] of ROWS) {
  Deno.test(`eventIdOf() reads ${text}`, () => {
    assertEquals(eventIdOf(text, "--since", NOW), id);
  });
}

Deno.test("eventIdOf() refuses what is no time, and the future", () => {
  for (
    const text of [
      "",
      "soon",
      "1779040000000",
      "-2d",
      "2026-05-18",
      "1879040000000-0",
    ]
  ) {
    const error = assertThrows(
      () => eventIdOf(text, "--since", NOW),
      ConfigError,
    );
    assertEquals(error.message.startsWith(`--since "${text}" `), true);
  }
});

Deno.test("momentOf() refuses a bare number, which may mean anything", () => {
  assertThrows(() => momentOf("30", "--older-than", NOW), ConfigError);
  assertEquals(momentOf("30d", "--older-than", NOW), NOW - 720 * HOUR_MS);
});
