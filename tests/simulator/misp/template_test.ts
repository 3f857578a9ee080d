import { assertEquals } from "@std/assert";
import { fileObject, type Json, uuid, withMisp } from "./client.ts";

const [md5] = fileObject().Attribute;

// deno-fmt-ignore
const BREACHES: readonly [Json, string[]][] = [
  [{ template_uuid: uuid(300) },    [`unknown template ${uuid(300)}`]],
  [{ template_version: "24" },      ["version is 24, the template has 25"]],
  [{ name: "files" },               ["name is files, the template has file"]],
  [{ "meta-category": "network" },  ["meta-category is network, the template has file"]],
  [{ Attribute: [md5, { ...md5, uuid: uuid(102), object_relation: "hash" }] }, ["unknown relation hash"]],
  [{ Attribute: [{ ...md5, type: "text", object_relation: "md5" }] }, ["relation md5 is text, the template has md5"]],
  [{ Attribute: [{ ...md5, type: "text", object_relation: "state", value: "x" }] }, ["requiredOneOf is unmet"]],
];

Deno.test("MISP stores objects that break their template; the log says how", () =>
  withMisp(async ({ add, breaches }) => {
    await add({ Object: [fileObject()] });
    assertEquals(breaches, []);
    for (const [at, [members, problems]] of BREACHES.entries()) {
      const id = uuid(1_000 + at * 10);
      const attributes = (members.Attribute ?? [md5]).map((
        item: Json,
        index: number,
      ) => ({ ...item, uuid: uuid(1_001 + at * 10 + index) }));
      const added = await add({
        uuid: uuid(2_000 + at),
        Attribute: [],
        Object: [fileObject({ ...members, uuid: id, Attribute: attributes })],
      });
      assertEquals(added.Object.length, 1);
      const seen = breaches.splice(0);
      assertEquals(seen.map(({ problem }) => problem), problems);
      assertEquals(seen[0]?.object, id);
    }
  }));

Deno.test("a required relation is asked for, but not of a deleted object", () =>
  withMisp(async ({ add, edit, breaches }) => {
    await add({
      Attribute: [],
      Object: [fileObject({
        name: "phone-number",
        "meta-category": "mobile",
        template_uuid: "c4b5a67c-63d2-11ec-90d6-0242ac120003",
        template_version: "1",
        Attribute: [],
      })],
    });
    assertEquals(breaches.splice(0).map(({ problem }) => problem), [
      "required relation phone-number is missing",
    ]);
    await edit({ Object: [{ uuid: uuid(100), deleted: true }] });
    assertEquals(breaches, []);
  }));
