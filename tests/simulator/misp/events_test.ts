import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  attribute,
  EVENT,
  fileObject,
  type Json,
  sampleEvent,
  uuid,
  withMisp,
} from "./client.ts";

const OWN = { id: "1", name: "CERT" };

Deno.test("events/add stores the event, answers it with numbers as strings and the key's owner", () =>
  withMisp(async ({ post, event }) => {
    const answer = await post("events/add", {
      Event: sampleEvent({
        Org: { name: "Somebody else" },
        Tag: [{ name: "tlp:amber", colour: "#FFC000" }, { name: "finance" }],
        Object: [fileObject()],
        unknown_field: 1,
      }),
      Sighting: [{
        uuid: uuid(9),
        attribute_uuid: uuid(1),
        date_sighting: "1706745600",
        type: "0",
        source: "SOC Paris",
      }],
    });
    assertEquals(answer.status, 200);
    const { Event: shown } = answer.body;
    assertEquals(
      [shown.id, shown.org_id, shown.orgc_id, shown.timestamp],
      ["1", "1", "1", "1706745600"],
    );
    assertEquals([shown.published, shown.attribute_count], [false, "2"]);
    assertEquals(shown.Org.name, OWN.name);
    assertEquals(shown.Attribute[0].to_ids, true);
    assertEquals(shown.Attribute[0].event_id, "1");
    assertEquals(shown.Object[0].Attribute[0].object_relation, "md5");
    assertEquals(
      shown.Tag.map(({ name }: Json) => name),
      ["tlp:amber", "finance"],
    );
    assertEquals(shown.Tag[0].colour, "#FFC000");
    assert(/^#[0-9a-f]{6}$/.test(shown.Tag[1].colour));
    assertEquals(
      event(EVENT)?.Sighting.map(({ source, uuid }) => [source, uuid]),
      [
        ["SOC Paris", uuid(9)],
      ],
    );
  }));

Deno.test("events/add and events/view leave the lists out with /metadata:1", () =>
  withMisp(async ({ post, get }) => {
    const body = { Event: sampleEvent() };
    const added = await post("events/add/metadata:1", body);
    assertEquals(added.body.Event.uuid, EVENT);
    assertEquals(added.body.Event.Attribute, undefined);
    const viewed = await get(`events/view/${EVENT}/metadata:1`);
    assertEquals(viewed.body.Event.Object, undefined);
    const edited = await post(`events/edit/${EVENT}/metadata:1`, {
      Event: { info: "x" },
    });
    assertEquals(edited.body.Event.Attribute, undefined);
    assertEquals(edited.body.Event.info, "x");
  }));

Deno.test("events/add of a UUID that exists is 404 with its Location, under a sub-path too", () =>
  withMisp(async ({ add, post, url }) => {
    await add();
    const again = await post("events/add", { Event: sampleEvent() });
    assertEquals(again.status, 404);
    assertStringIncludes(again.body.message, "Event already exists");
    assertEquals(again.headers.get("location"), `${url}/events/1`);
  }, { basePath: "/misp" }));

Deno.test("events/add checks in MISP's order: role, blocklists, empty, foreign organisation, UUID, fields", () =>
  withMisp(async ({ post, settings, add }) => {
    await post("eventBlocklists/add", { uuids: [EVENT] });
    const bad = { Orgc: { name: "Evil" }, orgc_id: "2" };
    const all = sampleEvent({
      ...bad,
      info: "",
      published: true,
      Attribute: [],
    });
    const ask = { as: "user" };
    const refuse = async (event: Json, as: string) =>
      (await post("events/add", { Event: event }, { as })).body;
    assertStringIncludes(
      (await refuse(all, "readOnly")).message,
      "You do not have permission to use this functionality.",
    );
    assertEquals(
      (await refuse(all, "user")).message,
      "Event blocked by event blocklist.",
    );
    settings.blocklisting = false;
    settings.blockedOrgs = ["Evil"];
    assertEquals(
      (await refuse(all, "user")).message,
      "Event blocked by organisation blocklist.",
    );
    settings.blockedOrgs = [];
    settings.blockRule = () => true;
    assertEquals(
      (await refuse(all, "user")).message,
      "Blocked by event block rules.",
    );
    settings.blockRule = () => false;
    const empty = await refuse(all, "user");
    assertEquals([empty.saved, empty.name], [false, "Could not add Event"]);
    assertStringIncludes(empty.errors.Event[0], "empty");
    const foreign = await post("events/add", {
      Event: { ...all, published: false },
    }, ask);
    assertEquals(foreign.status, 405);
    assertEquals(
      foreign.body.message,
      "Event cannot be created as you are not a member of the creator organisation.",
    );
    await add();
    const known = await refuse(sampleEvent({ info: "" }), "user");
    assertStringIncludes(known.message, "Event already exists");
  }));

Deno.test("events/add refuses invalid fields with 403 saved:false, field by field", () =>
  withMisp(async ({ post, events }) => {
    // deno-fmt-ignore
    const rows: readonly [string, unknown][] = [
      ["info", ""],
      ["threat_level_id", "5"],
      ["analysis", "3"],
      ["distribution", "7"],
      ["date", "01.02.2024"],
      ["uuid", "019a2f8e-7c00-7abc-8def-000000000001"],
    ];
    for (const [field, value] of rows) {
      const answer = await post("events/add", {
        Event: sampleEvent({ [field]: value }),
      });
      assertEquals(answer.status, 403);
      assertEquals(answer.body.saved, false);
      assertEquals(Object.keys(answer.body.errors.Event), [field]);
    }
    assertEquals(events(), []);
  }));

Deno.test("events/add of an event without distribution takes the instance's default; of milliseconds dies", () =>
  withMisp(async ({ post, event }) => {
    const { distribution: _, ...bare } = sampleEvent();
    await post("events/add", { Event: bare });
    assertEquals(event(EVENT)?.distribution, "3");
    const ms = await post("events/add", {
      Event: { ...bare, uuid: uuid(5), timestamp: "1706745600000" },
    });
    assertEquals(ms.status, 500);
    assertEquals(ms.body.message, "An Internal Error Has Occurred.");
  }, { defaultDistribution: 3 }));

Deno.test("Orgc is dropped without perm_sync, matched by name with it, and renamed for a new UUID", () =>
  withMisp(async ({ add, organisations, drops }) => {
    const Orgc = { name: "ACME Threat Research" };
    const own = await add({ Orgc }, { as: "orgAdmin" });
    assertEquals(own.Orgc.name, "CERT");
    assertEquals(drops.map(({ what, id }) => [what, id]), [
      ["organisation", "ACME Threat Research"],
    ]);
    const sync = await add({ uuid: uuid(11), Orgc, Attribute: [] });
    assertEquals([sync.Org.name, sync.Orgc.name, sync.Orgc.local], [
      "CERT",
      "ACME Threat Research",
      false,
    ]);
    const again = await add({ uuid: uuid(12), Orgc, Attribute: [] });
    assertEquals(again.orgc_id, sync.orgc_id);
    const byUuid = await add({
      uuid: uuid(13),
      Orgc: { name: "Other spelling", uuid: sync.Orgc.uuid },
      Attribute: [],
    });
    assertEquals(byUuid.orgc_id, sync.orgc_id);
    const trap = await add({
      uuid: uuid(14),
      Orgc: { ...Orgc, uuid: uuid(99) },
      Attribute: [],
    });
    assert(/^ACME Threat Research_\d{4}$/.test(trap.Orgc.name));
    assertEquals(organisations.length, 4);
  }));

Deno.test("a sync key edits its event of a foreign Orgc only when it is locked; deletes it anyway", () =>
  withMisp(async ({ add, post }) => {
    const Orgc = { name: "ACME" };
    await add({ Orgc });
    await add({ uuid: uuid(21), Orgc, locked: true, Attribute: [] });
    const open = await post(`events/edit/${EVENT}`, { Event: { info: "x" } });
    assertEquals(open.status, 403);
    assertEquals(open.body.saved, false);
    assertStringIncludes(open.body.errors, "not authorised to do so");
    const locked = await post(`events/edit/${uuid(21)}`, {
      Event: { info: "x", published: true },
    });
    assertEquals(locked.status, 200);
    assertEquals(locked.body.Event.published, true);
    const published = await post(`events/publish/${uuid(21)}`);
    assertEquals(published.status, 405);
    assertEquals((await post(`events/delete/${EVENT}`)).status, 200);
    assertEquals((await post(`events/delete/${uuid(21)}`)).status, 200);
  }));

Deno.test("locked counts for sync keys alone; who is no sync user is told so at once", () =>
  withMisp(async ({ add, edit, addUser }) => {
    const event = await add({ locked: true }, { as: "user" });
    assertEquals(event.locked, false);
    const stranger = addUser("user", "Somewhere");
    const answer = await edit({ info: "x" }, { as: stranger });
    assertEquals(answer.status, 403);
    assertEquals(answer.body.message, "You are not authorised to do that.");
  }));

Deno.test("events/view is 404 for unknown and invisible events, for GET, HEAD and POST", () =>
  withMisp(async ({ add, call, addUser }) => {
    await add({ distribution: "0" });
    const stranger = addUser("syncUser", "Somewhere");
    for (const method of ["GET", "HEAD", "POST"]) {
      const mine = await call(method, `events/view/${EVENT}`);
      assertEquals(mine.status, 200);
      const theirs = await call(method, `events/view/${EVENT}`, {
        as: stranger,
      });
      const none = await call(method, `events/view/${uuid(77)}`);
      assertEquals([theirs.status, none.status], [404, 404]);
      if (method === "HEAD") {
        assertEquals([mine.text, none.text], ["", ""]);
      } else {
        assertEquals(none.body, {
          name: "Invalid event",
          message: "Invalid event",
          url: `/events/view/${uuid(77)}`,
        });
      }
    }
    assertEquals((await call("GET", "events/view/1")).body.Event.uuid, EVENT);
    assertEquals((await call("GET", "events/1")).body.Event.uuid, EVENT);
  }));

Deno.test("events/view takes named parameters of the path", () =>
  withMisp(async ({ add, get }) => {
    await add({
      Attribute: [attribute({
        type: "attachment",
        category: "Payload delivery",
        value: "a.bin",
        data: "aGVsbG8=",
      })],
    });
    const whole = (await get(`events/view/${EVENT}`)).body.Event;
    assertEquals(whole.Attribute[0].data, "aGVsbG8=");
    assertEquals(whole.Galaxy, []);
    const small = (await get(
      `events/view/${EVENT}/excludeGalaxy:1/noEventReports:1/includeAttachments:0`,
    )).body.Event;
    assertEquals(small.Attribute[0].data, undefined);
    assertEquals(small.Galaxy, undefined);
  }));

Deno.test("events/view shows soft-deleted elements where asked, to those who may", () =>
  withMisp(async ({ add, edit, call, addUser }) => {
    await add({ Object: [fileObject()] });
    await edit({
      Attribute: [{ uuid: uuid(1), deleted: true }],
      Object: [{ uuid: uuid(100), deleted: true }],
    });
    const view = async (body: unknown, as = "user") => {
      const answer = await call("POST", `events/view/${EVENT}`, { body, as });
      const { Attribute, Object: objects } = answer.body.Event;
      return [Attribute.length, objects.length];
    };
    assertEquals(await view({}), [0, 0]);
    assertEquals(await view({ deleted: [0, 1] }), [1, 1]);
    assertEquals(await view({ deleted: [1] }), [1, 1]);
    assertEquals(await view({ deleted: [0] }), [0, 0]);
    const user = addUser("user", "Somewhere");
    assertEquals(await view({ deleted: [0, 1] }, user), [0, 0]);
    const sync = addUser("syncUser", "Somewhere");
    assertEquals(await view({ deleted: [0, 1] }, sync), [1, 1]);
  }));

Deno.test("an object without attributes is stored and left out of every answer", () =>
  withMisp(async ({ add, get, event }) => {
    const added = await add({ Object: [fileObject({ Attribute: [] })] });
    assertEquals(added.Object, []);
    const viewed = await get(`events/view/${EVENT}`);
    assertEquals(viewed.body.Event.Object, []);
    assertEquals(event(EVENT)?.Object.length, 1);
  }));

Deno.test("preloaded events belong to another organisation", () =>
  withMisp(async ({ get, post, event }) => {
    assertEquals(event(EVENT)?.Orgc.name, "Partner CSIRT");
    assertEquals((await get(`events/view/${EVENT}`)).status, 200);
    const answer = await post(`events/delete/${EVENT}`);
    assertEquals(answer.status, 403);
    assertEquals(answer.body.errors, "Event was not deleted.");
  }, { foreignEvents: [{ Event: sampleEvent() }] }));

Deno.test("an event of 20,000 attributes is added, viewed and edited in seconds", () =>
  withMisp(async ({ add, edit, get }) => {
    const Attribute = Array.from({ length: 20_000 }, (_, at) =>
      attribute({
        uuid: uuid(1_000 + at),
        value: `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`,
        Tag: [{ name: "c2" }],
      }));
    const added = await add({ Attribute });
    assertEquals(added.attribute_count, "20000");
    const edited = await edit({ Attribute });
    assertEquals(edited.body.Event.Attribute.length, 20_000);
    const viewed = await get(`events/view/${EVENT}`);
    assertEquals(viewed.body.Event.attribute_count, "20000");
  }));
