/** Containers to MISP by way of the whole program. */
import { assert, assertEquals } from "@std/assert";
import type { StixObject } from "../../src/stix/object.ts";
import { internalId } from "../../src/stix/object.ts";
import { eventState, stateOf } from "../targets/misp/far_side.ts";
import { recount } from "../targets/misp/mapping/recount.ts";
import { type Child, startChild } from "./child.ts";
import { type MispWorld, startMispWorld } from "./misp_world.ts";
import { noRecording, RECORDING, replayRecording } from "./recording.ts";
import {
  type Environment,
  messagesIn,
  REFUSED,
  relay,
  until,
} from "./world.ts";

const ONCE = ["run", "--once"];
const CONTAINER = /^(report|grouping|(x-opencti-)?case-(incident|rfi|rft))$/;

/** Requests to MISP that change something. */
function writes({ misp }: MispWorld): number {
  return misp.requests.list.filter(({ method, path }) =>
    method === "POST" && !path.includes("events/index")
  ).length;
}

Deno.test({
  name:
    "the recorded containers arrive complete, and a second delivery writes nothing",
  ignore: noRecording,
  async fn() {
    await using world = await startMispWorld("recording");
    const { code, err } = await relay(ONCE, world.env);
    // 5: the malformed frame of the recording.
    assertEquals([code, messagesIn(err)], [5, REFUSED]);
    const containers = await recordedContainers();
    assertEquals(world.misp.events().length, containers.length);
    const sums = { attributes: 0, objects: 0, tags: 0, galaxies: 0 };
    for (const { container, contents, find } of containers) {
      const stored = world.misp.event(internalId(container));
      assert(stored !== undefined, `${container.name}`);
      const { attributes, objects, tags } = eventState(stored);
      const wanted = recount(container, contents, find);
      const name = `${container.id} ${container.name}`;
      assertEquals(attributes.length, wanted.attributes.length, name);
      assertEquals(
        attributes.map(({ type }) => type).sort(),
        wanted.attributes.map((line) => line.split(" ")[0]).sort(),
        name,
      );
      assertEquals(
        objects.map((object) => `${object.name}`).sort(),
        wanted.objects.map((line) => line.split(":")[0]).sort(),
        name,
      );
      const lower = (text: string) => text.toLowerCase();
      assertEquals(
        tags.map(lower).sort(),
        wanted.tags.map(lower).sort(),
        name,
      );
      sums.attributes += attributes.length;
      sums.objects += objects.length;
      sums.tags += tags.length;
      sums.galaxies += tags.filter((tag) => tag.startsWith("misp-galaxy:"))
        .length;
    }
    assertEquals(sums, {
      attributes: 1802,
      objects: 276,
      tags: 699,
      galaxies: 147,
    });
    assertEquals(world.misp.drops, []);
    assertEquals(world.misp.breaches, []);
    world.misp.requests.clear();
    await world.rewind();
    const again = await relay(ONCE, world.env);
    assertEquals(messagesIn(again.err), REFUSED);
    assertEquals(writes(world), 0);
  },
});

/**
 * The containers that the stream holds at its end, with what the platform then
 * has of their contents: what left the filter is still there; what was deleted
 * has left its containers without a word, and what got another id (an edited
 * pattern) is held under that one.
 */
async function recordedContainers() {
  const { objects, context } = await replayRecording();
  const there = new Map<string, StixObject>();
  const holders = new Map<string, string[]>();
  const replaced = (from: string, to: string[]) => {
    for (const [key, refs] of holders) {
      if (!refs.includes(from)) continue;
      holders.set(key, refs.flatMap((ref) => ref === from ? to : [ref]));
    }
  };
  for (const frame of (await Deno.readTextFile(RECORDING)).split("\n\n")) {
    const name = /^event: (.*)$/m.exec(frame)?.[1] ?? "";
    if (!["create", "update", "delete", "merge"].includes(name)) continue;
    let payload;
    try {
      payload = JSON.parse(/^data: ([^\n]*)$/m.exec(frame)?.[1] ?? "");
    } catch {
      continue;
    }
    const { data } = payload;
    const key = internalId(data);
    const gone = [
      ...(payload.type === "delete" ? [data] : []),
      ...payload.context?.sources ?? [],
    ];
    const former = there.get(key);
    if (former !== undefined && former.id !== data.id) {
      replaced(former.id, [data.id]);
    }
    there.set(key, data);
    if (Array.isArray(data.object_refs)) holders.set(key, data.object_refs);
    for (const object of gone) {
      there.delete(internalId(object));
      replaced(object.id, []);
    }
  }
  const byId = new Map<string, StixObject>();
  for (const object of there.values()) byId.set(object.id, object);
  const find = (id: string) => byId.get(id) ?? context.get(id);
  return [...objects].filter(([, { object }]) => CONTAINER.test(object.type))
    .map(([key, { object: container }]) => ({
      container,
      contents: (holders.get(key) ?? []).flatMap((id) => byId.get(id) ?? []),
      find,
    }));
}

/** What MISP and the platform hold once all of the week is delivered. */
async function expectedOfWeek(): Promise<unknown> {
  await using world = await startMispWorld("week");
  const { code, err } = await relay(ONCE, world.env);
  assertEquals([code, err], [0, ""]);
  assert(world.misp.events().length > 5);
  return sides(world);
}

function sides({ misp, opencti }: MispWorld): unknown {
  const linked = [...opencti.platform.objects.all()].flatMap(({ object }) => {
    const list = object.external_references;
    const ours = Array.isArray(list)
      ? list.filter(({ source_name }) => source_name === "MISP")
      : [];
    return ours.map(({ external_id }) => `${object.id} ${external_id}`);
  }).sort();
  return { events: stateOf(misp), linked, blocked: misp.blocklist };
}

Deno.test("the week comes through trouble on all sides", async () => {
  const expected = await expectedOfWeek();
  for (const seed of [1, 2]) {
    await using world = await startMispWorld("week");
    world.misp.faults.chaos({ rate: 0.2, seed });
    world.opencti.faults.setChaos({ rate: 0.01, seed, stallMs: 5 });
    const env = { ...world.env, CONNECTOR_LOG_LEVEL: "off" };
    const child = startChild(ONCE, env);
    // It waits as the product does: seconds. Trouble ends after a while.
    const calm = setTimeout(() => {
      world.misp.faults.chaos(undefined);
      world.opencti.faults.setChaos();
    }, 6_000);
    const { code, err } = await child.ended;
    clearTimeout(calm);
    assertEquals([code, err], [0, ""]);
    // Links that the platform refused are written at the next start.
    await relinked(world);
    assertEquals(sides(world), expected);
  }
});

/** Lets the work beside the stream write what failed. */
async function relinked(world: MispWorld): Promise<void> {
  world.misp.faults.chaos(undefined);
  world.opencti.faults.setChaos();
  const containers = world.misp.events().map(({ uuid }) => `${uuid}`);
  const isLinked = () =>
    containers.every((id) => {
      const row = world.opencti.platform.objects.get(id);
      const list = row?.object.external_references;
      return Array.isArray(list) &&
        list.some(({ external_id }) => external_id === id);
    });
  if (isLinked()) return;
  const child = startChild(["run"], world.env);
  await until(isLinked);
  child.kill("SIGTERM");
  assertEquals((await child.ended).code, 0);
}

const KILLS = 12;
/** A run of the week takes more than twice as many. */
const MAX_REQUESTS = 30;

Deno.test(`the week comes through ${KILLS} times kill -9`, async () => {
  const expected = await expectedOfWeek();
  let kills = 0;
  let busy = 0;
  for (let seed = 7; kills < KILLS; seed++) {
    const random = seeded(seed);
    await using world = await startMispWorld("week", { latencyMs: 8 });
    const env: Environment = { ...world.env };
    for (let done = false; !done;) {
      const before = writes(world);
      const child = startChild(ONCE, env);
      const after = Math.ceil(random() * MAX_REQUESTS);
      done = kills >= KILLS || !await isKilled(child, world, after);
      const { code, err } = await child.ended;
      if (done) assertEquals([code, err], [0, ""]);
      else {
        kills++;
        if (writes(world) > before) busy++;
      }
    }
    await relinked(world);
    assertEquals(sides(world), expected);
  }
  assert(busy >= KILLS / 2, `only ${busy} kills found work under way`);
});

/** Kills it after so many requests to MISP; false if it ended before. */
async function isKilled(
  child: Child,
  { misp }: MispWorld,
  after: number,
): Promise<boolean> {
  const before = misp.requests.list.length;
  let over = false;
  child.ended.then(() => over = true);
  await until(() => over || misp.requests.list.length >= before + after);
  if (over) return false;
  child.kill("SIGKILL");
  return (await child.ended).signal === "SIGKILL";
}

/** Numbers in [0, 1), the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
