import { assert, assertEquals, assertMatch } from "@std/assert";
import { openState } from "../../src/state/open_state.ts";
import type { Position } from "../../src/opencti/event.ts";
import { indicator } from "../opencti/platform.ts";
import { handsOn } from "../simulator/elastic/client.ts";
import { documentsOf, kqlRule, NOW, startWorld, type World } from "./world.ts";

const INDEX = "logs-ti_custom_opencti.indicator";
const RULES = "/api/detection_engine/rules";
const TARGET = "elastic-security";

/** A world whose target holds some indicators and two rules. */
async function startSynced(count = 5): Promise<World> {
  const objects = Array.from({ length: count }, (_, at) => indicator(at + 1));
  const world = await startWorld([...objects, kqlRule(901), kqlRule(902)]);
  const { code, err } = await world.relay(["run", "--once"]);
  assertEquals([code, err], [0, ""]);
  return world;
}

// deno-lint-ignore no-explicit-any
async function fixed(world: World, ...args: string[]): Promise<any> {
  const { code, out, err } = await world.relay([
    "verify",
    "--fix",
    "--json",
    ...args,
  ]);
  assertEquals(err, "");
  return { code, ...JSON.parse(out)[0] };
}

async function positionOf(world: World): Promise<Position | undefined> {
  const state = await openState(`${world.folder}/relay.kv`);
  try {
    return await state.target<Position>(TARGET).checkpoint.load();
  } finally {
    await state.close();
  }
}

function idsOf(world: World): string[] {
  return [...world.elastic.cluster.documents(INDEX).keys()].sort();
}

/** All that is there, whatever the times and versions in it. */
function farSide(world: World): string[] {
  const rules = world.elastic.rules().map((
    { id: _id, revision: _revision, version: _version, ...rule },
  ) => rule);
  const times = /"\d{4}-\d\d-\d\dT[\d:.]+Z"|"event_version":\d+/g;
  return [...documentsOf(world), ...rules]
    .map((one) => JSON.stringify(one).replaceAll(times, "T")).sort();
}

Deno.test("verify --fix puts right what was done by hand", async () => {
  await using world = await startSynced();
  const before = farSide(world);
  const { es, kb } = handsOn(world.elastic);
  const [first = "", second = "", third = ""] = idsOf(world);
  const { source: ours } = world.elastic.cluster.documents(INDEX).get(third)!;
  await es("DELETE", `/${INDEX}/_doc/${first}`);
  for (const risk of [1, 2, 3]) {
    await es("POST", `/${INDEX}/_update/${second}`, {
      body: { doc: { event: { risk_score: risk } } },
    });
  }
  await es("PUT", `/${INDEX}/_doc/copied-by-hand`, { body: ours });
  const rules = world.elastic.rules();
  await kb("PATCH", RULES, {
    body: { rule_id: rules[0]?.rule_id, query: "host.name: edited" },
  });
  await kb("DELETE", `${RULES}?rule_id=${rules[1]?.rule_id}`);
  assertEquals((await world.relay(["verify"])).code, 4);
  const result = await fixed(world);
  assertEquals([result.code, result.clean], [0, true]);
  assertEquals(result.fixed.repaired, 4);
  assertEquals(result.fixed.removed, 1);
  assertEquals(farSide(world), before);
});

Deno.test("verify --fix gives the same external version other content", async () => {
  await using world = await startSynced();
  const { es } = handsOn(world.elastic);
  const [id = ""] = idsOf(world);
  const { source, version } = world.elastic.cluster.documents(INDEX).get(id)!;
  await es(
    "PUT",
    `/${INDEX}/_doc/${id}?version=${version}&version_type=external_gte`,
    { body: { ...source, tags: ["forged"] } },
  );
  assertEquals((await fixed(world)).code, 0);
  const { source: after } = world.elastic.cluster.documents(INDEX).get(id)!;
  assertEquals((after as { tags: string[] }).tags, ["opencti"]);
});

Deno.test("verify --fix works on a data stream, and over an edited one", async () => {
  const env = { ELASTIC_SECURITY_WRITE_MODE: "data_stream" };
  await using world = await startWorld([1, 2, 3].map((n) => indicator(n)));
  assertEquals((await world.relay(["run", "--once"], env)).code, 0);
  assertEquals((await world.relay(["verify"], env)).code, 0);
  const { es } = handsOn(world.elastic);
  const query = { term: { "threat.indicator.name": "host-1.example" } };
  await es("POST", `/${INDEX}/_delete_by_query?refresh=true`, {
    body: { query },
  });
  const [kept] = documentsOf(world);
  await es("POST", `/${INDEX}/_create/copied-by-hand`, { body: kept });
  assertEquals((await world.relay(["verify"], env)).code, 4);
  const { code, out } = await world.relay(["verify", "--fix"], env);
  assertEquals(code, 0, out);
  assertMatch(out, /repaired 1 object, removed 1 thing; after that:/);
  assertEquals(documentsOf(world).length, 3);
});

Deno.test("verify --fix fills an index that was deleted", async () => {
  await using world = await startSynced(20);
  const before = farSide(world);
  await handsOn(world.elastic).es("DELETE", `/${INDEX}`);
  assertEquals((await fixed(world)).code, 0);
  assertEquals(farSide(world), before);
});

Deno.test("verify --fix after a lost state lets run go on without a replay", async () => {
  await using world = await startSynced(20);
  const before = await positionOf(world);
  for (const name of world.files()) {
    await Deno.remove(`${world.folder}/${name}`);
  }
  const result = await fixed(world);
  assertEquals([result.code, result.fixed.positioned], [0, true]);
  assertEquals((await positionOf(world))?.from, before?.from);
  assertEquals((await positionOf(world))?.lastEventId, before?.lastEventId);
  const { requests } = world.elastic;
  requests.clear();
  world.opencti.platform.apply({
    at: NOW,
    op: "create",
    object: indicator(21),
  });
  assertEquals((await world.relay(["run", "--once"])).code, 0);
  assertEquals(requests.items, 1);
  assertEquals((await world.relay(["verify"])).code, 0);
});

Deno.test("verify --fix does not give a place in the stream to what has drift", async () => {
  await using world = await startSynced();
  for (const name of world.files()) {
    await Deno.remove(`${world.folder}/${name}`);
  }
  const { faults } = world.elastic;
  faults.next(
    { do: "status", status: 400 },
    { path: "_bulk", times: Infinity },
  );
  await handsOn(world.elastic).es("DELETE", `/${INDEX}`);
  const result = await fixed(world);
  assertEquals([result.code, result.fixed.positioned], [4, false]);
  assertEquals(result.fixed.refused, 7);
});

Deno.test("verify --fix asks before it removes a flood", async () => {
  await using world = await startSynced(150);
  const { platform } = world.opencti;
  for (let number = 1; number <= 150; number++) {
    // Gone without a word, as when an administrator edits the filter.
    platform.objects.remove(
      `00000000-0000-4000-8000-${`${number}`.padStart(12, "0")}`,
    );
  }
  const { code, out } = await world.relay(["verify", "--fix"]);
  assertEquals(code, 4);
  assertMatch(out, /not removed: 150 of 154 things at the target belong to no/);
  assertEquals(documentsOf(world).length, 152);
  const result = await fixed(world, "--yes");
  assertEquals([result.code, result.fixed.removed], [0, 150]);
  assertEquals(documentsOf(world).length, 2);
});

Deno.test("verify --fix brings the target in line with a filter that changed", async () => {
  const labelled = indicator(4, { labels: ["keep"] });
  await using world = await startWorld([1, 2, 3].map((n) => indicator(n)));
  world.opencti.platform.apply({
    at: NOW - 50_000,
    op: "create",
    object: labelled,
  });
  const file = `${world.folder}/config.yml`;
  const { elastic } = world;
  const env = Object.fromEntries(
    Object.keys(world.env).filter((name) => name.startsWith("ELASTIC"))
      .map((name) => [name, undefined]),
  );
  const relay = async (filter: unknown, ...args: string[]) => {
    const target = {
      name: "soc",
      type: "elastic-security",
      url: elastic.url,
      api_key: elastic.apiKey,
      ...(filter === undefined ? {} : { filter }),
    };
    await Deno.writeTextFile(file, JSON.stringify({ targets: [target] }));
    const { code, err, out } = await world.relay([...args, "-c", file], env);
    assertEquals(err, "");
    return { code, out };
  };
  assertEquals((await relay(undefined, "run", "--once")).code, 0);
  assertEquals(documentsOf(world).length, 4);
  const filter = { labels_any: ["keep"] };
  const drift = await relay(filter, "verify");
  assertEquals(drift.code, 4);
  assertMatch(drift.out, /extra {4}3 documents/);
  assertEquals((await relay(filter, "verify", "--fix")).code, 0);
  assertEquals(documentsOf(world).length, 1);
  const told = await relay(
    filter,
    "explain",
    "00000000-0000-4000-8000-000000000001",
  );
  assertMatch(told.out, /kept away by the target's own filter: /);
  assertMatch(told.out, /nothing is to be there/);
  assertEquals((await relay(undefined, "verify")).code, 4);
  assertEquals((await relay(undefined, "verify", "--fix")).code, 0);
  assertEquals(documentsOf(world).length, 4);
});

Deno.test("verify --fix repairs where the filter cannot be asked", async () => {
  await using world = await startSynced();
  const before = farSide(world);
  world.opencti.faults.graphql(
    { kind: "error", code: "UNSUPPORTED_ERROR", message: "unknown key" },
    { field: "stixCoreObjects", times: Infinity },
  );
  await handsOn(world.elastic).es("DELETE", `/${INDEX}`);
  const { code, out } = await world.relay(["verify", "--fix"]);
  assertEquals(code, 0, out);
  assertMatch(out, /repaired 7 objects/);
  assertEquals(farSide(world), before);
});

Deno.test("verify --fix refuses a sample", async () => {
  await using world = await startSynced();
  const { code, err } = await world.relay(["verify", "--fix", "--sample", "5"]);
  assertEquals(code, 2);
  assertMatch(err, /leave --sample out/);
  assert(world.files().includes("relay.kv"));
});
