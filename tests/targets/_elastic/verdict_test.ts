import { assert, assertEquals } from "@std/assert";
import { verdictOf } from "../../../src/targets/_elastic/verdict.ts";
import fixture from "../../fixtures/elastic/bulk_response.json" with {
  type: "json",
};

/** The fixture's words for our verdicts. */
function word(item: unknown): string {
  const verdict = verdictOf(item);
  switch (verdict.status) {
    case "superseded":
      return "ok-stale";
    case "rejected":
      return "poison";
    case "retry":
      if (verdict.needs === "rights") return "auth-retry-slow";
      return verdict.afterMs === undefined ? "retry" : "retry-slow";
    case "done": {
      const [result] = Object.values(item as Record<string, unknown>);
      return (result as { result?: string }).result === "not_found"
        ? "ok-already-gone"
        : "ok";
    }
  }
}

for (const [at, expected] of fixture.verdicts.entries()) {
  Deno.test(`verdictOf() says ${expected} to item ${at} of the sample`, () => {
    assertEquals(word(fixture.response.items[at]), expected);
  });
}

Deno.test("verdictOf() takes a repeated create for done", () => {
  const error = { type: "version_conflict_engine_exception", reason: "exists" };
  assertEquals(verdictOf({ create: { status: 409, error } }), {
    status: "done",
  });
});

Deno.test("verdictOf() asks for set-up where index or mode is another", () => {
  // deno-fmt-ignore
  const items: [string, unknown][] = [
    ["set-up",    { index: { status: 404, error: { type: "index_not_found_exception", reason: "no such index [x]" } } }],
    ["set-up",    { delete: { status: 404, error: { type: "index_not_found_exception", reason: "no such index [x]" } } }],
    ["appending", { index: { status: 400, error: { type: "illegal_argument_exception",
      reason: "only write ops with an op_type of create are allowed in data streams" } } }],
  ];
  for (const [needs, item] of items) {
    const verdict = verdictOf(item);
    assert(verdict.status === "retry" && verdict.needs === needs);
  }
});

Deno.test("verdictOf() rejects what it does not know", () => {
  for (const item of [null, [], {}, { index: null }, { index: "x" }]) {
    assertEquals(verdictOf(item), {
      status: "rejected",
      reason: "no reason given",
      httpStatus: undefined,
    });
  }
});
