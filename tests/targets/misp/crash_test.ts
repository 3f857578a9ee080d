/** The program dies at every single request that changes something. */
import { assert, assertEquals } from "@std/assert";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import { internalId } from "../../../src/stix/object.ts";
import { domain, file, report, Stage } from "./stage.ts";

const C2 = domain("c2.example.net", { labels: ["botnet"] });
const SECOND = domain("second.example.net");
const FILES = Array.from({ length: 3 }, (_none, at) => file(`f${at}`));

/** The life of a container: made, changed, gone from the filter, back, gone. */
async function live(
  stage: Stage,
  deliver: (events: StreamEvent[]) => Promise<void>,
): Promise<void> {
  const container = report("Phishing wave", [C2, ...FILES], {
    labels: ["share", "x"],
  });
  stage.create(C2, SECOND, ...FILES, container);
  await deliver(await stage.events());
  stage.update(container, {
    name: "Renamed",
    labels: ["share"],
    object_refs: [C2.id, SECOND.id, ...FILES.slice(1).map(({ id }) => id)],
  });
  await deliver(await stage.events());
  stage.update(C2, { labels: [] });
  await deliver(await stage.events());
  stage.update(container, { labels: [] });
  await deliver(await stage.events());
  stage.update(container, { labels: ["share"] });
  await deliver(await stage.events());
  stage.delete(container);
  await deliver(await stage.events());
  const other = report("Another", [C2, SECOND], { labels: ["share"] });
  stage.create(other);
  await deliver(await stage.events());
}

async function stageOf(): Promise<Stage> {
  const folder = await Deno.makeTempDir({ prefix: "relay-crash-" });
  const stage = await Stage.start({
    state: `${folder}/relay.kv`,
    settings: { publish_on_create: "true" },
    opencti: {
      matches: (object) =>
        object.type !== "report" ||
        Array.isArray(object.labels) && object.labels.includes("share"),
    },
  });
  stage.onEnd(() => Deno.remove(folder, { recursive: true }));
  return stage;
}

/** What both sides hold after a life without trouble, and its requests. */
async function calmLife() {
  await using stage = await stageOf();
  let steps = 0;
  await live(stage, async (events) => {
    steps++;
    assertSettled(await stage.target.deliver(events, stage.signal));
    await stage.services.services.state.flush();
  });
  const writes = stage.misp.requests.count("POST");
  return { expected: farSides(stage), writes, steps };
}

Deno.test("a death at any write to MISP changes nothing in the end", async () => {
  const { expected, writes } = await calmLife();
  assert(writes > 10, `${writes} writes`);
  for (let at = 0; at < writes; at++) {
    // Before it is done, or after it, in turn.
    const how = at % 2 === 0 ? "reset" : "lose-answer";
    await using stage = await stageOf();
    stage.misp.faults.next({ do: how }, { method: "POST", skip: at });
    const isHit = () =>
      stage.misp.requests.list.some(({ fault }) => fault !== undefined);
    const deaths = await dieOnce(stage, isHit);
    assertEquals(deaths, 1, `death at write ${at}`);
    assertEquals(farSides(stage), expected, `death at write ${at}, ${how}`);
  }
});

const FIELDS = [undefined, "externalReferenceAdd", "stixDomainObjectEdit"];

Deno.test("a death at any write to OpenCTI, or before the state is saved, changes nothing in the end", async () => {
  const { expected, steps } = await calmLife();
  for (let at = 0; at < steps; at++) {
    // Without a field, all is done and nothing is saved.
    const field = FIELDS[at % FIELDS.length];
    await using stage = await stageOf();
    let step = 0;
    const deaths = await dieOnce(stage, () => step++ === at, () => {
      if (step !== at || field === undefined) return;
      stage.opencti.faults.graphql({ kind: "status", status: 503 }, { field });
    });
    assertEquals(deaths, 1);
    assertEquals(farSides(stage), expected, `death at step ${at}, ${field}`);
  }
});

/**
 * Lives, and dies once: when that is so after a step, nothing of it was saved,
 * and a new life begins where it did.
 *
 * @returns How often it died.
 */
async function dieOnce(
  stage: Stage,
  isDead: () => boolean,
  beforeStep = () => {},
): Promise<number> {
  let deaths = 0;
  await live(stage, async (events) => {
    beforeStep();
    const outcomes = await stage.target.deliver(events, stage.signal);
    if (isDead() && deaths === 0) {
      deaths++;
      stage.opencti.faults.clear();
      await stage.services.crash();
      await stage.restart();
      assertSettled(await stage.target.deliver(events, stage.signal));
    } else assertSettled(outcomes);
    await stage.services.services.state.flush();
  });
  return deaths;
}

function assertSettled(outcomes: readonly { status: string }[]): void {
  const open = outcomes.filter(({ status }) =>
    status !== "delivered" && status !== "skipped"
  );
  assertEquals(open, []);
}

function farSides(stage: Stage): unknown {
  const events = stage.misp.events().map((event) => ({
    ...stage.event({ id: `${event.uuid}`, type: "report" }),
  })).sort((a, b) => `${a.uuid}` < `${b.uuid}` ? -1 : 1);
  const linked = [...stage.opencti.platform.objects.all()]
    .filter((row) => stage.references(row.object).length > 0)
    .map(({ object }) => internalId(object));
  return { events, linked, blocked: stage.misp.blocklist };
}
