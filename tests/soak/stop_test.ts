/** Stopping gracefully, the lock of the state, and time that passes. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Clients, createTarget, platformEndpoint } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { silentLog } from "../../src/observability/log.ts";
import { PlatformClient } from "../../src/opencti/client.ts";
import type { Position } from "../../src/opencti/event.ts";
import { openState } from "../../src/state/open_state.ts";
import { TARGETS } from "../../src/targets/mod.ts";
import { indicator } from "../opencti/platform.ts";
import { startChild } from "./child.ts";
import { differences, expectedFarSide, heldFarSide } from "./far_side.ts";
import { noRecording, NOW, replayRecording } from "./recording.ts";
import { relay, startWorld, TARGET, until, type World } from "./world.ts";

/** Small requests and slow answers: signals find work under way. */
function slow(world: World): Record<string, string> {
  world.elastic.faults.next({ do: "delay", ms: 10 }, { times: Infinity });
  return { ...world.env, ELASTIC_SECURITY_BATCH_SIZE: "20" };
}

function isUnderWay({ elastic }: World): boolean {
  return elastic.requests.count("POST", "_bulk") > 60;
}

async function savedPosition({ env }: World): Promise<Position | undefined> {
  const state = await openState(env.RELAY_STATE_PATH ?? "");
  try {
    return await state.target<Position>(TARGET).checkpoint.load();
  } finally {
    await state.close();
  }
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test({
    name: `${signal} in the middle ends well, and the next run completes`,
    ignore: noRecording,
    async fn() {
      await using world = await startWorld();
      const env = slow(world);
      const child = startChild(["run"], env);
      await until(() => isUnderWay(world));
      child.kill(signal);
      const { code, err } = await child.ended;
      assertEquals({ code, err }, { code: 0, err: "" });
      const { lastEventId } = await savedPosition(world) ?? {};
      assert(lastEventId !== undefined && lastEventId < "1795150680604-0");
      world.elastic.faults.clear();
      const items = world.elastic.requests.items;
      await relay(["run", "--once"], env);
      const model = await replayRecording();
      const expected = expectedFarSide(model, world.opencti.url);
      assertEquals(differences(heldFarSide(world.elastic), expected), []);
      // It went on where the other had ended: it did not write all again.
      const written = world.elastic.requests.items - items;
      assert(written < expected.documents.size, `${written} were written`);
    },
  });
}

Deno.test({
  name: "a second process on the same state ends with code 2 and one line",
  ignore: noRecording,
  async fn() {
    await using world = await startWorld();
    const env = slow(world);
    const first = startChild(["run"], env);
    await until(() => isUnderWay(world));
    const second = await startChild(["run"], env).ended;
    assertEquals(second.code, 2);
    assertMatch(
      second.err,
      /^Cannot use the state ".*": another opencti-relay \(pid \d+\) .*\n$/,
    );
    first.kill("SIGTERM");
    assertEquals((await first.ended).code, 0);
  },
});

Deno.test("what expires while the stream is idle goes without an event", async () => {
  let now = NOW;
  await using world = await startWorld({ recorded: false, clock: () => now });
  const { opencti, elastic } = world;
  const create = (number: number, untilMs: number, more = {}) =>
    opencti.platform.apply({
      at: NOW - 60_000,
      op: "create",
      object: indicator(number, {
        valid_until: new Date(untilMs).toISOString(),
        ...more,
      }),
    });
  create(1, NOW + 600_000);
  create(2, NOW + 600_000, { pattern_type: "kql", pattern: "host.name: *" });
  create(3, NOW + 86_400_000);
  const { code } = await relay(["run", "--once"], world.env);
  assertEquals(code, 0);
  assertEquals(heldFarSide(elastic).documents.size, 3);
  assertEquals(elastic.rules().map(({ enabled }) => enabled), [true]);
  now += 3_600_000;
  await sweep(
    world,
    () => now,
    () => heldFarSide(elastic).documents.size === 1,
  );
  const [left] = heldFarSide(elastic).documents.values();
  const { indicator_name: name } = left?.source.opencti as Record<
    string,
    unknown
  >;
  assertEquals(name, "indicator 3");
  assertEquals(elastic.rules().map(({ enabled }) => enabled), [false]);
});

/** The target's work beside the stream, until something holds. */
async function sweep(
  world: World,
  now: () => number,
  holds: () => boolean,
): Promise<void> {
  const config = await loadConfig({
    file: "config.yml",
    explicitFile: false,
    env: world.env,
    registry: TARGETS,
    readTextFile: () => Promise.reject(new Deno.errors.NotFound()),
  });
  const [settings] = config.targets;
  assert(settings !== undefined);
  const log = silentLog();
  const clients = new Clients(config);
  const state = await openState(config.state.path);
  const stop = new AbortController();
  try {
    const { url } = world.opencti;
    const http = clients.http(platformEndpoint(config));
    const target = createTarget(settings, { config, log, now }, {
      http: (endpoint) => clients.http(endpoint),
      opencti: new PlatformClient(http, { url, log }),
      state: state.target(TARGET).rows,
    });
    await target.prepare(stop.signal);
    const work = target.background?.(stop.signal);
    await until(holds);
    stop.abort();
    await work;
  } finally {
    clients.close();
    await state.close();
  }
}
