/** `check` and `config show` against the simulators. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startWorld, type World } from "./world.ts";

interface Line {
  readonly at: string;
  readonly subject: string;
  readonly status: "ok" | "warning" | "failed";
  readonly detail: string;
  readonly remedy?: string;
}

async function check(
  world: World,
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<{ code: number; lines: Line[] }> {
  const { code, out } = await world.relay(["check", "--json"], env);
  return { code, lines: JSON.parse(out) };
}

Deno.test("check finds everything in order, and changes nothing", async () => {
  await using world = await startWorld();
  const { code, lines } = await check(world);
  assertEquals(code, 0);
  // By default everything passes, as with the connectors that are replaced.
  assertEquals(
    lines.filter(({ status }) => status !== "ok").map(({ subject }) => subject),
    ["TLP ceiling"],
  );
  assertEquals(lines.map(({ subject }) => subject), [
    "settings",
    "login",
    "version",
    "capability TAXIIAPI",
    "capability CONNECTORAPI",
    "capability KNOWLEDGE",
    "capability SETTINGS_SETVOCABULARIES",
    "live stream",
    "filter",
    "TLP ceiling",
    "Elasticsearch",
    "index rights",
    "write mode",
    "Kibana",
    "detection rules",
  ]);
  assertEquals([world.writes(), world.files()], [[], []]);
});

Deno.test("check prints a table that fits 124 columns", async () => {
  await using world = await startWorld();
  const { code, out } = await world.relay(["check"]);
  assertEquals(code, 0);
  for (const text of ["Elasticsearch", "version 8.17.0", "live stream"]) {
    assertStringIncludes(out, text);
  }
  assertEquals(out.split("\n").filter(({ length }) => length > 124), []);
  assertStringIncludes(out, "1 target, state in ");
  // Each target has its own stream.
  assertMatch(out, /│ elastic-security +│ live stream +│ ok /);
});

interface Case {
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly arrange?: (world: World) => void;
  readonly code: number;
  readonly subject: string;
  readonly status: Line["status"];
  readonly detail: string;
  readonly remedy: string;
}

const CASES: readonly Case[] = [
  {
    name: "an unreachable Elasticsearch",
    env: { ELASTIC_SECURITY_URL: "http://127.0.0.1:1234" },
    code: 3,
    subject: "Elasticsearch",
    status: "failed",
    detail: "Cannot GET / at 127.0.0.1:1234: ",
    remedy: "check the address, network and server",
  },
  {
    name: "an unreachable OpenCTI",
    env: { OPENCTI_URL: "http://127.0.0.1:1234" },
    code: 3,
    subject: "login",
    status: "failed",
    detail: "Cannot POST /graphql at 127.0.0.1:1234: ",
    remedy: "check the address, network and server",
  },
  {
    name: "a bad OpenCTI token",
    env: { OPENCTI_TOKEN: "wrong-token" },
    code: 3,
    subject: "login",
    status: "failed",
    detail: "AUTH_REQUIRED",
    remedy: "make a token for the connector's user in OpenCTI and set it as",
  },
  {
    name: "a bad Elasticsearch key",
    env: { ELASTIC_SECURITY_API_KEY: "wrong-id:wrong-key" },
    code: 3,
    subject: "Elasticsearch",
    status: "failed",
    detail: 'Elasticsearch refuses the login in "api_key"',
    remedy: "correct api_key or its rights",
  },
  {
    name: "an unknown stream",
    env: { CONNECTOR_LIVE_STREAM_ID: "0a1b2c3d-0000-4000-8000-00000000dead" },
    code: 3,
    subject: "live stream",
    status: "failed",
    detail: "0a1b2c3d-0000-4000-8000-00000000dead is not there",
    remedy: "check live_stream_id, and that the user may read the stream",
  },
  {
    name: "a stream that is stopped",
    arrange: ({ opencti }) => opencti.platform.setLive(false),
    code: 0,
    subject: "live stream",
    status: "warning",
    detail: '"Relay" is stopped',
    remedy: "start it in OpenCTI",
  },
  {
    name: "a user who may not read streams",
    arrange: ({ opencti }) => {
      opencti.platform.user.capabilities = ["CONNECTORAPI", "KNOWLEDGE"];
    },
    code: 3,
    subject: "capability TAXIIAPI",
    status: "failed",
    detail: "missing: the live stream cannot be read",
    remedy: 'give a role of user "Connector" the capability TAXIIAPI',
  },
  {
    name: "a key without a right on the index",
    arrange: ({ elastic: { privileges } }) => {
      privileges.cluster = ["monitor", "manage_index_templates"];
      privileges.index = [{
        names: ["logs-ti_*"],
        privileges: ["create_index", "index", "read", "view_index_metadata"],
      }];
    },
    code: 3,
    subject: "index rights",
    status: "failed",
    detail: "missing: delete, maintenance",
    remedy: "make an API key with them",
  },
  {
    name: "a key without rights in Kibana",
    arrange: ({ elastic: { privileges } }) => {
      privileges.rules = "none";
    },
    code: 3,
    subject: "detection rules",
    status: "failed",
    detail:
      'The key in "api_key" may not manage detection rules: grant all rights',
    remedy: "correct api_key or its rights",
  },
  {
    name: "an unknown Kibana",
    env: { ELASTIC_SECURITY_KIBANA_URL: "" },
    code: 0,
    subject: "detection rules",
    status: "warning",
    detail: "the address of Kibana is not known, so no rules are made",
    remedy: "set kibana_url, or set create_rules to false",
  },
];

for (const { name, env = {}, arrange, code, ...expected } of CASES) {
  Deno.test(`check shows ${name} with what to do`, async () => {
    await using world = await startWorld();
    arrange?.(world);
    const found = await check(world, env);
    const line = found.lines.find(({ subject, status }) =>
      subject === expected.subject && status !== "ok"
    );
    assertEquals(found.code, code, JSON.stringify(found.lines));
    assertEquals(line?.status, expected.status, JSON.stringify(found.lines));
    assertStringIncludes(line?.detail ?? "", expected.detail);
    assertStringIncludes(line?.remedy ?? "", expected.remedy);
    assertEquals([world.writes(), world.files()], [[], []]);
  });
}

Deno.test("config show masks every secret", async () => {
  await using world = await startWorld();
  const env = { HTTPS_PROXY: "http://user:pass-word@proxy.example:3128" };
  for (const args of [[], ["--json"]]) {
    const { code, out, err } = await world.relay(
      ["config", "show", ...args],
      env,
    );
    assertEquals(code, 0);
    const { opencti, elastic } = world;
    for (const secret of [opencti.token, elastic.apiKey, "pass-word"]) {
      assertEquals((out + err).includes(secret), false, secret);
    }
    assertStringIncludes(out, "***");
    assertStringIncludes(out, opencti.url);
  }
});
