import { assertEquals, assertMatch } from "@std/assert";
import { indicator } from "../opencti/platform.ts";
import { handsOn } from "../simulator/elastic/client.ts";
import { kqlRule, NOW, startWorld, type World } from "./world.ts";

const INDEX = "logs-ti_custom_opencti.indicator";
const INTERNAL = "00000000-0000-4000-8000-000000000001";
const STANDARD = "indicator--00000000-0000-5000-8000-000000000001";

async function startSynced(): Promise<World> {
  const world = await startWorld([indicator(1), kqlRule(2), {
    type: "malware",
    id: "malware--00000000-0000-5000-8000-000000000009",
    name: "Emotet",
    is_family: true,
  }]);
  const { code, err } = await world.relay(["run", "--once"]);
  assertEquals([code, err], [0, ""]);
  return world;
}

// deno-lint-ignore no-explicit-any
async function explained(world: World, id: string): Promise<any> {
  const { code, out, err } = await world.relay(["explain", id, "--json"]);
  assertEquals([code, err], [0, ""]);
  return JSON.parse(out);
}

function documentId(world: World): string {
  const documents = world.elastic.cluster.documents(INDEX);
  const found = [...documents].find(([, { source }]) =>
    JSON.stringify(source).includes("host-1.example")
  );
  return found?.[0] ?? "";
}

Deno.test("explain finds an object by each of its ids", async () => {
  await using world = await startSynced();
  const ids = [INTERNAL, STANDARD, documentId(world)];
  for (const id of ids) {
    const { internalId, name, standardId } = await explained(world, id);
    assertEquals([internalId, standardId], [INTERNAL, STANDARD]);
    assertEquals(name, "indicator 1");
  }
  const [rule] = world.elastic.rules();
  for (const id of [rule?.rule_id ?? "", rule?.id ?? ""]) {
    assertEquals((await explained(world, id)).name, "indicator 2");
  }
});

Deno.test("explain tells events, mapping and where it is", async () => {
  await using world = await startSynced();
  const { platform, targets: [target] } = await explained(world, INTERNAL);
  assertEquals(platform.entityType, "Indicator");
  assertEquals(target.inStream, true);
  assertEquals(target.row.fate, "held");
  assertEquals(target.row.firstEventId, `${NOW - 60_000}-0`);
  assertEquals(target.mapping[0].action, "write");
  assertEquals(
    target.holdings.map(({ kind, state }: Record<string, string>) =>
      `${kind} ${state}`
    ),
    ["document in line"],
  );
  const { es } = handsOn(world.elastic);
  await es("POST", `/${INDEX}/_update/${documentId(world)}`, {
    body: { doc: { tags: ["forged"] } },
  });
  const edited = await explained(world, INTERNAL);
  assertEquals(edited.targets[0].holdings[0].state, "different");
  await es("DELETE", `/${INDEX}/_doc/${documentId(world)}`);
  const gone = await explained(world, INTERNAL);
  assertEquals(gone.targets[0].holdings[0].state, "missing");
});

Deno.test("explain says it in words", async () => {
  await using world = await startSynced();
  const { code, out } = await world.relay(["explain", STANDARD]);
  assertEquals(code, 0);
  assertMatch(
    out,
    /^indicator--\S+001 {2}indicator 1\n {2}in OpenCTI: Indicator, internal id 0000/,
  );
  assertMatch(out, /\nelastic-security\n {2}the stream's filter matches it\n/);
  assertMatch(
    out,
    /\n {2}first event \d+-0, last event \d+-0 \(create\), settled \S+: held\n/,
  );
  assertMatch(out, /\n {2}document [0-9a-f-]+: there, as it should be$/);
});

Deno.test("explain says why an object is nowhere", async () => {
  await using world = await startSynced();
  const malware = "malware--00000000-0000-5000-8000-000000000009";
  const { out } = await world.relay(["explain", malware]);
  assertMatch(out, /skip: type malware has no place in Elastic Security/);
  assertMatch(out, /\n {2}nothing is to be there$/);
});

Deno.test("explain remembers what OpenCTI has deleted", async () => {
  await using world = await startSynced();
  world.opencti.platform.apply({
    at: NOW,
    op: "delete",
    internalId: INTERNAL,
  });
  assertEquals((await world.relay(["run", "--once"])).code, 0);
  const { code, out } = await world.relay(["explain", INTERNAL]);
  assertEquals(code, 0);
  assertMatch(out, /not in OpenCTI now/);
  assertEquals(out.includes("the stream's filter"), false);
  assertMatch(out, /last event \d+-\d \(delete\), settled \S+: gone/);
});

Deno.test("explain shows dead letters, and what cannot be asked", async () => {
  await using world = await startWorld([indicator(1)]);
  world.elastic.faults.next(
    { do: "status", status: 400 },
    { path: "_bulk", times: 10 },
  );
  assertEquals((await world.relay(["run", "--once"])).code, 5);
  world.elastic.faults.next(
    { do: "status", status: 403 },
    { path: "_search", times: 10 },
  );
  const { targets: [target] } = await explained(world, INTERNAL);
  assertEquals(target.deadLetters.length, 1);
  assertEquals(target.row.fate, "rejected");
  assertMatch(target.errors[0], /refuses to search/);
  assertMatch(
    (await world.relay(["explain", INTERNAL])).out,
    /\n {2}dead letter \S+ of \S+, event \d+-0: /,
  );
});

Deno.test("explain says that nobody knows an id", async () => {
  await using world = await startSynced();
  const { code, err } = await world.relay(["explain", "nobody"]);
  assertEquals(code, 2);
  assertMatch(err, /Nothing is known of "nobody"/);
  assertEquals((await world.relay(["explain"])).code, 2);
});
