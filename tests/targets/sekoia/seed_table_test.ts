/** Every line of the tables of settings in the older connector's README. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { OCTI_EXTENSION } from "../../../src/stix/object.ts";
import { entity, indicator } from "../../simulator/opencti/objects.ts";
import { type Relay, withRelay } from "./relay.ts";

/** 2026-03-02T10:00:00Z. */
const NOW = Date.UTC(2026, 2, 2, 10);
const ONCE = ["run", "--once"];

/** A platform that holds two indicators, one of them related to a report. */
function line(name: string, test: (relay: Relay) => Promise<void>): void {
  Deno.test(`the seed's ${name}`, () =>
    withRelay(NOW, async (relay) => {
      const objects = [
        indicator("old.example"),
        entity("report", "Report", "r"),
        indicator("new.example"),
      ];
      for (const [index, object] of objects.entries()) {
        const at = relay.clock.at = NOW - 60_000 * (3 - index);
        relay.opencti.platform.apply({ at, op: "create", object });
      }
      relay.clock.at = NOW;
      await test(relay);
    }));
}

function values({ sekoia }: Relay): string[] {
  return sekoia.active().map(({ value }) => value).sort();
}

/** Without one of the variables the program says which, and ends. */
async function isRequired(relay: Relay, name: string): Promise<void> {
  const { [name]: _value, ...without } = relay.env;
  const { code, err } = await relay.run(ONCE, without);
  assertEquals(code, 2);
  assertStringIncludes(err, name);
}

function connectorOf({ env, opencti }: Relay) {
  return opencti.platform.connectors.get(env.CONNECTOR_ID as string);
}

line("OPENCTI_URL is where the stream is read, and the link", async (relay) => {
  assertEquals((await relay.run(ONCE)).code, 0);
  assertEquals(values(relay), ["new.example", "old.example"]);
  const [first] = relay.sekoia.active();
  assertStringIncludes(
    first?.properties.description ?? "",
    `${relay.opencti.url}/dashboard/observations/indicators/`,
  );
  await isRequired(relay, "OPENCTI_URL");
});

line("OPENCTI_TOKEN is the login at the platform", async (relay) => {
  const env = { ...relay.env, OPENCTI_TOKEN: "wrong" };
  assertEquals((await relay.run(ONCE, env)).code, 3);
  await isRequired(relay, "OPENCTI_TOKEN");
});

line("CONNECTOR_ID is the connector on the platform", async (relay) => {
  await relay.run(ONCE);
  assert(connectorOf(relay) !== undefined);
  await isRequired(relay, "CONNECTOR_ID");
});

line("CONNECTOR_TYPE must be STREAM", async (relay) => {
  const run = async (CONNECTOR_TYPE: string) =>
    (await relay.run(ONCE, { ...relay.env, CONNECTOR_TYPE })).code;
  assertEquals(await run("STREAM"), 0);
  assertEquals(await run("EXTERNAL_IMPORT"), 2);
});

line("CONNECTOR_NAME names the connector", async (relay) => {
  await relay.run(ONCE);
  assertEquals(connectorOf(relay)?.name, "Sekoia");
  await relay.run(ONCE, { ...relay.env, CONNECTOR_NAME: "Sekoia Paris" });
  assertEquals(connectorOf(relay)?.name, "Sekoia Paris");
});

line("CONNECTOR_SCOPE is told to the platform", async (relay) => {
  await relay.run(ONCE);
  assertEquals(connectorOf(relay)?.scope, ["Sekoia"]);
  await relay.run(ONCE, { ...relay.env, CONNECTOR_SCOPE: "soc,lab" });
  assertEquals(connectorOf(relay)?.scope, ["soc", "lab"]);
});

line("CONNECTOR_LOG_LEVEL decides how much is logged", async (relay) => {
  const at = async (CONNECTOR_LOG_LEVEL: string) =>
    (await relay.run(ONCE, { ...relay.env, CONNECTOR_LOG_LEVEL })).err;
  assertStringIncludes(await at("info"), "Sekoia.io is ready");
  assertEquals((await at("error")).includes("Sekoia.io is ready"), false);
});

line(
  "CONNECTOR_LIVE_STREAM_ID is the stream, ChangeMe is none",
  async (relay) => {
    await isRequired(relay, "CONNECTOR_LIVE_STREAM_ID");
    const env = { ...relay.env, CONNECTOR_LIVE_STREAM_ID: "ChangeMe" };
    assertEquals((await relay.run(ONCE, env)).code, 2);
    assertEquals(values(relay), []);
  },
);

line(
  "CONNECTOR_LIVE_STREAM_LISTEN_DELETE brings revocations",
  async (relay) => {
    await relay.run(ONCE);
    const { opencti } = relay;
    const octi = indicator("old.example").extensions as Record<
      string,
      { id: string }
    >;
    relay.clock.at += 1000;
    opencti.platform.apply({
      at: relay.clock.at,
      op: "delete",
      internalId: octi[OCTI_EXTENSION]!.id,
    });
    const off = {
      ...relay.env,
      CONNECTOR_LIVE_STREAM_LISTEN_DELETE: "false",
      RELAY_STATE_PATH: `${relay.env.RELAY_STATE_PATH}.off`,
    };
    const { err } = await relay.run(ONCE, off);
    assertStringIncludes(err, "live_stream_listen_delete is off");
    assertEquals(values(relay), ["new.example", "old.example"]);
    await relay.run(ONCE);
    assertEquals(values(relay), ["new.example"]);
  },
);

line(
  "CONNECTOR_LIVE_STREAM_NO_DEPENDENCIES is told to the stream",
  async (relay) => {
    const asked = async (env: Record<string, string>) => {
      await relay.run(ONCE, { ...relay.env, ...env });
      return relay.opencti.requests.filter(({ path }) =>
        path.startsWith("/stream/")
      ).at(-1)?.query.get("no-dependencies");
    };
    assertEquals(await asked({}), "true");
    assertEquals(
      await asked({ CONNECTOR_LIVE_STREAM_NO_DEPENDENCIES: "false" }),
      "false",
    );
  },
);

line(
  "SEKOIA_INTEL_URL is where values go, in every spelling",
  async (relay) => {
    const root = relay.sekoia.url;
    for (
      const SEKOIA_INTEL_URL of [
        `${root}/v2/inthreat/ioc-collections`,
        `${root}/v2/inthreat/`,
        root,
      ]
    ) {
      const { code } = await relay.run(ONCE, {
        ...relay.env,
        SEKOIA_INTEL_URL,
      });
      assertEquals(code, 0);
    }
    assertEquals(values(relay), ["new.example", "old.example"]);
    await isRequired(relay, "SEKOIA_INTEL_URL");
  },
);

line("SEKOIA_INTEL_APIKEY is the login", async (relay) => {
  const wrong = { ...relay.env, SEKOIA_INTEL_APIKEY: "wrong-api-key" };
  const { code, err } = await relay.run(ONCE, wrong);
  assertEquals(code, 3);
  assertEquals(err.includes("wrong-api-key"), false);
  const { SEKOIA_INTEL_APIKEY: key = "", ...rest } = relay.env;
  const file = { ...rest, SEKOIA_INTEL_APIKEY_FILE: "/run/secrets/sekoia" };
  const files = { "/run/secrets/sekoia": `${key}\n` };
  assertEquals((await relay.run(ONCE, file, files)).code, 0);
  assertEquals(values(relay).length, 2);
});

line("SEKOIA_INTEL_IOC_COLLECTION_UUID is the collection", async (relay) => {
  const run = (SEKOIA_INTEL_IOC_COLLECTION_UUID: string) =>
    relay.run(ONCE, { ...relay.env, SEKOIA_INTEL_IOC_COLLECTION_UUID });
  const { code, err } = await run("from_OpenCTI");
  assertEquals(code, 2);
  assertStringIncludes(err, "SEKOIA_INTEL_IOC_COLLECTION_UUID: is not the id");
  const bare = relay.sekoia.collectionId.replace("ioc-collection--", "");
  assertEquals((await run(bare)).code, 0);
  assertEquals(values(relay).length, 2);
  await isRequired(relay, "SEKOIA_INTEL_IOC_COLLECTION_UUID");
});

line("config.yml holds the same keys, variables win", async (relay) => {
  const { env } = relay;
  const yaml = `
opencti:
  url: ${env.OPENCTI_URL}
  token: ${env.OPENCTI_TOKEN}
connector:
  id: ${env.CONNECTOR_ID}
  type: STREAM
  name: Sekoia
  scope: Sekoia
  log_level: info
  live_stream_id: ${env.CONNECTOR_LIVE_STREAM_ID}
  live_stream_listen_delete: true
  live_stream_no_dependencies: true
sekoia_intel:
  url: ${env.SEKOIA_INTEL_URL}
  apikey: ${env.SEKOIA_INTEL_APIKEY}
  ioc_collection_uuid: from_OpenCTI
`;
  const argv = [...ONCE, "-c", "config.yml"];
  const files = { "config.yml": yaml };
  const state = { RELAY_STATE_PATH: env.RELAY_STATE_PATH as string };
  assertEquals((await relay.run(argv, state, files)).code, 2);
  const { code } = await relay.run(argv, {
    ...state,
    SEKOIA_INTEL_IOC_COLLECTION_UUID: relay.sekoia.collectionId,
  }, files);
  assertEquals(code, 0);
  assertEquals(values(relay).length, 2);
});

line(
  "one connector per collection: two in one process, one of them down",
  async (relay) => {
    const { env, sekoia } = relay;
    const other = sekoia.store.createCollection({ name: "another" });
    const block = (name: string, url: string, id: string) => `
  - name: ${name}
    type: sekoia
    url: ${url}
    apikey: ${env.SEKOIA_INTEL_APIKEY}
    ioc_collection_uuid: ${id}
    max_requests_per_second: 1000`;
    const config = (id: string) => ({
      "config.yml": `targets:${block("one", sekoia.url, sekoia.collectionId)}${
        block("two", sekoia.url, id)
      }`,
    });
    const {
      SEKOIA_INTEL_URL: _url,
      SEKOIA_INTEL_APIKEY: _key,
      SEKOIA_INTEL_IOC_COLLECTION_UUID: _id,
      SEKOIA_INTEL_MAX_REQUESTS_PER_SECOND: _rate,
      ...rest
    } = env;
    const argv = [...ONCE, "-c", "config.yml"];
    const missing = "6c0a3f0e-52a8-4a55-9a7e-0d6d3f1b7a11";
    assertEquals((await relay.run(argv, rest, config(missing))).code, 2);
    assertEquals(values(relay).length, 2);
    assertEquals((await relay.run(argv, rest, config(other.id))).code, 0);
    assertEquals(sekoia.active(other.id).length, 2);
    // The same one twice would undo its own revocations.
    const same = await relay.run(argv, rest, config(sekoia.collectionId));
    assertEquals(same.code, 2);
    assertStringIncludes(same.err, "writes to the IOC collection");
  },
);
