/**
 * Environment variables alone suffice: one test per line of the table of the
 * connector `elastic-security-intel`, each by its effect.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { makeCertificate } from "../http/certificates.ts";
import { tlsFront } from "../http/tls_front.ts";
import { indicator } from "../opencti/platform.ts";
import { documentsOf, kqlRule, NOW, startWorld, type World } from "./world.ts";
import { CONNECTOR_ID } from "../platform_env.ts";

const RUN = ["run", "--once"];
const NAMES = ["localhost", "127.0.0.1"];

Deno.test("OPENCTI_URL: stream and GraphQL are read there", async () => {
  await using world = await startWorld();
  assertEquals((await world.relay(RUN)).code, 0);
  const paths = new Set(world.opencti.requests.map(({ path }) => path));
  assertEquals(
    paths,
    new Set(["/graphql", `/stream/${world.opencti.streamId}`]),
  );
  assertEquals(documentsOf(world).length, 3);
});

Deno.test("OPENCTI_TOKEN: every request to the platform carries it", async () => {
  await using world = await startWorld(undefined, { token: "another-token" });
  const { code } = await world.relay(RUN, { OPENCTI_TOKEN: "another-token" });
  assertEquals(code, 0);
  const sent = new Set(
    world.opencti.requests.map(({ headers }) => headers.get("authorization")),
  );
  assertEquals(sent, new Set(["Bearer another-token"]));
});

Deno.test("CONNECTOR_ID: the platform knows the connector under it", async () => {
  await using world = await startWorld();
  await world.relay(RUN);
  const register = world.opencti.requests.find(({ fields }) =>
    fields.includes("registerConnector")
  );
  const { variables } = JSON.parse(register?.body ?? "{}");
  assertEquals(variables.input.id, CONNECTOR_ID);
  assertEquals(variables.input.name, "Elastic Security Intel");
});

Deno.test("CONNECTOR_LIVE_STREAM_ID: this stream is followed", async () => {
  const streamId = "0a1b2c3d-0000-4000-8000-0000000000aa";
  await using world = await startWorld(undefined, { streamId });
  assertEquals((await world.relay(RUN)).code, 0);
  assert(
    world.opencti.requests.some(({ path }) => path === `/stream/${streamId}`),
  );
});

Deno.test("ELASTIC_SECURITY_URL: documents go there, its path prefix kept", async () => {
  await using world = await startWorld();
  await world.relay(RUN, { ELASTIC_SECURITY_URL: `${world.elastic.url}/` });
  assertEquals(world.elastic.requests.count("POST", "/_bulk") > 0, true);
  await using other = await startWorld();
  const url = `${other.elastic.url}/prefix`;
  const { code } = await other.relay(RUN, { ELASTIC_SECURITY_URL: url });
  assertEquals(code === 0, false);
  assert(
    other.elastic.requests.list.every(({ server, path }) =>
      server === "kibana" || path.startsWith("/prefix")
    ),
  );
});

for (const spelling of ["encoded", "plain"] as const) {
  Deno.test(`ELASTIC_SECURITY_API_KEY: the ${spelling} form logs in`, async () => {
    await using world = await startWorld();
    const { apiKey, apiKeyId, apiKeySecret } = world.elastic;
    const { code } = await world.relay(RUN, {
      ELASTIC_SECURITY_API_KEY: spelling === "encoded"
        ? apiKey
        : `${apiKeyId}:${apiKeySecret}`,
    });
    assertEquals(code, 0);
    assertEquals(documentsOf(world).length, 3);
    assertEquals(world.elastic.rules().length, 1);
  });
}

Deno.test("ELASTIC_SECURITY_CLIENT_CERT and _CLIENT_KEY: shown to a server that asks", async () => {
  await using world = await startWorld();
  const authority = makeCertificate("Test authority", { isCa: true });
  const server = makeCertificate("localhost", {
    issuer: authority,
    names: NAMES,
  });
  const user = makeCertificate("relay", { issuer: authority });
  await using front = await tlsFront(world.elastic.url, server, {
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const files = await pemFiles(world, {
    ca: authority.cert,
    cert: user.cert,
    key: user.key,
  });
  const env = {
    ELASTIC_SECURITY_URL: front.url,
    ELASTIC_SECURITY_CA_CERT: files.ca,
  };
  const without = await world.relay(["check"], env);
  assertEquals(without.code, 3);
  assertEquals(front.users, []);
  const half = await world.relay(RUN, {
    ...env,
    ELASTIC_SECURITY_CLIENT_CERT: files.cert,
  });
  assertEquals(half.code, 2);
  assertStringIncludes(
    half.err,
    "client_key: is missing but ELASTIC_SECURITY_CLIENT_CERT is set",
  );
  const { code } = await world.relay(RUN, {
    ...env,
    ELASTIC_SECURITY_CLIENT_CERT: files.cert,
    ELASTIC_SECURITY_CLIENT_KEY: files.key,
  });
  assertEquals(code, 0);
  assertEquals(new Set(front.users), new Set(["relay"]));
  assertEquals(documentsOf(world).length, 3);
});

Deno.test("ELASTIC_SECURITY_VERIFY_SSL: false takes a self-signed server", async () => {
  await using world = await startWorld();
  const server = makeCertificate("localhost", { names: NAMES });
  await using front = await tlsFront(world.elastic.url, server);
  const env = { ELASTIC_SECURITY_URL: front.url };
  for (const more of [{}, { ELASTIC_SECURITY_VERIFY_SSL: "true" }]) {
    const checked = await world.relay(["check", "--json"], { ...env, ...more });
    assertEquals(checked.code, 3);
    assertStringIncludes(checked.out, "certificate");
    assertEquals(world.elastic.requests.count(undefined, "_bulk"), 0);
  }
  const { code } = await world.relay(RUN, {
    ...env,
    ELASTIC_SECURITY_VERIFY_SSL: "false",
  });
  assertEquals(code, 0);
  assertEquals(documentsOf(world).length, 3);
});

Deno.test("ELASTIC_SECURITY_CA_CERT: the server's authority", async () => {
  await using world = await startWorld();
  const authority = makeCertificate("Test authority", { isCa: true });
  const server = makeCertificate("localhost", {
    issuer: authority,
    names: NAMES,
  });
  await using front = await tlsFront(world.elastic.url, server);
  const files = await pemFiles(world, { ca: authority.cert });
  const env = { ELASTIC_SECURITY_URL: front.url };
  const refused = await world.relay(["check", "--json"], env);
  assertEquals(refused.code, 3);
  assertStringIncludes(refused.out, "ca_cert");
  const { code } = await world.relay(RUN, {
    ...env,
    ELASTIC_SECURITY_CA_CERT: files.ca,
  });
  assertEquals(code, 0);
  assertEquals(documentsOf(world).length, 3);
});

Deno.test("ELASTIC_SECURITY_INDEX_NAME: index, template and what rules leave out", async () => {
  await using world = await startWorld();
  const name = "logs-threats";
  const { code } = await world.relay(RUN, {
    ELASTIC_SECURITY_INDEX_NAME: name,
  });
  assertEquals(code, 0);
  assertEquals(documentsOf(world, name).length, 3);
  assertEquals(documentsOf(world).length, 0);
  const [template] = world.elastic.requests.find("PUT", "/_index_template/");
  assertEquals(template?.path, `/_index_template/${name}`);
  assertEquals(JSON.parse(template?.body ?? "{}").index_patterns, [
    name,
    `${name}-*`,
  ]);
  const [rule] = world.elastic.rules();
  assertEquals((rule?.index as string[]).slice(-2), ["-logs-ti_*", `-${name}`]);
});

Deno.test("ELASTIC_SECURITY_INDEX_NAME: without it, the connector's index", async () => {
  await using world = await startWorld();
  await world.relay(RUN);
  assertEquals(documentsOf(world).length, 3);
  const [template] = world.elastic.requests.find("PUT", "/_index_template/");
  assertEquals(template?.path, "/_index_template/logs-ti_custom_opencti");
});

Deno.test("ELASTIC_SECURITY_INDICATOR_EXPIRE_TIME: days until what has no end date goes", async () => {
  const dayMs = 86_400_000;
  for (const [days, expected] of [[undefined, 90], ["10", 10], ["0", 0]]) {
    await using world = await startWorld([indicator(1)]);
    await world.relay(RUN, {
      ELASTIC_SECURITY_INDICATOR_EXPIRE_TIME: days as string | undefined,
    });
    const [{ opencti, threat }] = documentsOf(world);
    const changed = Date.parse(threat.indicator.modified_at);
    assertEquals(
      opencti.expires_at,
      expected === 0
        ? undefined
        : new Date(changed + Number(expected) * dayMs).toISOString(),
    );
  }
  const dated = { valid_until: "2026-12-31T00:00:00.000Z" };
  await using world = await startWorld([indicator(1), indicator(2, dated)]);
  await world.relay(
    RUN,
    { ELASTIC_SECURITY_INDICATOR_EXPIRE_TIME: "2" },
    { now: () => NOW + 3 * dayMs },
  );
  assertEquals(
    documentsOf(world).map(({ opencti }) => opencti.indicator_name),
    ["indicator 2"],
  );
});

Deno.test("ELASTIC_SECURITY_BATCH_SIZE: documents per bulk request", async () => {
  const objects = Array.from({ length: 50 }, (_none, at) => indicator(at));
  for (const [size, most] of [["7", 7], [undefined, 50]] as const) {
    await using world = await startWorld(objects);
    await world.relay(RUN, { ELASTIC_SECURITY_BATCH_SIZE: size });
    const sizes = world.elastic.requests.find("POST", "/_bulk")
      .map(({ items = 0 }) => items);
    assertEquals(sizes.reduce((sum, items) => sum + items, 0), 50);
    assert(Math.max(...sizes) <= most, `${sizes}`);
    if (size !== undefined) assertEquals(Math.max(...sizes), most);
  }
});

Deno.test("every secret may be in a file instead", async () => {
  await using world = await startWorld();
  const files = await pemFiles(world, {
    token: `${world.opencti.token}\n`,
    apiKey: world.elastic.apiKey,
  });
  const { code } = await world.relay(RUN, {
    OPENCTI_TOKEN: undefined,
    OPENCTI_TOKEN_FILE: files.token,
    ELASTIC_SECURITY_API_KEY: undefined,
    ELASTIC_SECURITY_API_KEY_FILE: files.apiKey,
  });
  assertEquals(code, 0);
  assertEquals(documentsOf(world).length, 3);
});

Deno.test("CONNECTOR_JSON_CONFIG wins over the variables", async () => {
  await using world = await startWorld([kqlRule(1)]);
  const { code } = await world.relay(RUN, {
    CONNECTOR_JSON_CONFIG: JSON.stringify({
      elastic_security: { index_name: "from-json" },
    }),
    ELASTIC_SECURITY_INDEX_NAME: "from-variable",
  });
  assertEquals(code, 0);
  assertEquals(documentsOf(world, "from-json").length, 1);
});

Deno.test("a config.yml of the Python connector runs as it is", async () => {
  await using world = await startWorld();
  const { env } = world;
  const yaml = `
opencti:
  url: ${env.OPENCTI_URL}
  token: ${env.OPENCTI_TOKEN}
connector:
  id: ${env.CONNECTOR_ID}
  type: STREAM
  name: Elastic
  scope: elastic-security-intel
  log_level: error
  live_stream_id: ${env.CONNECTOR_LIVE_STREAM_ID}
  live_stream_listen_delete: true
  live_stream_no_dependencies: true
elastic_security:
  url: ${env.ELASTIC_SECURITY_URL}
  api_key: ${env.ELASTIC_SECURITY_API_KEY}
  verify_ssl: true
  batch_size: 100
`;
  const file = `${world.folder}/config.yml`;
  await Deno.writeTextFile(file, yaml);
  const nothing = Object.fromEntries(
    Object.keys(env).filter((name) => !name.startsWith("RELAY_"))
      .map((name) => [name, undefined]),
  );
  const { code, err } = await world.relay([...RUN, "-c", file], nothing);
  assertEquals(code, 0, err);
  assertEquals(documentsOf(world).length, 3);
  // Kibana is not known: rules are left out.
  assertEquals(world.elastic.rules().length, 0);
});

/** Writes texts to files of the world's folder; gives their paths. */
async function pemFiles<Name extends string>(
  { folder }: World,
  texts: Readonly<Record<Name, string>>,
): Promise<Record<Name, string>> {
  const paths: Record<string, string> = {};
  for (const [name, text] of Object.entries<string>(texts)) {
    paths[name] = `${folder}/${name}.pem`;
    await Deno.writeTextFile(paths[name], text);
  }
  return paths;
}
