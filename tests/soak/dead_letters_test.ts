/** Dead letters by the real command line: list, show, retry, drop. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { formatEventId } from "../../src/simulator/opencti/event_id.ts";
import { openStateReadOnly } from "../../src/state/open_state.ts";
import type { LedgerRow } from "../../src/state/ledger.ts";
import { internalId, type StixObject } from "../../src/stix/object.ts";
import { indicator } from "../opencti/platform.ts";
import { pause, startChild } from "./child.ts";
import { heldFarSide } from "./far_side.ts";
import { NOW } from "./recording.ts";
import { startRunning } from "./running.ts";
import {
  deadLettersIn,
  relay,
  startWorld,
  TARGET,
  until,
  type World,
  type WorldOptions,
} from "./world.ts";

const BEFORE = NOW - 3_600_000;

function sound(number: number, more = {}): StixObject {
  return indicator(number, {
    valid_until: new Date(NOW + 86_400_000).toISOString(),
    ...more,
  });
}

/** Indicators of which Elasticsearch refused all that a fault concerns. */
async function refusedWorld(
  count: number,
  options: WorldOptions = {},
): Promise<World> {
  const world = await startWorld({ recorded: false, ...options });
  for (let number = 0; number < count; number++) {
    world.opencti.platform.apply({
      at: BEFORE + number,
      op: "create",
      object: sound(number),
    });
  }
  refuse(world);
  const { code } = await relay(["run", "--once"], world.env);
  assertEquals(code, 5);
  assertEquals((await letters(world)).length, count);
  return world;
}

function refuse({ elastic }: World): void {
  elastic.faults.items({
    error: "parsing",
    where: ({ op }) => op !== "delete",
  });
}

function letters({ env }: World) {
  return deadLettersIn(env.RELAY_STATE_PATH ?? "");
}

function names({ elastic }: World): string[] {
  return [...heldFarSide(elastic).documents.values()].map(({ source }) =>
    String((source.opencti as Record<string, unknown>).indicator_name)
  ).toSorted();
}

async function rowOf(
  { env }: World,
  object: StixObject,
): Promise<LedgerRow | undefined> {
  const state = await openStateReadOnly(env.RELAY_STATE_PATH ?? "");
  try {
    return await state.target(TARGET).ledger.get(internalId(object));
  } finally {
    await state.close();
  }
}

const RETRY = ["dead-letters", "retry", "--all"];

for (const beside of [true, false]) {
  const where = beside ? "beside a running program" : "by itself";
  Deno.test(`dead-letters retry delivers what was refused, ${where}`, async () => {
    await using world = await refusedWorld(3);
    assertEquals((await rowOf(world, sound(1)))?.fate, "rejected");
    world.elastic.faults.clear();
    if (beside) {
      await using running = startRunning(["run"], world.env);
      await until(() =>
        Deno.stat(`${world.env.RELAY_STATE_PATH}.control`)
          .then(() => true, () => false)
      );
      const { code, out, err } = await relay(RETRY, world.env);
      assertEquals({ code, err }, { code: 0, err: "" });
      assertEquals(
        out,
        "elastic-security: 3 selected, 3 settled, 0 refused again",
      );
      assertEquals((await running.stop()).code, 0);
    } else {
      const { code, err } = await relay(RETRY, world.env);
      assertEquals({ code, err }, { code: 0, err: "" });
    }
    assertEquals(names(world), ["indicator 0", "indicator 1", "indicator 2"]);
    assertEquals(await letters(world), []);
    const row = await rowOf(world, sound(1));
    assertEquals([row?.fate, row?.isHeld], ["held", true]);
  });
}

Deno.test("dead-letters retry leaves one letter of what is refused again", async () => {
  await using world = await refusedWorld(2);
  const { code, out } = await relay(RETRY, world.env);
  assertEquals(code, 5);
  assertMatch(out, /2 selected, 0 settled, 2 refused again/);
  assertEquals((await letters(world)).length, 2);
});

/** What happens between the refusal and the retry, and what is there then. */
const SINCE: readonly (readonly [
  what: string,
  change: (world: World) => void,
  expected: readonly string[],
])[] = [
  ["changed", ({ opencti }) =>
    opencti.platform.apply({
      at: NOW - 1000,
      op: "update",
      object: sound(0, { name: "newer" }),
    }), ["newer"]],
  ["deleted", ({ opencti }) =>
    opencti.platform.apply({
      at: NOW - 1000,
      op: "delete",
      internalId: internalId(sound(0)),
    }), []],
  ["taken out of the stream", ({ opencti }) =>
    opencti.platform.apply({
      at: NOW - 1000,
      op: "update",
      object: sound(0, { labels: ["do-not-share"] }),
    }), []],
];

for (const isSettled of [true, false]) {
  for (const [what, change, expected] of SINCE) {
    const when = isSettled ? "" : ", before the target knows of it";
    Deno.test(`dead-letters retry undoes nothing of an object ${what} since${when}`, async () => {
      let now = NOW;
      await using world = await refusedWorld(1, { clock: () => now });
      world.elastic.faults.clear();
      change(world);
      if (isSettled) {
        await relay(["run", "--once"], world.env);
        assertEquals(names(world), expected);
      }
      // Elasticsearch forgets what was deleted after 60 s: it would take it.
      now += 600_000;
      const { code, err } = await relay(RETRY, world.env, () => now);
      assertEquals({ code, err }, { code: 0, err: "" });
      await relay(["run", "--once"], world.env, () => now);
      assertEquals(names(world), expected);
      assertEquals(await letters(world), []);
    });
  }
}

Deno.test("dead-letters retry removes nothing where deletions are not followed", async () => {
  await using world = await startWorld({ recorded: false });
  const env = {
    ...world.env,
    CONNECTOR_LIVE_STREAM_LISTEN_DELETE: "false",
    CONNECTOR_LOG_LEVEL: "off",
  };
  const apply = world.opencti.platform.apply.bind(world.opencti.platform);
  apply({ at: BEFORE, op: "create", object: sound(0) });
  await relay(["run", "--once"], env);
  refuse(world);
  apply({ at: NOW - 1000, op: "update", object: sound(0, { name: "newer" }) });
  assertEquals((await relay(["run", "--once"], env)).code, 5);
  world.elastic.faults.clear();
  apply({ at: NOW - 500, op: "delete", internalId: internalId(sound(0)) });
  assertEquals((await relay(RETRY, env)).code, 0);
  assertEquals(names(world), ["indicator 0"]);
  assertEquals(await letters(world), []);
});

Deno.test("dead-letters says that what cannot be understood cannot be retried", async () => {
  await using world = await startWorld({ recorded: false });
  const id = world.opencti.platform.nextId(BEFORE);
  world.opencti.platform.append({
    id,
    frames: () => [{
      kind: "main",
      event: "create",
      bytes: new TextEncoder().encode(
        `id: ${formatEventId(id)}\nevent: create\ndata: {"half": \n\n`,
      ),
    }],
  });
  await relay(["run", "--once"], world.env);
  const { code, out } = await relay(RETRY, world.env);
  assertEquals(code, 0);
  assertMatch(out, /1 selected, 0 settled.*1 hold data that cannot be/);
  const [letter] = await letters(world);
  const shown = await relay(["dead-letters", "show", letter?.id ?? ""], {
    ...world.env,
  });
  assertEquals(JSON.parse(shown.out).payload, '{"half": ');
});

Deno.test("dead-letters list, show and drop select as they are told", async () => {
  await using world = await refusedWorld(3);
  const list = async (...more: string[]) =>
    JSON.parse(
      (await relay(["dead-letters", "list", "--json", ...more], world.env)).out,
    ) as { id: string; type: string; reason: string }[];
  const [first, second] = await list();
  assertEquals((await list("--type", "indicator")).length, 3);
  assertEquals((await list("--type", "malware")).length, 0);
  assertEquals((await list("--reason", "DOCUMENT_parsing")).length, 3);
  assertEquals((await list("--older-than", "1h")).length, 0);
  const text = await relay(["dead-letters", "list"], world.env);
  assertEquals(text.out.split("\n").length, 3);
  const shown = await relay(
    ["dead-letters", "show", first?.id ?? ""],
    world.env,
  );
  assertEquals(JSON.parse(shown.out).payload.name, "indicator 0");
  const drop = (...more: string[]) =>
    relay(["dead-letters", "drop", ...more], world.env);
  assertEquals((await drop()).code, 2);
  assertEquals((await drop("nothing")).code, 2);
  assertEquals((await drop("--all", "--type", "indicator")).code, 2);
  assertEquals((await drop(second?.id ?? "")).out, `${TARGET}: 1 dropped`);
  assertEquals((await list()).length, 2);
  assertEquals((await drop("--type", "indicator")).out, `${TARGET}: 2 dropped`);
  const empty = await relay(["dead-letters", "list"], world.env);
  assertEquals(empty, { code: 0, out: "No dead letters.", err: "" });
});

Deno.test("dead_letters.max_age drops old letters at start", async () => {
  await using world = await refusedWorld(2);
  world.elastic.faults.clear();
  const file = `${world.folder}/config.yml`;
  await Deno.writeTextFile(file, "dead_letters: { max_age: 30d }\n");
  const run = (now: number) =>
    relay(["run", "--once", "-c", file], world.env, () => now);
  await run(NOW + 29 * 86_400_000);
  assertEquals((await letters(world)).length, 2);
  await run(NOW + 31 * 86_400_000);
  assertEquals(await letters(world), []);
});

Deno.test("dead-letters retry comes through kill -9 at any moment", async () => {
  const count = 120;
  await using world = await refusedWorld(count);
  world.elastic.faults.clear();
  world.elastic.faults.next({ do: "delay", ms: 5 }, { times: Infinity });
  const env = { ...world.env, ELASTIC_SECURITY_BATCH_SIZE: "10" };
  let busy = 0;
  for (let kills = 0; kills < 5; kills++) {
    const before = world.elastic.requests.count("POST", "_bulk");
    const child = startChild(RETRY, env);
    let over = false;
    child.ended.then(() => over = true);
    const written = () => world.elastic.requests.count("POST", "_bulk");
    await until(() => over || written() > before + kills * 2);
    await pause(kills * 3);
    if (!over && written() > before) busy++;
    child.kill("SIGKILL");
    await child.ended;
  }
  const { code, err } = await relay(RETRY, env);
  assertEquals({ code, err }, { code: 0, err: "" });
  assertEquals(names(world).length, count);
  assertEquals(await letters(world), []);
  assert(busy > 0, "no kill found a retry under way");
});

Deno.test("dead-letters retry can be stopped while the far side is down", async () => {
  for (const beside of [true, false]) {
    await using world = await refusedWorld(2);
    const running = beside ? startRunning(["run"], world.env) : undefined;
    if (beside) {
      await until(() =>
        Deno.stat(`${world.env.RELAY_STATE_PATH}.control`)
          .then(() => true, () => false)
      );
    }
    world.elastic.faults.clear();
    const before = world.elastic.requests.count("POST", "_bulk");
    world.elastic.faults.next({ do: "status", status: 503 }, {
      path: "_bulk",
      times: Infinity,
    });
    const retry = startRunning(RETRY, world.env);
    await until(() => world.elastic.requests.count("POST", "_bulk") > before);
    const { code, err } = await retry.stop();
    assertEquals(code, 3);
    assertMatch(err, /elastic-security: stopped before it was done/);
    if (running !== undefined) {
      // So it ends as well where the program does.
      const again = world.elastic.requests.count("POST", "_bulk");
      const other = startRunning(RETRY, world.env);
      await until(() => world.elastic.requests.count("POST", "_bulk") > again);
      assertEquals((await running.stop()).code, 0);
      const ended = await other.ended;
      assertEquals(ended.code, 3);
      assertMatch(ended.err, /the running program is ending/);
    }
    assertEquals((await letters(world)).length, 2);
  }
});
