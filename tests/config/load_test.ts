import { v5 } from "uuid";
import type { RelayConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/errors.ts";
import { assert, assertEquals, assertRejects } from "../assert.ts";
import {
  CONNECTOR_ID,
  elasticSecurity,
  ENV,
  type Given,
  load,
  PEM,
  PLATFORM_ENV,
  REGISTRY,
  STREAM_ID,
  threatIntel,
} from "./fixture.ts";
import { loadConfig } from "../../src/config/load.ts";
import { Secret } from "../../src/config/secret.ts";

/** Secrets revealed, so that they can be compared. */
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.reveal() };
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, revealed(member)]),
  );
}

/** The settings of the first target. */
async function settings(given: Given): Promise<Record<string, unknown>> {
  const config = await load(given);
  return revealed(config.targets[0]?.settings) as Record<string, unknown>;
}

/** A value somewhere in the result. */
function at(config: RelayConfig, path: string): unknown {
  let value: unknown = revealed({ ...config });
  for (const key of path.split(".")) {
    value = (value as Record<string, unknown> | undefined)?.[key];
  }
  return value;
}

Deno.test("loadConfig() needs no more than the connector's variables", async () => {
  const config = await load({});
  assertEquals(revealed(config.opencti), {
    url: "https://opencti.example.org",
    externalUrl: "https://opencti.example.org",
    token: { secret: "token-of-opencti" },
    tls: { verify: true },
  });
  assertEquals(config.state, { path: "./relay.kv" });
  assertEquals(config.log, { level: "info", format: "auto" });
  assertEquals(config.http, undefined);
  assertEquals(config.warnings, []);
  assertEquals(config.targets.length, 1);
  const { definition, settings, ...rest } = config.targets[0]!;
  assertEquals(definition, elasticSecurity);
  assertEquals(rest, {
    name: "elastic-security",
    type: "elastic-security",
    connector: {
      id: CONNECTOR_ID,
      name: "Elastic Security Intel",
      scope: ["elastic-security-intel"],
    },
    stream: {
      id: STREAM_ID,
      listenDelete: true,
      noDependencies: true,
      withInferences: false,
      recover: "until-now",
      startFrom: "0-0",
    },
    filter: {},
    deleteBudget: { count: 1000, share: 0.25, windowMs: 3_600_000 },
  });
  assertEquals(revealed(settings), {
    url: "https://elastic.example.org:9200/es",
    api_key: { secret: "key-of-elastic" },
    verify_ssl: true,
    index_name: "logs-ti_custom_opencti.indicator",
    indicator_expire_time: 90,
    batch_size: 100,
    rule_index_patterns: ["logs-*", "filebeat-*"],
    request_timeout: 30_000,
    advanced: { mode: "auto" },
  });
});

const FILES = { "c.pem": PEM, "k.pem": PEM, "secret.txt": "from-file\n" };

/** Path in the file, variable, written value, key and value in the result. */
// deno-fmt-ignore
const TARGET_NAMES: readonly [string, string, string, string, unknown][] = [
  ["url", "URL", "http://other.example:9200/", "url", "http://other.example:9200"],
  ["api_key", "API_KEY", "abc=", "api_key", { secret: "abc=" }],
  ["api_key_file", "API_KEY_FILE", "secret.txt", "api_key", { secret: "from-file" }],
  ["verify_ssl", "VERIFY_SSL", "False", "verify_ssl", false],
  ["ca_cert", "CA_CERT", "c.pem", "ca_cert", PEM.trim()],
  ["index_name", "INDEX_NAME", "ti", "index_name", "ti"],
  ["indicator_expire_time", "INDICATOR_EXPIRE_TIME", "0", "indicator_expire_time", 0],
  ["batch_size", "BATCH_SIZE", "5000", "batch_size", 5000],
  ["kibana_url", "KIBANA_URL", "https://kibana.example", "kibana_url", "https://kibana.example"],
  ["rule_index_patterns", "RULE_INDEX_PATTERNS", "a-*, b-*", "rule_index_patterns", ["a-*", "b-*"]],
  ["request_timeout", "REQUEST_TIMEOUT", "1m", "request_timeout", 60_000],
];

const BASE_YAML = { url: "https://elastic.example.org", api_key: "key" };

for (const [path, suffix, value, key, expected] of TARGET_NAMES) {
  const block: Record<string, string> = { ...BASE_YAML, [path]: value };
  if (path.endsWith("_file")) delete block.api_key;
  const variable = `ELASTIC_SECURITY_${suffix}`;

  Deno.test(`loadConfig() reads ${variable}`, async () => {
    const env: Record<string, string> = { ...ENV, [variable]: value };
    if (path.endsWith("_file")) delete env.ELASTIC_SECURITY_API_KEY;
    assertEquals((await settings({ env, files: FILES }))[key], expected);
  });

  Deno.test(`loadConfig() reads elastic_security.${path}`, async () => {
    const yaml = JSON.stringify({ elastic_security: block });
    const given = { env: PLATFORM_ENV, yaml, files: FILES };
    assertEquals((await settings(given))[key], expected);
  });

  Deno.test(`loadConfig() reads targets[0].${path}`, async () => {
    const target = { type: "elastic-security", ...block };
    const yaml = JSON.stringify({ targets: [target] });
    const given = { env: PLATFORM_ENV, yaml, files: FILES };
    assertEquals((await settings(given))[key], expected);
  });
}

/** Path in the file, variable, written value, place and value in the result. */
// deno-fmt-ignore
const SHARED_NAMES: readonly [string, string, string, string, unknown][] = [
  ["opencti.url", "OPENCTI_URL", "http://o.example/cti/", "opencti.url", "http://o.example/cti"],
  ["opencti.token", "OPENCTI_TOKEN", "0123", "opencti.token", { secret: "0123" }],
  ["opencti.ssl_verify", "OPENCTI_SSL_VERIFY", "no", "opencti.tls.verify", false],
  ["opencti.ca_cert", "OPENCTI_CA_CERT", "c.pem", "opencti.tls.ca", PEM.trim()],
  ["opencti.proxy", "OPENCTI_PROXY", "socks5://u:p@p.example", "opencti.proxy", "socks5://u:p@p.example"],
  ["opencti.external_url", "OPENCTI_EXTERNAL_URL", "https://x.example", "opencti.externalUrl", "https://x.example"],
  ["connector.id", "CONNECTOR_ID", "11111111-1111-1111-1111-111111111111", "targets.0.connector.id", "11111111-1111-1111-1111-111111111111"],
  ["connector.name", "CONNECTOR_NAME", "Mine", "targets.0.connector.name", "Mine"],
  ["connector.scope", "CONNECTOR_SCOPE", "a, b", "targets.0.connector.scope", ["a", "b"]],
  ["connector.type", "CONNECTOR_TYPE", "stream", "targets.0.type", "elastic-security"],
  ["connector.log_level", "CONNECTOR_LOG_LEVEL", "WARNING", "log.level", "warn"],
  ["connector.live_stream_id", "CONNECTOR_LIVE_STREAM_ID", "live", "targets.0.stream.id", "live"],
  ["connector.live_stream_listen_delete", "CONNECTOR_LIVE_STREAM_LISTEN_DELETE", "false", "targets.0.stream.listenDelete", false],
  ["connector.live_stream_no_dependencies", "CONNECTOR_LIVE_STREAM_NO_DEPENDENCIES", "false", "targets.0.stream.noDependencies", false],
  ["connector.live_stream_with_inferences", "CONNECTOR_LIVE_STREAM_WITH_INFERENCES", "True", "targets.0.stream.withInferences", true],
  ["connector.live_stream_recover_iso_date", "CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE", "2026-01-31", "targets.0.stream.recover", "2026-01-31T00:00:00.000Z"],
  ["connector.live_stream_recover_iso_date", "CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE", "No", "targets.0.stream.recover", "off"],
  ["connector.live_stream_recover_iso_date", "CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE", "none", "targets.0.stream.recover", "off"],
  ["connector.live_stream_recover_iso_date", "CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE", "false", "targets.0.stream.recover", "off"],
  ["connector.live_stream_start_timestamp", "CONNECTOR_LIVE_STREAM_START_TIMESTAMP", "1700000000000", "targets.0.stream.startFrom", "1700000000000-0"],
  ["connector.live_stream_start_timestamp", "CONNECTOR_LIVE_STREAM_START_TIMESTAMP", "1700000000000-7", "targets.0.stream.startFrom", "1700000000000-7"],
  ["connector.live_stream_start_timestamp", "CONNECTOR_LIVE_STREAM_START_TIMESTAMP", "2026-01-31", "targets.0.stream.startFrom", "1769817600000-0"],
  ["connector.live_stream_start_timestamp", "CONNECTOR_LIVE_STREAM_START_TIMESTAMP", "0", "targets.0.stream.startFrom", "0-0"],
  ["state.path", "RELAY_STATE_PATH", "/x/y.kv", "state.path", "/x/y.kv"],
  ["log.level", "RELAY_LOG_LEVEL", "trace", "log.level", "debug"],
  ["log.format", "RELAY_LOG_FORMAT", "JSON", "log.format", "json"],
  ["http.address", "RELAY_HTTP", "localhost:0", "http.address", "localhost:0"],
  ["proxy.http", "PROXY_HTTP", "http://p.example:1", "proxy.http", "http://p.example:1"],
  ["proxy.https", "PROXY_HTTPS", "http://p.example:2", "opencti.proxy", "http://p.example:2"],
  ["proxy.no_proxy", "PROXY_NO_PROXY", "a.example,b.example", "proxy.noProxy", ["a.example", "b.example"]],
];

for (const [path, variable, value, place, expected] of SHARED_NAMES) {
  Deno.test(`loadConfig() reads ${variable} "${value}"`, async () => {
    const env = { ...ENV, [variable]: value };
    assertEquals(at(await load({ env, files: FILES }), place), expected);
  });

  Deno.test(`loadConfig() reads ${path} "${value}"`, async () => {
    const env = { ...ENV, [variable]: undefined };
    // A dotted key, as text that YAML would read otherwise.
    const yaml = `${path}: ${value}\n`;
    assertEquals(at(await load({ env, yaml, files: FILES }), place), expected);
  });
}

Deno.test("loadConfig() lets variables win over the file and JSON over all", async () => {
  const yaml = "elastic_security: {batch_size: 1, index_name: file, " +
    "indicator_expire_time: 1}";
  const env = {
    ...ENV,
    ELASTIC_SECURITY_BATCH_SIZE: "2",
    ELASTIC_SECURITY_INDEX_NAME: "variable",
    CONNECTOR_JSON_CONFIG: JSON.stringify({
      elastic_security: { batch_size: 3 },
      "opencti.ssl_verify": false,
    }),
  };
  const config = await load({ env, yaml });
  const { batch_size, index_name, indicator_expire_time } = revealed(
    config.targets[0]!.settings,
  ) as Record<string, unknown>;
  assertEquals([batch_size, index_name, indicator_expire_time], [
    3,
    "variable",
    1,
  ]);
  assertEquals(config.opencti.tls.verify, false);
});

Deno.test("loadConfig() lets a log level of a variable win over the file's", async () => {
  const env = { ...ENV, CONNECTOR_LOG_LEVEL: "error" };
  const config = await load({ env, yaml: "log: {level: debug}" });
  assertEquals(config.log.level, "error");
  const both = { ...env, RELAY_LOG_LEVEL: "warn" };
  assertEquals((await load({ env: both })).log.level, "warn");
});

Deno.test("loadConfig() takes empty and null values for not set", async () => {
  const env = {
    ...ENV,
    ELASTIC_SECURITY_BATCH_SIZE: "",
    ELASTIC_SECURITY_VERIFY_SSL: "  ",
    OPENCTI_CA_CERT: "",
    CONNECTOR_JSON_CONFIG: " ",
  };
  const yaml =
    'elastic_security: {index_name: "", ca_cert: ~, kibana_url: }\n' +
    "elastic_security.client_cert: null\nconnector:\nhttp: {address: null}\n";
  const config = await load({ env, yaml });
  const { batch_size, verify_ssl, index_name } = revealed(
    config.targets[0]!.settings,
  ) as Record<string, unknown>;
  assertEquals([batch_size, verify_ssl, index_name], [
    100,
    true,
    "logs-ti_custom_opencti.indicator",
  ]);
});

Deno.test("loadConfig() keeps YAML scalars as they are written", async () => {
  const yaml = "opencti: {token: 0123}\n" +
    "elastic_security: {api_key: 1e5, index_name: 'null'}\n";
  const env = {
    ...ENV,
    OPENCTI_TOKEN: undefined,
    ELASTIC_SECURITY_API_KEY: undefined,
  };
  const config = await load({ env, yaml });
  assertEquals(config.opencti.token.reveal(), "0123");
  const { api_key, index_name } = revealed(
    config.targets[0]!.settings,
  ) as Record<string, unknown>;
  assertEquals([api_key, index_name], [{ secret: "1e5" }, "null"]);
});

Deno.test("loadConfig() splits dotted keys anywhere", async () => {
  const yaml = "cloud.id: name:abc\noutput.elasticsearch:\n" +
    "  hosts: [a.example, b.example]\nsetup: {ilm.enabled: no}\n";
  const [target] = (await load({ env: PLATFORM_ENV, yaml })).targets;
  assertEquals(target!.name, "elastic-threatintel");
  const { cloud_id, hosts, ilm } = target!.settings as Record<string, unknown>;
  assertEquals(cloud_id, "name:abc");
  assertEquals(hosts, ["a.example", "b.example"]);
  assertEquals(ilm, { enabled: false });
});

Deno.test("loadConfig() merges YAML anchors", async () => {
  const yaml = "elastic_security: &base {batch_size: 7}\n" +
    "targets:\n- <<: *base\n  name: soc\n  type: elastic-security\n" +
    "  url: https://soc.example\n  api_key: x\n  index_name: *name\n"
      .replace("*name", "soc");
  const config = await load({ yaml });
  const sizes = config.targets.map((target) =>
    (target.settings as { batch_size: number }).batch_size
  );
  assertEquals(sizes, [7, 7]);
});

// deno-fmt-ignore
const REFERENCES: readonly [string, string][] = [
  ["${NAME}", "value"],
  ["a-${NAME}-${NAME}", "a-value-value"],
  ["${NONE:default}", "default"],
  ["${NONE:http://x.example:1}", "http://x.example:1"],
  ["${EMPTY:default}", "default"],
  ["${NAME:default}", "value"],
  ["$${NAME}", "${NAME}"],
  ["${not a name}", "${not a name}"],
  ["$NAME", "$NAME"],
  ["${NESTED}", "${NAME}"],
];

for (const [written, expected] of REFERENCES) {
  Deno.test(`loadConfig() replaces ${written}`, async () => {
    const env = { ...ENV, NAME: "value", EMPTY: "", NESTED: "${NAME}" };
    const yaml = `elastic_security: {index_name: '${written}'}`;
    assertEquals((await settings({ env, yaml })).index_name, expected);
  });
}

Deno.test("loadConfig() replaces nothing in keys, variables and JSON", async () => {
  const env = {
    ...ENV,
    NAME: "value",
    ELASTIC_SECURITY_INDEX_NAME: "${NAME}",
    CONNECTOR_JSON_CONFIG: '{"elastic_security":{"kibana_url":""},' +
      '"connector":{"name":"${NAME}"}}',
  };
  const config = await load({ env });
  assertEquals(config.targets[0]!.connector.name, "${NAME}");
  assertEquals((await settings({ env })).index_name, "${NAME}");
});

Deno.test("loadConfig() lets the higher of a secret and its file win", async () => {
  const yaml = "elastic_security: {api_key_file: secret.txt}";
  const files = { "secret.txt": " two\n\n", "other.txt": "three\r\n" };
  assertEquals((await settings({ yaml, files })).api_key, {
    secret: "key-of-elastic",
  });
  const env = {
    ...ENV,
    ELASTIC_SECURITY_API_KEY: undefined,
    OPENCTI_TOKEN: undefined,
    OPENCTI_TOKEN_FILE: "other.txt",
  };
  const config = await load({ env, yaml, files });
  assertEquals(config.opencti.token.reveal(), "three");
  assertEquals(
    (revealed(config.targets[0]!.settings) as { api_key: unknown }).api_key,
    { secret: " two" },
  );
  const inner = "targets: [{type: elastic-security, url: https://x.example, " +
    "api_key: x, advanced: {password_file: other.txt}}]";
  const nested = await settings({ env: PLATFORM_ENV, yaml: inner, files });
  assertEquals(nested.advanced, {
    mode: "auto",
    password: { secret: "three" },
  });
});

Deno.test("loadConfig() finds a secret's file alone decisive", async () => {
  const definition = {
    ...elasticSecurity,
    seed: {
      ...elasticSecurity.seed,
      presentWhen: ["ELASTIC_SECURITY_API_KEY"],
    },
  };
  const env = {
    ...ENV,
    ELASTIC_SECURITY_API_KEY: undefined,
    ELASTIC_SECURITY_API_KEY_FILE: "secret.txt",
  };
  const config = await load({ env, files: FILES, registry: [definition] });
  assertEquals(config.targets.length, 1);
});

Deno.test("loadConfig() gives PEM files as text", async () => {
  const env = {
    ...ENV,
    OPENCTI_CA_CERT: "c.pem",
    OPENCTI_CLIENT_CERT: "c.pem",
    OPENCTI_CLIENT_KEY: "k.pem",
    ELASTIC_SECURITY_CLIENT_CERT: "c.pem",
    ELASTIC_SECURITY_CLIENT_KEY: "k.pem",
  };
  const config = await load({ env, files: FILES });
  const pem = PEM.trim();
  assertEquals(config.opencti.tls, {
    verify: true,
    ca: pem,
    cert: pem,
    key: pem,
  });
  const { client_cert, client_key } = config.targets[0]!
    .settings as Record<string, string>;
  assertEquals([client_cert, client_key], [pem, pem]);
});

const LIST = `
connector: {live_stream_no_dependencies: no, name: Relay}
targets:
  - {name: soc, type: elastic-security, url: https://a.example, api_key: a}
  - {name: lab, type: elastic-security, url: https://b.example, api_key: b,
     live_stream_id: other, live_stream_no_dependencies: yes,
     live_stream_recover_iso_date: no, connector_name: Lab}
  - {type: elastic-threatintel, connector_id: 22222222-2222-4222-8222-222222222222}
`;

Deno.test("loadConfig() reads a list of targets", async () => {
  const config = await load({ env: PLATFORM_ENV, yaml: LIST });
  const shown = config.targets.map(({ name, connector, stream }) => [
    name,
    connector.id,
    connector.name,
    stream.id,
    stream.noDependencies,
    stream.recover,
  ]);
  assertEquals(shown, [
    ["soc", CONNECTOR_ID, "Relay (soc)", STREAM_ID, false, "until-now"],
    ["lab", v5("lab", CONNECTOR_ID), "Lab", "other", true, "off"],
    [
      "elastic-threatintel",
      "22222222-2222-4222-8222-222222222222",
      "Relay (elastic-threatintel)",
      STREAM_ID,
      false,
      "until-now",
    ],
  ]);
});

Deno.test("loadConfig() reads several connectors' names at once", async () => {
  const env = { ...ENV, CLOUD_ID: "name:abc", CONNECTOR_MODE: "stix" };
  const { targets, warnings } = await load({ env });
  assertEquals(targets.map(({ name }) => name), [
    "elastic-security",
    "elastic-threatintel",
  ]);
  assertEquals(targets[1]!.connector, {
    id: v5("elastic-threatintel", CONNECTOR_ID),
    name: "Elastic CTI Connector",
    scope: ["elastic"],
  });
  assertEquals((targets[1]!.settings as { mode: string }).mode, "stix");
  assertEquals(warnings, []);
});

Deno.test("loadConfig() gives connector settings of a type to listed targets", async () => {
  const yaml = "connector: {mode: stix}\ntargets:\n" +
    "- {name: a, type: elastic-threatintel}\n" +
    "- {name: b, type: elastic-threatintel, mode: ecs}\n";
  const { targets } = await load({ env: PLATFORM_ENV, yaml });
  assertEquals(
    targets.map(({ settings }) => (settings as { mode: string }).mode),
    ["stix", "ecs"],
  );
});

Deno.test("loadConfig() takes the earlier of two names in one layer", async () => {
  const yaml = "elastic_import_from_date: one\n" +
    "elastic: {import_from_date: two}\ncloud.id: x\n";
  const env = { ...PLATFORM_ENV };
  assertEquals((await settings({ env, yaml })).import_from_date, "one");
  const json = { elastic: { import_from_date: "three" } };
  const over = { ...env, CONNECTOR_JSON_CONFIG: JSON.stringify(json) };
  assertEquals((await settings({ env: over, yaml })).import_from_date, "three");
});

Deno.test("loadConfig() reads a variable without a path in the file", async () => {
  const env = { ...PLATFORM_ENV, CLOUD_ID: "x", ELASTIC_QUERY_INTERVAL: "90" };
  assertEquals((await settings({ env })).query_interval, 90_000);
});

Deno.test("loadConfig() uses a stream that a connector has by default", async () => {
  const env = {
    ...PLATFORM_ENV,
    CONNECTOR_LIVE_STREAM_ID: "",
    CLOUD_ID: "x",
  };
  assertEquals((await load({ env })).targets[0]!.stream.id, "live");
});

Deno.test("loadConfig() makes no second target of what the list refers to", async () => {
  const yaml = "targets: [{name: soc, type: elastic-security, " +
    "url: '${ELASTIC_SECURITY_URL}', api_key: '${ELASTIC_SECURITY_API_KEY}'}]";
  const { targets, warnings } = await load({ yaml });
  assertEquals(targets.map(({ name }) => name), ["soc"]);
  assertEquals(warnings, [
    "ELASTIC_SECURITY_URL: make no target of their own, " +
    "because targets: lists elastic-security",
  ]);
});

Deno.test("loadConfig() finds the state folder of systemd", async () => {
  const env = { ...ENV, STATE_DIRECTORY: "/var/lib/relay:/var/lib/other" };
  assertEquals((await load({ env })).state.path, "/var/lib/relay/relay.kv");
  const chosen = { ...env, RELAY_STATE_PATH: "https://kv.example.org" };
  assertEquals(
    (await load({ env: chosen })).state.path,
    "https://kv.example.org",
  );
});

Deno.test("loadConfig() falls back to the system's proxies", async () => {
  const env = {
    ...ENV,
    https_proxy: "proxy.example:3128",
    NO_PROXY: "elastic.example.org",
  };
  const config = await load({ env });
  assertEquals(config.opencti.proxy, "http://proxy.example:3128");
  assertEquals(config.proxy.noProxy, ["elastic.example.org"]);
  const chosen = { ...env, PROXY_HTTPS: "http://other.example:1" };
  const other = await load({ env: chosen });
  assertEquals(other.opencti.proxy, "http://other.example:1");
});

Deno.test("loadConfig() warns of what is odd", async () => {
  const env = {
    ...ENV,
    OPENCTI_TOKN: "x",
    OPENCTI_SERVICE_HOST: "192.0.2.1",
    ELASTIC_SECURITY_BATCHSIZE: "3",
    CONNECTOR_JSON_CONFG: "{}",
    OPENCTI_SSL_VERIFY: "false",
    CONNECTOR_LIVE_STREAM_LISTEN_DELETE: "off",
    ELASTICSEARCH_APIKEY: "x",
  };
  const yaml = "connector: {expose_metrics: true, confidence_level: 80, " +
    "queue_threshold: 500}\nopencti: {json_logging: true}\n";
  const { warnings } = await load({ env, yaml });
  assertEquals(warnings.toSorted(), [
    "CONNECTOR_JSON_CONFG: this variable is not read; " +
    "did you mean CONNECTOR_JSON_CONFIG?",
    "ELASTICSEARCH_APIKEY: is set, but elastic-threatintel does not run " +
    "without ELASTICSEARCH_HOSTS or CLOUD_ID; set that too, or remove this",
    "ELASTIC_SECURITY_BATCHSIZE: this variable is not read; " +
    "did you mean ELASTIC_SECURITY_BATCH_SIZE?",
    "OPENCTI_TOKN: this variable is not read; did you mean OPENCTI_TOKEN?",
    "connector.confidence_level (line 1): has no effect here; " +
    "it may be removed",
    "connector.expose_metrics (line 1): has no effect here; it may be removed",
    "connector.queue_threshold (line 1): has no effect here; " +
    "it may be removed",
    "elastic-security: live_stream_listen_delete is off; " +
    "nothing that leaves the stream is ever removed",
    "opencti.json_logging (line 2): has no effect here; it may be removed",
    "opencti.ssl_verify is off: anyone on the way can read the token",
  ]);
});

Deno.test("loadConfig() shows what counts and masks secrets", async () => {
  const env = {
    ...ENV,
    PROXY_HTTPS: "http://user:proxy-password@p.example:1",
    OPENCTI_CLIENT_CERT: "c.pem",
    OPENCTI_CLIENT_KEY: "k.pem",
    CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: "no",
  };
  const config = await load({ env, files: FILES });
  const shown = JSON.stringify(config.effective, null, 1);
  const [target] = config.effective.targets as Record<string, unknown>[];
  assertEquals(config.effective.opencti, {
    url: "https://opencti.example.org/",
    token: "***",
    ssl_verify: true,
    client_cert: "c.pem",
    client_key: "k.pem",
  });
  assertEquals(config.effective.proxy, {
    https: "http://***@p.example:1",
    no_proxy: "localhost,127.0.0.1",
  });
  assertEquals(target!.api_key, "***");
  assertEquals(target!.batch_size, 100);
  assertEquals(target!.live_stream_recover_iso_date, "no");
  for (const hidden of ["token-of", "key-of", "proxy-password", "AAAA"]) {
    assert(!shown.includes(hidden), shown);
  }
});

Deno.test("loadConfig() reads real files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/relay.yml`;
    await Deno.writeTextFile(file, "connector: {name: From file}");
    const options = {
      file,
      explicitFile: true,
      env: ENV,
      registry: REGISTRY,
      readTextFile: Deno.readTextFile,
    };
    const config = await loadConfig(options);
    assertEquals(config.targets[0]!.connector.name, "From file");
    const error = await assertRejects(
      () => loadConfig({ ...options, file: folder }),
      ConfigError,
    );
    assertEquals(
      error.message,
      `The configuration has 1 problem:\n  ${folder}: cannot be read: ` +
        "it is a directory; check the path given with -c",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("loadConfig() knows nothing of targets that are not registered", async () => {
  const registry = [threatIntel];
  const env = { ...ENV, CLOUD_ID: "x" };
  assertEquals((await load({ env, registry })).targets.length, 1);
});
