import { assertEquals } from "@std/assert";
import { type Json, withElastic } from "./client.ts";

/** Third-party samples: outside of the repository, skipped where absent. */
const SHARED = Deno.env.get("RELAY_SHARED") ??
  new URL("../../../../shared", import.meta.url).pathname;

function sample(name: string): Json {
  try {
    return JSON.parse(
      Deno.readTextFileSync(`${SHARED}/reference/data/${name}`),
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const BULK = sample("elastic-bulk-response-sample.json");
const ALERTS = sample("elastic-alert-samples.json");
const DOCUMENTS = sample("elastic-security-docs.json");

const INDEX = "logs-ti_custom_opencti.indicator";

/** The index template of target A, in short. */
const TEMPLATE = {
  index_patterns: [INDEX, `${INDEX}-*`],
  priority: 501,
  template: {
    settings: { index: { number_of_shards: 1, refresh_interval: "5s" } },
    mappings: {
      date_detection: false,
      dynamic_templates: [{
        strings: {
          match_mapping_type: "string",
          mapping: { type: "keyword", ignore_above: 1024 },
        },
      }],
      properties: {
        "@timestamp": { type: "date" },
        opencti_doc_id: { type: "keyword" },
        event: {
          properties: {
            created: { type: "date" },
            risk_score: { type: "float" },
          },
        },
        threat: {
          properties: { indicator: { properties: { ip: { type: "ip" } } } },
        },
        related: { properties: { ip: { type: "ip" } } },
        opencti: {
          properties: {
            cidr: { type: "ip_range" },
            expires_at: { type: "date" },
          },
        },
        stix: { type: "object", enabled: false },
      },
    },
  },
};

Deno.test({
  name:
    "the kinds of item in elastic-bulk-response-sample.json can all be made",
  ignore: BULK === undefined,
  fn: () =>
    withElastic(async ({ es, bulk, faults }) => {
      await es("PUT", "/ti", {
        body: { mappings: { properties: { ip: { type: "ip" } } } },
      });
      await es("PUT", "/_data_stream/logs-x-default");
      const at = (version: number) => ({
        version,
        version_type: "external_gte",
      });
      await bulk([{
        index: { _index: "ti", _id: "b", ...at(1772445600001000) },
      }, {}]);
      const faulty = (
        id: string,
        error: "rejected" | "unavailable" | "forbidden" | "flood-stage",
      ) => faults.items({ where: (operation) => operation.id === id, error });
      faulty("c", "rejected");
      faulty("f", "unavailable");
      faulty("h", "forbidden");
      faulty("i", "flood-stage");
      faults.items({ where: ({ id }) => id === "g", failureStore: "used" });
      const { body } = await bulk([
        { index: { _index: "ti", _id: "a", ...at(1772445600000000) } },
        {},
        { index: { _index: "ti", _id: "b", ...at(1772445600000000) } },
        {},
        { index: { _index: "ti", _id: "c" } },
        {},
        { index: { _index: "ti", _id: "d" } },
        { ip: "198.51.100.0/24" },
        { delete: { _index: "ti", _id: "e" } },
        { index: { _index: "ti", _id: "f" } },
        {},
        { create: { _index: "logs-x-default", _id: "g" } },
        { "@timestamp": 1 },
        { index: { _index: "ti", _id: "h" } },
        {},
        { index: { _index: "ti", _id: "i" } },
        {},
      ]);
      const shape = (item: Json) => {
        const [op, rest] = Object.entries<Json>(item)[0] ?? ["", {}];
        return [
          op,
          rest._id,
          rest.status,
          rest.result,
          rest.error?.type,
          rest.error?.caused_by?.type,
          rest.failure_store,
        ];
      };
      assertEquals(body.items.map(shape), BULK.response.items.map(shape));
    }),
});

Deno.test({
  name:
    "the hits of elastic-alert-samples.json are found by rule type, old and new",
  ignore: ALERTS === undefined,
  fn: () =>
    withElastic(async ({ es, foreign }) => {
      const { note: _note, ...samples } = ALERTS;
      for (const { _index, _id, _source } of Object.values<Json>(samples)) {
        if (_index.startsWith(".siem")) foreign.signal(_id, _source);
        else foreign.alert(_id, _source);
      }
      const { body } = await es(
        "POST",
        "/.alerts-security.alerts-*,.siem-signals-*/_search?ignore_unavailable=true",
        {
          body: {
            query: {
              bool: {
                minimum_should_match: 1,
                should: [
                  { term: { "kibana.alert.rule.type": "threat_match" } },
                  { term: { "signal.rule.type": "threat_match" } },
                ],
              },
            },
            sort: [{ "@timestamp": "desc" }],
          },
        },
      );
      assertEquals(
        body.hits.hits.map((hit: Json) => hit._id),
        [
          samples.match_alert_without_enrichments,
          samples.v8,
          samples.v7_15_or_later,
          samples.v7_13,
        ].map(({ _id }) => _id),
      );
    }),
});

Deno.test({
  name: "the documents of elastic-security-docs.json fit the index template",
  ignore: DOCUMENTS === undefined,
  fn: () =>
    withElastic(async ({ es, bulk, cluster }) => {
      assertEquals(
        (await es("PUT", "/_index_template/ti", { body: TEMPLATE })).status,
        200,
      );
      const documents = documentsIn(DOCUMENTS);
      const { body } = await bulk(
        documents.flatMap((source, at) => [
          { index: { _index: INDEX, _id: `${at}` } },
          source,
        ]),
        "?refresh=true",
      );
      assertEquals(body.errors, false, JSON.stringify(body.items));
      assertEquals(documents.length >= 8, true);
      assertEquals(cluster.documents(INDEX).size, documents.length);
      const one = documents[0]?.opencti_doc_id;
      const { body: deleted } = await es("POST", `/${INDEX}/_delete_by_query`, {
        body: { query: { term: { opencti_doc_id: one } } },
      });
      assertEquals(
        deleted.deleted,
        documents.filter((source) => source.opencti_doc_id === one).length,
      );
    }),
});

/** Every object in the file that is a document: it has our document id. */
function documentsIn(value: Json): Json[] {
  if (typeof value !== "object" || value === null) return [];
  if ("opencti_doc_id" in value) return [value];
  return Object.values(value).flatMap(documentsIn);
}
