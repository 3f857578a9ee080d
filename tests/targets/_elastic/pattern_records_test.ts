import { assertEquals } from "@std/assert";
import type { EcsRecord } from "../../../src/targets/_elastic/document.ts";
import { toEntityRecords } from "../../../src/targets/_elastic/entity_records.ts";

interface PatternCase {
  readonly title: string;
  readonly pattern: string;
  readonly records: readonly Record<string, unknown>[];
  readonly complete: boolean;
}

const CASES = patternCases();

for (const { title, pattern, records, complete } of CASES ?? []) {
  Deno.test(`toEntityRecords() splits a pattern: ${title}`, () => {
    const found = toEntityRecords({
      id: "indicator--1",
      type: "indicator",
      name: "n",
      pattern,
      pattern_type: "stix",
    }, new Set());
    const values = found.records.filter(({ type }) => type !== "unknown")
      .map(shortened);
    assertEquals(values, [...records]);
    assertEquals(found.patternComplete, complete);
  });
}

Deno.test({
  name: "toEntityRecords() splits the patterns of the reference",
  ignore: CASES === undefined,
  fn: () => {},
});

/** Fields that the vectors leave out: they follow from others. */
const DERIVED = /^(related\.|threat\.indicator\.file\.extension$)/;

/** A record as the vectors write it. */
function shortened({ type, fields }: EcsRecord): Record<string, unknown> {
  const kept = [...fields].filter(([path]) =>
    !DERIVED.test(path) &&
    (type !== "url" || path === "threat.indicator.url.full")
  ).map(([path, value]): [string, unknown] => [
    path.replace(/^(threat\.indicator|opencti)\./, ""),
    value,
  ]);
  return { type, ...Object.fromEntries(kept) };
}

/** The vectors; absent where the reference folder is. */
function patternCases(): PatternCase[] | undefined {
  const shared = Deno.env.get("RELAY_SHARED") ??
    new URL("../../../../shared", import.meta.url).pathname;
  try {
    const text = Deno.readTextFileSync(
      `${shared}/reference/data/elastic-stix-pattern-cases.json`,
    );
    return JSON.parse(text).cases;
  } catch {
    return undefined;
  }
}
