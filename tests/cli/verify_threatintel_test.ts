/** Drift by hand at the older connector's indices, in each of its modes. */
import { assertEquals, assertMatch } from "@std/assert";
import { indicator } from "../opencti/platform.ts";
import { handsOn } from "../simulator/elastic/client.ts";
import { NOW, startWorld, type World } from "./world.ts";

const MODES = ["ecs", "ecs_no_signals", "stix"];
const COUNT = 6;

/** The variables of this target alone. */
function envOf(world: World, mode: string): Record<string, string | undefined> {
  return {
    ...Object.fromEntries(
      Object.keys(world.env).filter((name) => name.startsWith("ELASTIC_"))
        .map((name) => [name, undefined]),
    ),
    ELASTICSEARCH_HOSTS: world.elastic.url,
    ELASTICSEARCH_APIKEY: world.elastic.apiKey,
    CONNECTOR_MODE: mode,
    CONNECTOR_START_TIMESTAMP: `${NOW - 86_400_000}`,
  };
}

async function startSynced(mode: string): Promise<World> {
  const world = await startWorld(
    Array.from({ length: COUNT }, (_, at) => indicator(at + 1)),
  );
  const run = ["run", "--once"];
  const { code, err } = await world.relay(run, envOf(world, mode));
  assertEquals([code, err], [0, ""]);
  return world;
}

function documentsOf({ elastic }: World): { index: string; id: string }[] {
  return [...elastic.cluster.indices.keys()]
    .filter((name) => name.startsWith("opencti"))
    .flatMap((index) =>
      [...elastic.cluster.documents(index).keys()].map((id) => ({ index, id }))
    );
}

/** What `verify --json` says, and the exit code. */
async function verified(
  world: World,
  mode: string,
  ...args: string[]
  // deno-lint-ignore no-explicit-any
): Promise<any> {
  const { code, out, err } = await world.relay(
    ["verify", "--json", ...args],
    envOf(world, mode),
  );
  assertEquals(err, "");
  const [result] = JSON.parse(out);
  const faults = result.comparison.faults.map(
    ({ fault, count }: Record<string, unknown>) => `${count} ${fault}`,
  );
  return { code, faults, ...result };
}

for (const mode of MODES) {
  Deno.test(`verify of elastic-threatintel in mode ${mode} finds it in line`, async () => {
    await using world = await startSynced(mode);
    assertEquals(documentsOf(world).length, COUNT);
    const { code, comparison } = await verified(world, mode);
    assertEquals(code, 0);
    assertEquals([comparison.wanted, comparison.held], [COUNT, COUNT]);
  });

  Deno.test(`verify --fix of elastic-threatintel in mode ${mode} repairs every kind of drift`, async () => {
    await using world = await startSynced(mode);
    const { es } = handsOn(world.elastic);
    const [first, second, third] = documentsOf(world);
    const { index } = first!;
    await es("DELETE", `/${index}/_doc/${first?.id}`);
    await es("POST", `/${index}/_update/${second?.id}`, {
      body: { doc: { forged: true } },
    });
    const { source } = world.elastic.cluster.documents(index).get(third!.id)!;
    // A second copy, as a rollover or another day would leave it.
    await es("PUT", `/opencti-older-copy/_doc/${third?.id}`, { body: source });
    await es("PUT", `/${index}/_doc/foreign`, { body: { note: "mine" } });
    const drift = await verified(world, mode);
    assertEquals(drift.code, 4);
    assertEquals(drift.faults, ["1 missing", "2 stale"]);
    const { code, clean } = await verified(world, mode, "--fix");
    assertEquals([code, clean], [0, true]);
    // What is foreign stays.
    assertEquals(documentsOf(world).length, COUNT + 1);
  });

  Deno.test(`verify --fix of elastic-threatintel in mode ${mode} removes what nobody asks for`, async () => {
    await using world = await startSynced(mode);
    world.opencti.platform.objects.remove(
      "00000000-0000-4000-8000-000000000002",
    );
    const drift = await verified(world, mode);
    assertEquals([drift.code, drift.faults], [4, ["1 extra"]]);
    assertEquals((await verified(world, mode, "--fix")).code, 0);
    assertEquals(documentsOf(world).length, COUNT - 1);
  });

  Deno.test(`verify --fix of elastic-threatintel in mode ${mode} fills an index that was deleted`, async () => {
    await using world = await startSynced(mode);
    const { es } = handsOn(world.elastic);
    for (const index of new Set(documentsOf(world).map((one) => one.index))) {
      await es("DELETE", `/${index}`);
    }
    assertEquals((await verified(world, mode)).faults, [`${COUNT} missing`]);
    assertEquals((await verified(world, mode, "--fix")).code, 0);
    assertEquals(documentsOf(world).length, COUNT);
  });
}

Deno.test("verify of elastic-threatintel does not miss what is older than its first run", async () => {
  await using world = await startWorld([1, 2].map((n) => indicator(n)));
  const env = {
    ...envOf(world, "ecs_no_signals"),
    // Its default: what changes from now on.
    CONNECTOR_START_TIMESTAMP: undefined,
  };
  const { platform } = world.opencti;
  for (const number of [1, 2]) {
    const { internalId } = platform.objects.get(
      `00000000-0000-4000-8000-00000000000${number}`,
    )!;
    const { object } = platform.objects.get(internalId)!;
    platform.objects.put(object, NOW - 86_400_000);
  }
  assertEquals((await world.relay(["run", "--once"], env)).code, 0);
  platform.apply({ at: NOW + 1, op: "create", object: indicator(3) });
  assertEquals((await world.relay(["run", "--once"], env)).code, 0);
  assertEquals((await world.relay(["verify"], env)).code, 0);
  const { es } = handsOn(world.elastic);
  for (const { index, id } of documentsOf(world)) {
    await es("DELETE", `/${index}/_doc/${id}`);
  }
  const { code, out } = await world.relay(["verify"], env);
  assertEquals(code, 4, out);
  assertMatch(out, /missing {2}1 document\n +host-3\.example/);
});

Deno.test("explain finds a document of elastic-threatintel by its _id", async () => {
  await using world = await startSynced("ecs_no_signals");
  const id = documentsOf(world)[0]?.id ?? "";
  const { code, out } = await world.relay(
    ["explain", id],
    envOf(world, "ecs_no_signals"),
  );
  assertEquals(code, 0);
  assertMatch(out, /elastic-threatintel\n/);
  assertMatch(out, /there, as it should be$/);
});
