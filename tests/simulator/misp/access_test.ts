import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { TYPES } from "../../../src/simulator/misp/attribute_types.ts";
import type { RoleName } from "../../../src/simulator/misp/mod.ts";
import {
  attribute,
  EVENT,
  fileObject,
  type Json,
  sampleEvent,
  uuid,
  withMisp,
} from "./client.ts";

const BAD_LOGIN =
  "Authentication failed. Please make sure you pass the API key of an API " +
  "enabled user along in the Authorization header.";
const REFUSED = "You do not have permission to use this functionality.";

Deno.test("a missing, short, unknown or prefixed key is 403 Authentication failed", () =>
  withMisp(async ({ get, apiKey }) => {
    const keys = ["", "abc", "x".repeat(40), `Bearer ${apiKey}`, `${apiKey}0`];
    for (const authorization of keys) {
      const answer = await get("servers/getVersion", {
        headers: { authorization },
      });
      assertEquals(answer.status, 403);
      assertEquals(answer.body, {
        name: BAD_LOGIN,
        message: BAD_LOGIN,
        url: "/servers/getVersion",
      });
    }
    const other = await get("servers/getVersion", {
      headers: { authorization: "", "x-misp-auth": apiKey },
    });
    assertEquals(other.status, 200);
  }));

Deno.test("an expired key, and one of another address, are refused with their reason", () =>
  withMisp(async ({ get, users, apiKey }) => {
    const user = users.find(({ key }) => key === apiKey);
    assert(user !== undefined);
    // deno-fmt-ignore
    const states = [
      ["expired",       403, "Auth key is expired"],
      ["other-address", 403, "not possible to use this Auth key from your IP address"],
      ["valid",         200, ""],
    ] as const;
    for (const [state, status, text] of states) {
      user.keyState = state;
      const answer = await get("users/view/me");
      assertEquals(answer.status, status);
      assertStringIncludes(answer.body.message ?? "", text);
    }
  }));

Deno.test("another Accept is a browser: 302 to the login page, HTML, under the sub-path", () =>
  withMisp(async ({ get, url }) => {
    for (
      const accept of [
        "*/*",
        "text/html",
        "application/json, */*",
        "application/xml",
      ]
    ) {
      const answer = await get("servers/getVersion", { headers: { accept } });
      assertEquals(answer.status, 302);
      assertEquals(answer.headers.get("location"), `${url}/users/login`);
      assertStringIncludes(
        answer.headers.get("content-type") ?? "",
        "text/html",
      );
    }
  }, { basePath: "/sub/misp" }));

Deno.test("outside the sub-path there is no MISP; unknown controllers and actions are 404", () =>
  withMisp(async ({ url, get }) => {
    const outside = await fetch(url.replace("/misp", "/servers/getVersion"));
    assertEquals(outside.status, 404);
    assertStringIncludes(await outside.text(), "<html>");
    const controller = await get("nothing/view/1");
    assertEquals([controller.status, controller.body.name], [
      404,
      "Controller class nothingController could not be found.",
    ]);
    assertEquals((await get("events/nothing")).status, 404);
  }, { basePath: "/misp" }));

Deno.test("messages are HTML-escaped", () =>
  withMisp(async ({ add, post }) => {
    await add();
    const body = { uuid: EVENT, tag: "<b>&'" };
    const answer = await post("tags/attachTagToObject", body, { as: "user" });
    assertEquals(answer.status, 404);
    assertStringIncludes(
      answer.body.message,
      "&quot;&lt;b&gt;&amp;&#039;&quot;",
    );
    assertEquals(answer.body.name, answer.body.message);
  }));

Deno.test("a body that is no JSON is 405; one that is not called JSON is not read", () =>
  withMisp(async ({ post }) => {
    const broken = await post("events/add", "{");
    assertEquals(broken.status, 405);
    assertStringIncludes(broken.body.message, "Invalid JSON input");
    for (const body of [undefined, "", {}]) {
      const empty = await post("events/add", body);
      assertEquals([empty.status, empty.body.message], [
        405,
        "No valid event data received.",
      ]);
    }
    const text = await post("events/add", { Event: sampleEvent() }, {
      headers: { "content-type": "text/plain" },
    });
    assertEquals(text.body.message, "No valid event data received.");
    const bare = await post("events/add", sampleEvent());
    assertEquals(bare.body.Event.uuid, EVENT);
  }));

Deno.test("wrong verbs: GET of an adding route describes it, of a deleting one is 405", () =>
  withMisp(async ({ get }) => {
    for (const path of ["events/add", `attributes/add/${EVENT}`, "tags/add"]) {
      const answer = await get(path);
      assertEquals(answer.status, 200);
      assertStringIncludes(answer.body.name, "API description");
    }
    const routes = [
      `attributes/delete/${uuid(1)}`,
      `events/delete/${EVENT}`,
      `events/publish/${EVENT}`,
      `eventBlocklists/delete/${EVENT}`,
    ];
    for (const path of routes) assertEquals((await get(path)).status, 405);
  }));

Deno.test("a body over the limit is 413 with a page of the proxy, and is not applied", () =>
  withMisp(async ({ post, events, limits }) => {
    const big = { Event: sampleEvent({ info: "x".repeat(1_000) }) };
    const answer = await post("events/add", big);
    assertEquals(answer.status, 413);
    assertStringIncludes(answer.text, "<title>413 Request Entity Too Large");
    assertEquals(events(), []);
    limits.maxBodyBytes = 10_000;
    assertEquals((await post("events/add", big)).status, 200);
  }, { maxBodyBytes: 1_000 }));

Deno.test("servers/getVersion and users/view/me tell the version and the flags of the key", () =>
  withMisp(async ({ get }) => {
    const version = await get("servers/getVersion");
    assertEquals(version.body, {
      version: "2.5.30",
      pymisp_recommended_version: "2.5.30",
      perm_sync: true,
      perm_sighting: true,
      perm_galaxy_editor: true,
      uuid: "-",
    });
    const { User, Role, UserSetting, Organisation } =
      (await get("users/view/me")).body;
    assertEquals([User.org_id, User.role_id, User.disabled], ["1", "5", false]);
    assertEquals([Role.id, Role.name], ["5", "Sync user"]);
    assertEquals([Role.perm_sync, Role.perm_site_admin], [true, false]);
    assertEquals(UserSetting, []);
    assertEquals(Organisation, {
      id: "1",
      name: "CERT",
      uuid: "5f6d5a1e-0000-4000-8000-000000000001",
      local: true,
    });
  }, { version: "2.5.30" }));

// deno-fmt-ignore
const ALLOWED: readonly [string, string, Json, readonly RoleName[]][] = [
  // method  path                                  body            default roles that may
  ["GET",  "servers/getVersion",                   undefined,      ["admin", "orgAdmin", "user", "publisher", "syncUser", "readOnly"]],
  ["GET",  "users/view/me",                        undefined,      ["admin", "orgAdmin", "user", "publisher", "syncUser", "readOnly"]],
  ["GET",  `events/view/${EVENT}`,                 undefined,      ["admin", "orgAdmin", "user", "publisher", "syncUser", "readOnly"]],
  ["GET",  "organisations/view/1",                 undefined,      ["admin", "orgAdmin", "user", "publisher", "syncUser", "readOnly"]],
  ["GET",  "attributes/describeTypes",             undefined,      ["admin", "orgAdmin", "user", "publisher", "syncUser", "readOnly"]],
  ["POST", `events/edit/${EVENT}`,                 { Event: { info: "x" } }, ["admin", "orgAdmin", "user", "publisher", "syncUser"]],
  ["POST", `attributes/add/${EVENT}`,              { type: "text", value: "NEW" }, ["admin", "orgAdmin", "user", "publisher", "syncUser"]],
  ["POST", `objects/add/${EVENT}`,                 fileObject({ uuid: undefined, Attribute: [] }), ["admin", "orgAdmin", "user", "publisher", "syncUser"]],
  ["POST", `events/publish/${EVENT}`,              undefined,      ["admin", "orgAdmin", "publisher", "syncUser"]],
  ["POST", `events/alert/${EVENT}`,                undefined,      ["admin", "orgAdmin", "publisher", "syncUser"]],
  ["POST", `sightings/add/${uuid(1)}`,             { source: "x" }, ["admin", "orgAdmin", "user", "publisher", "syncUser"]],
  ["POST", "tags/add",                             { name: "x" },  ["admin", "orgAdmin", "syncUser"]],
  ["POST", "tags/attachTagToObject",               { uuid: EVENT, tag: "known" }, ["admin", "orgAdmin", "user", "publisher", "syncUser"]],
  ["POST", "eventBlocklists/add",                  { uuids: [uuid(70)] }, ["admin", "orgAdmin", "user", "publisher", "syncUser"]],
  ["GET",  "eventBlocklists/index",                undefined,      ["admin", "orgAdmin", "user", "publisher", "syncUser"]],
  ["POST", "admin/organisations/add",              { name: "NEW" }, ["admin"]],
];

Deno.test("each default role may what the table of rights says, and is refused the rest", () =>
  withMisp(async ({ add, call, keys, post }) => {
    await add();
    await post("tags/add", { name: "known" });
    let turn = 0;
    for (const [method, path, body, roles] of ALLOWED) {
      for (const role of Object.keys(keys) as RoleName[]) {
        turn += 1;
        const text = JSON.stringify(body)?.replace("NEW", `value ${turn}`);
        const answer = await call(method, path, {
          as: role,
          ...(text === undefined ? {} : { body: JSON.parse(text) }),
        });
        const may = roles.includes(role);
        assertEquals(
          answer.status,
          may ? 200 : 403,
          `${role} ${path} ${answer.text}`,
        );
        if (!may) assertEquals(answer.body.message, REFUSED);
      }
    }
  }));

Deno.test("events/add needs perm_add, and flags that an operator takes away count at once", () =>
  withMisp(async ({ post, users }) => {
    const event = { Event: sampleEvent() };
    const refused = await post("events/add", event, { as: "readOnly" });
    assertEquals([refused.status, refused.body.message], [403, REFUSED]);
    const sync = users.find(({ role }) => role.name === "Sync user");
    assert(sync !== undefined);
    sync.role.perm_add = false;
    assertEquals((await post("events/add", event)).status, 403);
    sync.role.perm_add = true;
    assertEquals((await post("events/add", event)).status, 200);
  }));

Deno.test("the modify right: own organisation, own event, or site admin", () =>
  withMisp(async ({ add, post, addUser, users }) => {
    const stranger = addUser("orgAdmin", "Elsewhere");
    await add({}, { as: "user" });
    const edit = (as: string) =>
      post(`events/edit/${EVENT}`, { Event: { info: as } }, { as });
    const statuses = async (...keys: string[]) =>
      await Promise.all(keys.map(async (key) => (await edit(key)).status));
    assertEquals(await statuses("user", "publisher", "admin", stranger), [
      200,
      200,
      200,
      403,
    ]);
    for (const user of users) user.role.perm_modify_org = false;
    assertEquals(await statuses("user", "publisher", "admin"), [200, 403, 200]);
    const foreign = await post(
      `attributes/add/${EVENT}`,
      attribute({ value: "9.9.9.9" }),
      { as: stranger },
    );
    assertEquals([foreign.status, foreign.body.message], [
      403,
      "You do not have permission to do that.",
    ]);
  }));

Deno.test("unknown tags vanish without perm_tag_editor; tags of an edit need perm_tagger", () =>
  withMisp(async ({ add, edit, event, drops, users }) => {
    await add({ Tag: [{ name: "known" }] });
    await add({
      uuid: uuid(60),
      Attribute: [],
      Tag: [{ name: "KNOWN" }, { name: "new" }],
    }, { as: "user" });
    const names = (key: string) => event(key)?.Tag.map(({ name }) => name);
    assertEquals(names(uuid(60)), ["known"]);
    assertEquals(
      drops.splice(0).map(({ what, id, reason }) => [what, id, reason]),
      [
        ["tag", "new", "unknown tag, and the role lacks perm_tag_editor"],
      ],
    );
    for (const user of users) user.role.perm_tagger = false;
    await edit({ Tag: [{ name: "known", deleted: true }, { name: "other" }] });
    assertEquals(names(EVENT), ["known"]);
    assertEquals(
      drops.map(({ reason }) => reason),
      Array(2).fill("the role lacks perm_tagger"),
    );
  }));

Deno.test("tag names are cut at 255 bytes; those the database refuses are dropped", () =>
  withMisp(async ({ add, drops }) => {
    const added = await add({
      Tag: [
        { name: "ä".repeat(200) },
        { name: "" },
        { name: "a 😀" },
        { name: "a\nb" },
        { name: "c", colour: "red" },
      ],
    });
    assertEquals(added.Tag.map(({ name }: Json) => name), ["ä".repeat(127)]);
    assertEquals(drops.map(({ reason }) => reason), [
      "a tag needs a name",
      "a character of 4 bytes",
      "a control character",
      "not a colour",
    ]);
  }));

Deno.test("attributes/describeTypes lists types, categories, mappings and defaults", () =>
  withMisp(async ({ get }) => {
    const { result } = (await get("attributes/describeTypes")).body;
    assertEquals(result.types.length, TYPES.size);
    assertEquals(result.categories.length, 16);
    assert(
      result.category_type_mappings["Network activity"].includes("ip-dst"),
    );
    assertEquals(result.sane_defaults["ip-dst"], {
      default_category: "Network activity",
      to_ids: 1,
    });
  }));

Deno.test("organisations/view finds by number, UUID and name, in which spaces are plus signs", () =>
  withMisp(async ({ get }) => {
    const partner = "5f6d5a1e-0000-4000-8000-000000000002";
    for (const key of ["2", partner, "Partner+CSIRT"]) {
      const answer = await get(`organisations/view/${key}`);
      assertEquals(answer.body.Organisation.uuid, partner);
    }
    for (const key of ["Partner%20CSIRT", "9", "Nobody"]) {
      const answer = await get(`organisations/view/${key}`);
      assertEquals([answer.status, answer.body.message], [
        404,
        "Invalid organisation",
      ]);
    }
  }));

Deno.test("admin/organisations/add makes an organisation once", () =>
  withMisp(async ({ post }) => {
    const ask = { as: "admin" };
    const body = { name: "ACME", uuid: uuid(80), local: false };
    const { Organisation } =
      (await post("admin/organisations/add", body, ask)).body;
    assertEquals(Organisation, { id: "3", ...body });
    // deno-fmt-ignore
    const rows: readonly [Json, string][] = [
      [{ name: "ACME" },                                   "name"],
      [{ name: "" },                                       "name"],
      [{ name: "Other", uuid: uuid(80) },                  "uuid"],
      [{ name: "Other", uuid: "x" },                       "uuid"],
    ];
    for (const [sent, field] of rows) {
      const answer = await post("admin/organisations/add", sent, ask);
      assertEquals([answer.status, answer.body.saved], [403, false]);
      assertEquals(Object.keys(answer.body.errors), [field]);
    }
  }));
