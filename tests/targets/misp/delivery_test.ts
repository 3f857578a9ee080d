/** Containers become events, and follow. */
import { assert, assertEquals } from "@std/assert";
import { internalId, OCTI_EXTENSION } from "../../../src/stix/object.ts";
import { entity, indicator } from "../../simulator/opencti/objects.ts";
import { domain, file, report, Stage } from "./stage.ts";

const C2 = domain("c2.example.net");
const SECOND = domain("second.example.net");
const DROPPER = file("dropper");

Deno.test("create: makes the MISP event and adds the external reference", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2, DROPPER]);
  stage.create(C2, DROPPER, container);
  await stage.settle();
  const event = stage.event(container);
  assertEquals(event?.uuid, internalId(container));
  assertEquals(event?.info, "Phishing wave");
  assertEquals(
    event?.attributes.map(({ type, value }) => [type, value]),
    [["domain", "c2.example.net"]],
  );
  assertEquals(event?.objects.map(({ name }) => name), ["file"]);
  const id = stage.misp.event(internalId(container))?.id;
  assertEquals(stage.references(container), [{
    source_name: "MISP",
    description: "MISP Event: Phishing wave",
    url: `${stage.misp.url}/events/view/${id}`,
    external_id: internalId(container),
  }]);
});

Deno.test("create: absorbs the echo of its own reference without a call to MISP", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2]);
  stage.create(C2, container);
  const first = await stage.events();
  await stage.target.deliver(first, stage.signal);
  const echo = await stage.events();
  assertEquals(echo.map(({ changed }) => changed?.[0]?.split("/")[1]), [
    "external_references",
  ]);
  stage.misp.requests.clear();
  const resolves = stage.resolves();
  assertEquals(await stage.target.deliver(echo, stage.signal), [
    { status: "delivered" },
  ]);
  assertEquals(stage.misp.requests.list.length, 0);
  assertEquals(stage.resolves(), resolves);
});

Deno.test("update: changes the MISP event", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2], { labels: ["old", "kept"] });
  stage.create(C2, SECOND, container);
  await stage.settle();
  stage.update(container, {
    name: "Phishing wave, part 2",
    labels: ["kept", "new"],
    object_refs: [C2.id, SECOND.id],
  });
  await stage.settle();
  const event = stage.event(container);
  assertEquals(event?.info, "Phishing wave, part 2");
  assertEquals(
    event?.attributes.map(({ value }) => value).sort(),
    ["c2.example.net", "second.example.net"],
  );
  const tags = event?.tags ?? [];
  assertEquals(
    ["old", "kept", "new"].map((tag) => tags.includes(tag)),
    [false, true, true],
  );
});

Deno.test("update: creates the MISP event if there is none", async () => {
  await using stage = await Stage.start();
  const container = report("Known for long", [C2]);
  stage.create(C2, container);
  await stage.events();
  stage.update(container, { description: "now seen" });
  await stage.settle();
  assertEquals(stage.event(container)?.info, "Known for long");
  assertEquals(stage.references(container).length, 1);
});

Deno.test("an object that leaves the container leaves the event, and nothing else does", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2, SECOND, DROPPER]);
  stage.create(C2, SECOND, DROPPER, container);
  await stage.settle();
  const before = stage.event(container);
  stage.misp.requests.clear();
  stage.update(container, { object_refs: [C2.id] });
  await stage.settle();
  assertEquals(stage.writes().length, 1);
  const [{ body = "" } = {}] = stage.misp.requests.find("POST");
  const { Event } = JSON.parse(body);
  assertEquals(
    Event.Attribute.map(({ deleted }: { deleted: boolean }) => deleted),
    [true],
  );
  assertEquals(
    Event.Object.map(({ deleted }: { deleted: boolean }) => deleted),
    [true],
  );
  const after = stage.event(container);
  assertEquals(
    after?.attributes.map(({ value }) => value),
    ["c2.example.net"],
  );
  assertEquals(after?.objects, []);
  assertEquals(
    after?.attributes[0],
    before?.attributes.find(({ value }) => value === "c2.example.net"),
  );
});

Deno.test("what comes back into the container comes back into the event", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2, DROPPER]);
  stage.create(C2, DROPPER, container);
  await stage.settle();
  const before = stage.event(container);
  stage.update(container, { object_refs: [] });
  await stage.settle();
  assertEquals(stage.event(container)?.attributes, []);
  stage.update(container, { object_refs: [C2.id, DROPPER.id] });
  await stage.settle();
  assertEquals(stage.event(container), before);
});

Deno.test("a second delivery makes no write, here and after a restart", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2, DROPPER], {
    description: "Text",
    labels: ["x"],
  });
  stage.create(C2, DROPPER, container);
  const events = await stage.events();
  await stage.target.deliver(events, stage.signal);
  stage.misp.requests.clear();
  assertEquals(
    (await stage.target.deliver(events, stage.signal)).at(-1),
    { status: "delivered" },
  );
  await stage.restart();
  await stage.target.deliver(events, stage.signal);
  assertEquals(stage.writes(), []);
});

Deno.test("a replayed create whose answer was lost becomes an edit", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2]);
  stage.create(C2, container);
  stage.misp.faults.next({ do: "cut-answer" }, { path: "events/add" });
  const events = await stage.events();
  const first = await stage.target.deliver(events, stage.signal);
  assertEquals(first.at(-1)?.status, "retry");
  const again = await stage.target.deliver(events, stage.signal);
  assertEquals(again.at(-1), { status: "delivered" });
  assertEquals(stage.misp.requests.count("POST", "events/add"), 1);
  assertEquals(stage.misp.events().length, 1);
});

Deno.test("an event that exists without being visible before is edited", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2]);
  stage.create(C2, container);
  await stage.settle();
  // The look-up misses it once, as behind a cache of a proxy.
  stage.misp.faults.next({
    do: "status",
    status: 404,
    body: '{"name":"Invalid event","message":"Invalid event","url":"/x"}',
  }, { path: "events/view" });
  stage.update(container, { name: "Renamed" });
  await stage.settle();
  assertEquals(stage.misp.requests.count("POST", "events/add"), 2);
  assertEquals(stage.event(container)?.info, "Renamed");
  assertEquals(stage.misp.events().length, 1);
});

Deno.test("what an analyst added to the event stays", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2, DROPPER]);
  stage.create(C2, DROPPER, container);
  await stage.settle();
  const uuid = internalId(container);
  const added = {
    Tag: [{ name: "analyst:seen" }],
    Attribute: [{
      uuid: "11111111-1111-4111-8111-111111111111",
      type: "ip-dst",
      category: "Network activity",
      value: "198.51.100.99",
      to_ids: true,
      Tag: [{ name: "analyst:tag" }],
    }],
  };
  await analystEdits(stage, uuid, added);
  stage.update(container, {
    name: "Renamed",
    object_refs: [DROPPER.id],
  });
  await stage.settle();
  const event = stage.event(container);
  assertEquals(event?.info, "Renamed");
  assertEquals(
    event?.attributes.map(({ value, tags }) => [value, tags]),
    [["198.51.100.99", ["analyst:tag"]]],
  );
  assert(event?.tags.includes("analyst:seen"));
});

Deno.test("an attribute that an analyst had before is neither doubled nor touched", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", []);
  stage.create(C2, container);
  await stage.settle();
  await analystEdits(stage, internalId(container), {
    Attribute: [{
      uuid: "11111111-1111-4111-8111-111111111111",
      type: "domain",
      category: "Network activity",
      value: "c2.example.net",
      to_ids: false,
      comment: "mine",
    }],
  });
  stage.update(container, { object_refs: [C2.id] });
  await stage.settle();
  const attributes = stage.event(container)?.attributes ?? [];
  assertEquals(attributes.map(({ comment, to_ids }) => [comment, to_ids]), [
    ["mine", false],
  ]);
  stage.misp.requests.clear();
  stage.update(container, { object_refs: [] });
  await stage.settle();
  assertEquals(stage.event(container)?.attributes.length, 1);
  assertEquals(stage.writes(), []);
});

Deno.test("a tag goes only if we sent it", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [], { labels: ["ours"] });
  stage.create(container);
  await stage.settle();
  await analystEdits(stage, internalId(container), {
    Tag: [{ name: "theirs" }],
  });
  stage.update(container, { labels: ["theirs"] });
  await stage.settle();
  assertEquals(stage.event(container)?.tags.includes("ours"), false);
  assert(stage.event(container)?.tags.includes("theirs"));
});

Deno.test("a label of an indicator that goes takes the attribute's tag along", async () => {
  await using stage = await Stage.start();
  const c2 = domain("c2.example.net", { labels: ["botnet"] });
  const container = report("Phishing wave", [c2]);
  stage.create(c2, container);
  await stage.settle();
  const tags = () => stage.event(container)?.attributes[0]?.tags as string[];
  assert(tags().includes("botnet"));
  stage.update(c2, { labels: [] });
  await stage.settle();
  assert(!tags().includes("botnet"));
});

Deno.test("a content that changes refreshes its container, once for a batch", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2, SECOND, DROPPER]);
  stage.create(C2, SECOND, DROPPER, container);
  await stage.settle();
  const before = stage.resolves();
  stage.update(C2, { name: "renamed", labels: ["seen"] });
  stage.update(SECOND, { name: "renamed too" });
  const events = await stage.events();
  assertEquals(events.length, 2);
  assertEquals(await stage.target.deliver(events, stage.signal), [
    { status: "delivered" },
    { status: "delivered" },
  ]);
  assertEquals(stage.resolves() - before, 1);
  const comments = stage.event(container)?.attributes
    .map(({ comment }) => `${comment}`.split(" |")[0]).sort();
  assertEquals(comments, ["renamed", "renamed too"]);
});

Deno.test("a content outside the stream's filter refreshes its container", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2]);
  stage.create(C2, container);
  await stage.settle();
  stage.update(C2, { name: "renamed" });
  const [event] = await stage.events();
  assert(event !== undefined);
  const outcomes = await stage.target.deliver(
    [{ ...event, outside: true }],
    stage.signal,
  );
  assertEquals(outcomes, [{ status: "delivered" }]);
  assert(
    `${stage.event(container)?.attributes[0]?.comment}`.startsWith("renamed"),
  );
});

Deno.test("a container outside the stream's filter is not exported", async () => {
  await using stage = await Stage.start();
  const container = report("Elsewhere", [C2]);
  stage.create(container);
  const events = (await stage.events()).map((event) => ({
    ...event,
    outside: true as const,
  }));
  assertEquals(await stage.target.deliver(events, stage.signal), [
    { status: "skipped", reason: "in no container that is in MISP" },
  ]);
  assertEquals(stage.misp.events(), []);
});

Deno.test("a content that is deleted leaves the event", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2, SECOND]);
  stage.create(C2, SECOND, container);
  await stage.settle();
  stage.delete(C2);
  await stage.settle();
  assertEquals(
    stage.event(container)?.attributes.map(({ value }) => value),
    ["second.example.net"],
  );
});

Deno.test("an object that no exported container holds costs no reading", async () => {
  await using stage = await Stage.start();
  stage.create(C2);
  const before = stage.opencti.requests.length;
  const events = await stage.events();
  const reads = stage.opencti.requests.length;
  await stage.target.deliver(events, stage.signal);
  assertEquals(stage.opencti.requests.length, reads);
  assert(reads > before);
  assertEquals(stage.misp.requests.count(undefined, "events/"), 0);
});

Deno.test("bookkeeping of the platform on a content refreshes nothing", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2]);
  stage.create(C2, container);
  await stage.settle();
  stage.update(C2, { name: "renamed" });
  const [event] = await stage.events();
  assert(event !== undefined);
  const changed = [
    "/modified",
    `/extensions/${OCTI_EXTENSION}/updated_at`,
    `/extensions/${OCTI_EXTENSION}/creator_ids/1`,
  ];
  const before = stage.resolves();
  const [outcome] = await stage.target.deliver(
    [{ ...event, changed }],
    stage.signal,
  );
  assertEquals(outcome?.status, "skipped");
  assertEquals(stage.resolves(), before);
});

Deno.test("a sighting of a content is sent once", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2]);
  const siem = entity("identity", "System", "SIEM", {
    identity_class: "system",
  });
  stage.create(C2, siem, container);
  await stage.settle();
  await stage.platform.sightings.addSighting({
    fromId: internalId(C2),
    toId: internalId(siem),
    first: stage.now - 60_000,
    last: stage.now,
    count: 1,
    description: "seen",
    confidence: 50,
    markingIds: [],
  }, stage.signal);
  await stage.settle();
  assertEquals(stage.event(container)?.sightings.length, 1);
  const stored = stage.misp.event(internalId(container));
  const { Sighting } = stored as unknown as {
    Sighting: { source: string }[];
  };
  assertEquals(Sighting.map(({ source }) => source), ["SIEM"]);
  stage.misp.requests.clear();
  stage.update(container, { modified: "2026-03-02T12:00:00.000Z" });
  await stage.settle();
  assertEquals(stage.writes(), []);
});

Deno.test("containers of all types become events, in both spellings", async () => {
  await using stage = await Stage.start();
  const types = [
    ["report", "Report"],
    ["grouping", "Grouping"],
    ["case-incident", "Case-Incident"],
    ["case-rfi", "Case-Rfi"],
    ["case-rft", "Case-Rft"],
    ["x-opencti-case-incident", "Case-Incident"],
    ["x-opencti-case-rfi", "Case-Rfi"],
    ["x-opencti-case-rft", "Case-Rft"],
  ] as const;
  const containers = types.map(([type, entityType]) =>
    entity(type, entityType, `one ${type}`, { object_refs: [] })
  );
  stage.create(...containers);
  await stage.settle();
  assertEquals(
    stage.misp.events().map(({ info }) => info).sort(),
    types.map(([type]) => `one ${type}`).sort(),
  );
});

Deno.test("containers of other types are left out, with the reason", async () => {
  await using stage = await Stage.start({
    settings: { container_types: "grouping" },
  });
  const container = report("Left out", [C2]);
  const note = entity("note", "Note", "a note", { object_refs: [C2.id] });
  stage.create(C2, container, note);
  const outcomes = await stage.sync();
  assertEquals(
    outcomes.map((one) => "reason" in one ? one.reason : "").slice(1),
    [
      "containers of the type report are left out",
      "in no container that is in MISP",
    ],
  );
  assertEquals(stage.misp.events(), []);
});

Deno.test("what may not reach MISP is left out of the event, with a note", async () => {
  const refused = indicator("secret.example.net");
  await using stage = await Stage.start({
    contents: {
      reasonAgainst: (object) =>
        Promise.resolve(object.id === refused.id ? "TLP:RED" : undefined),
    },
  });
  const container = report("Phishing wave", [C2, refused]);
  stage.create(C2, refused, container);
  await stage.settle();
  assertEquals(
    stage.event(container)?.attributes.map(({ value }) => value),
    ["c2.example.net"],
  );
  const [line] = stage.services.loggedWhole.filter((text) =>
    text.includes("parts of a container")
  );
  assert(line?.includes("TLP:RED"));
  // It is the container as it is now that counts, not as the event had it.
  const outcomes = await stage.target.plan(
    await stage.events(),
    stage.signal,
  );
  assertEquals(outcomes, []);
});

Deno.test("a container that the platform no longer has is not created", async () => {
  await using stage = await Stage.start();
  const container = report("Short lived", [C2]);
  stage.create(C2, container);
  const events = await stage.events();
  stage.delete(container);
  assertEquals((await stage.target.deliver(events, stage.signal)).at(-1), {
    status: "skipped",
    reason: "OpenCTI no longer has the container",
  });
  assertEquals(stage.misp.events(), []);
});

Deno.test("a failing platform is not taken for one without the container", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2]);
  stage.create(C2, container);
  const events = await stage.events();
  stage.opencti.faults.graphql({ kind: "error", code: "DATABASE_ERROR" });
  const [, outcome] = await stage.target.deliver(events, stage.signal);
  assertEquals(outcome?.status, "retry");
});

Deno.test("external references that fail hold no event up, and are tried again", async () => {
  await using stage = await Stage.start();
  const container = report("Phishing wave", [C2]);
  stage.create(C2, container);
  stage.opencti.faults.graphql({ kind: "error", code: "FUNCTIONAL_ERROR" }, {
    field: "externalReferenceAdd",
  });
  await stage.settle();
  assertEquals(stage.event(container)?.attributes.length, 1);
  assertEquals(stage.references(container), []);
  assert(
    stage.services.logged.some((line) =>
      line.startsWith("warn cannot add the external reference")
    ),
  );
  await upkeep(stage);
  assertEquals(stage.references(container).length, 1);
});

/** One round of the work beside the stream. */
async function upkeep(stage: Stage): Promise<void> {
  const stop = new AbortController();
  const requests = () => stage.opencti.requests.length;
  const before = requests();
  const work = stage.target.background?.(stop.signal);
  while (stage.services.logged.length === 0 || requests() < before + 3) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  stop.abort();
  await work;
}

/** Somebody of another organisation's user works on the event. */
async function analystEdits(
  stage: Stage,
  uuid: string,
  Event: Record<string, unknown>,
): Promise<void> {
  const answer = await fetch(`${stage.misp.url}/events/edit/${uuid}`, {
    method: "POST",
    headers: {
      authorization: stage.misp.keys.orgAdmin,
      accept: "application/json",
      "content-type": "application/json",
    },
    body: JSON.stringify({ Event: { uuid, ...Event } }),
  });
  assertEquals(answer.status, 200, await answer.text());
}
