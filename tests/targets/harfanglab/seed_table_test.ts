/** Every line of the tables of settings in the older connector's README. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { makeCertificate } from "../../http/certificates.ts";
import { tlsFront } from "../../http/tls_front.ts";
import { entity, indicator } from "../../simulator/opencti/objects.ts";
import { type Relay, startRelay } from "./relay.ts";

const CERTIFICATE = makeCertificate("localhost", {
  names: ["localhost", "127.0.0.1"],
});

/** 2026-03-02T10:00:00Z. */
const NOW = Date.UTC(2026, 2, 2, 10);
const ONCE = ["run", "--once"];
const NAMES = ["new.example", "old.example"];

/** A platform with two indicators and a report. */
async function withRelay(test: (relay: Relay) => Promise<void>): Promise<void> {
  const clock = { at: NOW };
  await using relay = await startRelay(() => clock.at);
  const objects = [
    indicator("old.example"),
    entity("report", "Report", "r"),
    indicator("new.example"),
  ];
  for (const [index, object] of objects.entries()) {
    const at = clock.at = NOW - 60_000 + index * 1000;
    relay.opencti.platform.apply({ at, op: "create", object });
  }
  clock.at = NOW;
  await test(relay);
}

function line(name: string, test: (relay: Relay) => Promise<void>): void {
  Deno.test(`the HarfangLab seed's ${name}`, () => withRelay(test));
}

/** Takes the first indicator off the platform. */
function deleteOld({ opencti }: Relay): void {
  const { id } =
    Object.values(indicator("old.example").extensions as object)[0];
  opencti.platform.apply({ at: NOW, op: "delete", internalId: id });
}

async function assertRequired(relay: Relay, name: string): Promise<void> {
  const { [name]: _value, ...without } = relay.env;
  const { code, err } = await relay.run(ONCE, without);
  assertEquals(code, 2);
  assertStringIncludes(err, name);
}

line("OPENCTI_URL is where the stream is read", async (relay) => {
  assertEquals((await relay.run(ONCE, relay.env)).code, 0);
  assertEquals(relay.values(), NAMES);
  await assertRequired(relay, "OPENCTI_URL");
});

line("OPENCTI_TOKEN is the login at the platform", async (relay) => {
  const wrong = { ...relay.env, OPENCTI_TOKEN: "wrong" };
  assertEquals((await relay.run(ONCE, wrong)).code, 3);
  await assertRequired(relay, "OPENCTI_TOKEN");
});

line("CONNECTOR_ID is the connector on the platform", async (relay) => {
  await relay.run(ONCE, relay.env);
  const id = relay.env.CONNECTOR_ID as string;
  assert(relay.opencti.platform.connectors.get(id) !== undefined);
  await assertRequired(relay, "CONNECTOR_ID");
});

line("CONNECTOR_TYPE must be STREAM", async (relay) => {
  const run = (type: string) =>
    relay.run(ONCE, { ...relay.env, CONNECTOR_TYPE: type });
  assertEquals((await run("STREAM")).code, 0);
  assertEquals((await run("EXTERNAL_IMPORT")).code, 2);
});

line("CONNECTOR_NAME and _SCOPE are told to the platform", async (relay) => {
  const id = relay.env.CONNECTOR_ID as string;
  const seen = () => {
    const { name, scope } = relay.opencti.platform.connectors.get(id)!;
    return [name, scope];
  };
  const { CONNECTOR_NAME: _n, CONNECTOR_SCOPE: _s, ...least } = relay.env;
  await relay.run(ONCE, least);
  assertEquals(seen(), ["HarfangLab", ["harfanglab"]]);
  const names = { CONNECTOR_NAME: "EDR", CONNECTOR_SCOPE: "harfanglab,lab" };
  await relay.run(ONCE, { ...relay.env, ...names });
  assertEquals(seen(), ["EDR", ["harfanglab", "lab"]]);
});

line("CONNECTOR_LOG_LEVEL decides how much is logged", async (relay) => {
  const at = async (level: string) =>
    (await relay.run(ONCE, { ...relay.env, CONNECTOR_LOG_LEVEL: level })).err;
  assertStringIncludes(await at("info"), "HarfangLab is ready");
  assertEquals((await at("error")).includes("HarfangLab is ready"), false);
});

line("CONNECTOR_LIVE_STREAM_ID is required at the start", async (relay) => {
  await assertRequired(relay, "CONNECTOR_LIVE_STREAM_ID");
  for (const id of ["ChangeMe", "CHANGEME"]) {
    const env = { ...relay.env, CONNECTOR_LIVE_STREAM_ID: id };
    const { code, err } = await relay.run(ONCE, env);
    assertEquals(code, 2);
    assertStringIncludes(err, "CONNECTOR_LIVE_STREAM_ID");
  }
  assertEquals(relay.console.requests.list, []);
});

line(
  "CONNECTOR_LIVE_STREAM_LISTEN_DELETE tells what a delete does",
  async (relay) => {
    await relay.run(ONCE, relay.env);
    deleteOld(relay);
    const deaf = { ...relay.env, CONNECTOR_LIVE_STREAM_LISTEN_DELETE: "false" };
    assertEquals((await relay.run(ONCE, deaf)).code, 0);
    assertEquals(relay.values(), NAMES);
  },
);

line(
  "CONNECTOR_LIVE_STREAM_LISTEN_DELETE is true by default",
  async (relay) => {
    await relay.run(ONCE, relay.env);
    deleteOld(relay);
    await relay.run(ONCE, relay.env);
    assertEquals(relay.values(), ["new.example", "old.example off"]);
  },
);

line(
  "CONNECTOR_LIVE_STREAM_NO_DEPENDENCIES is asked of the stream",
  async (relay) => {
    const asked = async (env: Record<string, string>) => {
      await relay.run(ONCE, { ...relay.env, ...env });
      return relay.opencti.requests.findLast(({ path }) =>
        path.includes("/stream/")
      )?.query.get("no-dependencies");
    };
    assertEquals(await asked({}), "true");
    assertEquals(
      await asked({ CONNECTOR_LIVE_STREAM_NO_DEPENDENCIES: "false" }),
      "false",
    );
  },
);

line(
  "HARFANGLAB_INTEL_URL makes the target, without a final slash",
  async (relay) => {
    const url = `${relay.console.url}/`;
    const env = { ...relay.env, HARFANGLAB_INTEL_URL: url };
    assertEquals((await relay.run(ONCE, env)).code, 0);
    assertEquals(relay.values(), NAMES);
    const { HARFANGLAB_INTEL_URL: _url, ...without } = relay.env;
    assertEquals((await relay.run(ONCE, without)).code, 2);
  },
);

line(
  "HARFANGLAB_INTEL_SSL_VERIFY is applied, true is the default",
  async (relay) => {
    await using front = await tlsFront(relay.console.url, CERTIFICATE);
    const env = { ...relay.env, HARFANGLAB_INTEL_URL: front.url };
    const { code, err } = await relay.run(ONCE, env);
    assertEquals(code, 2);
    assertStringIncludes(err, "certificate");
    assertEquals(relay.values(), []);
    for (const word of ["False", "FALSE", "no"]) {
      const off = { ...env, HARFANGLAB_INTEL_SSL_VERIFY: word };
      assertEquals((await relay.run(ONCE, off)).code, 0);
    }
    assertEquals(relay.values(), NAMES);
  },
);

line("HARFANGLAB_INTEL_TOKEN is the login at the console", async (relay) => {
  const wrong = { ...relay.env, HARFANGLAB_INTEL_TOKEN: "wrong" };
  const { code, err } = await relay.run(ONCE, wrong);
  assertEquals(code, 3);
  assertStringIncludes(err, "API token");
  await assertRequired(relay, "HARFANGLAB_INTEL_TOKEN");
});

line("HARFANGLAB_INTEL_SOURCE_LIST_NAME names the lists", async (relay) => {
  const { HARFANGLAB_INTEL_SOURCE_LIST_NAME: _list, ...least } = relay.env;
  await relay.run(ONCE, least);
  assertEquals(relay.values("from_OpenCTI"), NAMES);
});

line("HARFANGLAB_INTEL_SOURCE_LIST_NAME may be another", async (relay) => {
  const env = { ...relay.env, HARFANGLAB_INTEL_SOURCE_LIST_NAME: "mine" };
  await relay.run(ONCE, env);
  assertEquals(relay.values("mine"), NAMES);
  assertEquals(relay.values("from_OpenCTI"), []);
});

for (const word of ["true", "True", "TRUE", "yes"]) {
  line(`HARFANGLAB_INTEL_REMOVE_INDICATOR ${word} deletes`, async (relay) => {
    const env = { ...relay.env, HARFANGLAB_INTEL_REMOVE_INDICATOR: word };
    await relay.run(ONCE, env);
    deleteOld(relay);
    await relay.run(ONCE, env);
    assertEquals(relay.values(), ["new.example"]);
  });
}

for (const word of [undefined, "false", "FALSE"]) {
  line(`HARFANGLAB_INTEL_REMOVE_INDICATOR ${word} disables`, async (relay) => {
    const env = {
      ...relay.env,
      ...(word === undefined
        ? {}
        : { HARFANGLAB_INTEL_REMOVE_INDICATOR: word }),
    };
    await relay.run(ONCE, env);
    deleteOld(relay);
    await relay.run(ONCE, env);
    assertEquals(relay.values(), ["new.example", "old.example off"]);
  });
}

line("HARFANGLAB_INTEL_REMOVE_INDICATOR takes no other word", async (relay) => {
  const env = { ...relay.env, HARFANGLAB_INTEL_REMOVE_INDICATOR: "maybe" };
  const { code, err } = await relay.run(ONCE, env);
  assertEquals(code, 2);
  assertStringIncludes(err, "HARFANGLAB_INTEL_REMOVE_INDICATOR");
});

line("HARFANGLAB_INTEL_RULE_MATURITY is stable or testing", async (relay) => {
  const env = { ...relay.env, HARFANGLAB_INTEL_RULE_MATURITY: "testing" };
  await relay.run(ONCE, env);
  const [rule] = relay.console.store.rulesOf("IOCRule", "from_OpenCTI");
  assertEquals(rule?.hl_status, "testing");
  const bad = { ...relay.env, HARFANGLAB_INTEL_RULE_MATURITY: "experimental" };
  const { code, err } = await relay.run(ONCE, bad);
  assertEquals(code, 2);
  assertStringIncludes(err, "stable");
});

for (const block of ["harfanglab_intel", "harfanglab"]) {
  line(`config.yml with the block ${block} works unchanged`, async (relay) => {
    const { OPENCTI_URL, OPENCTI_TOKEN, CONNECTOR_LIVE_STREAM_ID } = relay.env;
    const { RELAY_STATE_PATH, CONNECTOR_ID } = relay.env;
    const yaml = `
opencti:
  url: '${OPENCTI_URL}'
  token: '${OPENCTI_TOKEN}'
connector:
  id: '${CONNECTOR_ID}'
  type: 'STREAM'
  name: 'HarfangLab'
  scope: 'harfanglab'
  log_level: 'info'
  live_stream_id: '${CONNECTOR_LIVE_STREAM_ID}'
  live_stream_listen_delete: true
  live_stream_no_dependencies: true
${block}:
  url: '${relay.console.url}'
  ssl_verify: true
  token: '${relay.console.token}'
  source_list_name: 'from_OpenCTI'
  remove_indicator: true
  rule_maturity: 'testing'
`;
    const env = {
      RELAY_STATE_PATH: `${RELAY_STATE_PATH}`,
      CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: "no",
    };
    const files = { "config.yml": yaml };
    const { code, err } = await relay.run(
      [...ONCE, "-c", "config.yml"],
      env,
      files,
    );
    assertEquals(code, 0, err);
    assertEquals(relay.values(), NAMES);
    deleteOld(relay);
    // A variable wins over the file.
    const more = { ...env, HARFANGLAB_INTEL_REMOVE_INDICATOR: "false" };
    await relay.run([...ONCE, "-c", "config.yml"], more, files);
    assertEquals(relay.values(), ["new.example", "old.example off"]);
  });
}

line("rules of the older connector are taken over", async (relay) => {
  const { store } = relay.console;
  const list = store.addSource("IOCRule", { name: "from_OpenCTI" });
  const { id } = indicator("old.example");
  const comment = { indicator_id: id, indicator_score: 50 };
  store.rules.IOCRule.set("former", {
    ...store.newRule(list, {}),
    id: "former",
    type: "domain_name",
    value: "old.example",
    comment: JSON.stringify({ ...comment, indicator_platforms: [] }),
  });
  const env = { ...relay.env, HARFANGLAB_INTEL_REMOVE_INDICATOR: "true" };
  await relay.run(ONCE, env);
  assertEquals(relay.values(), NAMES);
  assert(store.rules.IOCRule.has("former"));
  deleteOld(relay);
  await relay.run(ONCE, env);
  assertEquals(relay.values(), ["new.example"]);
});
