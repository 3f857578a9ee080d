import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  attribute,
  type Bench,
  EVENT,
  fileObject,
  type Json,
  sampleEvent,
  uuid,
  withMisp,
} from "./client.ts";

const NOT_NEWER =
  "Event could not be saved: Event in the request not newer than the local copy.";

/** Reasons of the drop log since the last look. */
function reasons({ drops }: Bench): string[] {
  return drops.splice(0).map(({ reason }) => reason);
}

Deno.test("rule 1: an edit's timestamp must be greater than the stored one; absent is now", () =>
  withMisp(async ({ add, edit, event, pass, now }) => {
    await add();
    for (const timestamp of ["1706745599", "1706745600", 1706745600]) {
      const answer = await edit({ timestamp, info: "no" });
      assertEquals(answer.status, 403);
      assertEquals([answer.body.saved, answer.body.errors], [false, NOT_NEWER]);
    }
    assertEquals((await edit({ timestamp: "1706745601" })).status, 200);
    pass(5);
    assertEquals((await edit({ info: "yes" })).status, 200);
    assertEquals(event(EVENT)?.timestamp, String(now()));
    assertEquals((await edit({ info: "again" })).status, 200);
  }));

Deno.test("rule 1: other routes that add an element raise the timestamp to now", () =>
  withMisp(async ({ add, post, edit, event, now }) => {
    await add();
    await post(
      `attributes/add/${EVENT}`,
      attribute({ uuid: uuid(2), value: "5.6.7.8" }),
    );
    assertEquals(event(EVENT)?.timestamp, String(now()));
    const late = await edit({ timestamp: String(now()) });
    assertEquals(late.body.errors, NOT_NEWER);
    assertEquals((await edit({ timestamp: String(now() + 1) })).status, 200);
  }));

Deno.test("rule 2: absent fields keep their value; Org and Orgc cannot be changed", () =>
  withMisp(async ({ add, edit }) => {
    await add({ Orgc: { name: "ACME" }, locked: true });
    const { body } = await edit({
      analysis: "1",
      Org: { name: "X" },
      Orgc: { name: "Y" },
    });
    const { info, date, threat_level_id, distribution, analysis } = body.Event;
    assertEquals([info, date, threat_level_id, distribution, analysis], [
      "Phishing wave against banks",
      "2024-01-01",
      "1",
      "1",
      "1",
    ]);
    assertEquals([body.Event.Org.name, body.Event.Orgc.name], ["CERT", "ACME"]);
    const bad = await edit({ threat_level_id: "9" });
    assertEquals([bad.status, bad.body.saved], [403, false]);
  }));

Deno.test("rule 3: an edit without published unpublishes; true publishes at once and mails", () =>
  withMisp(async ({ add, edit, post, event, mails }) => {
    await add();
    await post(`events/publish/${EVENT}`);
    assertEquals(event(EVENT)?.published, true);
    await edit({ info: "changed" });
    assertEquals(event(EVENT)?.published, false);
    await edit({ published: true }, { as: "user" });
    assertEquals([event(EVENT)?.published, mails.length], [false, 0]);
    await edit({ published: true });
    assertEquals([event(EVENT)?.published, mails], [true, [EVENT]]);
  }));

Deno.test("rule 4: attributes, objects and tags that an edit leaves out stay", () =>
  withMisp(async ({ add, edit }) => {
    await add({ Object: [fileObject()], Tag: [{ name: "finance" }] });
    const { body } = await edit({ Attribute: [], Object: [], Tag: [] });
    const { Attribute, Object: objects, Tag } = body.Event;
    assertEquals([Attribute.length, objects.length, Tag.length], [1, 1, 1]);
  }));

Deno.test("rule 5: a known attribute is updated without a timestamp or with a greater one", () =>
  withMisp(async (bench) => {
    const { add, edit, event, now } = bench;
    await add({ Attribute: [attribute({ timestamp: "1706745600" })] });
    const stored = () => event(EVENT)?.Attribute[0];
    await edit({
      Attribute: [{ uuid: uuid(1), comment: "a", timestamp: "1706745600" }],
    });
    assertEquals(stored()?.comment, "Emotet C2");
    assertEquals(reasons(bench), ["not newer than the stored attribute"]);
    await edit({
      Attribute: [{ uuid: uuid(1), comment: "b", timestamp: "1706745601" }],
    });
    assertEquals([stored()?.comment, stored()?.timestamp], ["b", "1706745601"]);
    await edit({ Attribute: [{ uuid: uuid(1), comment: "c" }] });
    const { comment, type, value, to_ids, category, timestamp } = stored()!;
    assertEquals([comment, type, value, to_ids, category, timestamp], [
      "c",
      "ip-dst",
      "1.2.3.4",
      true,
      "Network activity",
      String(now()),
    ]);
    assertEquals(reasons(bench), []);
  }));

Deno.test("rule 5: an attribute known in another event or object is skipped; without UUID it is new", () =>
  withMisp(async (bench) => {
    const { add, edit, event } = bench;
    await add({ Object: [fileObject()] });
    await add({ uuid: uuid(50), Attribute: [attribute({ uuid: uuid(51) })] });
    await edit({
      Attribute: [
        attribute({ uuid: uuid(51), value: "9.9.9.9" }),
        attribute({ uuid: uuid(101), value: "8.8.8.8" }),
        attribute({ uuid: undefined, value: "7.7.7.7" }),
      ],
    });
    assertEquals(reasons(bench), [
      "UUID is used in another event",
      "UUID is used in another object",
    ]);
    const [, random] = event(EVENT)!.Attribute;
    assertEquals([event(EVENT)?.Attribute.length, random?.value], [
      2,
      "7.7.7.7",
    ]);
    assertEquals(random?.uuid[14], "4");
    assertEquals(event(uuid(50))?.Attribute[0]?.value, "1.2.3.4");
  }));

Deno.test("rule 5 holds for objects: newer, older, and of another event", () =>
  withMisp(async (bench) => {
    const { add, edit, event } = bench;
    await add({ Object: [fileObject({ timestamp: "1706745600" })] });
    await add({
      uuid: uuid(50),
      Attribute: [],
      Object: [fileObject({ uuid: uuid(60), Attribute: [] })],
    });
    await edit({
      Object: [
        { uuid: uuid(100), comment: "old", timestamp: "1706745600" },
        { uuid: uuid(60), comment: "elsewhere" },
      ],
    });
    assertEquals(reasons(bench), [
      "not newer than the stored object",
      "UUID is used in another event",
    ]);
    await edit({ Object: [{ uuid: uuid(100), comment: "new" }] });
    const [object] = event(EVENT)!.Object;
    assertEquals([object?.comment, object?.name, object?.Attribute.length], [
      "new",
      "file",
      1,
    ]);
  }));

Deno.test("rule 6: deleted soft-deletes attributes and objects with theirs; false restores", () =>
  withMisp(async ({ add, edit, event }) => {
    await add({ Object: [fileObject()] });
    const flags = () => {
      const { Attribute, Object: objects } = event(EVENT)!;
      const [object] = objects;
      return [Attribute[0], object, object?.Attribute[0]].map((item) =>
        item?.deleted
      );
    };
    await edit({ Attribute: [{ uuid: uuid(1), deleted: true }] });
    assertEquals(flags(), [true, false, false]);
    await edit({
      Object: [{
        uuid: uuid(100),
        Attribute: [{ uuid: uuid(101), deleted: true }],
      }],
    });
    assertEquals(flags(), [true, false, true]);
    await edit({
      Attribute: [{ uuid: uuid(1), deleted: false }],
      Object: [{
        uuid: uuid(100),
        Attribute: [{ uuid: uuid(101), deleted: false }],
      }],
    });
    assertEquals(flags(), [false, false, false]);
    await edit({ Object: [{ uuid: uuid(100), deleted: true }] });
    assertEquals(flags(), [false, true, true]);
    await edit({ Object: [{ uuid: uuid(100), deleted: false }] });
    assertEquals(flags(), [false, false, true]);
    await edit({ Object: [fileObject()] });
    assertEquals(flags(), [false, false, false]);
  }));

Deno.test("rule 7: a new attribute equal to a live one is refused; not beside a deleted one, not in objects", () =>
  withMisp(async (bench) => {
    const { add, edit, event } = bench;
    const md5 = fileObject().Attribute[0];
    await add({ Object: [fileObject()] });
    await edit({ Attribute: [attribute({ uuid: uuid(2) })] });
    assertEquals(reasons(bench), [
      `same type, category and value as ${uuid(1)}`,
    ]);
    await edit({
      Attribute: [attribute({ uuid: uuid(2), category: "Payload delivery" })],
    });
    await edit({ Attribute: [{ uuid: uuid(1), deleted: true }] });
    await edit({ Attribute: [attribute({ uuid: uuid(3) })] });
    assertEquals(reasons(bench), []);
    assertEquals(event(EVENT)?.Attribute.map(({ deleted }) => deleted), [
      true,
      false,
      false,
    ]);
    await edit({ Attribute: [{ uuid: uuid(1), deleted: false }] });
    assertEquals(reasons(bench), [
      `same type, category and value as ${uuid(3)}`,
    ]);
    await edit({
      Object: [fileObject({ Attribute: [md5, { ...md5, uuid: uuid(102) }] })],
      Attribute: [{ ...md5, uuid: uuid(4) }],
    });
    assertEquals(reasons(bench), []);
    assertEquals(event(EVENT)?.Object[0]?.Attribute.length, 2);
  }));

Deno.test("rule 7 compares stored values, and frees a value that an update gives up", () =>
  withMisp(async (bench) => {
    const { add, edit } = bench;
    await add({
      Attribute: [attribute({ type: "domain", value: "Evil.Example" })],
    });
    await edit({
      Attribute: [
        attribute({ uuid: uuid(2), type: "domain", value: "evil[.]example" }),
      ],
    });
    assertEquals(reasons(bench), [
      `same type, category and value as ${uuid(1)}`,
    ]);
    await edit({
      Attribute: [
        attribute({ type: "domain", value: "other.example" }),
        attribute({ uuid: uuid(2), type: "domain", value: "evil.example" }),
      ],
    });
    assertEquals(reasons(bench), []);
  }));

Deno.test("rule 8: tags are added and detached without regard to case", () =>
  withMisp(async ({ add, edit, event, tags }) => {
    await add({
      Tag: [{ name: "TLP:Amber" }, { name: "finance" }],
      Attribute: [attribute({ Tag: [{ name: "c2" }] })],
    });
    const names = () => {
      const { Tag, Attribute } = event(EVENT)!;
      return [
        Tag.map(({ name }) => name),
        (Attribute[0]?.Tag ?? []).map(({ name }) => name),
      ];
    };
    await edit({
      Tag: [{ name: "tlp:amber" }, { name: "new" }],
      Attribute: [{ uuid: uuid(1), Tag: [{ name: "C2" }, { name: "loader" }] }],
    });
    assertEquals(names(), [["TLP:Amber", "finance", "new"], ["c2", "loader"]]);
    await edit({
      Tag: [{ name: "tlp:AMBER", deleted: true }, {
        name: "absent",
        deleted: true,
      }],
      Attribute: [{ uuid: uuid(1), Tag: [{ name: "LOADER", deleted: true }] }],
    });
    assertEquals(names(), [["finance", "new"], ["c2"]]);
    assertEquals(tags(), ["TLP:Amber", "finance", "c2", "new", "loader"]);
  }));

Deno.test("rule 9: sightings beside the event are added once", () =>
  withMisp(async (bench) => {
    const { add, post, event } = bench;
    await add();
    const sighting = (members: Json = {}) => ({
      uuid: uuid(9),
      attribute_uuid: uuid(1),
      date_sighting: "1706745600",
      type: "1",
      source: "SOC",
      ...members,
    });
    const edit = (Sighting: Json[]) =>
      post(`events/edit/${EVENT}`, { Event: { uuid: EVENT }, Sighting });
    await edit([sighting()]);
    await edit([sighting()]);
    assertEquals(reasons(bench), ["UUID is there already"]);
    await edit([
      sighting({ uuid: uuid(10), attribute_uuid: uuid(44) }),
      sighting({ uuid: uuid(11), type: "7" }),
      sighting({ uuid: "019a2f8e-7c00-7abc-8def-000000000001" }),
    ]);
    assertEquals(reasons(bench), [
      "attribute is not in this event",
      "type is not 0, 1 or 2",
      "Invalid UUID",
    ]);
    assertEquals(event(EVENT)?.Sighting.map(({ type }) => type), ["1"]);
    await post(`events/edit/${EVENT}`, {
      Event: { Sighting: [sighting({ uuid: uuid(12) })] },
    });
    assertEquals(reasons(bench), [
      "a Sighting list stands beside Event, not in it",
    ]);
  }));

Deno.test("a sighting that names an organisation makes it", () =>
  withMisp(async ({ add, post, event, organisations }) => {
    await add();
    const sighting = (id: number) => ({
      uuid: uuid(id),
      attribute_uuid: uuid(1),
      Organisation: { name: `SOC ${id}` },
    });
    const body = (id: number) => ({ Event: {}, Sighting: [sighting(id)] });
    await post(`events/edit/${EVENT}`, body(9));
    await post(`events/edit/${EVENT}`, body(10), { as: "user" });
    const names = event(EVENT)?.Sighting.map((row) => row.Organisation.name);
    assertEquals(names, ["SOC 9", "CERT"]);
    assertEquals(organisations.length, 3);
  }));

Deno.test("tags of objects are left out", () =>
  withMisp(async (bench) => {
    await bench.add({ Object: [fileObject({ Tag: [{ name: "c2" }] })] });
    assertEquals(reasons(bench), ["objects have no tags"]);
    assertEquals(bench.tags(), []);
  }));

Deno.test("rule 10: the UUID of the body wins over the path", () =>
  withMisp(async ({ add, post, event }) => {
    await add();
    await add({ uuid: uuid(50), Attribute: [] });
    await post(`events/edit/${EVENT}`, {
      Event: { uuid: uuid(50), info: "moved" },
    });
    assertEquals(event(EVENT)?.info, "Phishing wave against banks");
    assertEquals(event(uuid(50))?.info, "moved");
    const none = await post(`events/edit/${EVENT}`, {
      Event: { uuid: uuid(51) },
    });
    assertStringIncludes(none.body.errors, "Could not find the local event");
  }));

Deno.test("events/edit of an unknown or invisible event is 404, before rights", () =>
  withMisp(async ({ add, edit, addUser }) => {
    assertEquals((await edit({ info: "x" })).body.message, "Invalid event");
    await add({ distribution: "0" });
    const answer = await edit({ info: "x" }, {
      as: addUser("user", "Elsewhere"),
    });
    assertEquals([answer.status, answer.body.message], [404, "Invalid event"]);
  }));

Deno.test("a resend of the same event changes nothing but the timestamps", () =>
  withMisp(async ({ add, post, event, pass }) => {
    const body = sampleEvent({
      Object: [fileObject()],
      Tag: [{ name: "finance" }],
    });
    await add(body);
    const frozen = () =>
      JSON.stringify(
        event(EVENT),
        (name, value) => name === "timestamp" ? 0 : value,
      );
    const before = frozen();
    pass(60);
    const { timestamp: _, ...again } = body;
    assertEquals(
      (await post(`events/edit/${EVENT}`, { Event: again })).status,
      200,
    );
    assertEquals(frozen(), before);
  }));

Deno.test("equal attributes of one body are saved once, those of objects as often as sent", () =>
  withMisp(async (bench) => {
    const md5 = fileObject().Attribute[0];
    const added = await bench.add({
      Attribute: [
        attribute(),
        attribute({ uuid: uuid(2) }),
        attribute({ uuid: uuid(1), value: "4.4.4.4" }),
      ],
      Object: [fileObject({ Attribute: [md5, { ...md5, uuid: uuid(102) }] })],
    });
    assertEquals(added.Attribute.map(({ uuid }: Json) => uuid), [uuid(1)]);
    assertEquals(added.Object[0].Attribute.length, 2);
    assertEquals(reasons(bench), [
      "same type, category and value twice in the body",
      "UUID is there already",
    ]);
  }));

Deno.test("object references need both ends in the event", () =>
  withMisp(async (bench) => {
    const reference = (referenced_uuid: string, id: number) => ({
      uuid: uuid(id),
      referenced_uuid,
      relationship_type: "related-to",
    });
    const added = await bench.add({
      Object: [
        fileObject({
          ObjectReference: [reference(uuid(1), 70), reference(uuid(71), 72)],
        }),
      ],
    });
    assertEquals(
      added.Object[0].ObjectReference.map(({ uuid }: Json) => uuid),
      [uuid(70)],
    );
    assertEquals(reasons(bench), ["referenced element is not there"]);
  }));
