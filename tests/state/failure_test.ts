import { assert, assertEquals } from "@std/assert";
import { ConfigError, TransientError } from "../../src/errors.ts";
import { stateFailure } from "../../src/state/failure.ts";

/** Texts as Deno KV and the file system give them, class, remedy. */
const FAILURES: readonly [
  error: Error,
  expected: new (message: string) => Error,
  remedy: string,
][] = [
  [new TypeError("database or disk is full"), TransientError, "free some"],
  [
    new Error("No space left on device (os error 28)"),
    TransientError,
    "free some",
  ],
  [new TypeError("database is locked"), TransientError, "another process"],
  [new Error("database disk image is malformed"), ConfigError, "restore"],
  [new Error("attempt to write a readonly database"), ConfigError, "write"],
  [
    new Deno.errors.PermissionDenied("Permission denied (os error 13)"),
    ConfigError,
    "access",
  ],
  [new Error("Read-only file system (os error 30)"), ConfigError, "write"],
  [new Error("disk I/O error"), TransientError, "system's log"],
];

for (const [error, expected, remedy] of FAILURES) {
  Deno.test(`stateFailure() says what to do about "${error.message}"`, () => {
    const shown = stateFailure(error, "relay.kv") as Error;
    assertEquals(shown.constructor, expected);
    assert(shown.message.startsWith('Cannot use the state "relay.kv": '));
    assert(shown.message.includes(remedy), shown.message);
  });
}

Deno.test("stateFailure() leaves alone what is not the file's", () => {
  for (const error of [new RangeError("too large"), new TypeError("bug"), 1]) {
    assert(stateFailure(error, "relay.kv") === error);
  }
});
