/** SIGHUP: a good configuration takes effect, a bad one changes nothing. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { main } from "../../src/cli/main.ts";
import { indicator } from "../opencti/platform.ts";
import { type FakeIo, fakeIo } from "./fake_io.ts";
import { documentsOf, NOW, startWorld, type World } from "./world.ts";
import { until } from "../until.ts";

/** A `run` under way whose variables may change. */
async function running(world: World, more: Record<string, string> = {}) {
  const variables: Record<string, string | undefined> = {
    ...world.env,
    RELAY_LOG_LEVEL: "info",
    ...more,
  };
  const io = fakeIo({
    env: () => ({ ...variables }),
    now: () => NOW,
  });
  const ended = main(["run"], io);
  await until(() => world.elastic.rules().length === 1);
  return {
    io,
    variables,
    ended,
    async reload(says: RegExp) {
      const before = io.err.length;
      io.hangUp();
      await until(() => says.test(io.err.slice(before).join("")));
    },
    async [Symbol.asyncDispose]() {
      io.interrupt();
      await ended;
    },
  };
}

function lines(io: FakeIo): { message: string; [key: string]: unknown }[] {
  return io.err.join("").trimEnd().split("\n").map((line) => JSON.parse(line));
}

function create(world: World, number: number, more = {}): void {
  world.opencti.platform.apply({
    at: NOW,
    op: "create",
    object: indicator(number, more),
  });
}

Deno.test("a good configuration takes effect, nothing is lost or done twice", async () => {
  await using world = await startWorld();
  await using run = await running(world);
  const { elastic } = world;
  run.variables.ELASTIC_SECURITY_INDEX_NAME = "logs-ti_custom_other";
  await run.reload(/takes effect now/);
  create(world, 4);
  await until(() => hasIndex(world, "logs-ti_custom_other", 1));
  // What was there before went to the old index, once, and is not sent again.
  assertEquals(documentsOf(world).length, 3);
  assertEquals(documentsOf(world, "logs-ti_custom_other").length, 1);
  assertEquals(elastic.rules().length, 1);
  const { out } = await world.relay(["status", "--json"]);
  assertEquals(JSON.parse(out).targets.length, 1);
});

Deno.test("events that arrive while it reloads again and again arrive once", async () => {
  await using world = await startWorld();
  await using run = await running(world);
  for (let number = 10; number < 40; number++) {
    create(world, number);
    if (number % 5 === 0) await run.reload(/takes effect now/);
  }
  await until(() => documentsOf(world).length === 33);
  const ids = documentsOf(world).map(({ opencti }) => opencti.internal_id);
  assertEquals(new Set(ids).size, 33);
  const versions = [
    ...world.elastic.cluster.documents(
      "logs-ti_custom_opencti.indicator",
    ).values(),
  ];
  assertEquals(versions.length, 33);
});

Deno.test("a bad configuration leaves the old one in force and says why", async () => {
  await using world = await startWorld();
  await using run = await running(world);
  run.variables.ELASTIC_SECURITY_BATCH_SIZE = "many";
  await run.reload(/not taken/);
  const refusal = lines(run.io).find(({ message }) =>
    /not taken/.test(message)
  );
  assertMatch(
    String(refusal?.reason),
    /ELASTIC_SECURITY_BATCH_SIZE: "many" is not a whole number/,
  );
  assertEquals(refusal?.level, "error");
  create(world, 5);
  await until(() => documentsOf(world).length === 4);
  // It is not given up: the next one counts.
  run.variables.ELASTIC_SECURITY_BATCH_SIZE = "10";
  await run.reload(/takes effect now/);
  create(world, 6);
  await until(() => documentsOf(world).length === 5);
});

Deno.test("a token that OpenCTI refuses leaves the old one in force", async () => {
  await using world = await startWorld();
  await using run = await running(world);
  run.variables.OPENCTI_TOKEN = "11111111-2222-4333-8444-555555555555";
  await run.reload(/not taken/);
  assertMatch(run.io.err.join(""), /opencti\.token|OPENCTI_TOKEN/);
  create(world, 5);
  await until(() => documentsOf(world).length === 4);
  assert(!run.io.err.join("").includes("11111111-2222"));
});

Deno.test("a target whose new key is refused pauses, and goes on when mended", async () => {
  await using world = await startWorld();
  await using run = await running(world);
  run.variables.ELASTIC_SECURITY_API_KEY = "bmV3OmtleS10aGF0LWlzLXdyb25n";
  await run.reload(/target paused/);
  create(world, 5);
  run.variables.ELASTIC_SECURITY_API_KEY = world.elastic.apiKey;
  await run.reload(/takes effect now/);
  await until(() => documentsOf(world).length === 4);
});

Deno.test("what is opened once stays as it is, and that is said", async () => {
  await using world = await startWorld();
  await using run = await running(world);
  run.variables.RELAY_STATE_PATH = `${world.folder}/other.kv`;
  run.variables.RELAY_HTTP = "127.0.0.1:0";
  await run.reload(/takes effect now/);
  const text = run.io.err.join("");
  assertMatch(text, /state\.path has changed: restart/);
  assertMatch(text, /http\.address has changed: restart/);
  create(world, 5);
  await until(() => documentsOf(world).length === 4);
  assert(!world.files().includes("other.kv"));
});

Deno.test("a new token of the status counts at once", async () => {
  await using world = await startWorld();
  const port = freePort();
  await using run = await running(world, {
    RELAY_HTTP: `127.0.0.1:${port}`,
    RELAY_HTTP_TOKEN: "the first token",
  });
  const code = async (token: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/status`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await code("the first token"), 200);
  run.variables.RELAY_HTTP_TOKEN = "the second token";
  await run.reload(/takes effect now/);
  await until(async () => await code("the second token") === 200);
  assertEquals(await code("the first token"), 401);
});

Deno.test("SIGINT while it reloads ends it", async () => {
  await using world = await startWorld();
  const run = await running(world);
  run.io.hangUp();
  run.io.interrupt();
  assertEquals(await run.ended, 0);
});

function hasIndex(world: World, index: string, count: number): boolean {
  try {
    return documentsOf(world, index).length === count;
  } catch {
    return false;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
