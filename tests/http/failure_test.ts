import { assert, assertEquals } from "@std/assert";
import {
  ConfigError,
  LoginError,
  RejectedError,
  TransientError,
} from "../../src/errors.ts";
import { failureOf } from "../../src/http/failure.ts";

/** Texts as Deno 2.9 gives them, class, words. */
const FETCH: readonly [
  text: string,
  expected: new (message: string) => Error,
  words: string,
][] = [
  [
    "client error (Connect): invalid peer certificate: UnknownIssuer",
    ConfigError,
    "not trusted",
  ],
  [
    "client error (Connect): invalid peer certificate: certificate expired: " +
    "verification time 1769000000",
    ConfigError,
    "out of its time",
  ],
  [
    'client error (Connect): invalid peer certificate: certificate not valid for name "a"',
    ConfigError,
    "another host name",
  ],
  [
    "client error (SendRequest): received fatal alert: HandshakeFailure",
    ConfigError,
    "no TLS version or cipher",
  ],
  [
    "client error (Connect): dns error: failed to lookup address information",
    TransientError,
    "cannot be resolved",
  ],
  [
    "client error (Connect): tcp connect error: Connection timed out (os error 110)",
    TransientError,
    "timed out",
  ],
  [
    "client error (Connect): proxy authentication required",
    LoginError,
    "proxy refuses the login",
  ],
  [
    "client error (Connect): something new",
    TransientError,
    "the connection failed (something new)",
  ],
];

for (const [text, expected, words] of FETCH) {
  Deno.test(`failureOf() takes "${text}" apart`, () => {
    const url = "https://user:s3cret@tool.example/x?key=s3cret";
    const cause = new Error(`error sending request for url (${url}): ${text}`);
    const error = failureOf(new TypeError("fetch failed", { cause }), "ask");
    assertEquals(error.constructor, expected);
    assert(error.message.startsWith("Cannot ask: "));
    assert(error.message.includes(words), error.message);
    assert(!Deno.inspect(error).includes("s3cret"));
  });
}

Deno.test("failureOf() keeps the class of our errors and takes anything", () => {
  for (
    const Known of [TransientError, RejectedError, ConfigError, LoginError]
  ) {
    assertEquals(failureOf(new Known("why"), "ask").constructor, Known);
  }
  const busy = new TransientError("busy", { retryAfterMs: 5, status: 503 });
  const shown = failureOf(busy, "ask");
  assert(shown instanceof TransientError);
  assertEquals([shown.retryAfterMs, shown.status], [5, 503]);
  for (const odd of [undefined, null, "text", {}, new Error("")]) {
    assert(failureOf(odd, "ask") instanceof TransientError);
  }
});
