import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { type Json, ndjson, withElastic } from "./client.ts";

const STRICT = {
  mappings: { dynamic: "strict", properties: { a: { type: "ip" } } },
};

Deno.test("_bulk answers items in request order, each with its own verdict", () =>
  withElastic(async ({ bulk, cluster }) => {
    const { status, body } = await bulk([
      { index: { _index: "ti", _id: "1" } },
      { name: "one" },
      { create: { _index: "ti", _id: "1" } },
      { name: "again" },
      { update: { _index: "ti", _id: "1" } },
      { doc: { more: true } },
      { update: { _index: "ti", _id: "gone" } },
      { doc: {} },
      { delete: { _index: "ti", _id: "1" } },
      { delete: { _index: "ti", _id: "1" } },
      { index: { _index: "ti" } },
      { name: "made id" },
    ]);
    assertEquals(status, 200);
    assertEquals(body.errors, true);
    const seen = body.items.map((item: Json) => {
      const [op, rest] = Object.entries<Json>(item)[0] ?? ["", {}];
      return [op, rest.status, rest.result ?? rest.error.type, rest._version];
    });
    assertEquals(seen, [
      ["index", 201, "created", 1],
      ["create", 409, "version_conflict_engine_exception", undefined],
      ["update", 200, "updated", 2],
      ["update", 404, "document_missing_exception", undefined],
      ["delete", 200, "deleted", 3],
      ["delete", 404, "not_found", 4],
      ["index", 201, "created", 1],
    ]);
    assertEquals(
      body.items[1].create.error.reason,
      "[1]: version conflict, document already exists (current version [1])",
    );
    assertEquals(body.items[0].index._shards.failed, 0);
    assertEquals(cluster.documents("ti").size, 1);
  }));

Deno.test("_bulk refuses a request that is malformed as a whole", () =>
  withElastic(async ({ es, cluster }) => {
    const source = '{"index":{"_index":"x","_id":"1"}}\n{}\n';
    const cases: [string, string][] = [
      ["", "request body is required"],
      [source.trimEnd(), "must be terminated by a newline [\\n]"],
      [
        `${source}{"put":{}}\n{}\n`,
        "expected field [create], [delete], [index] or [update] but found [put]",
      ],
      [
        `${source}[1]\n{}\n`,
        "Malformed action/metadata line [3], expected START_OBJECT but found [START_ARRAY]",
      ],
      [
        `${source}{"index":{"_type":"_doc"}}\n{}\n`,
        "Action/metadata line [3] contains an unknown parameter [_type]",
      ],
      ['{"index":{"_id":"1"}}\n{}\n', "1: index is missing;"],
      ['{"delete":{"_index":"x"}}\n', "1: id is missing;"],
      [
        '{"create":{"_index":"x","_id":"1","version":3,"version_type":"external"}}\n{}\n',
        "create operations only support internal versioning. use index instead",
      ],
      [
        '{"index":{"_index":"x","_id":"1","version":3}}\n{}\n',
        "internal versioning can not be used",
      ],
      [
        '{"index":{"_index":"x","_id":"1","version_type":"newest"}}\n{}\n',
        "No version type match [newest]",
      ],
      ['{"index":{"_index":"x","_id":"1"}}\n', "no requests added"],
      [
        `{"index":{"_index":"x","_id":"${"i".repeat(513)}"}}\n{}\n`,
        "is too long, must be no longer than 512 bytes but was: 513",
      ],
    ];
    for (const [body, reason] of cases) {
      const answer = await es("POST", "/_bulk", {
        body,
        headers: { "content-type": "application/x-ndjson" },
      });
      assertEquals(answer.status, 400, body);
      assertStringIncludes(answer.body.error.reason, reason);
    }
    assertEquals(cluster.indices.size, 0);
  }));

Deno.test("_bulk keeps external versions: newer wins, equal only with gte", () =>
  withElastic(async ({ bulk, cluster }) => {
    const at = (version: number, version_type: string) => ({
      index: { _index: "ti", _id: "b", version, version_type },
    });
    const { body } = await bulk([
      at(1772445600001000, "external_gte"),
      { n: 1 },
      at(1772445600000000, "external_gte"),
      { n: 2 },
      at(1772445600001000, "external_gte"),
      { n: 3 },
      at(1772445600001000, "external"),
      { n: 4 },
    ]);
    assertEquals(body.items.map((item: Json) => item.index.status), [
      201,
      409,
      200,
      409,
    ]);
    assertEquals(body.items[1].index.error, {
      type: "version_conflict_engine_exception",
      reason:
        "[b]: version conflict, current version [1772445600001000] is higher than the one provided [1772445600000000]",
      index_uuid: cluster.indices.get("ti")?.uuid,
      shard: "0",
      index: "ti",
    });
    assertStringIncludes(
      body.items[3].index.error.reason,
      "is higher or equal to the one provided",
    );
    assertEquals(cluster.documents("ti").get("b")?.source, { n: 3 });
  }));

Deno.test("_bulk remembers the version of a delete for 60 s", () =>
  withElastic(async ({ bulk, pass, cluster }) => {
    const versioned = (op: string, version: number) => ({
      [op]: { _index: "ti", _id: "a", version, version_type: "external_gte" },
    });
    await bulk([versioned("index", 10), { n: 1 }, versioned("delete", 20)]);
    pass(59_000);
    const early = await bulk([versioned("index", 15), { n: 2 }]);
    assertEquals(early.body.items[0].index.status, 409);
    pass(2000);
    const late = await bulk([versioned("index", 15), { n: 3 }]);
    assertEquals(late.body.items[0].index.status, 201);
    assertEquals(cluster.documents("ti").get("a")?.version, 15);
  }));

Deno.test("_bulk: a delete with an external version of nothing leaves a tombstone", () =>
  withElastic(async ({ bulk }) => {
    const meta = { _index: "ti", _id: "a", version_type: "external_gte" };
    const gone = await bulk([{ delete: { ...meta, version: 20 } }]);
    assertEquals(gone.body.errors, false);
    assertEquals(gone.body.items[0].delete.status, 404);
    assertEquals(gone.body.items[0].delete.result, "not_found");
    assertEquals(gone.body.items[0].delete._version, 20);
    const late = await bulk([{ index: { ...meta, version: 19 } }, {}]);
    assertEquals(late.body.items[0].index.status, 409);
  }));

Deno.test("_bulk gives parsing errors per item, with position and cause", () =>
  withElastic(async ({ es, bulk }) => {
    await es("PUT", "/ti", { body: STRICT });
    const { body } = await bulk([
      { index: { _index: "ti", _id: "d" } },
      { a: "198.51.100.0/24" },
      { index: { _index: "ti", _id: "e" } },
      { b: 1 },
      { index: { _index: "ti", _id: "f" } },
      { a: "198.51.100.7" },
    ]);
    assertEquals(body.items[0].index.error, {
      type: "document_parsing_exception",
      reason:
        "[1:6] failed to parse field [a] of type [ip] in document with id 'd'. Preview of field's value: '198.51.100.0/24'",
      caused_by: {
        type: "illegal_argument_exception",
        reason: "'198.51.100.0/24' is not an IP string literal.",
      },
    });
    assertEquals(
      body.items[1].index.error.type,
      "strict_dynamic_mapping_exception",
    );
    assertStringIncludes(
      body.items[1].index.error.reason,
      "mapping set to strict, dynamic introduction of [b] within [_doc] is not allowed",
    );
    assertEquals(body.items[2].index.status, 201);
  }));

Deno.test("_bulk: a source that is no JSON spoils its item alone", () =>
  withElastic(async ({ es }) => {
    const { status, body } = await es("POST", "/ti/_bulk", {
      body: '{"index":{"_id":"1"}}\n{"a":\n{"index":{"_id":"2"}}\n{}\n',
      headers: { "content-type": "application/x-ndjson" },
    });
    assertEquals(status, 200);
    assertEquals(body.items.map((item: Json) => item.index.status), [400, 201]);
  }));

Deno.test("_bulk: require_alias and auto-create off give 404 items", () =>
  withElastic(async ({ bulk, es }) => {
    const aliased = await bulk([
      { index: { _index: "opencti", _id: "1", require_alias: true } },
      {},
    ]);
    assertEquals(aliased.body.items[0].index.status, 404);
    assertEquals(
      aliased.body.items[0].index.error.type,
      "index_not_found_exception",
    );
    assertEquals(
      aliased.body.items[0].index.error.reason,
      "no such index [opencti] and [require_alias] request flag is [true] and [opencti] is not an alias",
    );
    const off = await bulk([{ index: { _index: "x", _id: "1" } }, {}]);
    assertEquals(
      off.body.items[0].index.error.reason,
      "no such index [x] and [action.auto_create_index] is [false]",
    );
    await es("PUT", "/%3Copencti-%7Bnow%2Fd%7D-000001%3E", {
      body: { aliases: { opencti: { is_write_index: true } } },
    });
    const written = await bulk([
      { index: { _index: "opencti", _id: "1", require_alias: true } },
      {},
    ]);
    assertEquals(
      written.body.items[0].index._index,
      "opencti-2026.03.02-000001",
    );
  }, { autoCreate: false }));

Deno.test("_bulk takes gzip, and answers 413 without a body above the limit", () =>
  withElastic(async ({ es, cluster, requests }) => {
    const lines = ndjson([{ index: { _index: "ti", _id: "1" } }, {
      a: "x".repeat(500),
    }]);
    const headers = { "content-type": "application/x-ndjson" };
    const zipped = await es("POST", "/_bulk", {
      body: new Uint8Array(gzipSync(lines)),
      headers: { ...headers, "content-encoding": "gzip" },
    });
    assertEquals(zipped.body.errors, false);
    assertEquals(cluster.documents("ti").size, 1);
    const large = lines.repeat(3);
    const plain = await es("POST", "/_bulk", { body: large, headers });
    assertEquals([plain.status, plain.text], [413, ""]);
    const bomb = await es("POST", "/_bulk", {
      body: new Uint8Array(gzipSync(large)),
      headers: { ...headers, "content-encoding": "gzip" },
    });
    assertEquals(bomb.status, 413);
    assertEquals(requests.items, 1);
  }, { maxContentLength: 1000 }));

Deno.test("_bulk: filter_path shortens the answer", () =>
  withElastic(async ({ bulk }) => {
    const { body } = await bulk(
      [{ index: { _index: "ti", _id: "1" } }, {}],
      "?filter_path=errors,items.*.status",
    );
    assertEquals(body, { errors: false, items: [{ index: { status: 201 } }] });
  }));

Deno.test("storeSources: false keeps versions and the kept fields", () =>
  withElastic(async ({ bulk, es, cluster }) => {
    await bulk([
      { index: { _index: "ti", _id: "1" } },
      { opencti_doc_id: "abc", stix: { big: "x".repeat(100) } },
    ], "?refresh=true");
    assertEquals(cluster.documents("ti").get("1")?.source, {
      opencti_doc_id: "abc",
    });
    const { body } = await es("POST", "/ti/_delete_by_query", {
      body: { query: { term: { "opencti_doc_id.keyword": "abc" } } },
    });
    assertEquals(body.deleted, 1);
  }, { storeSources: false }));

Deno.test("_bulk takes 15,000 documents of 1 KB in a second", () =>
  withElastic(async ({ es }) => {
    await es("PUT", "/ti", {
      body: {
        mappings: {
          properties: { "@timestamp": { type: "date" }, ip: { type: "ip" } },
        },
      },
    });
    const lines: unknown[] = [];
    for (let at = 0; at < 5000; at += 1) {
      lines.push({ index: { _index: "ti", _id: `${at}` } }, {
        "@timestamp": "2026-03-02T10:00:00.000Z",
        ip: `198.51.100.${at % 256}`,
        threat: { indicator: { name: `n${at}`, description: "d".repeat(800) } },
        tags: ["opencti", "botnet"],
      });
    }
    const body = ndjson(lines);
    const headers = { "content-type": "application/x-ndjson" };
    const started = performance.now();
    for (let round = 0; round < 3; round += 1) {
      assert(
        (await es("POST", "/_bulk", { body, headers })).body.errors === false,
      );
    }
    // Half the promised rate, for a machine that is busy with other things.
    const ms = performance.now() - started;
    assert(ms < 2000, `15,000 documents took ${Math.round(ms)} ms`);
  }, { storeSources: false }));
