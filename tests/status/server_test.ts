/** The status over HTTP: what is answered, to whom, and what is refused. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/errors.ts";
import { TargetStats } from "../../src/observability/target_stats.ts";
import {
  type Access,
  startStatusServer,
  type StatusServerOptions,
} from "../../src/status/server.ts";
import { sampleMonitor } from "./sample.ts";

function serve(
  { hosts = [], token, ...options }:
    & Partial<StatusServerOptions>
    & Partial<Access> = {},
) {
  const monitor = sampleMonitor();
  const server = startStatusServer({
    address: "127.0.0.1:0",
    access: () => ({ hosts, token }),
    status: () => monitor.status(),
    ...options,
  });
  return {
    url: server.url,
    port: Number(new URL(server.url).port),
    get: (path: string, headers: Record<string, string> = {}) =>
      ask(server.url + path, { headers }),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** Answers are read to the end: none is left open. */
async function ask(url: string, init: RequestInit = {}) {
  const response = await fetch(url, { redirect: "manual", ...init });
  const text = await response.text();
  return { code: response.status, headers: response.headers, text };
}

/** One request as it is, so that any Host can be sent. */
async function raw(port: number, lines: readonly string[]): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const text = [...lines, "connection: close", "", ""].join("\r\n");
  await connection.write(new TextEncoder().encode(text));
  return await new Response(connection.readable).text();
}

Deno.test("/live says nothing but that the program answers", async () => {
  await using server = serve({ token: "a long token" });
  const { code, text } = await server.get("/live");
  assertEquals([code, text], [200, "live\n"]);
});

Deno.test("/ready is 503 with each target's reason until all run", async () => {
  await using server = serve();
  const { code, text } = await server.get("/ready");
  assertEquals(code, 503);
  const { ready, targets } = JSON.parse(text);
  assertEquals(ready, false);
  assertEquals(
    targets.map((t: { ready: boolean; phase: string }) => [t.ready, t.phase]),
    [[true, "running"], [false, "waiting"], [false, "paused"], [
      false,
      "starting",
    ]],
  );
  assertMatch(targets[2].reason, /status is 401/);
});

Deno.test("/ready is 200 where all targets run", async () => {
  const stats = new TargetStats("soc");
  stats.enter("running");
  const monitor = sampleMonitor([stats]);
  await using server = serve({ status: () => monitor.status() });
  assertEquals((await server.get("/ready")).code, 200);
  stats.enter("waiting", "no connection");
  assertEquals((await server.get("/ready")).code, 503);
});

Deno.test("/status is the whole status as JSON", async () => {
  await using server = serve();
  const { code, headers, text } = await server.get("/status");
  assertEquals([code, headers.get("content-type")], [200, "application/json"]);
  const [soc, , , misp] = JSON.parse(text).targets;
  assertEquals([soc.lagSeconds, soc.counts.delivered], [1.2, 12_004]);
  assertEquals(soc.deadLetters.held, 3);
  // What is unknown is absent.
  assertEquals(["lagSeconds" in misp, misp.recovering], [false, true]);
});

for (const path of ["/", "/status", "/metrics", "/live", "/nowhere"]) {
  Deno.test(`${path} forbids caching, framing, guessing and foreign parts`, async () => {
    await using server = serve();
    const { headers } = await server.get(path);
    assertEquals(headers.get("cache-control"), "no-store");
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("x-frame-options"), "DENY");
    const policy = headers.get("content-security-policy") ?? "";
    assertMatch(policy, /^default-src 'none'; script-src 'self';/);
    assert(!policy.includes("unsafe"));
    assertEquals(headers.get("access-control-allow-origin"), null);
  });
}

for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
  Deno.test(`${method} is refused everywhere`, async () => {
    await using server = serve();
    for (const path of ["/", "/status", "/login", "/nowhere"]) {
      const { code, headers } = await ask(server.url + path, { method });
      assertEquals([code, headers.get("allow")], [405, "GET, HEAD"]);
    }
  });
}

Deno.test("HEAD is answered without a body", async () => {
  await using server = serve();
  const { code, text } = await ask(`${server.url}/status`, { method: "HEAD" });
  assertEquals([code, text], [200, ""]);
});

Deno.test("what is no path is not found", async () => {
  await using server = serve();
  for (const path of ["/nowhere", "/status/", "/constructor", "/__proto__"]) {
    assertEquals((await server.get(path)).code, 404, path);
  }
});

// deno-fmt-ignore
const HOSTS: readonly [address: string, hosts: string[], header: string, code: number][] = [
  ["127.0.0.1:0", [],                 "127.0.0.1:8686",      200],
  ["127.0.0.1:0", [],                 "127.0.0.1",           200],
  ["127.0.0.1:0", [],                 "localhost:1",         200],
  ["127.0.0.1:0", [],                 "LOCALHOST.",          200],
  ["127.0.0.1:0", [],                 "[::1]:8686",          200],
  ["127.0.0.1:0", [],                 "attacker.example",    421],
  ["127.0.0.1:0", [],                 "localhost.evil.example", 421],
  ["127.0.0.1:0", [],                 "127.0.0.1.evil.example:8686", 421],
  ["127.0.0.1:0", [],                 "localhost@evil.example", 421],
  ["127.0.0.1:0", [],                 "10.0.0.5",            421],
  ["127.0.0.1:0", [],                 "",                    421],
  ["127.0.0.1:0", ["Relay.Example"],  "relay.example:443",   200],
  ["127.0.0.1:0", ["relay.test:443"], "relay.test",          200],
  ["0.0.0.0:0",   [],                 "192.0.2.7:8686",      200],
  ["0.0.0.0:0",   [],                 "[2001:db8::1]:8686",  200],
  ["0.0.0.0:0",   [],                 "attacker.example",    421],
];

for (const [address, hosts, header, code] of HOSTS) {
  Deno.test(`Host "${header}" at ${address} with [${hosts}] is ${code}`, async () => {
    await using server = serve({ address, hosts });
    const answer = await raw(server.port, [
      "GET /live HTTP/1.1",
      `host: ${header}`,
    ]);
    assertEquals(Number(answer.split(" ")[1]), code);
  });
}

Deno.test("a request without Host is refused", async () => {
  await using server = serve();
  const answer = await raw(server.port, ["GET /status HTTP/1.0"]);
  assertMatch(answer, /^HTTP\/1\.[01] (400|421) /);
});

const TOKEN = "correct horse battery staple";

Deno.test("a token is asked for, and shown as a bearer", async () => {
  await using server = serve({ token: TOKEN });
  for (const path of ["/status", "/metrics", "/login"]) {
    const none = await server.get(path);
    assertEquals(none.code, 401, path);
    assertMatch(none.headers.get("www-authenticate") ?? "", /^Bearer/);
    for (const wrong of [`${TOKEN} `.repeat(2), "x", TOKEN.slice(0, -1)]) {
      const headers = { authorization: `Bearer ${wrong}` };
      assertEquals((await server.get(path, headers)).code, 401, path);
    }
    const headers = { authorization: `bearer ${TOKEN}` };
    assert((await server.get(path, headers)).code < 300, path);
  }
  // The page holds nothing; it asks for the token.
  assertEquals((await server.get("/")).code, 200);
});

Deno.test("/ready tells a stranger its code and nothing else", async () => {
  await using server = serve({ token: TOKEN });
  const { code, text } = await server.get("/ready");
  assertEquals([code, text], [503, "not ready\n"]);
});

Deno.test("/login sets a cookie that admits, and is not the token", async () => {
  await using server = serve({ token: TOKEN });
  const login = await server.get("/login", {
    authorization: `Bearer ${TOKEN}`,
  });
  assertEquals(login.code, 204);
  const set = login.headers.get("set-cookie") ?? "";
  assertMatch(
    set,
    /^opencti_relay=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  assert(!decodeURIComponent(set).includes(TOKEN));
  const [cookie = ""] = set.split(";");
  assertEquals((await server.get("/status", { cookie })).code, 200);
  const two = `other=1; ${cookie}; last=2`;
  assertEquals((await server.get("/status", { cookie: two })).code, 200);
  assertEquals((await server.get("/login", { cookie })).code, 401);
  for (const wrong of ["opencti_relay=", `${cookie.slice(0, -1)}`, "x=y"]) {
    assertEquals((await server.get("/status", { cookie: wrong })).code, 401);
  }
});

Deno.test("a port in use is an error that names it and the remedy", async () => {
  await using server = serve();
  const address = `127.0.0.1:${server.port}`;
  const error = assertThrows(
    () => void serve({ address }),
    ConfigError,
  );
  assertMatch(
    error.message,
    /^Cannot serve the status on "127\.0\.0\.1:\d+": another program uses this port; .*RELAY_HTTP/,
  );
});

Deno.test("an address that is not ours is an error that says so", () => {
  assertThrows(
    () => void serve({ address: "192.0.2.1:0" }),
    ConfigError,
    "this machine has no such address",
  );
  assertThrows(
    () => void serve({ address: "no-such-host.invalid:0" }),
    ConfigError,
    "http.address",
  );
});

Deno.test("what cannot be read is an answer of 500 without its reason", async () => {
  await using server = serve({
    status: () => Promise.reject(new Error("secret detail")),
  });
  const { code, text } = await server.get("/status");
  assertEquals([code, text.includes("secret")], [500, false]);
});
