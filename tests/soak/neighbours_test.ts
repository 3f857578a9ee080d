/** Two targets, one of them in trouble. */
import { assert, assertEquals } from "@std/assert";
import {
  type SimulatedElastic,
  startElastic,
} from "../../src/simulator/elastic/mod.ts";
import { differences, expectedFarSide, heldFarSide } from "./far_side.ts";
import { noRecording, NOW, replayRecording } from "./recording.ts";
import {
  follow,
  type Following,
  startWorld,
  until,
  type World,
} from "./world.ts";

const ignore = noRecording;

/** The configuration of both; the variables name none. */
function configOf(targets: Record<string, SimulatedElastic>): string {
  const entries = Object.entries(targets).map(([name, elastic]) => ({
    name,
    type: "elastic-security",
    url: elastic.url,
    api_key: elastic.apiKey,
    kibana_url: elastic.kibanaUrl,
  }));
  return JSON.stringify({ targets: entries });
}

const NO_TARGET = {
  ELASTIC_SECURITY_URL: undefined,
  ELASTIC_SECURITY_API_KEY: undefined,
  ELASTIC_SECURITY_KIBANA_URL: undefined,
};

async function isSettled(run: Following, target: string): Promise<boolean> {
  const position = await run.position(target);
  return position?.lastEventId === "1795150680604-0";
}

async function assertSame(
  { opencti }: World,
  elastic: SimulatedElastic,
): Promise<void> {
  const expected = expectedFarSide(await replayRecording(), opencti.url);
  assertEquals(differences(heldFarSide(elastic), expected), []);
}

Deno.test({
  name: "a target whose cluster answers 503 holds nobody back, then catches up",
  ignore,
  async fn() {
    await using world = await startWorld();
    const healthy = await startElastic({ now: () => NOW });
    try {
      const trouble = world.elastic.faults.next(
        { do: "status", status: 503 },
        { path: "_bulk", skip: 2, times: Infinity },
      );
      const file = configOf({ ill: world.elastic, healthy });
      await using run = await follow(world, { env: NO_TARGET, file });
      await until(() => isSettled(run, "healthy"));
      assert(trouble.hits > 0);
      assert(!await isSettled(run, "ill"));
      assert((run.stats[0]?.retries ?? 0) > 0);
      assertEquals(run.stats[1]?.retries, 0);
      await assertSame(world, healthy);
      trouble.remove();
      await run.done;
      await assertSame(world, world.elastic);
    } finally {
      await healthy.stop();
    }
  },
});

Deno.test({
  name: "a target whose cluster hangs, then comes back empty, does so too",
  ignore,
  async fn() {
    await using world = await startWorld();
    const hanging = await startElastic({ now: () => NOW });
    let back: SimulatedElastic | undefined;
    try {
      hanging.faults.next({ do: "hang" }, { path: "_bulk", times: Infinity });
      const file = configOf({ healthy: world.elastic, ill: hanging });
      await using run = await follow(world, { env: NO_TARGET, file });
      await until(() => isSettled(run, "healthy"));
      assertEquals((await run.position("ill"))?.lastEventId, undefined);
      await assertSame(world, world.elastic);
      await hanging.stop();
      back = await startElastic({
        now: () => NOW,
        port: Number(new URL(hanging.url).port),
        kibanaPort: Number(new URL(hanging.kibanaUrl).port),
      });
      await run.done;
      await assertSame(world, back);
    } finally {
      await (back ?? hanging).stop();
    }
  },
});
