import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createLog, type LogOptions } from "../../src/observability/log.ts";

function recorder(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({
    level: "debug",
    format: "text",
    now: () => Date.UTC(2026, 2, 2, 10),
    write: (line) => lines.push(line),
    ...options,
  });
  return { log, lines };
}

Deno.test("createLog() writes text for people", () => {
  const { log, lines } = recorder();
  log.with({ target: "soc" }).info("batch settled", { events: 3, id: "1-0" });
  assertEquals(lines, [
    "2026-03-02T10:00:00.000Z INFO  soc: batch settled events=3 id=1-0\n",
  ]);
});

Deno.test("createLog() writes JSON for machines", () => {
  const { log, lines } = recorder({ format: "json" });
  log.warn("odd", { target: "soc", value: "a b" });
  assertEquals(JSON.parse(lines[0] ?? ""), {
    time: "2026-03-02T10:00:00.000Z",
    level: "warn",
    message: "odd",
    target: "soc",
    value: "a b",
  });
});

Deno.test("createLog() leaves out what is below its level", () => {
  const { log, lines } = recorder({ level: "warn" });
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  assertEquals(lines.length, 2);
});

Deno.test("createLog() masks secrets in every form", () => {
  for (const format of ["text", "json"] as const) {
    const secret = 'p@ss "word"/1';
    const { log, lines } = recorder({ format, secrets: [secret, "abc"] });
    log.error(`refused ${secret}`, {
      url: `http://x/?k=${encodeURIComponent(secret)}`,
      nested: { deep: [secret] },
      short: "abc",
    });
    const text = lines.join("");
    assert(!text.includes("word"), text);
    assert(text.includes("***"));
    // Too short to be a secret, and part of ordinary words.
    assert(text.includes("abc"));
  }
});

Deno.test("createLog() keeps a line one line, whatever the values", () => {
  const value = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("a\nb", "\u2028", "\u202e", "\x1b[31m", "\r\n2026 ERROR"),
  );
  fc.assert(fc.property(value, value, (message, field) => {
    const { log, lines } = recorder();
    log.info(message, { field });
    assertEquals(lines.length, 1);
    const body = lines[0]?.slice(0, -1) ?? "";
    assert(!/[\p{Cc}\p{Zl}\p{Zp}\u202e]/u.test(body), JSON.stringify(body));
  }));
});

Deno.test("createLog() cuts values that nobody would read", () => {
  const { log, lines } = recorder();
  log.info("large", { value: "x".repeat(100_000) });
  assert((lines[0]?.length ?? 0) < 3000);
});
