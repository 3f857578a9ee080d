import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Answered, type Bench, type Json, withElastic } from "./client.ts";

const STREAM = "logs-ti_custom_opencti.indicator";
const TEMPLATE = {
  index_patterns: [STREAM, `${STREAM}-*`],
  priority: 501,
  data_stream: {},
  template: {
    settings: { index: { number_of_shards: 1, refresh_interval: "5s" } },
    mappings: {
      date_detection: false,
      properties: { opencti_doc_id: { type: "keyword" } },
    },
  },
};
const WITHOUT_STREAM = { ...TEMPLATE, data_stream: undefined };

function assertRefused(
  answer: Answered,
  status: number,
  type: string,
  reason: string,
): void {
  assertEquals([answer.status, answer.body?.error?.type], [status, type]);
  assertStringIncludes(answer.body.error.reason, reason);
}

async function makeStream({ es }: Bench): Promise<void> {
  await es("PUT", "/_index_template/ti", { body: TEMPLATE });
  const made = await es("PUT", `/_data_stream/${STREAM}`);
  assertEquals(made.body, { acknowledged: true });
}

Deno.test("PUT /<index> makes an index once, with settings and mappings", () =>
  withElastic(async ({ es }) => {
    const made = await es("PUT", "/ti", {
      body: {
        mappings: { properties: { a: { type: "ip" } } },
        settings: { number_of_replicas: 0 },
      },
    });
    assertEquals(made.body, {
      acknowledged: true,
      shards_acknowledged: true,
      index: "ti",
    });
    const again = await es("PUT", "/ti");
    assertRefused(
      again,
      400,
      "resource_already_exists_exception",
      "index [ti/",
    );
    const seen = (await es("GET", "/ti")).body.ti;
    assertEquals(seen.mappings, { properties: { a: { type: "ip" } } });
    assertEquals(seen.settings.index.number_of_replicas, "0");
    assertEquals((await es("HEAD", "/ti")).status, 200);
    assertEquals((await es("HEAD", "/none")).status, 404);
    assertEquals((await es("DELETE", "/ti")).body, { acknowledged: true });
    assertRefused(
      await es("DELETE", "/ti"),
      404,
      "index_not_found_exception",
      "no such index [ti]",
    );
  }));

// deno-fmt-ignore
const WRONG_INDICES: readonly [string, unknown, string, string][] = [
  ["Upper", {}, "invalid_index_name_exception", "Invalid index name [Upper], must be lowercase"],
  ["-dash", {}, "invalid_index_name_exception", "must not start with '_', '-', or '+'"],
  ["a%20b", {}, "invalid_index_name_exception", "must not contain the following characters"],
  ["a%23b", {}, "invalid_index_name_exception", "must not contain '#'"],
  ["x".repeat(256), {}, "invalid_index_name_exception", "index name is too long, (256 > 255)"],
  ["x", { mapping: {} }, "parse_exception", "unknown key [mapping] for create index"],
  ["x", { settings: { index: { refresh: "5s" } } }, "illegal_argument_exception", "unknown setting [index.refresh]"],
  ["x", { settings: { refresh_interval: "5 seconds" } }, "illegal_argument_exception", "failed to parse setting [index.refresh_interval]"],
  ["x", { mappings: { properties: { a: { type: "ipaddr" } } } }, "mapper_parsing_exception", "No handler for type [ipaddr]"],
  ["logs-a-b", {}, "illegal_argument_exception", "cannot create index with name [logs-a-b], because it matches with template [logs] that creates data streams only"],
];

Deno.test("PUT /<index> refuses wrong names, settings and mappings", () =>
  withElastic(async ({ es, cluster }) => {
    for (const [name, body, type, reason] of WRONG_INDICES) {
      assertRefused(await es("PUT", `/${name}`, { body }), 400, type, reason);
    }
    assertEquals(cluster.indices.size, 0);
  }));

// deno-fmt-ignore
const WRONG_TEMPLATES: readonly [unknown, string, string][] = [
  [{ ...TEMPLATE, patterns: [] }, "x_content_parse_exception", "[index_template] unknown field [patterns]"],
  [{ ...TEMPLATE, template: { mapping: {} } }, "x_content_parse_exception", "[template] unknown field [mapping]"],
  [{ template: {} }, "illegal_argument_exception", "Required [index_patterns]"],
  [{ ...TEMPLATE, composed_of: ["mine"] }, "invalid_index_template_exception", "specifies component templates [mine] that do not exist"],
  [{ ...TEMPLATE, template: { settings: { index: { nonsense: 1 } } } }, "illegal_argument_exception", "composable template [new] template after composition is invalid"],
  [{ ...TEMPLATE, index_patterns: ["logs-ti_custom*"] }, "illegal_argument_exception", "index template [new] has index patterns [logs-ti_custom*] matching patterns from existing templates [ti]"],
];

Deno.test("PUT /_index_template refuses unknown fields and a clash of priority", () =>
  withElastic(async ({ es }) => {
    await es("PUT", "/_index_template/ti", { body: TEMPLATE });
    for (const [body, type, reason] of WRONG_TEMPLATES) {
      assertRefused(
        await es("PUT", "/_index_template/new", { body }),
        400,
        type,
        reason,
      );
    }
    const other = { ...TEMPLATE, priority: 502 };
    assertEquals(
      (await es("PUT", "/_index_template/new", { body: other })).status,
      200,
    );
    const created = await es("PUT", "/_index_template/new?create=true", {
      body: other,
    });
    assertRefused(
      created,
      400,
      "illegal_argument_exception",
      "index template [new] already exists",
    );
    const got = await es("GET", "/_index_template/new");
    assertEquals(got.body.index_templates[0].index_template.priority, 502);
    assertEquals((await es("DELETE", "/_index_template/new")).status, 200);
    assertRefused(
      await es("GET", "/_index_template/new"),
      404,
      "resource_not_found_exception",
      "index template matching [new] not found",
    );
    assertRefused(
      await es("DELETE", "/_index_template/new"),
      404,
      "index_template_missing_exception",
      "index_template [new] missing",
    );
  }));

Deno.test("a template may not lose data_stream, or go, while a stream needs it", () =>
  withElastic(async (bench) => {
    await makeStream(bench);
    const lost = await bench.es("PUT", "/_index_template/ti", {
      body: WITHOUT_STREAM,
    });
    assertRefused(
      lost,
      400,
      "illegal_argument_exception",
      `and no data stream configuration would cause data streams [${STREAM}] to no longer match a data stream template`,
    );
    const gone = await bench.es("DELETE", "/_index_template/ti");
    assertRefused(
      gone,
      400,
      "illegal_argument_exception",
      "are in use by a data streams",
    );
    await bench.es("DELETE", `/_data_stream/${STREAM}`);
    const after = await bench.es("PUT", "/_index_template/ti", {
      body: WITHOUT_STREAM,
    });
    assertEquals(after.status, 200);
  }));

Deno.test("a data stream takes only create, and documents with a timestamp", () =>
  withElastic(async (bench) => {
    await makeStream(bench);
    const source = {
      "@timestamp": "2026-03-02T10:00:00Z",
      opencti_doc_id: "x",
    };
    const { body } = await bench.bulk([
      { create: { _index: STREAM, _id: "1" } },
      source,
      { index: { _index: STREAM, _id: "2" } },
      source,
      { delete: { _index: STREAM, _id: "1" } },
      { create: { _index: STREAM, _id: "1" } },
      source,
      { create: { _index: STREAM, _id: "3" } },
      { opencti_doc_id: "y" },
    ]);
    const items = body.items.map((item: Json) => Object.values(item)[0]);
    assertEquals(items.map(({ status }: Json) => status), [
      201,
      400,
      400,
      409,
      400,
    ]);
    assertEquals(items[0]._index, `.ds-${STREAM}-2026.03.02-000001`);
    assertEquals(items[1].error.type, "illegal_argument_exception");
    assertEquals(
      items[1].error.reason,
      "only write ops with an op_type of create are allowed in data streams",
    );
    assertEquals(items[2].error.reason, items[1].error.reason);
    assertStringIncludes(
      items[4].error.reason,
      "data stream timestamp field [@timestamp] is missing",
    );
    const direct = await bench.bulk([{
      index: { _index: items[0]._index, _id: "1" },
    }, source]);
    assertStringIncludes(
      direct.body.items[0].index.error.reason,
      `target corresponding data stream [${STREAM}] instead`,
    );
    const removed = await bench.es(
      "POST",
      `/${STREAM}/_delete_by_query?refresh=true`,
      { body: { query: { match_all: {} } } },
    );
    assertEquals(removed.body.deleted, 0);
    await bench.es("POST", `/${STREAM}/_refresh`);
    const second = await bench.es(
      "POST",
      `/${STREAM}/_delete_by_query?refresh=true`,
      { body: { query: { term: { opencti_doc_id: "x" } } } },
    );
    assertEquals(second.body.deleted, 1);
  }));

Deno.test("bulk makes a data stream where a template says so, an index elsewhere", () =>
  withElastic(async ({ es, bulk }) => {
    await es("PUT", "/_index_template/ti", { body: TEMPLATE });
    await bulk([
      { create: { _index: STREAM } },
      { "@timestamp": "2026-03-02" },
      { index: { _index: "plain" } },
      {},
    ]);
    const stream = await es("GET", `/_resolve/index/${STREAM}`);
    assertEquals(stream.body.indices, []);
    assertEquals(stream.body.data_streams, [{
      name: STREAM,
      backing_indices: [`.ds-${STREAM}-2026.03.02-000001`],
      timestamp_field: "@timestamp",
    }]);
    const index = await es("GET", "/_resolve/index/plain");
    assertEquals(index.body.indices, [{ name: "plain", attributes: ["open"] }]);
    const got = await es("GET", `/_data_stream/${STREAM}`);
    assertEquals(got.body.data_streams[0].generation, 1);
    assertRefused(
      await es("PUT", `/${STREAM}-x`),
      400,
      "illegal_argument_exception",
      "creates data streams only",
    );
    assertRefused(
      await es("PUT", "/_data_stream/none"),
      400,
      "illegal_argument_exception",
      "no matching index template found for data stream [none]",
    );
    assertRefused(
      await es("DELETE", `/${STREAM}`),
      400,
      "illegal_argument_exception",
      "matches a data stream",
    );
  }));

Deno.test("_resolve/index: absent gives 404, a pattern without match gives empty lists", () =>
  withElastic(async ({ es }) => {
    const absent = await es("GET", "/_resolve/index/ti");
    assertRefused(
      absent,
      404,
      "index_not_found_exception",
      "no such index [ti]",
    );
    const empty = await es("GET", "/_resolve/index/ti*");
    assertEquals(empty.body, { indices: [], aliases: [], data_streams: [] });
  }));

Deno.test("aliases: date math, write index, rollover, and the errors of each", () =>
  withElastic(async ({ es, bulk, cluster }) => {
    assertEquals((await es("HEAD", "/_alias/opencti")).status, 404);
    const absent = await es("GET", "/_alias/opencti");
    assertEquals(absent.body, {
      error: "alias [opencti] missing",
      status: 404,
    });
    const made = await es("PUT", "/%3Copencti-%7Bnow%2Fd%7D-000001%3E", {
      body: { aliases: { opencti: { is_write_index: true } } },
    });
    assertEquals(made.body.index, "opencti-2026.03.02-000001");
    assertEquals((await es("HEAD", "/_alias/opencti")).status, 200);
    assertRefused(
      await es("PUT", "/opencti"),
      400,
      "invalid_index_name_exception",
      "already exists as alias",
    );
    await bulk([{ index: { _index: "opencti", _id: "1" } }, { n: 1 }]);
    const rolled = await es("POST", "/opencti/_rollover");
    assertEquals(rolled.body.new_index, "opencti-2026.03.02-000002");
    await bulk([{ index: { _index: "opencti", _id: "1" } }, { n: 2 }]);
    assertEquals(cluster.documents("opencti-2026.03.02-000002").size, 1);
    const two = await es("GET", "/opencti/_doc/1");
    assertRefused(
      two,
      400,
      "illegal_argument_exception",
      "alias [opencti] has more than one index associated with it",
    );
    const old = await es("PUT", "/opencti-2026.03.02-000001/_doc/1", {
      body: { n: 3 },
    });
    assertEquals(old.body._version, 2);
    await es("POST", "/_aliases", {
      body: {
        actions: [{
          add: {
            index: "opencti-2026.03.02-000002",
            alias: "opencti",
            is_write_index: false,
          },
        }],
      },
    });
    const lost = await bulk([{ index: { _index: "opencti", _id: "9" } }, {}]);
    assertStringIncludes(
      lost.body.items[0].index.error.reason,
      "no write index is defined for alias [opencti]",
    );
    const clash = await es(
      "PUT",
      "/opencti-2026.03.02-000001/_alias/opencti-2026.03.02-000002",
      {},
    );
    assertRefused(
      clash,
      400,
      "invalid_alias_name_exception",
      "an index or data stream exists with the same name",
    );
  }));

Deno.test("_ilm/policy: missing 404, stored with a version, wrong phase 400", () =>
  withElastic(async ({ es }) => {
    const policy = {
      phases: { hot: { actions: { rollover: { max_age: "30d" } } } },
    };
    assertRefused(
      await es("GET", "/_ilm/policy/opencti"),
      404,
      "resource_not_found_exception",
      "Lifecycle policy not found: opencti",
    );
    await es("PUT", "/_ilm/policy/opencti", { body: { policy } });
    await es("PUT", "/_ilm/policy/opencti", { body: { policy } });
    const got = await es("GET", "/_ilm/policy/opencti");
    assertEquals([got.body.opencti.version, got.body.opencti.policy], [
      2,
      policy,
    ]);
    const wrong = await es("PUT", "/_ilm/policy/opencti", {
      body: { policy: { phases: { lukewarm: {} } } },
    });
    assertRefused(
      wrong,
      400,
      "illegal_argument_exception",
      "does not support phase [lukewarm]",
    );
    const field = await es("PUT", "/_ilm/policy/opencti", {
      body: { phases: {} },
    });
    assertRefused(
      field,
      400,
      "x_content_parse_exception",
      "unknown field [phases]",
    );
  }));

Deno.test("serverless has no ILM and says so with 410", () =>
  withElastic(async ({ es }) => {
    assertEquals(
      (await es("GET", "/")).body.version.build_flavor,
      "serverless",
    );
    const gone = await es("GET", "/_ilm/policy/opencti");
    assertRefused(
      gone,
      410,
      "api_not_available_exception",
      "not available when running in serverless mode",
    );
  }, { serverless: true }));

Deno.test("_mapping shows what was learnt and takes new fields, never another type", () =>
  withElastic(async ({ es, bulk }) => {
    await bulk([{ index: { _index: "ti" } }, { n: 1 }]);
    assertEquals((await es("GET", "/ti/_mapping")).body, {
      ti: { mappings: { properties: { n: { type: "long" } } } },
    });
    await es("PUT", "/ti/_mapping", {
      body: { properties: { ip: { type: "ip" } } },
    });
    const changed = await es("PUT", "/ti/_mapping", {
      body: { properties: { n: { type: "keyword" } } },
    });
    assertRefused(
      changed,
      400,
      "illegal_argument_exception",
      "mapper [n] cannot be changed from type [long] to [keyword]",
    );
  }));
