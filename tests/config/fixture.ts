import { z } from "zod";
import {
  booleanField,
  commaList,
  duration,
  integer,
  pemFile,
  secret,
  text,
  url,
} from "../../src/config/fields.ts";
import { loadConfig, type RelayConfig } from "../../src/config/load.ts";
import type { TargetDefinition } from "../../src/targets/target.ts";
import { ConfigError } from "../../src/errors.ts";

/** Settings with the names and defaults of the Elastic Security connector. */
export const elasticSecurity: TargetDefinition = {
  name: "elastic-security",
  summary: "Threat indicators and detection rules in Elastic Security",
  maxBatch: 100,
  config: z.strictObject({
    url: url().describe("Elasticsearch").meta({
      examples: ["https://elastic.example.org:9200"],
    }),
    api_key: secret().describe("API key"),
    client_cert: pemFile().optional(),
    client_key: pemFile().optional(),
    verify_ssl: booleanField().default(true).describe("Verify certificates"),
    ca_cert: pemFile().optional(),
    index_name: text().default("logs-ti_custom_opencti.indicator"),
    indicator_expire_time: integer({ min: 0 }).default(90),
    batch_size: integer({ min: 1, max: 10_000 }).default(100),
    kibana_url: url().optional(),
    rule_index_patterns: commaList().prefault("logs-*,filebeat-*"),
    request_timeout: duration().prefault("30s"),
    advanced: z.strictObject({
      password: secret().optional(),
      mode: z.enum(["auto", "index"]).default("auto"),
    }).prefault({}),
  }),
  seed: {
    presentWhen: ["ELASTIC_SECURITY_URL"],
    rows: [
      ["elastic_security.url", "ELASTIC_SECURITY_URL", "url"],
      ["elastic_security.api_key", "ELASTIC_SECURITY_API_KEY", "api_key"],
      [
        "elastic_security.client_cert",
        "ELASTIC_SECURITY_CLIENT_CERT",
        "client_cert",
      ],
      [
        "elastic_security.client_key",
        "ELASTIC_SECURITY_CLIENT_KEY",
        "client_key",
      ],
      [
        "elastic_security.verify_ssl",
        "ELASTIC_SECURITY_VERIFY_SSL",
        "verify_ssl",
      ],
      ["elastic_security.ca_cert", "ELASTIC_SECURITY_CA_CERT", "ca_cert"],
      [
        "elastic_security.index_name",
        "ELASTIC_SECURITY_INDEX_NAME",
        "index_name",
      ],
      [
        "elastic_security.indicator_expire_time",
        "ELASTIC_SECURITY_INDICATOR_EXPIRE_TIME",
        "indicator_expire_time",
      ],
      [
        "elastic_security.batch_size",
        "ELASTIC_SECURITY_BATCH_SIZE",
        "batch_size",
      ],
    ],
    connector: {
      name: "Elastic Security Intel",
      scope: "elastic-security-intel",
      noDependencies: true,
    },
  },
  create: () => {
    throw new Error("not made in these tests");
  },
};

/** Settings with the awkward names of the Elastic and MISP connectors. */
export const threatIntel: TargetDefinition = {
  name: "elastic-threatintel",
  summary: "Threat indicators in Elasticsearch",
  maxBatch: 100,
  config: z.strictObject({
    hosts: commaList().prefault("localhost:9200"),
    cloud_id: text().optional(),
    cloud_auth: secret().optional(),
    api_key: secret().optional(),
    mode: text().default("ecs"),
    import_from_date: text().optional(),
    ilm: z.strictObject({ enabled: booleanField().default(true) })
      .prefault({}),
    query_interval: duration().prefault("5m"),
  }),
  seed: {
    presentWhen: ["ELASTICSEARCH_HOSTS", "CLOUD_ID"],
    rows: [
      ["output.elasticsearch.hosts", "ELASTICSEARCH_HOSTS", "hosts"],
      ["output.elasticsearch.api_key", "ELASTICSEARCH_APIKEY", "api_key"],
      ["cloud.id", "CLOUD_ID", "cloud_id"],
      ["cloud.auth", "CLOUD_AUTH", "cloud_auth"],
      ["connector.mode", "CONNECTOR_MODE", "mode"],
      [
        "elastic_import_from_date",
        "ELASTIC_IMPORT_FROM_DATE",
        "import_from_date",
      ],
      ["elastic.import_from_date", "", "import_from_date"],
      ["setup.ilm.enabled", "", "ilm.enabled"],
      ["", "ELASTIC_QUERY_INTERVAL", "query_interval"],
    ],
    connector: {
      name: "Elastic CTI Connector",
      scope: "elastic",
      liveStreamId: "live",
      noDependencies: false,
    },
  },
  create: () => {
    throw new Error("not made in these tests");
  },
};

export const REGISTRY = [elasticSecurity, threatIntel];

export const CONNECTOR_ID = "6e6b2f0c-3a44-4f4e-9d5e-0b7f4f1f2a10";
export const STREAM_ID = "0a1b2c3d-0000-4000-8000-000000000001";

/** The least environment that a configuration needs. */
export const ENV: Readonly<Record<string, string>> = {
  OPENCTI_URL: "https://opencti.example.org/",
  OPENCTI_TOKEN: "token-of-opencti",
  CONNECTOR_ID,
  CONNECTOR_LIVE_STREAM_ID: STREAM_ID,
  ELASTIC_SECURITY_URL: "https://elastic.example.org:9200/es/",
  ELASTIC_SECURITY_API_KEY: "key-of-elastic",
};

/** The same without a target. */
export const PLATFORM_ENV: Readonly<Record<string, string>> = {
  OPENCTI_URL: "https://opencti.example.org/",
  OPENCTI_TOKEN: "token-of-opencti",
  CONNECTOR_ID,
  CONNECTOR_LIVE_STREAM_ID: STREAM_ID,
};

export const PEM =
  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

/** What a test gives the loader. */
export interface Given {
  env?: Readonly<Record<string, string | undefined>>;
  /** Text of config.yml. */
  yaml?: string;
  /** Other files by path. */
  files?: Readonly<Record<string, string>>;
  file?: string;
  explicitFile?: boolean;
  registry?: readonly TargetDefinition[];
}

export function load(given: Given): Promise<RelayConfig> {
  const files = new Map(Object.entries(given.files ?? {}));
  if (given.yaml !== undefined) files.set("config.yml", given.yaml);
  return loadConfig({
    ...(given.file !== undefined && { file: given.file }),
    explicitFile: given.explicitFile ?? false,
    env: given.env ?? ENV,
    registry: given.registry ?? REGISTRY,
    readTextFile: (path) => {
      const text = files.get(path);
      return text === undefined
        ? Promise.reject(new Deno.errors.NotFound(`no ${path}`))
        : Promise.resolve(text);
    },
  });
}

/** The lines of the problems of a load; none if it succeeds. */
export async function problemsOf(given: Given): Promise<string[]> {
  try {
    await load(given);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [head, ...lines] = error.message.split("\n");
    const count = lines.length === 1 ? "1 problem" : `${lines.length} problems`;
    if (head !== `The configuration has ${count}:`) throw error;
    return lines.map((line) => line.slice(2));
  }
}
