/** `status`: live from the running program, else from its state file. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { main } from "../../src/cli/main.ts";
import { span, statusText } from "../../src/cli/status.ts";
import { HOSTILE } from "../status/sample.ts";
import { fakeIo } from "./fake_io.ts";
import { startRelay } from "./process.ts";
import { NOW, startWorld, type World } from "./world.ts";
import { until } from "../until.ts";

Deno.test("status reads the state of a program that has ended", async () => {
  await using world = await startWorld();
  world.elastic.faults.items({
    where: ({ source }) => source?.includes("host-1.example") === true,
    error: "parsing",
  });
  await world.relay(["run", "--once"]);
  const { code, out } = await world.relay(["status", "--json"]);
  assertEquals(code, 0);
  const { source, targets: [soc] } = JSON.parse(out);
  assertEquals(source, "state");
  assertEquals(soc.name, "elastic-security");
  assertMatch(soc.position.id, /^\d+-\d+$/);
  assertEquals(soc.counts.delivered, 2);
  assertEquals(soc.counts.rejected, 1);
  assertEquals(soc.deadLetters.held, 1);
  assertEquals(soc.deadLetters.newest[0].type, "indicator");
  assertMatch(soc.errors[0].reason, /parse|parsing/);
  assertEquals(soc.keptAt, new Date(NOW).toISOString());
});

Deno.test("status prints a table for people", async () => {
  await using world = await startWorld();
  await world.relay(["run", "--once"]);
  const { out } = await world.relay(["status"]);
  assertMatch(
    out,
    /│ elastic-security │ stopped │ 2026-03-03 08:59:00 │ 0\.0 s at 09:00:00 │ +3 │ +0 │ +0 │/,
  );
  assertMatch(out, /From the state ".*relay\.kv", as it was at 2026-03-03 09:/);
  assertMatch(out, /Set http\.address \(RELAY_HTTP\)/);
});

Deno.test("status without a state says where it looked, exit code 2", async () => {
  await using world = await startWorld();
  const { code, err } = await world.relay(["status"]);
  assertEquals(code, 2);
  assertMatch(err, /^Cannot read the state ".*relay\.kv": there is no such/);
  assertEquals(world.files(), []);
});

/** A `run` that is under way, with its status on a free port. */
async function running(world: World, env: Record<string, string> = {}) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${listener.addr.port}`;
  listener.close();
  const io = fakeIo({
    variables: { ...world.env, RELAY_HTTP: address, ...env },
    now: () => NOW,
  });
  const ended = main(["run"], io);
  await until(() => world.elastic.rules().length === 1);
  return {
    env: { RELAY_HTTP: address, ...env },
    url: `http://${address}`,
    io,
    async stop() {
      io.interrupt();
      return await ended;
    },
  };
}

Deno.test("status asks a running program, with its token", async () => {
  await using world = await startWorld();
  const token = "correct horse battery staple";
  const run = await running(world, { RELAY_HTTP_TOKEN: token });
  try {
    const { out } = await startRelay(["status", "--json"], {
      // The environment's proxies have no business here.
      env: { ...world.env, ...run.env, HTTP_PROXY: "http://127.0.0.1:9" },
    }).ended;
    const { source, targets: [soc] } = JSON.parse(out);
    assertEquals([source, soc.name], ["live", "elastic-security"]);
    assert(soc.counts.delivered > 0);
    const table = await world.relay(["status"], run.env);
    assertMatch(table.out, /From the running program\.$/);
    // Another token is refused: what the state file holds is shown.
    const other = await world.relay(["status"], {
      ...run.env,
      RELAY_HTTP_TOKEN: "another token",
    });
    assertMatch(other.out, /From the state/);
  } finally {
    assertEquals(await run.stop(), 0);
  }
});

Deno.test("run serves what happens until it ends, and keeps the counts", async () => {
  await using world = await startWorld();
  const run = await running(world);
  try {
    await until(async () => (await ask(`${run.url}/ready`)).code === 200);
    const { text } = await ask(`${run.url}/metrics`);
    assertMatch(
      text,
      /opencti_connector_events_total\{target="elastic-security",outcome="delivered"\} 3\n/,
    );
    assertMatch(
      text,
      /opencti_connector_lag_seconds\{target="elastic-security"\} /,
    );
    assertMatch(text, /opencti_connector_write_seconds_count\{.*\} [1-9]/);
  } finally {
    assertEquals(await run.stop(), 0);
  }
  const { out } = await world.relay(["status", "--json"]);
  assertEquals(JSON.parse(out).targets[0].counts.delivered, 3);
});

Deno.test("run ends with 2 where the port of the status is in use", async () => {
  await using world = await startWorld();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, err } = await world.relay(["run"], {
    RELAY_HTTP: `127.0.0.1:${listener.addr.port}`,
  });
  assertEquals(code, 2);
  assertMatch(err, /^Cannot serve the status on .*: another program uses/);
  assertEquals(world.files(), []);
});

Deno.test("run is not started where others could look without a token", async () => {
  await using world = await startWorld();
  const { code, err } = await world.relay(["run"], {
    RELAY_HTTP: "0.0.0.0:8686",
  });
  assertEquals(code, 2);
  assertMatch(err, /http\.token: is missing: others can reach 0\.0\.0\.0:8686/);
});

Deno.test("statusText() lets no text of the stream move the cursor", () => {
  const text = statusText({
    source: "state",
    now: new Date(NOW).toISOString(),
    targets: [{
      name: "soc",
      errors: [{
        at: new Date(NOW).toISOString(),
        during: "dead letter",
        reason: `\x1b[2J${HOSTILE}`,
        times: 1,
      }],
    }],
  }, { state: { path: "relay.kv" } });
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000-\u0009\u000b-\u001f\u202e\u2066]/.test(text), text);
  assert(text.includes("\\u{1b}[2J"));
});

async function ask(url: string) {
  const response = await fetch(url);
  return { code: response.status, text: await response.text() };
}

Deno.test("span() tells people how long", () => {
  const told = [0, 119.96, 120, 7199, 7200, 172_799, 172_800, 300_185.3]
    .map(span);
  assertEquals(told, [
    "0.0 s",
    "120.0 s",
    "2 min",
    "119 min",
    "2 h 0 min",
    "47 h 59 min",
    "2 d 0 h",
    "3 d 11 h",
  ]);
});
