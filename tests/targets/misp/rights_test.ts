/** Organisations, roles and capabilities, and how they are told. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { LoginError } from "../../../src/errors.ts";
import { internalId } from "../../../src/stix/object.ts";
import { entity } from "../../simulator/opencti/objects.ts";
import { domain, report, Stage } from "./stage.ts";

const ACME = entity("identity", "Organization", "ACME", {
  identity_class: "organization",
});
const C2 = domain("c2.example.net", { labels: ["never-seen"] });
const CONTAINER = report("Phishing wave", [C2], { created_by_ref: ACME.id });

function warnings({ services }: Stage, part: string): number {
  return services.loggedWhole.filter((line) =>
    line.includes('"level":"warn"') && line.includes(part)
  ).length;
}

Deno.test("with perm_sync the author is the creator, and the event can be changed and deleted", async () => {
  await using stage = await Stage.start();
  stage.create(ACME, C2, CONTAINER);
  await stage.settle();
  assertEquals(stage.event(CONTAINER)?.creator, "ACME");
  const stored = stage.misp.event(internalId(CONTAINER)) as unknown as {
    locked: boolean;
  };
  assertEquals(stored.locked, true);
  stage.update(CONTAINER, { name: "Renamed" });
  await stage.settle();
  assertEquals(stage.event(CONTAINER)?.info, "Renamed");
  stage.delete(CONTAINER);
  await stage.settle();
  assertEquals(stage.misp.events(), []);
});

Deno.test("an author that is the key's organisation needs no lock", async () => {
  const own = entity("identity", "Organization", "CERT", {
    identity_class: "organization",
  });
  const container = report("Ours", [], { created_by_ref: own.id });
  await using stage = await Stage.start();
  stage.create(own, container);
  await stage.settle();
  const stored = stage.misp.event(internalId(container)) as unknown as {
    locked: boolean;
  };
  assertEquals([stage.event(container)?.creator, stored.locked], [
    "CERT",
    false,
  ]);
});

Deno.test("without perm_sync the key's organisation is the creator: told once", async () => {
  await using stage = await Stage.start({ role: "orgAdmin" });
  for (const user of stage.misp.users) user.role.perm_sync = false;
  await stage.restart();
  const second = report("Second", [], { created_by_ref: ACME.id });
  stage.create(ACME, C2, CONTAINER, second);
  await stage.settle();
  assertEquals(stage.event(CONTAINER)?.creator, "CERT");
  assert(warnings(stage, "perm_sync") >= 1);
  stage.misp.requests.clear();
  stage.update(CONTAINER, { name: "Renamed" });
  await stage.settle();
  assertEquals(stage.event(CONTAINER)?.info, "Renamed");
  assertEquals(warnings(stage, "keeps the key's organisation"), 1);
});

Deno.test("owner_org that is not the key's is a warning at the start", async () => {
  await using stage = await Stage.start({ settings: { owner_org: "Other" } });
  assertEquals(warnings(stage, "not to owner_org"), 1);
  await using same = await Stage.start({ settings: { owner_org: "cert" } });
  assertEquals(warnings(same, "owner_org"), 0);
});

Deno.test("a role without the tag editor: unknown tags are left out, told once, sent once", async () => {
  await using stage = await Stage.start({ role: "user" });
  assertEquals(warnings(stage, "perm_tag_editor"), 1);
  stage.create(ACME, C2, CONTAINER);
  await stage.settle();
  assertEquals(stage.event(CONTAINER)?.tags, []);
  stage.misp.requests.clear();
  stage.update(CONTAINER, { x_of_no_matter: 1 });
  await stage.settle();
  assertEquals(stage.writes(), []);
  // A right that is given later brings what was left out.
  for (const user of stage.misp.users) user.role.perm_tag_editor = true;
  await stage.restart();
  stage.update(CONTAINER, { x_of_no_matter: 2 });
  await stage.settle();
  assert(stage.event(CONTAINER)?.tags.includes("source:opencti"));
});

Deno.test("a role without perm_sighting: no sighting is sent", async () => {
  await using stage = await Stage.start();
  for (const user of stage.misp.users) user.role.perm_sighting = false;
  await stage.restart();
  assertEquals(warnings(stage, "perm_sighting"), 1);
});

Deno.test("a role that may not add pauses the target, and loses nothing", async () => {
  await using stage = await Stage.start({ role: "readOnly" });
  assert(
    stage.services.loggedWhole.some((line) =>
      line.includes('"level":"error"') && line.includes("perm_add")
    ),
  );
  stage.create(ACME, C2, CONTAINER);
  const events = await stage.events();
  const error = await assertRejects(
    () => stage.target.deliver(events, stage.signal),
    LoginError,
  );
  assert(error.message.includes("role"));
});

Deno.test("check() tells version, user, rights, owner and blocklist", async () => {
  await using stage = await Stage.start({ settings: { owner_org: "Other" } });
  const results = await stage.target.check(stage.signal);
  assertEquals(
    results.map(({ subject, status }) => [subject, status]),
    [
      ["MISP", "ok"],
      ["key", "ok"],
      ["rights", "ok"],
      ["owner organisation", "warning"],
      ["blocklist", "ok"],
      ["attribute types", "ok"],
    ],
  );
  const key = stage.misp.addUser("user", "Elsewhere");
  await stage.restart({ api_key: key });
  const lesser = await stage.target.check(stage.signal);
  assertEquals(
    lesser.map(({ subject, status }) => [subject, status]),
    [
      ["MISP", "ok"],
      ["key", "ok"],
      ["rights", "warning"],
      ["owner organisation", "warning"],
      ["blocklist", "warning"],
      ["attribute types", "ok"],
    ],
  );
  for (const { status, remedy } of lesser) {
    assertEquals(remedy === undefined, status === "ok");
  }
});
