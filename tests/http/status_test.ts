import { assert, assertEquals } from "@std/assert";
import { RejectedError, TransientError } from "../../src/errors.ts";
import { errorOf } from "../../src/http/status.ts";
import { retryAfterMs } from "../../src/http/retry_after.ts";

const NOW = Date.parse("2026-01-05T10:00:00Z");

/** Headers, milliseconds to wait. */
const WAITS: readonly [Record<string, string>, number | undefined][] = [
  [{}, undefined],
  [{ "retry-after": "7" }, 7_000],
  [{ "retry-after": " 0 " }, 0],
  [{ "retry-after": "1.5" }, 1_500],
  [{ "retry-after": "86400" }, 3_600_000],
  [{ "retry-after": "999999999999999999999" }, undefined],
  [{ "retry-after": "-5" }, undefined],
  [{ "retry-after": "soon" }, undefined],
  [{ "retry-after": "1e9" }, undefined],
  [{ "retry-after-ms": "250", "retry-after": "7" }, 250],
  [{ "retry-after-ms": "x", "retry-after": "7" }, 7_000],
  [{ "retry-after": "Mon, 05 Jan 2026 10:00:30 GMT" }, 30_000],
  [{ "retry-after": "Monday, 05-Jan-26 10:00:30 GMT" }, 30_000],
  [{ "retry-after": "Mon Jan  5 10:00:30 2026" }, 30_000],
  [{ "retry-after": "Mon, 05 Jan 2026 09:00:00 GMT" }, 0],
  [{ "retry-after": "Tue, 06 Jan 2026 10:00:00 GMT" }, 3_600_000],
  [{
    "date": "Mon, 05 Jan 2026 12:00:00 GMT",
    "retry-after": "Mon, 05 Jan 2026 12:00:09 GMT",
  }, 9_000],
];

for (const [headers, expected] of WAITS) {
  Deno.test(`retryAfterMs() reads ${JSON.stringify(headers)}`, () => {
    assertEquals(retryAfterMs(new Headers(headers), NOW), expected);
  });
}

Deno.test("errorOf() cuts, escapes and masks the body", () => {
  const body = `bad\r\n\u001b[31m Bearer abcdef123456 \u202e${
    "é".repeat(9000)
  }`;
  const error = errorOf(422, new Headers(), body, 'import "x"');
  assert(error instanceof RejectedError);
  assert(
    error.message.startsWith(
      'Cannot import "x": status is 422: bad\\r\\n\\u001b[31m Bearer *** \\u202e',
    ),
  );
  assert(error.message.length < 300);
  assert(error.body!.length <= 2000);
});

Deno.test("errorOf() is short for an empty body", () => {
  const error = errorOf(503, new Headers({ "retry-after": "2" }), "", "ask");
  assert(error instanceof TransientError);
  assertEquals(error.message, "Cannot ask: status is 503");
  assertEquals(error.retryAfterMs, 2000);
});
