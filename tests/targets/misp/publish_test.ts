/** When events are published, and what follows where they may not be. */
import { assert, assertEquals } from "@std/assert";
import { internalId } from "../../../src/stix/object.ts";
import { MispClient } from "../../../src/targets/misp/client.ts";
import { Ledger } from "../../../src/targets/misp/ledger.ts";
import {
  LONGEST_WAIT_MS,
  publishDue,
  QUIET_MS,
} from "../../../src/targets/misp/publish.ts";
import { domain, report, Stage } from "./stage.ts";

const C2 = domain("c2.example.net");
const CONTAINER = report("Phishing wave", [C2]);
const UUID = internalId(CONTAINER);

function isPublished({ misp }: Stage): unknown {
  return misp.event(UUID)?.published;
}

/** One look at what is due, with the stage's clock. */
async function publishNow(stage: Stage, all = false): Promise<void> {
  const { http, log, now, state } = stage.services.services;
  const client = new MispClient(http({
    url: stage.misp.url,
    headers: { authorization: stage.misp.apiKey, accept: "application/json" },
  }));
  const ledger = new Ledger(state);
  await publishDue(
    { client, ledger, log, alert: false, now },
    { all, signal: stage.signal },
  );
}

Deno.test("publish_on_create publishes a new event, without mail", async () => {
  await using stage = await Stage.start({
    settings: { publish_on_create: "true" },
  });
  stage.create(C2, CONTAINER);
  await stage.settle();
  assertEquals(isPublished(stage), true);
  assertEquals(stage.misp.mails, []);
});

Deno.test("publish_alert mails those who subscribed", async () => {
  await using stage = await Stage.start({
    settings: { publish_on_create: "true", publish_alert: "true" },
  });
  stage.create(C2, CONTAINER);
  await stage.settle();
  assertEquals(stage.misp.mails, [UUID]);
});

Deno.test("publish_on_create publishes once, whatever ended before it was noted", async () => {
  await using stage = await Stage.start({
    settings: { publish_on_create: "true", publish_alert: "true" },
  });
  stage.create(C2, CONTAINER);
  const events = await stage.events();
  stage.misp.faults.next({ do: "status", status: 503 }, { path: "alert" });
  const first = await stage.target.deliver(events, stage.signal);
  assertEquals([first.at(-1)?.status, isPublished(stage)], ["retry", false]);
  await stage.restart();
  await stage.target.deliver(events, stage.signal);
  assertEquals(isPublished(stage), true);
  // Nothing was saved: all of it comes again.
  await stage.restart();
  await stage.target.deliver(events, stage.signal);
  assertEquals(stage.misp.mails, [UUID]);
});

Deno.test("without publish_on_update a changed event stays unpublished", async () => {
  await using stage = await Stage.start({
    settings: { publish_on_create: "true" },
  });
  stage.create(C2, CONTAINER);
  await stage.settle();
  stage.update(CONTAINER, { name: "Renamed" });
  await stage.settle();
  assertEquals(isPublished(stage), false);
  stage.pass(LONGEST_WAIT_MS);
  await publishNow(stage);
  assertEquals(isPublished(stage), false);
});

Deno.test("publish_on_update publishes once it has been quiet", async () => {
  await using stage = await Stage.start({
    settings: { publish_on_update: "true" },
  });
  stage.create(C2, CONTAINER);
  await stage.settle();
  await publishNow(stage, true);
  assertEquals(isPublished(stage), false, "it was not changed yet");
  for (const name of ["one", "two", "three"]) {
    stage.update(CONTAINER, { name });
    await stage.settle();
    await publishNow(stage);
  }
  assertEquals(stage.misp.requests.count("POST", "publish"), 0);
  stage.pass(QUIET_MS);
  await publishNow(stage);
  await publishNow(stage);
  assertEquals(isPublished(stage), true);
  assertEquals(stage.misp.requests.count("POST", "publish"), 1);
});

Deno.test("an event that never is quiet is published all the same", async () => {
  await using stage = await Stage.start({
    settings: { publish_on_update: "true" },
  });
  stage.create(C2, CONTAINER);
  await stage.settle();
  const end = stage.now + LONGEST_WAIT_MS + 2 * QUIET_MS;
  for (let turn = 0; stage.now < end; turn++) {
    stage.update(CONTAINER, { name: `turn ${turn}` });
    await stage.settle();
    stage.pass(QUIET_MS / 2);
    await publishNow(stage);
  }
  assertEquals(stage.misp.requests.count("POST", "publish"), 1);
});

Deno.test("background() publishes what waits before it ends", async () => {
  await using stage = await Stage.start({
    settings: { publish_on_update: "true" },
  });
  stage.create(C2, CONTAINER);
  await stage.settle();
  stage.update(CONTAINER, { name: "Renamed" });
  await stage.settle();
  const stop = new AbortController();
  const work = stage.target.background?.(stop.signal);
  stop.abort();
  await work;
  assertEquals(isPublished(stage), true);
});

Deno.test("an update that changes nothing publishes nothing", async () => {
  await using stage = await Stage.start({
    settings: { publish_on_update: "true" },
  });
  stage.create(C2, CONTAINER);
  await stage.settle();
  stage.update(CONTAINER, { x_of_no_matter: "changed" });
  await stage.settle();
  await publishNow(stage, true);
  assertEquals(stage.misp.requests.count("POST", "publish"), 0);
});

Deno.test("a role without the right to publish costs a warning, not the event", async () => {
  await using stage = await Stage.start({
    settings: { publish_on_create: "true" },
    role: "user",
  });
  assert(
    stage.services.loggedWhole.some((line) =>
      line.includes("perm_publish") && line.includes("not published")
    ),
  );
  stage.create(C2, CONTAINER);
  await stage.settle();
  assertEquals([stage.misp.events().length, isPublished(stage)], [1, false]);
  assert(stage.services.logged.includes(
    "warn MISP does not let the key publish an event",
  ));
});

Deno.test("an event of another creator is published by handing it in", async () => {
  const author = domain("author");
  await using stage = await Stage.start({
    settings: { publish_on_create: "true" },
  });
  const organisation = {
    ...author,
    id: author.id.replace("indicator", "identity"),
    type: "identity",
    name: "ACME Research",
    identity_class: "organization",
  };
  const container = report("Foreign", [], { created_by_ref: organisation.id });
  stage.create(organisation, container);
  await stage.settle();
  const stored = stage.misp.event(internalId(container));
  assertEquals(stage.event(container)?.creator, "ACME Research");
  assertEquals(stored?.published, true);
});
