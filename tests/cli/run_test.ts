/** `run`: what it leaves behind, and how it ends. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { indicator } from "../opencti/platform.ts";
import { fakeIo } from "./fake_io.ts";
import { main } from "../../src/cli/main.ts";
import { startRelay } from "./process.ts";
import { documentsOf, kqlRule, NOW, startWorld } from "./world.ts";
import { until } from "../until.ts";

Deno.test("run --once writes documents, rules, the connector and its state", async () => {
  await using world = await startWorld();
  const { code, err } = await world.relay(["run", "--once"]);
  assertEquals([code, err], [0, ""]);
  assertEquals(documentsOf(world).length, 3);
  assertEquals(world.elastic.rules().length, 1);
  assert(world.files().includes("relay.kv"));
  // A second run has nothing to do.
  world.elastic.requests.clear();
  assertEquals((await world.relay(["run", "--once"])).code, 0);
  assertEquals(world.elastic.requests.count("POST", "/_bulk"), 0);
});

Deno.test("run --dry-run --once writes nothing, and prints every action", async () => {
  const note = {
    ...indicator(4),
    type: "note",
    id: indicator(4).id.replace("indicator", "note"),
  };
  await using world = await startWorld([indicator(1), kqlRule(2), note]);
  const { code, out, err } = await world.relay(["run", "--dry-run", "--once"]);
  assertEquals([code, err], [0, ""]);
  const actions = out.split("\n").map((line) => JSON.parse(line));
  assertEquals(
    actions.map(({ action, to, reason }) => `${action}: ${to ?? reason}`)
      .toSorted(),
    [
      "skip: type note has no place in Elastic Security",
      "write: Kibana detection rules",
      "write: logs-ti_custom_opencti.indicator",
      "write: logs-ti_custom_opencti.indicator",
    ],
  );
  for (const { target, event } of actions) {
    assertEquals(target, "elastic-security");
    assertMatch(event, /^\d+-\d+$/);
  }
  assertEquals([world.writes(), world.files()], [[], []]);
});

Deno.test("run --dry-run goes on where run stopped", async () => {
  await using world = await startWorld([indicator(1)]);
  await world.relay(["run", "--once"]);
  const writes = world.writes();
  world.opencti.platform.apply({ at: NOW, op: "create", object: indicator(2) });
  const { out } = await world.relay(["run", "--dry-run", "--once"]);
  const objects = out.split("\n").map((line) => JSON.parse(line).object);
  assertEquals(objects.includes("00000000-0000-4000-8000-000000000002"), true);
  assertEquals(world.writes(), writes);
});

Deno.test("run --once ends with 5 where anything became a dead letter", async () => {
  await using world = await startWorld();
  world.elastic.faults.items({
    where: ({ source }) => source?.includes("host-1.example") === true,
    error: "parsing",
  });
  const { code, err } = await world.relay(["run", "--once"]);
  assertEquals(code, 5);
  // And says so last, with what to do.
  const last = JSON.parse(err.trimEnd().split("\n").at(-1) ?? "");
  assertEquals([last.level, last.deadLetters], ["error", 1]);
  assertMatch(last.message, /see dead-letters list/);
  assertEquals(documentsOf(world).length, 2);
});

Deno.test("run follows the stream until it is told to stop, and ends with 0", async () => {
  await using world = await startWorld([indicator(1)]);
  const io = fakeIo({ variables: world.env, now: () => NOW });
  const ended = main(["run"], io);
  await until(() => documentsOf(world).length === 1);
  world.opencti.platform.apply({ at: NOW, op: "create", object: indicator(2) });
  await until(() => documentsOf(world).length === 2);
  io.interrupt();
  assertEquals([await ended, io.err.join("")], [0, ""]);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test({
    name: `as a process, run ends with 0 at ${signal}`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      // The process has the clock of today.
      const object = { ...kqlRule(1), valid_until: "2099-12-31T00:00:00Z" };
      await using world = await startWorld([object]);
      const relay = startRelay(["run"], {
        env: { ...world.env, RELAY_LOG_LEVEL: "info" },
      });
      await until(() => world.elastic.rules().length === 1);
      relay.kill(signal);
      const { code, out, err } = await relay.ended;
      assertEquals([code, out], [0, ""], err);
      // Logs are JSON lines where nobody watches.
      for (const line of err.trimEnd().split("\n")) JSON.parse(line);
    },
  });
}
