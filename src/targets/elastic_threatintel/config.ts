import { z } from "zod";
import {
  booleanField,
  choice,
  commaList,
  duration,
  integer,
  isoDate,
  pemFile,
  proxyUrl,
  quoted,
  secret,
  text,
} from "../../config/fields.ts";
import { indexName } from "../_elastic/index_name.ts";
import type { SeedNames } from "../target.ts";
import { dateMathName, dateMathSuffix, renderName } from "./date_math.ts";
import { indexPattern, queryText, startTime, tlp } from "./fields.ts";
import { cloudId, hostList } from "./hosts.ts";

/** Settings of one Elasticsearch, in the manner of the older connector. */
export const configSchema = z.object({
  mode: choice(["ecs", "stix", "ecs_no_signals"]).default("ecs").describe(
    "ecs writes indicators as threat documents and takes alerts back to " +
      "OpenCTI as sightings; ecs_no_signals leaves the sightings out; stix " +
      "writes every object of the stream as it is.",
  ),
  hosts: hostList().prefault("localhost:9200").describe(
    "Elasticsearch: host, host:port or URL; http and 9200 unless they say " +
      "otherwise. Of several, the next is used where one does not answer.",
  ),
  cloud_id: cloudId().optional().describe(
    "Id of a deployment on Elastic Cloud, in place of hosts.",
  ),
  cloud_auth: secret().optional().describe(
    "user:password, in place of username and password.",
  ),
  username: text().optional().describe("User; needs password."),
  password: secret().optional().describe("Password of the user."),
  api_key: secret().optional().describe(
    "API key, id:key or the encoded form, in place of a user. Needs on the " +
      "indices create_index, index, delete, read, view_index_metadata and " +
      "maintenance, on the alerts read, on the cluster monitor, " +
      "manage_index_templates and manage_ilm.",
  ),
  ssl_verify: booleanField().default(true).describe(
    "Whether the server's certificate is checked. false wins over ca_cert.",
  ),
  ca_cert: pemFile().optional().describe(
    "CA that signed the server's certificate (PEM file).",
  ),
  client_cert: pemFile().optional().describe(
    "Client certificate (PEM file); needs client_key.",
  ),
  client_key: pemFile().optional().describe(
    "Key of the client certificate (PEM file).",
  ),
  proxy: proxyUrl().optional().describe("Proxy to reach Elasticsearch."),
  reduced_privileges: booleanField().default(false).describe(
    "true: the version is not asked for, which needs the right monitor.",
  ),
  index: dateMathName().default("opencti-{now/d}").describe(
    "Index of new documents where there is no ILM, and in mode stix. Date " +
      "math takes the time of the event.",
  ),
  include_labels: booleanField().default(false).describe(
    "Whether labels become tags of the documents.",
  ),
  legacy_threatintel_fields: booleanField().default(false).describe(
    "Whether documents also hold the threatintel.* fields of the former " +
      "connector, for rules that use them.",
  ),
  ilm_enabled: booleanField().default(true).describe(
    "Mode ecs: whether documents are written to an alias whose index rolls " +
      "over by an ILM policy. Serverless has none: the alias stays alone.",
  ),
  ilm_overwrite: booleanField().default(false).describe(
    "Whether an existing policy is replaced.",
  ),
  ilm_policy_name: text({ max: 255 }).default("opencti").describe(
    "Name of the ILM policy: 30 days or 50 GB per index, nothing is deleted.",
  ),
  ilm_rollover_alias: indexName().default("opencti").describe(
    "Alias that is written to.",
  ),
  ilm_pattern: dateMathSuffix().default("{now/d}-000001").describe(
    "What follows the alias in the name of the first index.",
  ),
  template_enabled: booleanField().default(true).describe(
    "Whether the index template is written.",
  ),
  template_overwrite: booleanField().default(false).describe(
    "Whether an existing template is replaced.",
  ),
  template_name: text({ max: 255 }).default("opencti").describe(
    "Name of the index template.",
  ),
  template_pattern: indexPattern().default("opencti-*").describe(
    "Indices of the template, and where documents are looked for. It has to " +
      "cover every index that is written to.",
  ),
  import_from_date: isoDate().optional().describe(
    "First run: events before this date are left out. Default: one minute " +
      "before the start.",
  ),
  start_timestamp: startTime().optional().describe(
    "First run: the same as milliseconds since 1970 or ISO 8601; it wins.",
  ),
  import_label: commaList().default(["*"]).describe(
    "Only objects that have one of these labels are written; what loses it " +
      "is removed. * is all.",
  ),
  query_interval: duration().prefault("5m").describe(
    "Time between two looks at the alerts.",
  ),
  lookback_interval: duration().prefault("5m").describe(
    "How far each look reaches back behind the last one.",
  ),
  signal_index: text().default(".alerts-security.alerts-*,.siem-signals-*")
    .describe("Indices of the alerts; missing ones do no harm."),
  signal_query: queryText().optional().describe(
    "Which alerts count: JSON text with the key query. Default: those of " +
      "indicator match rules.",
  ),
  sightings_tlp: tlp().optional().describe(
    "TLP marking of sightings, such as GREEN.",
  ),
  confidence_level: integer({ min: 0, max: 100 }).default(80).describe(
    "Confidence of sightings, 0 to 100. 1 to 4 is the old scale: 15, 50, " +
      "75, 85.",
  ),
  entity_name: text({ max: 200 }).default("Elastic CTI Cluster").describe(
    "Name of the system that saw an indicator.",
  ),
  entity_description: text({ max: 2000 })
    .default("Elastic detection engine results via connector")
    .describe("Its description."),
}).check(({ value, issues }) => {
  for (const [key, message] of contradictions(value)) {
    issues.push({ code: "custom", input: value, path: [key], message });
  }
});

/** Settings of one Elasticsearch, checked. */
export type ThreatintelConfig = z.infer<typeof configSchema>;

/** Names of the connector `elastic`. */
// deno-fmt-ignore
export const seed: SeedNames = {
  presentWhen: ["ELASTICSEARCH_HOSTS", "CLOUD_ID"],
  rows: [
    // config.yml                              variable                             key
    ["connector.mode",                         "CONNECTOR_MODE",                    "mode"],
    ["connector.confidence_level",             "CONNECTOR_CONFIDENCE_LEVEL",        "confidence_level"],
    ["connector.entity_name",                  "CONNECTOR_ENTITY_NAME",             "entity_name"],
    ["connector.entity_description",           "CONNECTOR_ENTITY_DESCRIPTION",      "entity_description"],
    ["connector.start_timestamp",              "CONNECTOR_START_TIMESTAMP",         "start_timestamp"],
    ["cloud.id",                               "CLOUD_ID",                          "cloud_id"],
    ["cloud.auth",                             "CLOUD_AUTH",                        "cloud_auth"],
    ["output.elasticsearch.hosts",             "ELASTICSEARCH_HOSTS",               "hosts"],
    ["output.elasticsearch.username",          "ELASTICSEARCH_USERNAME",            "username"],
    ["output.elasticsearch.password",          "ELASTICSEARCH_PASSWORD",            "password"],
    ["output.elasticsearch.api_key",           "ELASTICSEARCH_APIKEY",              "api_key"],
    ["output.elasticsearch.ssl_verify",        "ELASTICSEARCH_SSL_VERIFY",          "ssl_verify"],
    ["output.elasticsearch.ca_cert",           "ELASTICSEARCH_CA_CERT",             "ca_cert"],
    ["output.elasticsearch.client_cert",       "ELASTICSEARCH_CLIENT_CERT",         "client_cert"],
    ["output.elasticsearch.client_key",        "ELASTICSEARCH_CLIENT_KEY",          "client_key"],
    ["output.elasticsearch.proxy",             "ELASTICSEARCH_PROXY",               "proxy"],
    ["output.elasticsearch.index",             "ELASTICSEARCH_INDEX",               "index"],
    ["output.elasticsearch.reduced_privileges", "ELASTICSEARCH_REDUCED_PRIVILEGES", "reduced_privileges"],
    ["output.include_labels",                  "",                                  "include_labels"],
    ["output.legacy_threatintel_fields",       "",                                  "legacy_threatintel_fields"],
    ["setup.ilm.enabled",                      "",                                  "ilm_enabled"],
    ["setup.ilm.overwrite",                    "",                                  "ilm_overwrite"],
    ["setup.ilm.policy_name",                  "",                                  "ilm_policy_name"],
    ["setup.ilm.rollover_alias",               "",                                  "ilm_rollover_alias"],
    ["setup.ilm.pattern",                      "",                                  "ilm_pattern"],
    ["setup.template.enabled",                 "",                                  "template_enabled"],
    ["setup.template.overwrite",               "",                                  "template_overwrite"],
    ["setup.template.name",                    "",                                  "template_name"],
    ["setup.template.pattern",                 "",                                  "template_pattern"],
    ["elastic_import_from_date",               "ELASTIC_IMPORT_FROM_DATE",          "import_from_date"],
    ["elastic.import_from_date",               "ELASTIC_IMPORT_FROM_DATE",          "import_from_date"],
    ["elastic.import_label",                   "ELASTIC_IMPORT_LABEL",              "import_label"],
    ["elastic.signals.query_interval",         "",                                  "query_interval"],
    ["elastic.signals.lookback_interval",      "",                                  "lookback_interval"],
    ["elastic.signals.signal_index",           "",                                  "signal_index"],
    ["elastic.signals.query",                  "",                                  "signal_query"],
    ["elastic.sightings_tlp",                  "",                                  "sightings_tlp"],
  ],
  connector: {
    name: "Elastic CTI Connector",
    scope: "elastic",
    liveStreamId: "live",
    noDependencies: true,
  },
};

/** Base URLs of Elasticsearch, at least one. */
export function elasticUrls(
  { cloud_id, hosts }: Pick<ThreatintelConfig, "cloud_id" | "hosts">,
): readonly string[] {
  return cloud_id === undefined ? hosts : [cloud_id];
}

/** What the old scale of 1 to 4 means on that of 0 to 100. */
const OLD_CONFIDENCE: readonly number[] = [0, 15, 50, 75, 85];

/** Confidence of sightings, and whether the old scale was used. */
export function sightingConfidence(
  level: number,
): { value: number; isOldScale: boolean } {
  const value = level === 0 ? undefined : OLD_CONFIDENCE[level];
  return { value: value ?? level, isOldScale: value !== undefined };
}

/** True where the alias of `setup.ilm` is written to. */
export function usesAlias(
  { mode, ilm_enabled }: Pick<ThreatintelConfig, "mode" | "ilm_enabled">,
): boolean {
  return mode !== "stix" && ilm_enabled;
}

/** SSE id at which the first run begins: the event of that time is in. */
export function firstRunFrom(
  config: Pick<ThreatintelConfig, "import_from_date" | "start_timestamp">,
  platformNow: number,
): string {
  const { import_from_date: date, start_timestamp: timestamp } = config;
  const from = timestamp ??
    (date === undefined ? platformNow - 60_000 : Date.parse(date));
  // The platform sends what follows a position, not the position itself.
  return from <= 0 ? "0-0" : `${from - 1}-999999999`;
}

/** Settings that exclude each other or do not fit together. */
function* contradictions(
  config: ThreatintelConfig,
): Generator<[key: string, message: string]> {
  const { api_key, cloud_auth, username, password } = config;
  const hasUser = cloud_auth !== undefined ||
    (username !== undefined && password !== undefined);
  if (api_key !== undefined && hasUser) {
    yield ["api_key", "is given as well as a user; keep one of them"];
  }
  if (cloud_auth !== undefined && !cloud_auth.reveal().includes(":")) {
    yield ["cloud_auth", "has no colon; write it like user:password"];
  }
  const pattern = config.template_pattern;
  const written = usesAlias(config)
    ? `${config.ilm_rollover_alias}-${renderName(config.ilm_pattern, 0)}`
    : renderName(config.index, 0);
  if (!covers(pattern, written)) {
    yield [
      "template_pattern",
      `${quoted(pattern)} does not cover the index ${quoted(written)}; ` +
      "make it fit the name of the index",
    ];
  }
}

function covers(pattern: string, name: string): boolean {
  return pattern.split(",").some((part) => {
    const source = part.split("*").map((text) => RegExp.escape(text));
    return new RegExp(`^${source.join(".*")}$`).test(name);
  });
}
