/** The whole loop: an indicator, its document, an alert on it, a sighting. */
import { assertEquals } from "@std/assert";
import { indicator } from "../../simulator/opencti/objects.ts";
import { storedIn } from "./bench.ts";
import { runMain } from "../run_main.ts";
import { startRelay } from "./relay.ts";
import { alertOf, heldBy } from "./sightings_bench.ts";
import { until } from "../../until.ts";

const NOW = Date.UTC(2026, 2, 2, 10);

Deno.test("run in mode ecs returns an alert to OpenCTI as a sighting", async () => {
  await using relay = await startRelay(() => NOW);
  const { elastic, env, opencti } = relay;
  opencti.platform.apply({
    at: NOW - 60_000,
    op: "create",
    object: indicator("loop.example"),
  });
  let stop = () => {};
  const running = runMain(["run"], {
    env,
    now: () => NOW,
    onStop: (given) => stop = given,
  });
  await until(() => storedIn(elastic).length === 1);
  stop();
  assertEquals((await running).code, 0);

  const [document] = storedIn(elastic);
  const id = document?.source.threat?.indicator.id;
  elastic.foreign.alert(
    "alert-1",
    alertOf({ at: NOW - 45_000, matches: [{ id }] }),
  );
  const again = runMain(["run"], {
    env,
    now: () => NOW,
    onStop: (given) => stop = given,
  });
  await until(() => heldBy(opencti).length === 1);
  stop();
  assertEquals((await again).code, 0);
  assertEquals(heldBy(opencti).map(({ count }) => count), [1]);
});

Deno.test("run in mode ecs_no_signals asks for no alert", async () => {
  await using relay = await startRelay(() => NOW);
  const { elastic, env, opencti } = relay;
  opencti.platform.apply({
    at: NOW - 60_000,
    op: "create",
    object: indicator("quiet.example"),
  });
  let stop = () => {};
  const running = runMain(["run"], {
    env: { ...env, CONNECTOR_MODE: "ecs_no_signals" },
    now: () => NOW,
    onStop: (given) => stop = given,
  });
  await until(() => storedIn(elastic).length === 1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  stop();
  assertEquals((await running).code, 0);
  assertEquals(elastic.requests.count("POST", "_pit"), 0);
});
