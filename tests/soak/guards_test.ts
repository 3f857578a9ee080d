/** Filters and the delete budget, with the real program between the servers. */
import { assertEquals, assertMatch } from "@std/assert";
import { internalId, type StixObject } from "../../src/stix/object.ts";
import { openStateReadOnly } from "../../src/state/open_state.ts";
import { indicator } from "../opencti/platform.ts";
import { heldFarSide } from "./far_side.ts";
import { NOW } from "./recording.ts";
import { startRunning } from "./running.ts";
import {
  type CommandResult,
  relay,
  startWorld,
  TARGET,
  until,
  type World,
} from "./world.ts";

function sound(number: number, more = {}): StixObject {
  return indicator(number, {
    valid_until: new Date(NOW + 86_400_000).toISOString(),
    ...more,
  });
}

function apply(
  { opencti }: World,
  op: "create" | "update",
  object: StixObject,
): void {
  opencti.platform.apply({ at: NOW - 1000, op, object });
}

function names({ elastic }: World): string[] {
  return [...heldFarSide(elastic).documents.values()].map(({ source }) =>
    String((source.opencti as Record<string, unknown>).indicator_name)
  ).toSorted();
}

async function configured(world: World, text: string): Promise<string[]> {
  const file = `${world.folder}/config.yml`;
  await Deno.writeTextFile(file, text);
  return ["-c", file];
}

async function ledger({ env }: World) {
  const state = await openStateReadOnly(env.RELAY_STATE_PATH ?? "");
  try {
    const { ledger } = state.target(TARGET);
    return {
      held: Object.fromEntries(await ledger.held()),
      fates: Object.fromEntries(
        (await Array.fromAsync(ledger.list())).map((row) => [
          row.stixId.slice(-1),
          row.reason ?? row.fate,
        ]),
      ),
    };
  } finally {
    await state.close();
  }
}

Deno.test("a filter keeps out what does not match, and removes what no longer does", async () => {
  await using world = await startWorld({ recorded: false });
  const config = await configured(
    world,
    "connector: { filter: { labels_none: unwanted } }\n",
  );
  const run = () => relay(["run", "--once", ...config], world.env);
  for (const number of [0, 1]) apply(world, "create", sound(number));
  apply(world, "create", sound(2, { labels: ["unwanted"] }));
  assertEquals((await run()).code, 0);
  assertEquals(names(world), ["indicator 0", "indicator 1"]);
  apply(world, "update", sound(1, { labels: ["unwanted"] }));
  apply(world, "update", sound(2, { labels: [] }));
  assertEquals((await run()).code, 0);
  assertEquals(names(world), ["indicator 0", "indicator 2"]);
  const reason = "filter: it has a label that is unwanted";
  assertEquals(await ledger(world), {
    held: { indicator: 2 },
    fates: { 0: "held", 1: reason, 2: "held" },
  });
});

Deno.test("a filter that was changed takes out what no longer matches, by a replay", async () => {
  await using world = await startWorld({ recorded: false });
  for (const number of [0, 1]) apply(world, "create", sound(number));
  await relay(["run", "--once"], world.env);
  assertEquals(names(world).length, 2);
  await Deno.writeTextFile(
    `${world.folder}/ours.txt`,
    "# ours\n\n*.example   # all of it\n",
  );
  const config = await configured(
    world,
    `connector: { filter: { exclude_values_file: ${world.folder}/ours.txt } }\n`,
  );
  const dry = await relay(
    ["replay", "--since", "1h", ...config],
    world.env,
  );
  assertEquals(dry.code, 0, dry.err);
  const plan = await relay(
    ["run", "--once", "--dry-run", ...config],
    world.env,
  );
  assertMatch(plan.out, /"skip".*exclusion list/);
  await relay(["run", "--once", ...config], world.env);
  assertEquals(names(world), []);
});

Deno.test("check says what the filter is, and when TLP:RED would leave", async () => {
  await using world = await startWorld({ recorded: false });
  const open = await relay(["check"], world.env);
  assertMatch(open.out, /max_tlp/);
  const config = await configured(
    world,
    "connector: { filter: { max_tlp: amber, min_score: 50 } }\n",
  );
  const closed = await relay(["check", "--json", ...config], world.env);
  const lines = JSON.parse(closed.out) as Record<string, string>[];
  assertEquals(lines.filter(({ subject }) => subject === "TLP ceiling"), []);
  assertEquals(
    lines.find(({ subject }) => subject === "filter")?.detail,
    "min_score: 50; max_tlp: AMBER",
  );
});

/** Forty indicators are there, then thirty are deleted on the platform. */
async function flooded(world: World): Promise<void> {
  for (let number = 0; number < 40; number++) {
    apply(world, "create", sound(number));
  }
  assertEquals((await relay(["run", "--once"], world.env)).code, 0);
  for (let number = 0; number < 30; number++) {
    world.opencti.platform.apply({
      at: NOW - 500,
      op: "delete",
      internalId: internalId(sound(number)),
    });
  }
}

const BUDGET = "connector: { delete_budget: { count: 10, share: 25 } }\n";

function isPaused(running: { err(): string }): boolean {
  return running.err().includes("beyond the delete budget");
}

Deno.test("a flood of deletes pauses the target until resume, over restarts", async () => {
  await using world = await startWorld({ recorded: false });
  await flooded(world);
  const config = await configured(world, BUDGET);
  const left: number[] = [];
  for (let restart = 0; restart < 2; restart++) {
    await using running = startRunning(["run", ...config], world.env);
    await until(() => isPaused(running));
    assertMatch(running.err(), /"level":"error".*opencti-relay resume/);
    assertEquals((await running.stop()).code, 0);
    // What came before the flood was seen is within the budget.
    left.push(names(world).length);
    assertEquals(left.every((count) => count >= 30 && count === left[0]), true);
  }
  await using running = startRunning(["run", ...config], world.env);
  await until(() => isPaused(running));
  const resumed = await relay(["resume", ...config], world.env);
  assertMatch(resumed.out, /\d+ of 40 objects held/);
  await until(() => names(world).length === 10);
  assertEquals((await running.stop()).code, 0);
});

Deno.test("resume without a running program lets the waiting deletes pass", async () => {
  await using world = await startWorld({ recorded: false });
  await flooded(world);
  const config = await configured(world, BUDGET);
  const once = (): Promise<CommandResult> =>
    relay(["run", "--once", ...config], world.env);
  const refused = await once();
  assertEquals(refused.code, 2);
  assertMatch(refused.err, /beyond the delete budget of 10 and 25 %/);
  assertEquals((await once()).code, 2);
  assertEquals((await relay(["resume", ...config], world.env)).code, 0);
  assertEquals((await once()).code, 0);
  assertEquals(names(world).length, 10);
});

Deno.test("a raised delete budget lets the waiting deletes pass", async () => {
  await using world = await startWorld({ recorded: false });
  await flooded(world);
  const low = await configured(world, BUDGET);
  assertEquals((await relay(["run", "--once", ...low], world.env)).code, 2);
  const high = await configured(
    world,
    "connector: { delete_budget: { count: 30 } }\n",
  );
  assertEquals((await relay(["run", "--once", ...high], world.env)).code, 0);
  assertEquals(names(world).length, 10);
});
