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

Deno.test("attributes/add answers one or a list, and says why one is refused", () =>
  withMisp(async ({ add, post, event }) => {
    await add();
    const path = `attributes/add/${EVENT}`;
    const one = await post(
      path,
      attribute({ uuid: uuid(2), value: "2.2.2.2" }),
    );
    assertEquals([one.status, one.body.Attribute.uuid], [200, uuid(2)]);
    const list = await post(path, [
      attribute({ uuid: uuid(3), value: "3.3.3.3" }),
      attribute({ uuid: uuid(4), value: "nonsense" }),
      attribute({ uuid: uuid(5), value: "5.5.5.5" }),
    ]);
    assertEquals(list.body.Attribute.map(({ uuid }: Json) => uuid), [
      uuid(3),
      uuid(5),
    ]);
    assertEquals(list.body.errors, {
      attribute_1: { value: ["IP address has an invalid format."] },
    });
    const none = await post(
      path,
      attribute({ uuid: uuid(6), type: "md5", value: "x" }),
    );
    assertEquals([none.status, none.body.saved], [403, false]);
    assertEquals(Object.keys(none.body.errors), ["value"]);
    const all = await post(path, [{ type: "a" }, { type: "b" }]);
    assertEquals(Object.keys(all.body.errors), ["attribute_0", "attribute_1"]);
    const again = await post(path, attribute({ value: "7.7.7.7" }));
    assertEquals(again.body.errors.value, ["UUID is there already"]);
    assertEquals(event(EVENT)?.Attribute.length, 4);
    assertEquals(
      (await post(`attributes/add/${uuid(88)}`, attribute())).status,
      404,
    );
  }));

Deno.test("attributes/delete is soft, or hard where the body or the path says so", () =>
  withMisp(async ({ add, post, event }) => {
    await add({
      Attribute: [
        attribute(),
        attribute({ uuid: uuid(2), value: "2.2.2.2" }),
        attribute({ uuid: uuid(3), value: "3.3.3.3" }),
      ],
    });
    const soft = await post(`attributes/delete/${uuid(1)}`);
    assertEquals([soft.status, soft.body], [200, {
      message: "Attribute deleted.",
    }]);
    await post(`attributes/delete/${uuid(2)}`, { hard: 1 });
    await post(`attributes/delete/${uuid(3)}/1`);
    const left = event(EVENT)!.Attribute;
    assertEquals(left.map(({ uuid, deleted }) => [uuid, deleted]), [[
      uuid(1),
      true,
    ]]);
    const gone = await post(`attributes/delete/${uuid(2)}`);
    assertEquals([gone.status, gone.body.message], [404, "Invalid attribute"]);
    const again = await post(
      `attributes/add/${EVENT}`,
      attribute({ uuid: uuid(2), value: "2.2.2.2" }),
    );
    assertEquals(again.status, 200);
  }));

Deno.test("objects/add and objects/delete; deleting needs perm_modify", () =>
  withMisp(async ({ add, post, event, users }) => {
    await add();
    const added = await post(`objects/add/${EVENT}`, { Object: fileObject() });
    assertEquals(added.body.Object.Attribute.length, 1);
    const bad = await post(
      `objects/add/${EVENT}`,
      fileObject({ uuid: uuid(110), name: "" }),
    );
    assertEquals([bad.status, bad.body.errors], [403, "name is missing"]);
    const soft = await post(`objects/delete/${uuid(100)}`);
    assertEquals([soft.status, soft.body.saved], [200, true]);
    const [object] = event(EVENT)!.Object;
    assertEquals([object?.deleted, object?.Attribute[0]?.deleted], [
      true,
      true,
    ]);
    await post(`objects/delete/${uuid(100)}`, { hard: 1 });
    assertEquals(event(EVENT)?.Object, []);
    const gone = await post(`objects/delete/${uuid(100)}`);
    assertEquals([gone.status, gone.body.message], [404, "Invalid object"]);
    for (const user of users) user.role.perm_modify = false;
    assertEquals((await post(`objects/delete/${uuid(100)}`)).status, 403);
  }));

Deno.test("tags/add gives the known tag for a known name, 405 for a bad one", () =>
  withMisp(async ({ post }) => {
    const first = await post("tags/add", {
      name: "TLP:Red",
      colour: "#FF0000",
    });
    const again = await post("tags/add", {
      Tag: { name: "tlp:red", colour: "#000000" },
    });
    assertEquals(again.body, first.body);
    assertEquals([first.body.Tag.id, first.body.Tag.colour], ["1", "#FF0000"]);
    for (
      const body of [{ name: " " }, { name: "x", colour: "red" }, {
        name: "😀",
      }]
    ) {
      const answer = await post("tags/add", body);
      assertEquals(answer.status, 405);
      assert(answer.body.message.startsWith("Could not add the Tag. "));
    }
  }));

Deno.test("tags/attachTagToObject and removeTagFromObject match with SQL LIKE", () =>
  withMisp(async ({ add, post, event }) => {
    await add({ Tag: [{ name: "opencti:type:report" }] });
    await post("tags/add", { name: "aXb" });
    const attached = await post("tags/attachTagToObject", {
      uuid: uuid(1),
      tag: "a_b",
    });
    assertStringIncludes(
      attached.body.message,
      "Tag aXb(2) successfully attached to Attribute",
    );
    const made = await post("tags/attachTagToObject", {
      uuid: EVENT,
      tag: "new",
    });
    assertEquals(made.status, 200);
    const names = (list: Json) => (list ?? []).map(({ name }: Json) => name);
    assertEquals(names(event(EVENT)?.Attribute[0]?.Tag), ["aXb"]);
    assertEquals(names(event(EVENT)?.Tag), ["opencti:type:report", "new"]);
    await post("tags/removeTagFromObject", { uuid: EVENT, tag: "opencti:%" });
    assertEquals(names(event(EVENT)?.Tag), ["new"]);
    const missing = await post("tags/removeTagFromObject", {
      uuid: EVENT,
      tag: "opencti:%",
    });
    assertEquals(missing.status, 404);
    const target = await post("tags/attachTagToObject", {
      uuid: uuid(90),
      tag: "new",
    });
    assertEquals([target.status, target.body.message], [
      404,
      "Invalid Target.",
    ]);
  }));

Deno.test("sightings/add makes a new row each time and reports problems with 200", () =>
  withMisp(async ({ add, post, event, get }) => {
    await add();
    const body = { timestamp: 1706745600, type: "0", source: "SOC" };
    const first = await post(`sightings/add/${uuid(1)}`, body);
    const second = await post(`sightings/add/${uuid(1)}`, body);
    assertEquals(first.body.Sighting.date_sighting, "1706745600");
    assert(first.body.Sighting.uuid !== second.body.Sighting.uuid);
    assertEquals(event(EVENT)?.Sighting.length, 2);
    const unknown = await post(`sightings/add/${uuid(90)}`, body);
    assertEquals(unknown.status, 200);
    assertStringIncludes(
      unknown.body.message,
      "Could not add the Sighting. Reason: ",
    );
    const bad = await post(`sightings/add/${uuid(1)}`, { ...body, type: "5" });
    assertStringIncludes(bad.body.message, "type is not 0, 1 or 2");
    const shown = await get(`events/view/${EVENT}/includeSightings:1`);
    assertEquals(shown.body.Event.Attribute[0].Sighting.length, 2);
  }));

Deno.test("events/delete removes the rows, frees the UUIDs and blocklists the event", () =>
  withMisp(async ({ add, post, blocklist, get, events }) => {
    await add({ Object: [fileObject()] });
    const answer = await post(`events/delete/${EVENT}`);
    assertEquals(answer.body, {
      saved: true,
      success: true,
      name: "Event deleted.",
      message: "Event deleted.",
      url: `/events/delete/${EVENT}`,
      id: EVENT,
    });
    assertEquals(events(), []);
    assertEquals((await get(`events/view/${EVENT}`)).status, 404);
    const [entry] = blocklist;
    assertEquals([entry?.event_uuid, entry?.event_info, entry?.event_orgc], [
      EVENT,
      "Phishing wave against banks",
      "CERT",
    ]);
    const refused = await post("events/add", { Event: sampleEvent() });
    assertEquals([refused.status, refused.body.message], [
      403,
      "Event blocked by event blocklist.",
    ]);
    assertEquals(
      (await post(`eventBlocklists/delete/${EVENT}`)).body.message,
      "Blocklist entry removed",
    );
    const back = await add({ Object: [fileObject()] });
    assertEquals([back.id, back.Attribute.length, back.Object.length], [
      "2",
      1,
      1,
    ]);
  }));

Deno.test("events/delete of a missing event and without the right is the same 403", () =>
  withMisp(async ({ add, post, addUser }) => {
    const missing = await post(`events/delete/${EVENT}`);
    await add();
    const forbidden = await post(`events/delete/${EVENT}`, undefined, {
      as: addUser("syncUser", "Elsewhere"),
    });
    assertEquals([missing.status, forbidden.status], [403, 403]);
    assertEquals(missing.body, forbidden.body);
    assertEquals([missing.body.saved, missing.body.errors], [
      false,
      "Event was not deleted.",
    ]);
  }));

Deno.test("eventBlocklists: add, index and delete of a user of the host organisation", () =>
  withMisp(async ({ post, get, blocklist }) => {
    const body = {
      uuids: [EVENT, "short", uuid(2)],
      event_info: "i",
      event_orgc: "o",
      comment: "c",
    };
    const added = await post("eventBlocklists/add", body);
    assertEquals(added.body, {
      result: { successes: [EVENT, uuid(2)], fails: ["short"] },
      message:
        "Done. Added 2 new entries to the blocklist. 1 entries could not be saved.",
    });
    const again = await post("eventBlocklists/add", { uuids: EVENT });
    assertEquals(again.body.result, { successes: [], fails: [EVENT] });
    assertEquals(
      (await post("eventBlocklists/add", { uuid: EVENT })).status,
      403,
    );
    const index = await get("eventBlocklists/index");
    assertEquals(index.body[0], {
      id: "1",
      event_uuid: EVENT,
      created: "2026-03-02 10:00:00",
      event_info: "i",
      comment: "c",
      event_orgc: "o",
    });
    assertEquals((await post(`event_blocklists/delete/${EVENT}`)).status, 200);
    const gone = await post(`eventBlocklists/delete/${EVENT}`);
    assertEquals([gone.status, gone.body.message], [
      404,
      "Invalid blocklist entry",
    ]);
    assertEquals(blocklist.map(({ event_uuid }) => event_uuid), [uuid(2)]);
  }));

Deno.test("eventBlocklists: 403 for other organisations, 302 to / where blocklisting is off", () =>
  withMisp(async ({ post, get, addUser, settings, url, add, blocklist }) => {
    const stranger = { as: addUser("syncUser", "Elsewhere") };
    const calls = (ask?: { as: string }) =>
      Promise.all([
        post("eventBlocklists/add", { uuids: [EVENT] }, ask),
        post(`eventBlocklists/delete/${EVENT}`, undefined, ask),
        get("eventBlocklists/index", ask),
      ]);
    for (const { status } of await calls(stranger)) assertEquals(status, 403);
    settings.blocklisting = false;
    for (const { status } of await calls(stranger)) assertEquals(status, 403);
    for (const { status, headers } of await calls()) {
      assertEquals([status, headers.get("location")], [302, `${url}/`]);
    }
    await add();
    await post(`events/delete/${EVENT}`);
    assertEquals(blocklist, []);
    await add();
    settings.blocklisting = true;
    settings.hostOrgId = 2;
    for (const { status } of await calls()) assertEquals(status, 403);
  }));

Deno.test("events/publish and alert: 404, 403 by role, 405 for a foreign creator, mails counted", () =>
  withMisp(async ({ add, post, event, mails, settings }) => {
    const unknown = await post(`events/publish/${EVENT}`);
    assertEquals([unknown.status, unknown.body.message], [
      404,
      "Invalid event",
    ]);
    await add();
    const role = await post(`events/publish/${EVENT}`, undefined, {
      as: "user",
    });
    assertEquals(role.status, 403);
    const queued = await post(`events/publish/${EVENT}`);
    assertEquals(queued.body, {
      saved: true,
      success: true,
      name: "Job queued",
      message: "Job queued",
      url: `/events/publish/${EVENT}`,
      id: "1",
    });
    assertEquals([event(EVENT)?.published, mails], [true, []]);
    await post(`events/alert/${EVENT}`);
    assertEquals(mails, [EVENT]);
    settings.backgroundJobs = false;
    const direct = await post(`events/publish/${EVENT}`);
    assertEquals(direct.body.message, "Event published without alerts");
    await add({ uuid: uuid(50), Attribute: [], Orgc: { name: "ACME" } });
    const foreign = await post(`events/publish/${uuid(50)}`);
    assertEquals([foreign.status, foreign.body.message], [
      405,
      "You do not have the permission to do that.",
    ]);
    const admin = await post(`events/publish/${uuid(50)}`, undefined, {
      as: "admin",
    });
    assertEquals(admin.status, 200);
  }));

Deno.test("publication can wait for its job, be refused to the creator, and fail to mail", () =>
  withMisp(async ({ add, post, event, runJobs, settings }) => {
    await add();
    await post(`events/publish/${EVENT}`);
    assertEquals(event(EVENT)?.published, false);
    assertEquals([runJobs(), event(EVENT)?.published, runJobs()], [1, true, 0]);
    settings.holdJobs = false;
    settings.blockPublishingForSameCreator = true;
    assertEquals((await post(`events/publish/${EVENT}`)).status, 405);
    assertEquals(
      (await post(`events/publish/${EVENT}`, undefined, { as: "publisher" }))
        .status,
      200,
    );
    settings.blockPublishingForSameCreator = false;
    settings.mailBroken = true;
    await post(`events/edit/${EVENT}`, { Event: { info: "x" } });
    const broken = await post(`events/alert/${EVENT}`);
    assertEquals([broken.status, broken.body.saved], [403, false]);
    assertEquals(Object.keys(broken.body.errors), ["GnuPG"]);
    assertEquals(event(EVENT)?.published, true);
  }, { holdJobs: true }));
