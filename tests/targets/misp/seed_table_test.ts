/** Every line of the tables of settings in the connector's README, by effect. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { loadConfig } from "../../../src/config/load.ts";
import { internalId, type StixObject } from "../../../src/stix/object.ts";
import type { MispConfig } from "../../../src/targets/misp/config.ts";
import { TARGETS } from "../../../src/targets/mod.ts";
import { makeCertificate } from "../../http/certificates.ts";
import { tlsFront } from "../../http/tls_front.ts";
import { entity } from "../../simulator/opencti/objects.ts";
import { type MispWorld, startMispWorld } from "../../soak/misp_world.ts";
import { NOW } from "../../soak/recording.ts";
import { type Environment, relay } from "../../soak/world.ts";
import { eventState } from "./far_side.ts";
import { domain, report } from "./stage.ts";

/** Self-signed: refused unless verification is off. */
const CERTIFICATE = makeCertificate("localhost", {
  names: ["localhost", "127.0.0.1"],
});
const ONCE = ["run", "--once"];
const C2 = domain("c2.example.net");
const REPORT = report("Report", [C2], { confidence: 60 });
const CASE = entity("case-rfi", "Case-Rfi", "Case", { object_refs: [] });
const ACTOR = entity("channel", "Channel", "Telegram");
const GROUPING = entity("grouping", "Grouping", "Grouping", {
  object_refs: [ACTOR.id],
});

function line(name: string, test: (world: MispWorld) => Promise<void>): void {
  Deno.test(`the seed's ${name}`, async () => {
    await using world = await startMispWorld("nothing");
    let at = NOW - 600_000;
    for (const object of [C2, ACTOR, REPORT, CASE, GROUPING]) {
      world.opencti.platform.apply({ at: at += 1000, op: "create", object });
    }
    await test(world);
  });
}

async function run(
  world: MispWorld,
  more: Environment = {},
): Promise<{ code: number; err: string }> {
  return await relay(ONCE, { ...world.env, ...more });
}

function event({ misp }: MispWorld, object: StixObject) {
  const found = misp.event(internalId(object));
  return found && eventState(found);
}

function infos({ misp }: MispWorld): string[] {
  return misp.events().map(({ info }) => `${info}`).sort();
}

async function settings(
  env: Environment,
  yaml?: string,
): Promise<MispConfig> {
  const config = await loadConfig({
    explicitFile: yaml !== undefined,
    file: "config.yml",
    env: env as Record<string, string>,
    registry: TARGETS,
    readTextFile: () =>
      yaml === undefined
        ? Promise.reject(new Deno.errors.NotFound())
        : Promise.resolve(yaml),
  });
  return config.targets[0]?.settings as MispConfig;
}

for (
  const name of [
    "OPENCTI_URL",
    "OPENCTI_TOKEN",
    "CONNECTOR_ID",
    "CONNECTOR_LIVE_STREAM_ID",
    "MISP_API_KEY",
  ]
) {
  line(`${name} is required`, async (world) => {
    const { code, err } = await run(world, { [name]: undefined });
    assertEquals(code, 2);
    assertStringIncludes(err, name);
    assertEquals((await run(world)).code, 0);
  });
}

line(
  "CONNECTOR_NAME and CONNECTOR_SCOPE are told to the platform",
  async (world) => {
    const id = world.env.CONNECTOR_ID ?? "";
    const told = () => {
      const connector = world.opencti.platform.connectors.get(id);
      return [connector?.name, connector?.scope];
    };
    await run(world);
    assertEquals(told(), ["MISP Intel", ["misp"]]);
    await run(world, { CONNECTOR_NAME: "MISP Paris", CONNECTOR_SCOPE: "a,b" });
    assertEquals(told(), ["MISP Paris", ["a", "b"]]);
  },
);

line(
  "CONNECTOR_LIVE_STREAM_LISTEN_DELETE is asked for, true by default",
  async (world) => {
    const asked = () =>
      world.opencti.requests.filter(({ path }) => path.startsWith("/stream/"))
        .at(-1)?.query;
    await run(world);
    assertEquals(asked()?.get("listen-delete"), "true");
    assertEquals(asked()?.get("no-dependencies"), "false");
    await run(world, {
      CONNECTOR_LIVE_STREAM_LISTEN_DELETE: "false",
      CONNECTOR_LIVE_STREAM_NO_DEPENDENCIES: "true",
    });
    assertEquals(asked()?.get("listen-delete"), "false");
    assertEquals(asked()?.get("no-dependencies"), "true");
  },
);

line(
  "CONNECTOR_CONFIDENCE_LEVEL is accepted, and of no effect",
  async (world) => {
    assertEquals(
      (await run(world, { CONNECTOR_CONFIDENCE_LEVEL: "80" })).code,
      0,
    );
    const yaml = "connector: { confidence_level: 80 }";
    assert(await settings(world.env, yaml));
  },
);

line(
  "CONNECTOR_CONTAINER_TYPES says which containers become events",
  async (world) => {
    await run(world, { CONNECTOR_CONTAINER_TYPES: "grouping, case-rfi" });
    assertEquals(infos(world), ["Case", "Grouping"]);
    const { code, err } = await run(world, {
      CONNECTOR_CONTAINER_TYPES: "note",
    });
    assertEquals(code, 2);
    assertStringIncludes(err, "CONNECTOR_CONTAINER_TYPES");
    const yaml = "connector: { container_types: 'report,case-rft' }";
    assertEquals((await settings(world.env, yaml)).container_types, [
      "report",
      "case-rft",
    ]);
  },
);

line("CONNECTOR_CONTAINER_TYPES takes all five by default", async (world) => {
  await run(world);
  assertEquals(infos(world), ["Case", "Grouping", "Report"]);
  assertEquals((await settings(world.env)).container_types.length, 5);
});

line("CONNECTOR_LOG_LEVEL says how much is told", async (world) => {
  const quiet = await run(world, { CONNECTOR_LOG_LEVEL: "error" });
  const loud = await run(world, { CONNECTOR_LOG_LEVEL: "info" });
  assertEquals(quiet.err, "");
  assertStringIncludes(loud.err, "MISP is ready");
});

line("MISP_API_KEY has 40 letters and digits", async (world) => {
  const { code, err } = await run(world, { MISP_API_KEY: "short" });
  assertEquals(code, 2);
  assertStringIncludes(err, "MISP_API_KEY");
  const wrong = await run(world, { MISP_API_KEY: "a".repeat(40) });
  assertEquals(wrong.code, 3);
  assert(!wrong.err.includes("a".repeat(40)));
});

line(
  "MISP_SSL_VERIFY switches the check off, true is the default",
  async (world) => {
    await using front = await tlsFront(world.misp.url, CERTIFICATE);
    const { code, err } = await run(world, { MISP_URL: front.url });
    assertEquals(code, 2);
    assertStringIncludes(err, "certificate");
    assertEquals(infos(world), []);
    const off = { MISP_URL: front.url, MISP_SSL_VERIFY: "false" };
    assertEquals((await run(world, off)).code, 0);
    assertEquals(infos(world).length, 3);
  },
);

line(
  "MISP_OWNER_ORG is compared with the key's organisation",
  async (world) => {
    const level = { CONNECTOR_LOG_LEVEL: "warn" };
    const { err } = await run(world, { ...level, MISP_OWNER_ORG: "Other" });
    assertStringIncludes(err, "owner_org");
    const same = await run(world, { ...level, MISP_OWNER_ORG: "CERT" });
    assert(!same.err.includes("owner_org"));
  },
);

line(
  "MISP_DISTRIBUTION_LEVEL is the events' distribution, 1 by default",
  async (world) => {
    await run(world);
    assertEquals(event(world, REPORT)?.distribution, "1");
    await world.rewind();
    await run(world, { MISP_DISTRIBUTION_LEVEL: "3" });
    assertEquals(event(world, REPORT)?.distribution, "3");
    assertEquals((await run(world, { MISP_DISTRIBUTION_LEVEL: "4" })).code, 2);
  },
);

line(
  "MISP_THREAT_LEVEL is what neither scores nor confidence tell, 2 by default",
  async (world) => {
    await run(world);
    assertEquals(event(world, CASE)?.threat_level_id, "2");
    await world.rewind();
    await run(world, { MISP_THREAT_LEVEL: "4" });
    assertEquals(event(world, CASE)?.threat_level_id, "4");
    assertEquals((await run(world, { MISP_THREAT_LEVEL: "0" })).code, 2);
  },
);

line(
  "MISP_PUBLISH_ON_CREATE publishes new events, false by default",
  async (world) => {
    await run(world, { CONNECTOR_CONTAINER_TYPES: "report" });
    assertEquals(event(world, REPORT)?.published, false);
    await world.rewind();
    await run(world, { MISP_PUBLISH_ON_CREATE: "true" });
    assertEquals(event(world, CASE)?.published, true);
  },
);

line(
  "MISP_PUBLISH_ON_UPDATE publishes changed events, false by default",
  async (world) => {
    await run(world);
    const rename = async (name: string, more: Environment) => {
      world.opencti.platform.apply({
        at: NOW,
        op: "update",
        object: {
          ...world.opencti.platform.objects.get(REPORT.id)!.object,
          name,
        },
      });
      await run(world, more);
      return event(world, REPORT);
    };
    assertEquals((await rename("one", {}))?.published, false);
    const changed = await rename("two", { MISP_PUBLISH_ON_UPDATE: "true" });
    assertEquals([changed?.info, changed?.published], ["two", true]);
  },
);

for (const isHard of ["true", "false"]) {
  line(
    `MISP_HARD_DELETE=${isHard} decides about the blocklist`,
    async (world) => {
      await run(world);
      world.opencti.platform.apply({
        at: NOW,
        op: "delete",
        internalId: internalId(REPORT),
      });
      await run(world, { MISP_HARD_DELETE: isHard });
      assertEquals(event(world, REPORT), undefined);
      assertEquals(world.misp.blocklist.length, isHard === "true" ? 0 : 1);
    },
  );
}

line("MISP_TAG_OPENCTI=false leaves out OpenCTI's own tags", async (world) => {
  await run(world);
  const tags = event(world, GROUPING)?.tags ?? [];
  assert(tags.includes("source:opencti"));
  assert(tags.includes("opencti:channel:Telegram"));
  await world.rewind();
  await run(world, { MISP_TAG_OPENCTI: "false" });
  const left = event(world, GROUPING)?.tags ?? [];
  assertEquals(left.filter((tag) => /opencti|^confidence/.test(tag)), []);
});

line("MISP_TAG_PREFIX begins OpenCTI's own tags", async (world) => {
  await run(world, { MISP_TAG_PREFIX: "cti/" });
  const tags = event(world, GROUPING)?.tags ?? [];
  assert(tags.includes("cti/channel:Telegram"));
  assert(tags.includes("cti/type:grouping"));
  assert(tags.includes("source:opencti"));
});

line(
  "PROXY_HTTP carries the requests, PROXY_NO_PROXY does not",
  async (world) => {
    const dead = { PROXY_HTTP: "http://127.0.0.1:9" };
    const direct = await run(world, dead);
    assertEquals(direct.code, 0, "loopback is left out by default");
    const config = await settings({ ...world.env, ...dead });
    assertEquals(config.proxy, undefined);
  },
);

line("config.yml takes the block misp", async (world) => {
  const yaml = [
    `misp:`,
    `  url: ${world.misp.url}`,
    `  api_key: ${world.misp.apiKey}`,
    `  ssl_verify: false`,
    `  owner_org: CERT`,
    `  distribution_level: 2`,
    `  threat_level: 3`,
    `  publish_on_create: true`,
    `  publish_on_update: true`,
    `  hard_delete: false`,
    `  tag_opencti: false`,
    `  tag_prefix: "x:"`,
  ].join("\n");
  const { MISP_URL: _url, MISP_API_KEY: _key, ...env } = world.env;
  const { api_key, ...found } = await settings(env, yaml);
  assertEquals(api_key.reveal(), world.misp.apiKey);
  assertEquals(found, {
    url: world.misp.url,
    ssl_verify: false,
    owner_org: "CERT",
    distribution_level: 2,
    threat_level: 3,
    publish_on_create: true,
    publish_on_update: true,
    publish_alert: false,
    hard_delete: false,
    tag_opencti: false,
    tag_prefix: "x:",
    detect_round_trip: false,
    container_types: [
      "report",
      "grouping",
      "case-incident",
      "case-rfi",
      "case-rft",
    ],
  });
});
