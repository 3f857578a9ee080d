/** Every line of the table of settings in the older connector's README. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { loadConfig, type RelayConfig } from "../../../src/config/load.ts";
import type { ThreatintelConfig } from "../../../src/targets/elastic_threatintel/config.ts";
import { elasticUrls } from "../../../src/targets/elastic_threatintel/config.ts";
import { TARGETS } from "../../../src/targets/mod.ts";
import { makeCertificate } from "../../http/certificates.ts";
import { tlsFront } from "../../http/tls_front.ts";
import { entity, indicator } from "../../simulator/opencti/objects.ts";
import { storedIn } from "./bench.ts";
import { type Relay, startRelay } from "./relay.ts";

/** Self-signed: refused unless verification is off. */
const CERTIFICATE = makeCertificate("localhost", {
  names: ["localhost", "127.0.0.1"],
});

/** 2026-03-02T10:00:00Z. */
const NOW = Date.UTC(2026, 2, 2, 10);
const HOUR = 3_600_000;

/** A platform with three objects: two hours, one hour and 30 seconds old. */
async function withRelay(test: (relay: Relay) => Promise<void>): Promise<void> {
  const clock = { at: NOW };
  await using relay = await startRelay(() => clock.at);
  const objects = [
    indicator("old.example", { labels: ["phishing"] }),
    entity("report", "Report", "r"),
    indicator("new.example"),
  ];
  for (const [index, age] of [2 * HOUR, HOUR, 30_000].entries()) {
    const at = clock.at = NOW - age;
    relay.opencti.platform.apply({
      at,
      op: "create",
      object: objects[index]!,
    });
  }
  clock.at = NOW;
  await test(relay);
}

function names({ elastic }: Relay): string[] {
  return storedIn(elastic).map(({ source }) =>
    source.threat?.indicator.name ?? source.name
  ).sort();
}

function line(
  name: string,
  test: (relay: Relay) => Promise<void>,
): void {
  Deno.test(`the seed's ${name}`, () => withRelay(test));
}

function load(
  env: Record<string, string>,
  yaml?: string,
): Promise<RelayConfig> {
  return loadConfig({
    explicitFile: false,
    env,
    registry: TARGETS,
    readTextFile: () =>
      yaml === undefined
        ? Promise.reject(new Deno.errors.NotFound())
        : Promise.resolve(yaml),
  });
}

function settingsOf(config: RelayConfig): ThreatintelConfig {
  return config.targets[0]?.settings as ThreatintelConfig;
}

const ONCE = ["run", "--once"];

line("OPENCTI_TOKEN is the login at the platform", async (relay) => {
  assertEquals((await relay.run(ONCE, relay.env)).code, 0);
  const env = { ...relay.env, OPENCTI_TOKEN: "wrong" };
  assertEquals((await relay.run(ONCE, env)).code, 3);
  const { OPENCTI_TOKEN: _token, ...without } = relay.env;
  const { code, err } = await relay.run(ONCE, without);
  assertEquals(code, 2);
  assertStringIncludes(err, "OPENCTI_TOKEN");
});

line("OPENCTI_URL is where the stream is read", async (relay) => {
  await relay.run(ONCE, relay.env);
  assert(relay.opencti.requests.some(({ path }) => path === "/stream/live"));
  const { OPENCTI_URL: _url, ...without } = relay.env;
  const { code, err } = await relay.run(ONCE, without);
  assertEquals(code, 2);
  assertStringIncludes(err, "OPENCTI_URL");
});

line(
  "OPENCTI_SSL_VERIFY switches the check off, True is the default",
  async (relay) => {
    await using front = await tlsFront(relay.opencti.url, CERTIFICATE);
    const env = { ...relay.env, OPENCTI_URL: front.url };
    const { code, err } = await relay.run(ONCE, env);
    assertEquals(code, 2);
    assertStringIncludes(err, "certificate");
    assertEquals(names(relay), []);
    const off = { ...env, OPENCTI_SSL_VERIFY: "False" };
    assertEquals((await relay.run(ONCE, off)).code, 0);
    assertEquals(names(relay), ["new.example", "old.example"]);
  },
);

line(
  "CONNECTOR_CONFIDENCE_LEVEL is the confidence of sightings",
  async (relay) => {
    const env = { ...relay.env, CONNECTOR_CONFIDENCE_LEVEL: "4" };
    assertEquals(settingsOf(await load(env)).confidence_level, 4);
    assertStringIncludes((await relay.run(ONCE, env)).err, "old scale");
    const bad = { ...env, CONNECTOR_CONFIDENCE_LEVEL: "101" };
    assertEquals((await relay.run(ONCE, bad)).code, 2);
  },
);

line("CONNECTOR_ID is the connector on the platform", async (relay) => {
  await relay.run(ONCE, relay.env);
  const id = relay.env.CONNECTOR_ID as string;
  assert(relay.opencti.platform.connectors.get(id) !== undefined);
  const { CONNECTOR_ID: _id, ...without } = relay.env;
  assertEquals((await relay.run(ONCE, without)).code, 2);
});

line("CONNECTOR_NAME names the connector on the platform", async (relay) => {
  await relay.run(ONCE, { ...relay.env, CONNECTOR_NAME: "Elastic Paris" });
  const [connector] = [relay.env.CONNECTOR_ID as string]
    .map((id) => relay.opencti.platform.connectors.get(id));
  assertEquals(connector?.name, "Elastic Paris");
});

line(
  "CONNECTOR_SCOPE is told to the platform, elastic by default",
  async (relay) => {
    const id = relay.env.CONNECTOR_ID as string;
    const scope = () => relay.opencti.platform.connectors.get(id)?.scope;
    await relay.run(ONCE, relay.env);
    assertEquals(scope(), ["elastic"]);
    await relay.run(ONCE, { ...relay.env, CONNECTOR_SCOPE: "elastic,lab" });
    assertEquals(scope(), ["elastic", "lab"]);
  },
);

line("CONNECTOR_LOG_LEVEL decides how much is logged", async (relay) => {
  const at = async (level: string) =>
    (await relay.run(ONCE, { ...relay.env, CONNECTOR_LOG_LEVEL: level })).err;
  assertStringIncludes(await at("info"), "Elasticsearch is ready");
  assertEquals((await at("error")).includes("Elasticsearch is ready"), false);
});

line("CONNECTOR_TYPE must be STREAM", async (relay) => {
  const run = (type: string) =>
    relay.run(ONCE, { ...relay.env, CONNECTOR_TYPE: type });
  assertEquals((await run("STREAM")).code, 0);
  assertEquals((await run("EXTERNAL_IMPORT")).code, 2);
});

line("CONNECTOR_MODE is ecs by default", async (relay) => {
  await relay.run(ONCE, relay.env);
  assertEquals(names(relay), ["new.example", "old.example"]);
});

line("CONNECTOR_MODE stix writes every object", async (relay) => {
  await relay.run(ONCE, { ...relay.env, CONNECTOR_MODE: "stix" });
  assertEquals(names(relay), ["new.example", "old.example", "r"]);
  const bad = { ...relay.env, CONNECTOR_MODE: "csv" };
  assertEquals((await relay.run(ONCE, bad)).code, 2);
});

line("CLOUD_AUTH is user and password", async (relay) => {
  const { ELASTICSEARCH_APIKEY: _key, ...env } = relay.env;
  const { code } = await relay.run(ONCE, {
    ...env,
    CLOUD_AUTH: "elastic:s3cr:et",
  });
  assertEquals(code, 0);
  assertEquals(names(relay).length, 2);
  const both = { ...relay.env, CLOUD_AUTH: "elastic:s3cr:et" };
  const { err } = await relay.run(ONCE, both);
  assertStringIncludes(err, "keep one of them");
});

line("CLOUD_ID replaces the hosts", async ({ env }) => {
  const { ELASTICSEARCH_HOSTS: _hosts, ...rest } = env;
  const text = "eu-west-1.aws.example.com:9243$es0a1b2c$kb3d4e5f";
  const config = await load({ ...rest, CLOUD_ID: `staging:${btoa(text)}` });
  assertEquals(elasticUrls(settingsOf(config)), [
    "https://es0a1b2c.eu-west-1.aws.example.com:9243",
  ]);
});

line("ELASTICSEARCH_APIKEY is the login, in both spellings", async (relay) => {
  const { apiKeyId, apiKeySecret } = relay.elastic;
  const key = `${apiKeyId}:${apiKeySecret}`;
  const run = (ELASTICSEARCH_APIKEY: string) =>
    relay.run(ONCE, { ...relay.env, ELASTICSEARCH_APIKEY });
  assertEquals((await run("wrong:key")).code, 3);
  assertEquals((await run(key)).code, 0);
  assertEquals((await run(btoa(key))).code, 0);
});

line("ELASTICSEARCH_HOSTS is where documents go", async (relay) => {
  const url = new URL(relay.elastic.url);
  await relay.run(ONCE, { ...relay.env, ELASTICSEARCH_HOSTS: url.host });
  assertEquals(names(relay).length, 2);
});

line("ELASTICSEARCH_USERNAME and _PASSWORD are a login", async (relay) => {
  const { ELASTICSEARCH_APIKEY: _key, ...rest } = relay.env;
  const env = { ...rest, ELASTICSEARCH_USERNAME: "elastic" };
  const run = (ELASTICSEARCH_PASSWORD: string) =>
    relay.run(ONCE, { ...env, ELASTICSEARCH_PASSWORD });
  assertEquals((await run("wrong")).code, 3);
  assertEquals((await run("s3cr:et")).code, 0);
});

line("ELASTICSEARCH_SSL_VERIFY switches the check off", async (relay) => {
  await using front = await tlsFront(relay.elastic.url, CERTIFICATE);
  const env = { ...relay.env, ELASTICSEARCH_HOSTS: front.url };
  const { code, err } = await relay.run(ONCE, env);
  assertEquals(code, 2);
  assertStringIncludes(err, "certificate");
  const off = { ...env, ELASTICSEARCH_SSL_VERIFY: "False" };
  assertEquals((await relay.run(ONCE, off)).code, 0);
  assertEquals(names(relay), ["new.example", "old.example"]);
});

line("ELASTIC_IMPORT_FROM_DATE leaves out what is older", async (relay) => {
  const date = new Date(NOW - HOUR).toISOString();
  await relay.run(ONCE, { ...relay.env, ELASTIC_IMPORT_FROM_DATE: date });
  assertEquals(names(relay), ["new.example"]);
});

line("ELASTIC_IMPORT_FROM_DATE is a minute ago by default", async (relay) => {
  const { ELASTIC_IMPORT_FROM_DATE: _date, ...env } = relay.env;
  await relay.run(ONCE, env);
  assertEquals(names(relay), ["new.example"]);
  // Only the first run: a position that is stored wins.
  await relay.run(ONCE, relay.env);
  assertEquals(names(relay), ["new.example"]);
});

line("ELASTIC_IMPORT_LABEL chooses by label, * is all", async (relay) => {
  await relay.run(ONCE, { ...relay.env, ELASTIC_IMPORT_LABEL: "phishing" });
  assertEquals(names(relay), ["old.example"]);
});

line("CONNECTOR_JSON_CONFIG suffices by itself, and wins", async (relay) => {
  const { env, elastic, opencti } = relay;
  const json = {
    opencti: { url: opencti.url, token: opencti.token },
    connector: { id: env.CONNECTOR_ID, mode: "stix" },
    "output.elasticsearch": { hosts: [elastic.url], api_key: elastic.apiKey },
    elastic_import_from_date: "2026-01-01",
  };
  const { code } = await relay.run(ONCE, {
    RELAY_STATE_PATH: env.RELAY_STATE_PATH as string,
    CONNECTOR_MODE: "ecs",
    CONNECTOR_JSON_CONFIG: JSON.stringify(json),
  });
  assertEquals(code, 0);
  assertEquals(names(relay), ["new.example", "old.example", "r"]);
});

line(
  "config.yml is found by -c and by itself; variables win",
  async (relay) => {
    const { env, elastic } = relay;
    const { ELASTICSEARCH_HOSTS: _hosts, ELASTICSEARCH_APIKEY: _key, ...rest } =
      env;
    const yaml = `
connector.mode: stix
output.elasticsearch:
  hosts: ["${elastic.url}"]
  api_key: ${elastic.apiKey}
setup.ilm.enabled: false
`;
    for (
      const argv of [[...ONCE, "-c", "a.yml"], [...ONCE, "--config=a.yml"]]
    ) {
      assertEquals((await relay.run(argv, rest, { "a.yml": yaml })).code, 0);
    }
    assertEquals(names(relay).length, 3);
    assertEquals((await relay.run([...ONCE, "-c", "b.yml"], rest)).code, 2);
    const config = await load({ ...rest, CONNECTOR_MODE: "ecs" }, yaml);
    assertEquals(settingsOf(config).mode, "ecs");
    assertEquals(settingsOf(config).ilm_enabled, false);
    const last = await load({
      ...rest,
      CONNECTOR_MODE: "ecs",
      CONNECTOR_JSON_CONFIG: '{"connector.mode":"ecs_no_signals"}',
    }, yaml);
    assertEquals(settingsOf(last).mode, "ecs_no_signals");
  },
);

line("-v, -vv, -q and --debug set the level", async (relay) => {
  const err = async (flag: string) =>
    (await relay.run([...ONCE, flag], relay.env)).err;
  assertStringIncludes(await err("-v"), "Elasticsearch is ready");
  assertStringIncludes(await err("-vv"), "Elasticsearch is ready");
  assertEquals(await err("-q"), "");
});
