import { assertEquals, assertStringIncludes } from "@std/assert";
import { Client, HttpConnection } from "@elastic/elasticsearch";
import { type Json, withElastic } from "./client.ts";

Deno.test("missing and wrong credentials give 401 as security_exception", () =>
  withElastic(async ({ es, apiKeyId, apiKeySecret }) => {
    const basic = (login: string) => `Basic ${btoa(login)}`;
    const cases: [string, string][] = [
      ["", "missing authentication credentials for REST request [/]"],
      ["Bearer abc", "missing authentication credentials for REST request [/]"],
      [
        `ApiKey ${btoa(`${apiKeyId}:wrong`)}`,
        "unable to authenticate with provided credentials and anonymous access is not allowed for this request",
      ],
      ["ApiKey !!", "unable to authenticate with provided credentials"],
      [
        basic("elastic:wrong"),
        "unable to authenticate user [elastic] for REST request [/]",
      ],
    ];
    for (const [authorization, reason] of cases) {
      const { status, body, headers } = await es("GET", "/", {
        headers: { authorization },
      });
      assertEquals([status, body.error.type], [401, "security_exception"]);
      assertStringIncludes(body.error.reason, reason);
      assertStringIncludes(headers.get("www-authenticate") ?? "", "ApiKey");
      assertEquals(body.error.root_cause[0].reason, body.error.reason);
    }
    const raw = `ApiKey ${btoa(`${apiKeyId}:${apiKeySecret}`)}`;
    assertEquals(
      (await es("GET", "/", { headers: { authorization: raw } })).status,
      200,
    );
    const user = basic("elastic:pass:word");
    assertEquals(
      (await es("GET", "/", { headers: { authorization: user } })).status,
      200,
    );
  }, { basic: "elastic:pass:word" }));

Deno.test("a right that is missing gives 403, of an index per bulk item", () =>
  withElastic(async ({ es, bulk, privileges, apiKeyId }) => {
    const root = await es("GET", "/");
    assertEquals(root.status, 403);
    assertEquals(
      root.body.error.reason,
      `action [cluster:monitor/main] is unauthorized for API key id [${apiKeyId}] of user [elastic], this action is granted by the cluster privileges [monitor,manage,all]`,
    );
    const body = { index_patterns: ["x"] };
    assertEquals((await es("PUT", "/_index_template/x", { body })).status, 403);
    assertEquals((await es("GET", "/_resolve/index/ti")).status, 403);
    assertEquals((await es("GET", "/_ilm/policy/x")).status, 403);
    const { status, body: answer } = await bulk([
      { index: { _index: "ti", _id: "1" } },
      {},
      { index: { _index: "other", _id: "1" } },
      {},
      { delete: { _index: "ti", _id: "1" } },
    ]);
    assertEquals(status, 200);
    assertEquals(
      answer.items.map((item: Json) => Object.values<Json>(item)[0].status),
      [201, 403, 403],
    );
    assertStringIncludes(
      answer.items[1].index.error.reason,
      "is unauthorized for API key id [relay-key] of user [elastic] on indices [other]",
    );
    privileges.index.length = 0;
    const none = await bulk([{ index: { _index: "ti" } }, {}]);
    assertEquals([none.status, none.body.error.type], [
      403,
      "security_exception",
    ]);
  }, {
    privileges: {
      cluster: [],
      index: [{ names: ["ti*"], privileges: ["index", "create_index"] }],
    },
  }));

Deno.test("_has_privileges and _authenticate say what the key may do", () =>
  withElastic(async ({ es }) => {
    const { body } = await es("POST", "/_security/user/_has_privileges", {
      body: {
        cluster: ["monitor", "manage_index_templates"],
        index: [{ names: ["ti"], privileges: ["write", "read", "delete"] }],
      },
    });
    assertEquals(body, {
      username: "elastic",
      has_all_requested: false,
      cluster: { monitor: true, manage_index_templates: false },
      index: { ti: { write: true, read: false, delete: true } },
      application: {},
    });
    const who = await es("GET", "/_security/_authenticate");
    assertEquals(who.body.api_key, { id: "relay-key", name: "relay" });
    assertEquals(who.body.authentication_type, "api_key");
  }, {
    privileges: {
      cluster: ["monitor"],
      index: [{ names: ["ti"], privileges: ["write"] }],
    },
  }));

Deno.test("a revoked key is refused from the next request on", () =>
  withElastic(async ({ es, security, apiKeyId }) => {
    assertEquals((await es("GET", "/")).status, 200);
    security.keys.delete(apiKeyId);
    assertEquals((await es("GET", "/")).status, 401);
  }));

Deno.test("media types are checked as each major version does", () =>
  withElastic(async ({ es }) => {
    const vendor = (version: number) =>
      `application/vnd.elasticsearch+json; compatible-with=${version}`;
    const nine = await es("GET", "/", { headers: { accept: vendor(9) } });
    assertEquals([nine.status, nine.body.error.type], [
      400,
      "media_type_header_exception",
    ]);
    assertEquals(
      nine.body.error.caused_by.reason,
      "Accept version must be either version 8 or 7, but found 9. Accept=application/vnd.elasticsearch+json; compatible-with=9",
    );
    const eight = await es("GET", "/", { headers: { accept: vendor(8) } });
    assertEquals(eight.status, 200);
    assertStringIncludes(
      eight.headers.get("content-type") ?? "",
      "vnd.elasticsearch+json",
    );
    assertEquals(eight.headers.get("x-elastic-product"), "Elasticsearch");
    const plain = await es("POST", "/_bulk", {
      body: "x\n",
      headers: { "content-type": "text/plain" },
    });
    assertEquals(plain.body, {
      error: "Content-Type header [text/plain] is not supported",
      status: 406,
    });
    const sent = await es("PUT", "/x", {
      body: "{}",
      headers: { "content-type": vendor(9) },
    });
    assertStringIncludes(
      sent.body.error.caused_by.reason,
      "Content-Type version must be either version 8 or 7",
    );
    assertEquals(
      (await es("GET", "/", { headers: { accept: "image/png" } })).status,
      400,
    );
  }));

Deno.test("a 9.x server takes compatible-with 8 and 9, and refuses with 415", () =>
  withElastic(async ({ es }) => {
    for (const version of [8, 9]) {
      const accept =
        `application/vnd.elasticsearch+json; compatible-with=${version}`;
      const { status, body } = await es("GET", "/", { headers: { accept } });
      assertEquals([status, body.version.number], [200, "9.1.2"]);
    }
    const plain = await es("POST", "/_bulk", {
      body: "x",
      headers: { "content-type": "text/plain" },
    });
    assertEquals(plain.status, 415);
  }, { version: "9.1.2" }));

Deno.test("unknown paths, methods and parameters are refused", () =>
  withElastic(async ({ es }) => {
    const path = await es("POST", "/api/detection_engine/rules");
    assertEquals([path.status, path.body], [400, {
      error:
        "no handler found for uri [/api/detection_engine/rules] and method [POST]",
      status: 400,
    }]);
    const method = await es("PATCH", "/_bulk");
    assertEquals(method.body, {
      error:
        "Incorrect HTTP method for uri [/_bulk] and method [PATCH], allowed: [POST, PUT]",
      status: 405,
    });
    const one = await es("GET", "/_cluster/health?foo=1");
    assertEquals(
      one.body.error.reason,
      "request [/_cluster/health] contains unrecognized parameter: [foo]",
    );
    const two = await es("GET", "/?foo=1&bar=2&pretty");
    assertEquals(
      two.body.error.reason,
      "request [/] contains unrecognized parameters: [bar], [foo]",
    );
    const head = await es("HEAD", "/");
    assertEquals([head.status, head.text], [200, ""]);
    assertEquals((await es("GET", "/_cluster/health")).body.status, "green");
    const broken = await es("PUT", "/%E0%A4%A");
    assertEquals(broken.status, 400);
    const json = await es("PUT", "/x", {
      body: "{",
      headers: { "content-type": "application/json" },
    });
    assertEquals(json.body.error.type, "x_content_parse_exception");
  }));

Deno.test("the official client works against it", () =>
  withElastic(async ({ url, apiKey, cluster }) => {
    const client = new Client({
      node: url,
      auth: { apiKey },
      Connection: HttpConnection,
    });
    assertEquals((await client.info()).version.number, "8.17.0");
    await client.indices.create({ index: "ti" });
    const bulk = await client.bulk({
      refresh: true,
      operations: [{ index: { _index: "ti", _id: "1" } }, { a: "b" }],
    });
    assertEquals(bulk.errors, false);
    const found = await client.search({
      index: "ti",
      query: { term: { "a.keyword": "b" } },
    });
    assertEquals(found.hits.hits[0]?._id, "1");
    const gone = await client.deleteByQuery({
      index: "ti",
      query: { match_all: {} },
      conflicts: "proceed",
      refresh: true,
    });
    assertEquals(gone.deleted, 1);
    assertEquals(cluster.documents("ti").size, 0);
    await client.close();
  }));
