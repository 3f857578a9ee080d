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
  url: url().describe(
    "URL of Elasticsearch, with its path prefix if it has one",
  )
    .meta({ examples: ["https://elastic.example.org:9200"] }),
  api_key: secret().describe(
    "API key: the encoded form that Elasticsearch shows, or id:key. It " +
      "needs create_index, index, delete, read, view_index_metadata and " +
      "maintenance on the index, monitor and manage_index_templates on the " +
      "cluster, and in Kibana all rights on Security rules",
  ),
  client_cert: pemFile().optional().describe(
    "PEM file of a client certificate; needs client_key",
  ),
  client_key: pemFile().optional().describe(
    "PEM file of the client certificate's key",
  ),
  ca_cert: pemFile().optional().describe(
    "PEM file of the authority that signed the certificates of " +
      "Elasticsearch and Kibana",
  ),
  verify_ssl: booleanField().default(true).describe(
    "Verify those certificates; false is for tests, and wins over ca_cert",
  ),
  proxy: proxyUrl().optional().describe(
    "Proxy for Elasticsearch and Kibana, instead of those of the proxy block",
  ),
  index_name: indexName().default("logs-ti_custom_opencti.indicator").describe(
    "Index, alias or data stream of the threat documents. Elastic's prebuilt " +
      "indicator match rules read names that begin with logs-ti_",
  ),
  write_mode: choice(["auto", "index", "data_stream", "lookup"])
    .default("auto").describe(
      "How documents are written. auto takes what is there: a data stream as " +
        "one, anything else, or nothing yet, as an index. index and " +
        "data_stream insist on one of them. lookup makes an index for ES|QL " +
        "LOOKUP JOIN (Elasticsearch 8.18 or newer, at most about two billion " +
        "documents)",
    ),
  indicator_expire_time: integer({ min: 0, max: 36_500 }).default(90).describe(
    "Days without a change after which an object that has no valid_until " +
      "expires, and its documents are removed. 0: never",
  ),
  batch_size: integer({ min: 1, max: 10_000 }).default(100).describe(
    "Documents per bulk request, at most; up to three requests go at once",
  ),
  flush_interval_ms: integer({ min: 0 }).default(1000).describe(
    "Read so that a connector's file needs no change, and ignored: what is " +
      "there is sent at once, and batches form while Elasticsearch is busy",
  ),
  refresh_timestamps: booleanField().default(true).describe(
    "Give valid documents a new @timestamp every 20 days: Elastic's prebuilt " +
      "indicator match rules read nothing older than 30 days",
  ),
  create_rules: booleanField().default(true).describe(
    "Make detection rules of indicators in KQL, Lucene, EQL and ES|QL. With " +
      "false, Kibana is never called",
  ),
  kibana_url: url().optional().describe(
    "URL of Kibana, with its base path if it has one. Default: on Elastic " +
      "Cloud, url with .es. as .kb.; elsewhere none, and no rules are made",
  ),
  kibana_space: text().default("default").describe(
    "Kibana space of the rules",
  ),
  rule_enabled: booleanField().default(true).describe(
    "Make rules switched on; with false they are made switched off",
  ),
  rule_index_patterns: commaList().default([
    "logs-*",
    "filebeat-*",
    "packetbeat-*",
    "winlogbeat-*",
    "-logs-ti_*",
  ]).describe(
    "Indices that KQL, Lucene and EQL rules search. The last entry keeps " +
      "them from finding the threat documents themselves; another index_name " +
      "is left out in the same way",
  ),
  opencti_external_url: url().optional().describe(
    "URL of OpenCTI in links. Default: opencti.external_url",
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

/**
 * Indices that rules search: as configured, without the index of the threat
 * documents where a wildcard would take it in.
 */
export function ruleIndices(
  { index_name, rule_index_patterns }: Pick<
    ElasticSecurityConfig,
    "index_name" | "rule_index_patterns"
  >,
): readonly string[] {
  const isTakenIn = rule_index_patterns.some((pattern) =>
    pattern.includes("*") && covers(pattern, index_name)
  );
  const isLeftOut = rule_index_patterns.some((pattern) =>
    pattern.startsWith("-") && covers(pattern.slice(1), index_name)
  );
  return isTakenIn && !isLeftOut
    ? [...rule_index_patterns, `-${index_name}`]
    : rule_index_patterns;
}

function covers(pattern: string, name: string): boolean {
  const parts = pattern.split("*").map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join(".*")}$`).test(name);
}
