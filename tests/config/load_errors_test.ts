import fc from "fast-check";
import { ConfigError } from "../../src/errors.ts";
import { loadConfig } from "../../src/config/load.ts";
import { assert, assertEquals } from "../assert.ts";
import {
  CONNECTOR_ID,
  ENV,
  type Given,
  load,
  PEM,
  PLATFORM_ENV,
  problemsOf,
  REGISTRY,
} from "./fixture.ts";

const LISTED = "targets: [{type: elastic-security, url: https://a.example, " +
  "api_key: a}";

/** The environment with changes; undefined removes. */
function env(changes: Record<string, string | undefined>): Given {
  return { env: { ...ENV, ...changes } };
}

/** A file on top of the usual environment. */
function yaml(text: string): Given {
  return { yaml: text };
}

/** A file that lists targets, on top of the platform's variables. */
function list(text: string): Given {
  return { yaml: text, env: PLATFORM_ENV };
}

const NOT_A_BLOCK = "is a block of settings; put its keys below it, indented";
const NOT_STATED = "use one of elastic-security, elastic-threatintel";

/** What is given and every line it gets. */
// deno-fmt-ignore
const CASES: readonly [string, Given, readonly string[]][] = [
  ["nothing at all", { env: {} }, [
    "targets: no target is configured; list one under targets: in the file, or set the variables of one (ELASTIC_SECURITY_URL, ELASTICSEARCH_HOSTS, CLOUD_ID)",
    "opencti.url: is missing; set it, or the variable OPENCTI_URL",
    "opencti.token: is missing; set it, or the variable OPENCTI_TOKEN",
    "connector.id: is missing; set it, or the variable CONNECTOR_ID, to a UUID of its own, for example from uuidgen",
    "connector.live_stream_id: is missing; set it, or the variable CONNECTOR_LIVE_STREAM_ID, to the id of a live stream of the platform",
  ]],
  ["no target type at all", { env: PLATFORM_ENV, registry: [] }, [
    "targets: no target is configured; list one under targets: in the file",
  ]],
  ["an empty list", list("targets: []"), [
    "targets: no target is configured; list one under targets: in the file, or set the variables of one (ELASTIC_SECURITY_URL, ELASTICSEARCH_HOSTS, CLOUD_ID)",
  ]],
  ["a target without its decisive variable", env({ ELASTIC_SECURITY_URL: undefined }), [
    "ELASTIC_SECURITY_API_KEY: is set, but elastic-security does not run without ELASTIC_SECURITY_URL; set that too, or remove this",
    "targets: no target is configured; list one under targets: in the file, or set the variables of one (ELASTIC_SECURITY_URL, ELASTICSEARCH_HOSTS, CLOUD_ID)",
  ]],
  ["a named file that is missing", { file: "my.yml", explicitFile: true }, [
    "my.yml: cannot be read: it does not exist; check the path given with -c",
  ]],
  ["a tab in YAML", yaml("a:\n\tb: 1"), [
    "config.yml line 2 column 1: is not valid YAML; use spaces, not tabs, for indentation",
  ]],
  ["an open bracket in YAML", yaml("opencti: {url: x"), [
    "config.yml line 1 column 17: is not valid YAML; the indentation does not fit the lines above",
  ]],
  ["an open quote in YAML", yaml("opencti: 'x"), [
    "config.yml line 1 column 12: is not valid YAML; a quote, bracket or colon is missing",
  ]],
  ["a key given twice in YAML", yaml("state: {path: a}\nstate: {path: b}"), [
    "config.yml line 2 column 1: is not valid YAML; the key is written twice in one block",
  ]],
  ["a colon in YAML text", yaml("opencti: url: x"), [
    'config.yml line 1 column 10: is not valid YAML; put the value in quotes, it holds a ":"',
  ]],
  ["a tag in YAML", yaml("state: !env x"), [
    'config.yml line 1 column 8: is not valid YAML; tags such as "!name" are not supported',
  ]],
  ["two YAML documents", yaml("state: {path: a}\n---\nlog: {level: info}"), [
    'config.yml line 2 column 1: is not valid YAML; remove the second document after "---"',
  ]],
  ["an alias without anchor", yaml("state: *x"), [
    "config.yml: holds an alias without anchor, or too many aliases",
  ]],
  ["a list as the file", yaml("- a\n- b"), [
    "config.yml: is not a block of settings; write key: value",
  ]],
  ["a word as the file", yaml("hello"), [
    "config.yml: is not a block of settings; write key: value",
  ]],
  ["deep nesting", yaml("[".repeat(40).replaceAll("[", "{a: ") + "1" + "}".repeat(40)), [
    "config.yml: is nested deeper than 32 levels",
  ]],
  ["a key given with dots and without", yaml("cloud.id: a\ncloud: {id: b}"), [
    "cloud: is given twice, once with a dotted key; keep one",
  ]],
  ["JSON that is none", env({ CONNECTOR_JSON_CONFIG: "{" }), [
    "CONNECTOR_JSON_CONFIG: is not valid JSON; check quotes, commas and braces",
  ]],
  ["JSON that is no object", env({ CONNECTOR_JSON_CONFIG: "[1]" }), [
    "CONNECTOR_JSON_CONFIG: is not a block of settings; write key: value",
  ]],
  ["two sources that cannot be read", { ...env({ CONNECTOR_JSON_CONFIG: "x" }), yaml: "a: [" }, [
    "config.yml line 1 column 5: is not valid YAML; the indentation does not fit the lines above",
    "CONNECTOR_JSON_CONFIG: is not valid JSON; check quotes, commas and braces",
  ]],
  ["a wrong value in JSON", env({ CONNECTOR_JSON_CONFIG: '{"opencti.url": 3}' }), [
    "CONNECTOR_JSON_CONFIG opencti.url: is not an http or https URL; write it like https://host.example:9200",
  ]],
  ["an unset reference", yaml("opencti: {proxy: '${NONE}'}\nlog.format: ${NONE}x"), [
    "opencti.proxy (line 1): refers to the variable NONE, which is not set; set it, or write ${NONE:default}",
    "log.format (line 2): refers to the variable NONE, which is not set; set it, or write ${NONE:default}",
  ]],
  ["an unset reference of what is required", { yaml: "opencti: {token: '${NONE}'}", ...env({ OPENCTI_TOKEN: undefined }) }, [
    "opencti.token (line 1): refers to the variable NONE, which is not set; set it, or write ${NONE:default}",
  ]],
  ["placeholders", env({ OPENCTI_TOKEN: "ChangeMe", CONNECTOR_LIVE_STREAM_ID: " changeme " }), [
    'OPENCTI_TOKEN: still holds the placeholder "ChangeMe"; set the value, or remove it',
    'CONNECTOR_LIVE_STREAM_ID: still holds the placeholder "ChangeMe"; set the value, or remove it',
  ]],
  ["a placeholder that is no UUID", yaml("connector: {id: CHANGEME}\ntargets: []"), []],
  ["an unknown block", yaml("elastic_securty: {url: x}\nfoo: 1"), [
    'elastic_securty: unknown key "elastic_securty"; did you mean "elastic_security"?',
    'foo (line 2): unknown key "foo"; use one of cloud, connector, dead_letters, elastic, elastic_import_from_date, elastic_security, http, log, opencti, output, proxy, setup, state, targets',
  ]],
  ["unknown keys of blocks", yaml("opencti: {ulr: x}\nconnector: {mod: ecs, live_stream: x}\nlog: {colour: x}"), [
    'opencti.ulr (line 1): unknown key "ulr"; did you mean "url"?',
    'log.colour (line 3): unknown key "colour"; use one of format, level',
    'connector.mod (line 2): unknown key "mod"; did you mean "mode"?',
    'connector.live_stream (line 2): unknown key "live_stream"; did you mean "live_stream_id"?',
  ]],
  ["unknown keys of connectors", yaml("elastic_security: {batchsize: 3}\noutput.elasticsearch.host: x\nelastic: 3"), [
    'elastic_security.batchsize (line 1): unknown key "batchsize"; did you mean "batch_size"?',
    'output.elasticsearch.host (line 2): unknown key "host"; did you mean "hosts"?',
    `elastic (line 3): ${NOT_A_BLOCK}`,
    // The blocks mean the target.
  ]],
  ["unknown keys without a value", list("opencti.ulr:\nfoo: ~\nelastic_security: {apikey: ''}\ntargets: [{type: elastic-threatintel, api_ke: null, ilm: {enable: }}]"), [
    'opencti.ulr (line 1): unknown key "ulr"; did you mean "url"?',
    'foo (line 2): unknown key "foo"; use one of cloud, connector, dead_letters, elastic, elastic_import_from_date, elastic_security, http, log, opencti, output, proxy, setup, state, targets',
    'elastic_security.apikey (line 3): unknown key "apikey"; did you mean "api_key"?',
    'targets[0].api_ke (line 4): unknown key "api_ke"; did you mean "api_key"?',
    'targets[0].ilm.enable (line 4): unknown key "enable"; did you mean "enabled"?',
  ]],
  ["a key that may be a secret", yaml("opencti: {token:abc-def}"), [
    'opencti.<not a plain name>: unknown key "<not a plain name>"; use one of ca_cert, client_cert, client_key, external_url, proxy, ssl_verify, token, token_file, url',
  ]],
  ["values where blocks belong", yaml("opencti: x\nconnector: y\nhttp: z\nelastic_security: w\nproxy: [a]"), [
    `opencti (line 1): ${NOT_A_BLOCK}`,
    `connector (line 2): ${NOT_A_BLOCK}`,
    `http (line 3): ${NOT_A_BLOCK}`,
    `elastic_security (line 4): ${NOT_A_BLOCK}`,
    `proxy: ${NOT_A_BLOCK}`,
  ]],
  ["blocks where values belong", { yaml: "opencti: {url: {a: b}, token: [x], ssl_verify: {a: b}}", ...env({ OPENCTI_URL: undefined, OPENCTI_TOKEN: undefined }) }, [
    "opencti.url: is a list or a block; give one value",
    "opencti.token: is a list or a block; give one value",
    "opencti.ssl_verify: is a list or a block; give one value",
  ]],
  ["targets that are no list", list("targets: {name: a}"), [
    'targets: is not a list; begin each target with "- name:"',
    "targets: no target is configured; list one under targets: in the file, or set the variables of one (ELASTIC_SECURITY_URL, ELASTICSEARCH_HOSTS, CLOUD_ID)",
  ].slice(0, 1)],
  ["a target that is no block", list(`${LISTED}, word]`), [
    'targets[1] (line 1): is not a block of settings; write "- name: ..."',
  ]],
  ["a target without type", list(`${LISTED}, {name: x}]`), [`targets[1].type: is missing; ${NOT_STATED}`]],
  ["a target of unknown type", list(`${LISTED}, {type: elastic_security}, {type: splunk}]`), [
    'targets[1].type (line 1): unknown type "elastic_security"; did you mean "elastic-security"?',
    `targets[2].type (line 1): unknown type "splunk"; ${NOT_STATED}`,
  ]],
  ["a target with a wrong name", list("targets: [{name: My SOC, type: elastic-threatintel}, {name: 'x', type: elastic-threatintel, mod: 3, connector_id: 7}]"), [
    "targets[0].name (line 1): is not a name; use 1 to 40 of a-z, 0-9 and hyphen",
    "targets[1].connector_id (line 1): is not a UUID; make one, for example with uuidgen",
    'targets[1].mod (line 1): unknown key "mod"; did you mean "mode"?',
  ]],
  ["two targets of one name", list("targets: [{type: elastic-threatintel}, {type: elastic-threatintel}]"), [
    'targets[1].name: "elastic-threatintel" is the name of targets[0] too; give each target its own',
    "targets[1].connector_id: is the one of targets[0] too; give each target its own",
  ].slice(0, 1)],
  ["a listed target of a connector's name", yaml("targets: [{name: elastic-security, type: elastic-threatintel}]"), [
    'elastic-security.name: "elastic-security" is the name of targets[0] too; give each target its own',
  ]],
  ["two targets with one connector", list(`targets: [{name: a, type: elastic-threatintel}, {name: b, type: elastic-threatintel, connector_id: ${CONNECTOR_ID}}]`), [
    "targets[1].connector_id: is the one of targets[0] too; give each target its own",
  ]],
  ["missing settings of a listed target", list("targets: [{type: elastic-security, index_name: x}]"), [
    "targets[0].url: is missing; set it",
    "targets[0].api_key: is missing; set it",
  ]],
  ["missing settings of a connector", { env: PLATFORM_ENV, yaml: "elastic_security: {batch_size: 3}" }, [
    "elastic_security.url: is missing; set it, or the variable ELASTIC_SECURITY_URL",
    "elastic_security.api_key: is missing; set it, or the variable ELASTIC_SECURITY_API_KEY",
  ]],
  ["wrong values in variables", env({ OPENCTI_URL: "opencti", CONNECTOR_ID: "me", CONNECTOR_TYPE: "EXTERNAL_IMPORT", CONNECTOR_LOG_LEVEL: "loud", ELASTIC_SECURITY_URL: "https://a:b@c.example", ELASTIC_SECURITY_VERIFY_SSL: "flase", ELASTIC_SECURITY_BATCH_SIZE: "0", RELAY_HTTP: "8686" }), [
    "OPENCTI_URL: is not an http or https URL; write it like https://host.example:9200",
    'CONNECTOR_LOG_LEVEL: "loud" is not a log level; use debug, info, warn, error or off',
    'RELAY_HTTP: "8686" is not an address; write it like 127.0.0.1:8686',
    "CONNECTOR_ID: is not a UUID; make one, for example with uuidgen",
    'CONNECTOR_TYPE: "EXTERNAL_IMPORT" is not supported; use STREAM, or remove it',
    "ELASTIC_SECURITY_URL: must not hold a user name or password; use the settings for those",
    'ELASTIC_SECURITY_VERIFY_SSL: "flase" is neither true nor false; use one of them',
    "ELASTIC_SECURITY_BATCH_SIZE: 0 is out of range; use 1 to 10000",
  ]],
  ["wrong stream settings", env({ CONNECTOR_LIVE_STREAM_ID: "../x", CONNECTOR_LIVE_STREAM_START_TIMESTAMP: "1699999999", CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: "yesterday" }), [
    "CONNECTOR_LIVE_STREAM_ID: is not the id of a stream; copy it from the platform",
    'CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: "yesterday" is neither an ISO 8601 date nor "no"; write it like 2026-01-31T08:00:00Z',
    'CONNECTOR_LIVE_STREAM_START_TIMESTAMP: "1699999999" lies in the 1970s; give milliseconds, not seconds',
  ]],
  ["a start that is no time", env({ CONNECTOR_LIVE_STREAM_START_TIMESTAMP: "soon" }), [
    'CONNECTOR_LIVE_STREAM_START_TIMESTAMP: "soon" is not a time; give milliseconds since 1970 or an ISO 8601 date',
  ]],
  ["a target's own enumeration", list(`${LISTED}, advanced: {mode: x}}]`.replace('a}, adv', 'a, adv')), [
    "targets[0].advanced.mode (line 1): must be one of auto, index",
  ]],
  ["a secret and its file", env({ OPENCTI_TOKEN_FILE: "t", ELASTIC_SECURITY_API_KEY_FILE: "t" }), [
    "OPENCTI_TOKEN: is given as well as OPENCTI_TOKEN_FILE; keep one of them",
    "ELASTIC_SECURITY_API_KEY: is given as well as ELASTIC_SECURITY_API_KEY_FILE; keep one of them",
  ]],
  ["a secret's file that is missing", env({ OPENCTI_TOKEN: undefined, OPENCTI_TOKEN_FILE: "gone" }), [
    "OPENCTI_TOKEN_FILE: the file it names cannot be read: it does not exist",
  ]],
  ["a secret's file that is empty", { ...env({ OPENCTI_TOKEN: undefined, OPENCTI_TOKEN_FILE: "t" }), files: { t: " \n" } }, [
    "OPENCTI_TOKEN_FILE: the file it names is empty; write the secret there",
  ]],
  ["a secret's file with the placeholder", { ...env({ OPENCTI_TOKEN: undefined, OPENCTI_TOKEN_FILE: "t" }), files: { t: "ChangeMe\n" } }, [
    'OPENCTI_TOKEN_FILE: the file it names still holds the placeholder "ChangeMe"; write the secret there',
  ]],
  ["a secret with a line break", { ...env({ OPENCTI_TOKEN: undefined, OPENCTI_TOKEN_FILE: "t" }), files: { t: "a\nb\n" } }, [
    "OPENCTI_TOKEN_FILE: holds a line break or control character; remove it",
  ]],
  ["certificate files", { ...env({ OPENCTI_CA_CERT: "gone.pem", ELASTIC_SECURITY_CA_CERT: "a.der" }), files: { "a.der": "0\u0001" } }, [
    'OPENCTI_CA_CERT: the file "gone.pem" cannot be read: it does not exist',
    'ELASTIC_SECURITY_CA_CERT: the file "a.der" holds no PEM block; convert it to PEM',
  ]],
  ["certificates without key", { ...env({ OPENCTI_CLIENT_CERT: "c.pem", ELASTIC_SECURITY_CLIENT_KEY: "c.pem" }), files: { "c.pem": PEM } }, [
    "opencti.client_key: is missing but OPENCTI_CLIENT_CERT is set; give both or neither",
    "elastic_security.client_cert: is missing but ELASTIC_SECURITY_CLIENT_KEY is set; give both or neither",
  ]],
  ["PEM text for a path", env({ OPENCTI_CA_CERT: PEM }), [
    "OPENCTI_CA_CERT: holds the PEM text itself; write it to a file and name that file",
  ]],
];

for (const [name, given, expected] of CASES) {
  Deno.test(`loadConfig() refuses ${name}`, async () => {
    assertEquals(await problemsOf(given), expected);
  });
}

const MARK = "Zq7-planted-secret-value-8Kx1-0123";

/** Ways to get a secret into a configuration that is wrong elsewhere. */
const PLANTED: readonly Given[] = [
  env({ OPENCTI_TOKEN: MARK, OPENCTI_URL: "x" }),
  env({ OPENCTI_TOKEN: `${MARK}\nx` }),
  env({ OPENCTI_TOKEN: undefined, OPENCTI_TOKEN_FILE: MARK }),
  env({ OPENCTI_TOKEN: MARK, OPENCTI_TOKEN_FILE: MARK }),
  env({ OPENCTI_URL: `https://user:${MARK}@opencti.example` }),
  env({ OPENCTI_URL: MARK }),
  env({ OPENCTI_PROXY: `gopher://user:${MARK}@proxy.example` }),
  env({ OPENCTI_CA_CERT: `-----BEGIN PRIVATE KEY-----\n${MARK}` }),
  env({ OPENCTI_SSL_VERIFY: MARK }),
  env({ CONNECTOR_ID: MARK, CONNECTOR_TYPE: MARK, CONNECTOR_LOG_LEVEL: MARK }),
  env({ ELASTIC_SECURITY_BATCH_SIZE: MARK, RELAY_HTTP: MARK }),
  env({ CONNECTOR_LIVE_STREAM_START_TIMESTAMP: MARK }),
  env({ CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: MARK }),
  env({ CONNECTOR_LIVE_STREAM_ID: `${MARK}/` }),
  env({ CONNECTOR_JSON_CONFIG: `{"opencti":{"token":"${MARK}"}` }),
  env({ CONNECTOR_JSON_CONFIG: `"${MARK}"` }),
  env({ CONNECTOR_JSON_CONFIG: `{"opencti":{"token":["${MARK}"]}}` }),
  yaml(`opencti: {token:${MARK}}`),
  yaml(`opencti:\n  token:${MARK}\n  url: x`),
  yaml(`opencti: {token: "${MARK}`),
  yaml(`opencti: {token: ${MARK}: x}`),
  yaml(`token: *${MARK}`),
  yaml(`token: !${MARK} x`),
  yaml(`opencti: "${MARK}"\nx: 1`),
  yaml(`log: {level: ${MARK}}\nopencti.token: {x: ${MARK}}\ny: 1`),
  {
    yaml: "state.path: ${GONE}\nopencti.token: ${GIVEN}",
    ...env({ GIVEN: MARK }),
  },
  list(`targets: [{type: elastic-security, api_key: ${MARK}, url: x}]`),
  list(`targets: [{type: elastic-security, api_key: {${MARK}: x}}]`),
  list(`targets: [{type: elastic-security, advanced: {mode: ${MARK}}}]`),
  list(`targets: [{type: elastic-security, request_timeout: ${MARK}}]`),
];

PLANTED.forEach((given, index) => {
  Deno.test(`loadConfig() never tells a secret, case ${index}`, async () => {
    const problems = await problemsOf(given);
    assert(problems.length > 0, "expected problems");
    assert(!problems.join("\n").includes(MARK), problems.join("\n"));
  });
});

const SCALARS = [
  "",
  "x",
  "true",
  "no",
  "0",
  "-1",
  "5m",
  "ChangeMe",
  "https://a.example",
  "https://a:b@c.example/?x",
  "${A}",
  "${NONE}",
  "${A:b",
  "$${A}",
  "a,b",
  "live",
  CONNECTOR_ID,
  "elastic-security",
  "elastic-threatintel",
  "secret.txt",
  "c.pem",
  "1700000000000-0",
  "2026-01-31",
  "\u0000",
  "\ud800",
  "𝒳",
  "__proto__",
];

const KEYS = [
  "opencti",
  "connector",
  "state",
  "log",
  "http",
  "proxy",
  "targets",
  "url",
  "token",
  "token_file",
  "api_key",
  "api_key_file",
  "name",
  "type",
  "id",
  "path",
  "level",
  "format",
  "address",
  "no_proxy",
  "elastic_security",
  "cloud.id",
  "output.elasticsearch.hosts",
  "setup",
  "ilm.enabled",
  "client_cert",
  "ca_cert",
  "live_stream_id",
  "connector_id",
  "advanced",
  "mode",
  "batch_size",
  "__proto__",
  "constructor",
  "a..b",
  ".",
  "<<",
  "ulr",
  "",
];

const VARIABLES = [
  ...Object.keys(ENV),
  "OPENCTI_SSL_VERIFY",
  "OPENCTI_CA_CERT",
  "OPENCTI_CLIENT_CERT",
  "OPENCTI_CLIENT_KEY",
  "OPENCTI_PROXY",
  "RELAY_HTTP",
  "OPENCTI_TOKEN_FILE",
  "CONNECTOR_LOG_LEVEL",
  "RELAY_STATE_PATH",
  "PROXY_HTTP",
  "CLOUD_ID",
  "CLOUD_AUTH",
  "CLOUD_AUTH_FILE",
  "ELASTICSEARCH_HOSTS",
  "CONNECTOR_TYPE",
  "STATE_DIRECTORY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "A",
];

const scalar = fc.oneof(
  fc.constantFrom<unknown>(...SCALARS),
  fc.constantFrom<unknown>(null, true, false, 0, -0.5, 1e21),
  fc.string(),
);

const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(fc.tuple(fc.constantFrom(...KEYS), tie("value")), {
      maxLength: 5,
    }).map((entries) => Object.fromEntries(entries)),
  ),
}));

const anyBlock = fc.array(fc.tuple(fc.constantFrom(...KEYS), anyValue), {
  maxLength: 6,
}).map((entries) => Object.fromEntries(entries));

const anyFile = fc.oneof(
  fc.constant(undefined),
  fc.string({ unit: "binary" }),
  fc.array(
    fc.constantFrom(
      ...SCALARS,
      ...KEYS,
      ": ",
      "\n",
      "- ",
      "{",
      "[",
      "'",
      "&a",
      "*a",
      "!t",
      "  ",
      "? ",
    ),
  ).map((
    parts,
  ) => parts.join("")),
  anyBlock.map((block) => JSON.stringify(block)),
);

const anyEnvironment = fc.record({
  variables: fc.dictionary(
    fc.constantFrom(...VARIABLES),
    fc.oneof(fc.constantFrom(...SCALARS), fc.string()),
  ),
  json: fc.oneof(
    fc.constant(""),
    fc.string(),
    anyBlock.map((block) => JSON.stringify(block)),
  ),
  isComplete: fc.boolean(),
});

Deno.test("loadConfig() throws ConfigError alone", async () => {
  await fc.assert(
    fc.asyncProperty(anyFile, anyEnvironment, async (file, given) => {
      const variables = {
        ...(given.isComplete ? ENV : {}),
        ...given.variables,
        CONNECTOR_JSON_CONFIG: given.json,
      };
      try {
        await load({
          env: variables,
          ...(file !== undefined && { yaml: file }),
          files: { "secret.txt": "x", "c.pem": PEM },
        });
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        assert(
          /^The configuration has \d+ problems?:\n {2}/.test(error.message),
        );
      }
    }),
    { numRuns: 1500 },
  );
});

Deno.test("loadConfig() never tells a secret, whatever else is wrong", async () => {
  await fc.assert(
    fc.asyncProperty(anyBlock, anyEnvironment, async (block, given) => {
      const variables = {
        ...given.variables,
        OPENCTI_TOKEN: MARK,
        ELASTIC_SECURITY_API_KEY: MARK,
        ELASTIC_SECURITY_URL: "https://a.example",
        CONNECTOR_JSON_CONFIG: JSON.stringify(block),
      };
      const options = {
        explicitFile: false,
        env: variables,
        registry: REGISTRY,
        readTextFile: () => Promise.resolve("log: {level: info}"),
      };
      const told = await loadConfig(options).then(
        (config) => JSON.stringify([config.effective, config.warnings]),
        (error: Error) => error.message,
      );
      assert(!told.includes(MARK), told);
    }),
    { numRuns: 500 },
  );
});
