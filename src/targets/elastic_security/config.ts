import { z } from "zod";
import {
  booleanField,
  choice,
  commaList,
  integer,
  pemFile,
  proxyUrl,
  secret,
  text,
  url,
} from "../../config/fields.ts";
import { indexName } from "../_elastic/index_name.ts";
import type { SeedNames } from "../target.ts";

/** Settings of one Elastic Security. */
export const configSchema = z.object({
  url: url().describe("URL of Elasticsearch. A path prefix survives."),
  api_key: secret().describe(
    "API key: the encoded form that Elasticsearch shows, or id:key. " +
      "Needs create_index, index, delete, read, view_index_metadata and " +
      "maintenance on the index, manage_index_templates on the cluster, " +
      "and in Kibana all rights on Security rules.",
  ),
  client_cert: pemFile().optional().describe(
    "Client certificate (PEM file); needs client_key.",
  ),
  client_key: pemFile().optional().describe(
    "Key of the client certificate (PEM file).",
  ),
  ca_cert: pemFile().optional().describe(
    "CA that signed the server's certificate (PEM file).",
  ),
  verify_ssl: booleanField().default(true).describe(
    "Whether the server's certificate is checked. false wins over ca_cert.",
  ),
  proxy: proxyUrl().optional().describe(
    "Proxy to reach Elasticsearch and Kibana through.",
  ),
  index_name: indexName().default("logs-ti_custom_opencti.indicator").describe(
    "Index, alias or data stream of the threat documents. A name that begins " +
      "with logs-ti_ is read by Elastic's prebuilt match rules.",
  ),
  write_mode: choice(["auto", "index", "data_stream", "lookup"])
    .default("auto").describe(
      "auto uses what exists: a data stream as one, else an index. lookup " +
        "makes an index that ES|QL LOOKUP JOIN can use (Elasticsearch 8.18 " +
        "or newer): one shard, at most about two billion documents, and the " +
        "match field has to hold a single value, which ours do.",
    ),
  indicator_expire_time: integer({ min: 0, max: 36_500 }).default(90).describe(
    "Days after its last change that an entity without valid_until expires " +
      "and its documents are removed. 0 is never.",
  ),
  batch_size: integer({ min: 1, max: 10_000 }).default(100).describe(
    "Documents per bulk request, at most. Three requests go at once.",
  ),
  flush_interval_ms: integer({ min: 0 }).default(1000).describe(
    "Accepted and ignored: what is there is sent at once, and batches form " +
      "while Elasticsearch is busy.",
  ),
  refresh_timestamps: booleanField().default(true).describe(
    "Whether valid documents get a new @timestamp every 20 days. Elastic's " +
      "prebuilt match rules read no document older than 30 days.",
  ),
  create_rules: booleanField().default(true).describe(
    "Whether indicators in KQL, Lucene, EQL and ES|QL become detection " +
      "rules. false: Kibana is never called.",
  ),
  kibana_url: url().optional().describe(
    "URL of Kibana, with its base path. Derived on Elastic Cloud (.es. " +
      "becomes .kb.); without it there are no rules.",
  ),
  kibana_space: text().default("default").describe(
    "Kibana space of the rules.",
  ),
  rule_enabled: booleanField().default(true).describe(
    "Whether rules are switched on.",
  ),
  rule_index_patterns: commaList().default([
    "logs-*",
    "filebeat-*",
    "packetbeat-*",
    "winlogbeat-*",
    "-logs-ti_*",
  ]).describe(
    "Indices that KQL, Lucene and EQL rules search. The last one keeps rules " +
      "from matching the threat documents themselves.",
  ),
  opencti_external_url: url().optional().describe(
    "URL of OpenCTI for links, where analysts reach it under another one.",
  ),
});

/** Settings of one Elastic Security, checked. */
export type ElasticSecurityConfig = z.infer<typeof configSchema>;

/** Names of the connector `elastic-security-intel`. */
// deno-fmt-ignore
export const seed: SeedNames = {
  presentWhen: ["ELASTIC_SECURITY_URL"],
  rows: [
    // config.yml                               variable                                  key
    ["elastic_security.url",                    "ELASTIC_SECURITY_URL",                   "url"],
    ["elastic_security.api_key",                "ELASTIC_SECURITY_API_KEY",               "api_key"],
    ["elastic_security.client_cert",            "ELASTIC_SECURITY_CLIENT_CERT",           "client_cert"],
    ["elastic_security.client_key",             "ELASTIC_SECURITY_CLIENT_KEY",            "client_key"],
    ["elastic_security.verify_ssl",             "ELASTIC_SECURITY_VERIFY_SSL",            "verify_ssl"],
    ["elastic_security.ca_cert",                "ELASTIC_SECURITY_CA_CERT",               "ca_cert"],
    ["elastic_security.index_name",             "ELASTIC_SECURITY_INDEX_NAME",            "index_name"],
    ["elastic_security.indicator_expire_time",  "ELASTIC_SECURITY_INDICATOR_EXPIRE_TIME", "indicator_expire_time"],
    ["elastic_security.batch_size",             "ELASTIC_SECURITY_BATCH_SIZE",            "batch_size"],
    ["elastic_security.kibana_url",             "ELASTIC_SECURITY_KIBANA_URL",            "kibana_url"],
    ["elastic_security.opencti_external_url",   "ELASTIC_SECURITY_OPENCTI_EXTERNAL_URL",  "opencti_external_url"],
    ["elastic_security.kibana_space",           "ELASTIC_SECURITY_KIBANA_SPACE",          "kibana_space"],
    ["elastic_security.create_rules",           "ELASTIC_SECURITY_CREATE_RULES",          "create_rules"],
    ["elastic_security.rule_index_patterns",    "ELASTIC_SECURITY_RULE_INDEX_PATTERNS",   "rule_index_patterns"],
    ["elastic_security.rule_enabled",           "ELASTIC_SECURITY_RULE_ENABLED",          "rule_enabled"],
    ["elastic_security.flush_interval_ms",      "ELASTIC_SECURITY_FLUSH_INTERVAL_MS",     "flush_interval_ms"],
    ["elastic_security.write_mode",             "ELASTIC_SECURITY_WRITE_MODE",            "write_mode"],
    ["elastic_security.refresh_timestamps",     "ELASTIC_SECURITY_REFRESH_TIMESTAMPS",    "refresh_timestamps"],
    ["elastic_security.proxy",                  "ELASTIC_SECURITY_PROXY",                 "proxy"],
  ],
  connector: {
    name: "Elastic Security Intel",
    scope: "elastic-security-intel",
    noDependencies: true,
  },
};

/**
 * Where Kibana is: as configured, else derived from an Elastic Cloud address
 * (`x.es.region` → `x.kb.region`); nothing where neither gives it.
 */
export function kibanaUrl(
  config: Pick<ElasticSecurityConfig, "url" | "kibana_url">,
): string | undefined {
  if (config.kibana_url !== undefined) return config.kibana_url;
  const elastic = new URL(config.url);
  if (!elastic.hostname.includes(".es.")) return undefined;
  elastic.hostname = elastic.hostname.replace(".es.", ".kb.");
  if (elastic.port === "9243") elastic.port = "";
  return elastic.origin;
}
