import { assert, assertEquals, assertMatch } from "@std/assert";
import { handsOn } from "../simulator/elastic/client.ts";
import { indicator } from "../opencti/platform.ts";
import { startRelay } from "./process.ts";
import { documentsOf, kqlRule, NOW, startWorld, type World } from "./world.ts";

const INDEX = "logs-ti_custom_opencti.indicator";
const RULES = "/api/detection_engine/rules";

/** What `verify --json` says of the one target, and the exit code. */
// deno-lint-ignore no-explicit-any
async function verified(world: World, ...args: string[]): Promise<any> {
  const { code, out, err } = await world.relay(["verify", "--json", ...args]);
  assertEquals(err, "");
  return { code, ...JSON.parse(out)[0] };
}

/** A world whose target holds five indicators and two rules. */
async function startSynced(): Promise<World> {
  const objects = [1, 2, 3, 4, 5].map((number) => indicator(number));
  const world = await startWorld([...objects, kqlRule(101), kqlRule(102)]);
  const { code, err } = await world.relay(["run", "--once"]);
  assertEquals([code, err], [0, ""]);
  return world;
}

/** "1 missing document (host-1.example)", one line each. */
function faultsOf({ comparison }: {
  // deno-lint-ignore no-explicit-any
  comparison: { faults: any[]; examples: Record<string, any[]> };
}): string[] {
  const { examples, faults } = comparison;
  return faults.map(({ fault, kind, count, touched }) => {
    const names = examples[fault]?.filter((one) => one.kind === kind)
      .map(({ name }) => name).join(", ");
    return `${count} ${fault} ${kind} (${names})${touched ? " touched" : ""}`;
  });
}

function idOf(world: World, name: string): string {
  const documents = world.elastic.cluster.documents(INDEX);
  for (const [id, { source }] of documents) {
    const { threat } = source as { threat: { indicator: { name: string } } };
    if (threat.indicator.name === name) return id;
  }
  throw new Error(`no document is called ${name}`);
}

function ruleIdOf(number: number): string {
  return `opencti-00000000-0000-4000-8000-${`${number}`.padStart(12, "0")}`;
}

Deno.test("verify finds a target in line after a run, and changes nothing", async () => {
  await using world = await startSynced();
  const writes = world.writes();
  const files = world.files();
  const result = await verified(world);
  assertEquals([result.code, result.clean], [0, true]);
  const { objects, wanted, held } = result.comparison;
  assertEquals([objects, wanted, held], [7, 9, 9]);
  assertEquals(world.writes(), writes);
  assertEquals(world.files(), files);
  assertEquals(world.elastic.pits.size, 0);
});

Deno.test("verify runs with the product's permissions, and leaves no file", async () => {
  const valid_until = "2099-01-01T00:00:00.000Z";
  await using world = await startWorld([indicator(1, { valid_until })]);
  const run = startRelay(["run", "--once"], { env: world.env });
  assertEquals((await run.ended).code, 0);
  const files = world.files();
  const { code, out } = await startRelay(["verify"], { env: world.env }).ended;
  assertEquals(code, 0, out);
  assertMatch(out, /1 object of the stream, 1 thing wanted, 1 there/);
  assertEquals(world.files(), files);
});

Deno.test("verify tells exactly what was done by hand", async () => {
  await using world = await startSynced();
  const { es, kb } = handsOn(world.elastic);
  await es("DELETE", `/${INDEX}/_doc/${idOf(world, "host-1.example")}`);
  await es("POST", `/${INDEX}/_update/${idOf(world, "host-2.example")}`, {
    body: { doc: { threat: { indicator: { confidence: "Low" } } } },
  });
  const ours = documentsOf(world).find(({ threat }) =>
    threat.indicator.name === "host-3.example"
  );
  await es("PUT", `/${INDEX}/_doc/copied-by-hand`, { body: ours });
  // Without our marks it is somebody else's.
  await es("PUT", `/${INDEX}/_doc/foreign`, { body: { note: "mine" } });
  await kb("PATCH", RULES, {
    body: { rule_id: ruleIdOf(101), query: "host.name: edited" },
  });
  await kb("DELETE", `${RULES}?rule_id=${ruleIdOf(102)}`);
  await kb("POST", RULES, { body: foreignRule("opencti-foreign") });
  await kb("POST", RULES, { body: foreignRule("mine") });
  const result = await verified(world);
  assertEquals([result.code, result.clean], [4, false]);
  assertEquals(faultsOf(result), [
    "1 extra detection rule (made by hand)",
    "1 extra document (host-3.example)",
    "1 missing detection rule (OpenCTI: indicator 102)",
    "1 missing document (host-1.example)",
    "1 stale detection rule (OpenCTI: indicator 101)",
    "1 stale document (host-2.example)",
  ]);
  assertEquals(world.elastic.pits.size, 0);
});

function foreignRule(ruleId: string): Record<string, unknown> {
  return {
    rule_id: ruleId,
    type: "query",
    query: "host.name: *",
    name: "made by hand",
    description: "by an analyst",
    risk_score: 5,
    severity: "low",
    tags: ["opencti"],
  };
}

Deno.test("verify says it in words that an analyst can use", async () => {
  await using world = await startSynced();
  const { es } = handsOn(world.elastic);
  await es("DELETE", `/${INDEX}/_doc/${idOf(world, "host-1.example")}`);
  const { code, out } = await world.relay(["verify"]);
  assertEquals(code, 4);
  assertMatch(out, /^elastic-security: 7 objects of the stream, 9 things/);
  assertMatch(
    out,
    /missing {2}1 document\n +host-1\.example {2}document [0-9a-f]/,
  );
  assertMatch(out, /object 00000000-0000-4000-8000-000000000001\n {2}drift$/);
});

Deno.test("verify tells that the index is gone", async () => {
  await using world = await startSynced();
  await handsOn(world.elastic).es("DELETE", `/${INDEX}`);
  const result = await verified(world);
  assertEquals(result.code, 4);
  assertEquals(
    result.comparison.faults.map(
      ({ fault, kind, count }: Record<string, unknown>) =>
        `${count} ${fault} ${kind}`,
    ),
    ["7 missing document"],
  );
});

Deno.test("verify is blind to times of writing and to labels' own times", async () => {
  await using world = await startSynced();
  const { es } = handsOn(world.elastic);
  await es("POST", `/${INDEX}/_update/${idOf(world, "host-2.example")}`, {
    body: { doc: { "@timestamp": "2026-03-03T10:00:00.000Z" } },
  });
  world.opencti.platform.apply({
    at: NOW - 30_000,
    op: "update",
    object: indicator(3, { labels: ["new"] }),
  });
  await world.relay(["run", "--once"]);
  const result = await verified(world);
  assertEquals([result.code, faultsOf(result)], [0, []]);
});

Deno.test("verify does not take what waits in the stream for drift", async () => {
  await using world = await startSynced();
  const { platform } = world.opencti;
  platform.apply({ at: NOW - 20_000, op: "create", object: indicator(6) });
  const changed = indicator(2, { confidence: 5 });
  platform.apply({ at: NOW - 10_000, op: "update", object: changed });
  platform.apply({
    at: NOW - 5_000,
    op: "delete",
    internalId: "00000000-0000-4000-8000-000000000003",
  });
  const result = await verified(world);
  assertEquals([result.code, result.clean], [0, true]);
  assertEquals(faultsOf(result), [
    "1 extra document (host-3.example) touched",
    "1 missing document (host-6.example) touched",
    "1 stale document (host-2.example) touched",
  ]);
  const { out } = await world.relay(["verify"]);
  assertMatch(out, /3 things changed meanwhile.*\n {2}in line$/);
  await world.relay(["run", "--once"]);
  assertEquals(faultsOf(await verified(world)), []);
});

Deno.test("verify wants nothing that is revoked or expired", async () => {
  await using world = await startWorld([
    indicator(1),
    indicator(2, { revoked: true }),
    indicator(3, { valid_until: "2026-03-03T08:00:00.000Z" }),
    kqlRule(101),
  ]);
  await world.relay(["run", "--once"]);
  world.opencti.platform.apply({
    at: NOW - 40_000,
    op: "update",
    object: { ...kqlRule(101), revoked: true },
  });
  await world.relay(["run", "--once"]);
  // The rule is there, switched off.
  assertEquals(world.elastic.rules().map(({ enabled }) => enabled), [false]);
  const result = await verified(world);
  assertEquals([result.code, faultsOf(result)], [0, []]);
  const { kb } = handsOn(world.elastic);
  await kb("PATCH", RULES, { body: { rule_id: ruleIdOf(101), enabled: true } });
  assertEquals((await verified(world)).code, 4);
  await kb("DELETE", `${RULES}?rule_id=${ruleIdOf(101)}`);
  assertEquals((await verified(world)).code, 0);
});

Deno.test("verify --sample looks at some objects alone", async () => {
  await using world = await startSynced();
  const { es } = handsOn(world.elastic);
  const [ours] = documentsOf(world);
  await es("PUT", `/${INDEX}/_doc/copied-by-hand`, { body: ours });
  const clean = await verified(world, "--sample", "3");
  assertEquals([clean.code, clean.comparison.objects], [0, 3]);
  await es("DELETE", `/${INDEX}`);
  const lost = await verified(world, "--sample", "3");
  assertEquals(lost.code, 4);
  const { out } = await world.relay(["verify", "--sample", "1"]);
  assertMatch(out, /a sample: what is too much was not looked for/);
  const wrong = await world.relay(["verify", "--sample", "none"]);
  assertEquals(wrong.code, 2);
  assertMatch(wrong.err, /--sample "none" is not a number of objects/);
});

Deno.test("verify reads the stream where its filter cannot be asked", async () => {
  await using world = await startSynced();
  world.opencti.faults.graphql(
    { kind: "error", code: "UNSUPPORTED_ERROR", message: "unknown key" },
    { field: "stixCoreObjects", times: Infinity },
  );
  const { es } = handsOn(world.elastic);
  const { code, out, err } = await world.relay(["verify"], {
    RELAY_LOG_LEVEL: "warn",
  });
  assertEquals(code, 0);
  assertMatch(out, /read by way of the stream itself\n {2}in line$/);
  assertMatch(err, /cannot be asked what the stream's filter matches/);
  await es("DELETE", `/${INDEX}`);
  assertEquals((await world.relay(["verify"])).code, 4);
});

Deno.test("verify says which side cannot be read", async () => {
  await using world = await startSynced();
  world.elastic.faults.next(
    { do: "status", status: 403 },
    { path: "_pit", times: Infinity },
  );
  const result = await verified(world);
  assertEquals(result.code, 3);
  assertMatch(result.error, /refuses to open a point in time/);
  const unknown = await world.relay(["verify"], {
    CONNECTOR_LIVE_STREAM_ID: "7e3f3a52-6c1e-4f5f-9a0a-1c1b4e5b0a55",
  });
  assertEquals(unknown.code, 3);
  assertMatch(unknown.out, /Cannot find the live stream/);
  const target = await world.relay(["verify", "--target", "nobody"]);
  assertEquals(target.code, 2);
  assertMatch(target.err, /use one of elastic-security/);
  assert(world.elastic.pits.size === 0);
});
