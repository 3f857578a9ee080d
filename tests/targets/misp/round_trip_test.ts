/** Containers that came from MISP do not become events beside their own. */
import { assert, assertEquals } from "@std/assert";
import { internalId } from "../../../src/stix/object.ts";
import { domain, file, report, Stage } from "./stage.ts";

const ORIGINAL = "abcdef00-1111-4111-8111-aaaaaaaaaaaa";
const MISSING = "abcdef00-2222-4222-8222-aaaaaaaaaaaa";
const C2 = domain("c2.example.net");
const NEW = domain("new.example.net");
const DROPPER = file("dropper");

/** What the MISP import connector makes of an event. */
function imported(ids: readonly string[]) {
  return report("Imported", [C2], {
    external_references: ids.map((external_id) => ({
      source_name: "misp",
      external_id,
      url: `https://misp.example/events/view/${external_id}`,
    })),
  });
}

/** An event of ours, which OpenCTI imported. */
async function start(settings = { detect_round_trip: "true" }) {
  const stage = await Stage.start({ settings });
  const answer = await fetch(`${stage.misp.url}/events/add`, {
    method: "POST",
    headers: {
      authorization: stage.misp.keys.orgAdmin,
      accept: "application/json",
      "content-type": "application/json",
    },
    body: JSON.stringify({
      Event: {
        uuid: ORIGINAL,
        info: "The original",
        date: "2026-01-01",
        threat_level_id: "4",
        analysis: "0",
        distribution: "0",
        Tag: [{ name: "theirs" }],
        Attribute: [{
          type: "domain",
          category: "Network activity",
          value: "c2.example.net",
          to_ids: true,
          comment: "theirs",
        }],
      },
    }),
  });
  assertEquals(answer.status, 200, await answer.text());
  return stage;
}

Deno.test("detect_round_trip: adds to the original event and changes nothing of it", async () => {
  await using stage = await start();
  const container = imported([ORIGINAL]);
  stage.create(C2, NEW, DROPPER, container);
  await stage.settle();
  stage.update(container, { object_refs: [C2.id, NEW.id, DROPPER.id] });
  await stage.settle();
  assertEquals(stage.misp.events().map(({ uuid }) => uuid), [ORIGINAL]);
  const event = stage.event({ ...container, id: ORIGINAL, extensions: {} });
  assertEquals(
    [event?.info, event?.date, event?.threat_level_id, event?.analysis],
    ["The original", "2026-01-01", "4", "0"],
  );
  assertEquals(
    event?.attributes.map(({ value, comment }) => [
      value,
      `${comment}`.split(" |")[0],
    ]).sort(),
    [["c2.example.net", "theirs"], ["new.example.net", "new.example.net"]],
  );
  assertEquals(event?.objects.length, 1);
  assert(event?.tags.includes("theirs"));
  assert(!event?.tags.includes("source:opencti"), "imports leave those out");
  // Its import's reference is enough.
  assertEquals(stage.references(container).length, 1);
});

Deno.test("detect_round_trip: an object that goes takes along what we added alone", async () => {
  await using stage = await start();
  const container = imported([ORIGINAL]);
  stage.create(C2, NEW, container);
  stage.update(container, { object_refs: [C2.id, NEW.id] });
  await stage.settle();
  stage.update(container, { object_refs: [] });
  await stage.settle();
  const event = stage.event({ ...container, id: ORIGINAL, extensions: {} });
  assertEquals(event?.attributes.map(({ comment }) => comment), ["theirs"]);
});

Deno.test("detect_round_trip: the first event that exists is taken, several are told", async () => {
  await using stage = await start();
  const container = imported([MISSING, ORIGINAL]);
  stage.create(C2, container);
  await stage.settle();
  assertEquals(stage.misp.events().length, 1);
});

Deno.test("detect_round_trip: without such an event the container makes its own", async () => {
  await using stage = await start();
  const container = imported([MISSING, "not a uuid", "../events/delete"]);
  stage.create(C2, container);
  await stage.settle();
  assertEquals(stage.event(container)?.info, "Imported");
  // What was decided stays, also when such an event comes later.
  stage.update(container, {
    external_references: imported([ORIGINAL]).external_references,
  });
  await stage.settle();
  assertEquals(stage.misp.events().length, 2);
});

Deno.test("detect_round_trip: a delete leaves the original event", async () => {
  await using stage = await start();
  const container = imported([ORIGINAL]);
  stage.create(C2, container);
  await stage.settle();
  stage.delete(container);
  await stage.settle();
  assertEquals(stage.misp.events().map(({ uuid }) => uuid), [ORIGINAL]);
});

Deno.test("detect_round_trip: an original that may not be changed is told, never doubled", async () => {
  await using stage = await Stage.start({
    settings: { detect_round_trip: "true" },
    misp: {
      foreignEvents: [{
        uuid: ORIGINAL,
        info: "Of a partner",
        date: "2026-01-01",
        distribution: "3",
        published: false,
      }],
    },
  });
  const container = imported([ORIGINAL]);
  stage.create(C2, container);
  const outcomes = await stage.sync();
  assertEquals(outcomes.at(-1), {
    status: "skipped",
    reason: "the event that the container came from may not be changed",
  });
  assertEquals(stage.misp.events().length, 1);
});

Deno.test("without detect_round_trip an imported container makes its own event", async () => {
  await using stage = await start({ detect_round_trip: "false" });
  const container = imported([ORIGINAL]);
  stage.create(C2, container);
  await stage.settle();
  assertEquals(
    stage.misp.events().map(({ uuid }) => `${uuid}`).sort(),
    [internalId(container), ORIGINAL].sort(),
  );
});
