/**
 * What a user can cause: one clear error, the right exit code, and nothing
 * written anywhere.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { startRelay } from "./process.ts";
import { startWorld, type World } from "./world.ts";

type Variables = Readonly<Record<string, string | undefined>>;

interface Case {
  readonly name: string;
  readonly env?: Variables | ((world: World) => Variables | Promise<Variables>);
  readonly args?: readonly string[];
  readonly code: number;
  readonly error: RegExp;
}

const ONE = "^The configuration has 1 problem:\\n  ";

const CASES: readonly Case[] = [
  {
    name: "a wrong type",
    env: { ELASTIC_SECURITY_BATCH_SIZE: "many" },
    code: 2,
    error: new RegExp(
      `${ONE}ELASTIC_SECURITY_BATCH_SIZE: "many" is not a whole number; use digits alone\\n$`,
    ),
  },
  {
    name: "a number out of range",
    env: { ELASTIC_SECURITY_BATCH_SIZE: "0" },
    code: 2,
    error: new RegExp(`${ONE}ELASTIC_SECURITY_BATCH_SIZE: 0 is out of range`),
  },
  {
    name: "a missing key",
    env: { ELASTIC_SECURITY_API_KEY: undefined },
    code: 2,
    error: new RegExp(
      `${ONE}\\S+api_key: is missing; set it, or the variable ELASTIC_SECURITY_API_KEY\\n$`,
    ),
  },
  {
    name: "no variable at all",
    env: ({ env }) =>
      Object.fromEntries(Object.keys(env).map((name) => [name, undefined])),
    code: 2,
    error: /opencti\.url: is missing; .*\n.*opencti\.token: is missing/,
  },
  {
    name: "a misspelt variable",
    env: ({ env }) => ({
      OPENCTI_TOKEN: undefined,
      OPENCTI_TOKN: env.OPENCTI_TOKEN,
    }),
    code: 2,
    error:
      /OPENCTI_TOKN: this variable is not read; did you mean OPENCTI_TOKEN\?\n$/,
  },
  {
    name: "a misspelt key of the file",
    env: async (world) => {
      await Deno.writeTextFile(
        `${world.folder}/config.yml`,
        "elastic_security:\n  batch_sise: 10\n",
      );
      return {};
    },
    args: ["-c", "FOLDER/config.yml"],
    code: 2,
    error: new RegExp(
      `${ONE}elastic_security\\.batch_sise \\(line 2\\): unknown key "batch_sise"; did you mean "batch_size"\\?\\n$`,
    ),
  },
  {
    name: "invalid YAML",
    env: async (world) => {
      await Deno.writeTextFile(
        `${world.folder}/config.yml`,
        "opencti:\n  url: [\n",
      );
      return {};
    },
    args: ["-c", "FOLDER/config.yml"],
    code: 2,
    error: /config\.yml.*line \d/,
  },
  {
    name: "a file that is a directory",
    args: ["-c", "FOLDER"],
    code: 2,
    error: new RegExp(`${ONE}.*: cannot be read: it is a directory`),
  },
  {
    name: "a file that is not there",
    args: ["-c", "FOLDER/none.yml"],
    code: 2,
    error: new RegExp(`${ONE}.*none\\.yml: cannot be read: it does not exist`),
  },
  {
    name: "an unreadable certificate",
    env: ({ folder }) => ({
      ELASTIC_SECURITY_CA_CERT: `${folder}/none.pem`,
    }),
    code: 2,
    error: new RegExp(
      `${ONE}ELASTIC_SECURITY_CA_CERT: the file ".*none\\.pem" cannot be read: it does not exist\\n$`,
    ),
  },
  {
    name: "a certificate that is none",
    env: async ({ folder }) => {
      await Deno.writeTextFile(`${folder}/ca.pem`, "none");
      return { ELASTIC_SECURITY_CA_CERT: `${folder}/ca.pem` };
    },
    code: 2,
    error: /holds no PEM block; convert it to PEM\n$/,
  },
  {
    name: "a bad OpenCTI token",
    env: { OPENCTI_TOKEN: "wrong-token" },
    code: 3,
    error:
      /^Cannot run PlatformProbe on OpenCTI: AUTH_REQUIRED, .*: check opencti\.token \(OPENCTI_TOKEN\), the token of the connector's user\n$/,
  },
  {
    name: "a bad Elasticsearch key",
    env: { ELASTIC_SECURITY_API_KEY: "wrong-id:wrong-key" },
    code: 3,
    error:
      /^Elasticsearch refuses the login in "api_key": create an API key and set its encoded form \(.*status is 401.*\)\n$/,
  },
  {
    name: "an address that is not Elasticsearch",
    env: ({ elastic }) => ({ ELASTIC_SECURITY_URL: elastic.kibanaUrl }),
    code: 2,
    error:
      /^The server that "url" names answers, but is not Elasticsearch|status is 40\d/,
  },
  {
    name: "an address that is not Kibana",
    env: ({ elastic }) => ({
      ELASTIC_SECURITY_KIBANA_URL: `${elastic.kibanaUrl}/nowhere`,
    }),
    code: 2,
    error: /^Kibana knows no detection rules at the address in "kibana_url"/,
  },
  {
    name: "an unknown stream id",
    env: { CONNECTOR_LIVE_STREAM_ID: "0a1b2c3d-0000-4000-8000-00000000dead" },
    code: 2,
    error:
      /^Cannot find the live stream "0a1b2c3d-0000-4000-8000-00000000dead" of target "elastic-security" on OpenCTI: check live_stream_id/,
  },
  {
    name: "an unwritable state folder",
    env: async ({ folder }) => {
      await Deno.writeTextFile(`${folder}/file`, "");
      return { RELAY_STATE_PATH: `${folder}/file/relay.kv` };
    },
    code: 2,
    error: /^Cannot use the state ".*": .*check the path/,
  },
  {
    name: "an unknown log level",
    args: ["--log-level", "loud"],
    code: 2,
    error: /^--log-level "loud" is not one of debug, info, warn, error\n$/,
  },
];

for (const { name, env = {}, args = [], code, error } of CASES) {
  Deno.test(`run with ${name}: one clear error, nothing written`, async () => {
    await using world = await startWorld();
    const more = typeof env === "function" ? await env(world) : env;
    const before = world.files();
    const result = await world.relay(
      [
        "run",
        "--once",
        ...args.map((arg) => arg.replace("FOLDER", world.folder)),
      ],
      more,
    );
    assertMatch(result.err, error);
    assertEquals(/\n\s+at |a bug in/.test(result.err), false, result.err);
    assertEquals([result.code, result.out], [code, ""], result.err);
    assertEquals(world.writes(), []);
    assertEquals(world.files(), before);
  });
}

Deno.test("secrets are in no error", async () => {
  await using world = await startWorld();
  for (
    const env of [
      { OPENCTI_TOKEN: "very-secret-token" },
      { ELASTIC_SECURITY_API_KEY: "some-id:very-secret-key" },
      { ELASTIC_SECURITY_API_KEY: "very-secret\nkey" },
    ]
  ) {
    for (const command of [["run", "--once"], ["check"], ["config", "show"]]) {
      const { err, out } = await world.relay(command, env);
      assertEquals(/very-secret|dmVyeS1zZWNyZXQ/.test(err + out), false, err);
    }
  }
});

Deno.test("as processes: the same error, exit code and silence", async () => {
  await using world = await startWorld();
  const { env, folder } = world;
  const cases = [
    [{ ...env, OPENCTI_TOKEN: "wrong-token" }, 3],
    [{ ...env, ELASTIC_SECURITY_BATCH_SIZE: "many" }, 2],
  ] as const;
  for (const [variables, code] of cases) {
    const result = await startRelay(["run"], { env: variables, cwd: folder })
      .ended;
    assertEquals(result.code, code, result.err);
    assertEquals(result.err.trimEnd().split("\n").length <= 2, true);
    assertEquals([world.writes(), world.files()], [[], []]);
  }
});
