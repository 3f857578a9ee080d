/** The whole recorded stream goes in with the real program. */
import { assert, assertEquals } from "@std/assert";
import { entityDocId } from "../../src/targets/_elastic/document.ts";
import { indexBody } from "../../src/targets/_elastic/template.ts";
import {
  differences,
  expectedFarSide,
  type FarSide,
  heldFarSide,
  INDEX,
} from "./far_side.ts";
import { noRecording, NOW, replayRecording } from "./recording.ts";
import {
  deadLettersIn,
  type Environment,
  follow,
  messagesIn,
  REFUSED,
  relay,
  startWorld,
  type World,
} from "./world.ts";

const ignore = noRecording;
const OCTI = "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba";
const DAY_MS = 86_400_000;

async function runOnce(world: World, env: Environment = {}): Promise<void> {
  const { code, err } = await relay(["run", "--once"], {
    ...world.env,
    ...env,
  });
  // 5: the malformed frame is among the dead letters.
  assertEquals([code, messagesIn(err)], [5, REFUSED]);
}

async function expectedOf(world: World): Promise<FarSide> {
  return expectedFarSide(await replayRecording(), world.opencti.url);
}

Deno.test({
  name: "run --once carries the recorded stream, event by event",
  ignore,
  async fn() {
    await using world = await startWorld();
    await runOnce(world);
    // Documents, their sources and external versions, rules.
    assertEquals(
      differences(heldFarSide(world.elastic), await expectedOf(world)),
      [],
    );
    const letters = await deadLettersIn(world.env.RELAY_STATE_PATH ?? "");
    assertEquals(letters.map(({ eventId, reason }) => [eventId, reason]), [
      ["1795057800129-0", "event data is not a JSON object"],
    ]);
    assert(letters[0]?.payload.includes("half-written.example"));
  },
});

Deno.test({
  name: "run --once leaves what the recording's own counts say",
  ignore,
  async fn() {
    await using world = await startWorld();
    await runOnce(world);
    const { documents, rules } = heldFarSide(world.elastic);
    const languages = new Map<string, number>();
    for (const { language } of rules.values()) add(languages, `${language}`);
    assertEquals(Object.fromEntries(languages), {
      kuery: 10,
      eql: 12,
      lucene: 8,
      esql: 8,
    });
    // By entity: those of one indicator share `opencti_doc_id`.
    const held = new Map<string, string>();
    for (const { source } of documents.values()) {
      const { entity_type: type, pattern_type: language } = source
        .opencti as Record<string, unknown>;
      const isIndicator = type === "Indicator";
      held.set(`${source.opencti_doc_id}`, isIndicator ? `${language}` : "");
    }
    const byLanguage = new Map<string, number>();
    for (const language of held.values()) add(byLanguage, language);
    const { "": observables, ...indicators } = Object.fromEntries(byLanguage);
    assertEquals(indicators, ACTIVE);
    // 357, less one each of the five types that are not copied.
    assertEquals(observables, 357 - 5);
  },
});

/**
 * Active indicators at the end by pattern type, from the table of the
 * recording, less the one STIX indicator that its counts still hold although
 * it had left the filter: "update of a hidden object".
 */
const ACTIVE = {
  stix: 1371 - 1,
  sigma: 58,
  yara: 43,
  kql: 10,
  eql: 12,
  lucene: 8,
  esql: 8,
  snort: 5,
  suricata: 4,
  spl: 1,
  shodan: 1,
  pcre: 1,
  "tanium-signal": 1,
};

Deno.test({
  name: "the model itself counts what the recording's own table says",
  ignore,
  async fn() {
    const { objects, malformed, frames } = await replayRecording();
    const indicators = [...objects.values()].map(({ object }) => object)
      .filter(({ type }) => type === "indicator");
    const revoked = indicators.filter((object) => object.revoked === true);
    const expired = indicators.filter((object) =>
      object.revoked !== true && Date.parse(`${object.valid_until}`) <= NOW
    );
    assertEquals(
      [indicators.length, revoked.length, expired.length],
      [1648 - 1, 124, 1],
    );
    assertEquals([frames - 412, malformed], [3011 + 354 + 154 + 2 + 15, 1]);
  },
});

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

Deno.test({
  name: "run --once with default settings reads the database, then the stream",
  ignore,
  async fn() {
    await using world = await startWorld();
    const { code, err } = await relay(["run", "--once"], {
      ...world.env,
      CONNECTOR_LIVE_STREAM_RECOVER_ISO_DATE: undefined,
    });
    // What the database holds was never malformed.
    assertEquals({ code, err }, { code: 0, err: "" });
    const held = heldFarSide(world.elastic);
    // A change of labels, markings or references moves the time of the last
    // change in the database and not in the frames; versions are the ids of
    // the recovery. All else is the same.
    const expected = await expectedOf(world);
    assertEquals(differences(dateless(held), dateless(expected)), []);
    for (const [id, { source }] of expected.documents) {
      const told = changedAt(source);
      assert(changedAt(held.documents.get(id)?.source ?? {}) >= told, id);
    }
  },
});

/** Without the time of the last change and all that is computed from it. */
function dateless({ documents, rules }: FarSide): FarSide {
  return {
    rules,
    documents: new Map([...documents].map(([id, { source }]) => {
      const copy = structuredClone(source) as Record<string, Json>;
      const { threat, opencti, stix } = copy;
      delete threat.indicator.last_seen;
      delete threat.indicator.modified_at;
      delete stix.modified;
      delete stix.extensions[OCTI].updated_at;
      delete opencti.event_version;
      if (opencti.valid_until === undefined) delete opencti.expires_at;
      return [id, { version: 0, source: copy }];
    })),
  };
}

// deno-lint-ignore no-explicit-any
type Json = any;

function changedAt(source: Readonly<Record<string, Json>>): number {
  return Date.parse(source.threat?.indicator?.modified_at);
}

Deno.test({
  name: "run --once with batch_size 1 leaves the same",
  ignore,
  async fn() {
    await using world = await startWorld();
    await runOnce(world, { ELASTIC_SECURITY_BATCH_SIZE: "1" });
    assertEquals(
      differences(heldFarSide(world.elastic), await expectedOf(world)),
      [],
    );
  },
});

for (const maxBatch of [1, 7, 100]) {
  Deno.test({
    name: `the recorded stream in deliveries of ${maxBatch} leaves the same`,
    ignore,
    async fn() {
      await using world = await startWorld();
      await using run = await follow(world, { maxBatch });
      await run.done;
      assertEquals(
        differences(heldFarSide(world.elastic), await expectedOf(world)),
        [],
      );
    },
  });
}

Deno.test({
  name: "run --once leaves a foreign population alone",
  ignore,
  async fn() {
    await using world = await startWorld();
    const { elastic } = world;
    elastic.cluster.createIndex(INDEX, indexBody("index"));
    elastic.foreign.documents(INDEX, FOREIGN_DOCUMENTS);
    elastic.foreign.rule(FOREIGN_RULE);
    elastic.foreign.rule({
      ...FOREIGN_RULE,
      rule_id: "analysts-own",
      tags: [],
    });
    const before = foreignOf(world);
    await runOnce(world);
    assertEquals(foreignOf(world), before);
    const { documents, rules } = heldFarSide(elastic);
    const ours: FarSide = {
      documents: new Map([...documents].filter(([id]) => !isForeign(id))),
      rules: new Map([...rules].filter(([id]) => id.startsWith("opencti-"))),
    };
    assertEquals(differences(ours, await expectedOf(world)), []);
  },
});

/** Other feeds, and another OpenCTI that writes to the same index. */
const FOREIGN_DOCUMENTS = Object.fromEntries(
  Array.from({ length: 50 }, (_none, number) => [`foreign-${number}`, {
    "@timestamp": new Date(NOW - DAY_MS).toISOString(),
    event: { kind: "enrichment", ingested: new Date(NOW).toISOString() },
    threat: {
      feed: { name: number % 2 === 0 ? "MISP" : "another OpenCTI" },
      indicator: { type: "ipv4-addr", ip: `192.0.2.${number}` },
    },
    ...(number % 2 === 0 ? {} : {
      opencti_doc_id: entityDocId(`elsewhere-${number}`),
      opencti: {
        event_version: NOW * 1000 + number,
        expires_at: new Date(NOW + DAY_MS).toISOString(),
      },
    }),
  }]),
);

const FOREIGN_RULE = {
  rule_id: "a-rule-of-an-analyst",
  name: "An analyst's rule",
  description: "Not ours.",
  type: "query",
  language: "kuery",
  query: "host.name: *",
  severity: "low",
  risk_score: 20,
  tags: ["OpenCTI", "opencti"],
  enabled: true,
};

function isForeign(id: string): boolean {
  return id.startsWith("foreign-");
}

function foreignOf({ elastic }: World): unknown {
  const documents = [...elastic.cluster.documents(INDEX)]
    .filter(([id]) => isForeign(id));
  const rules = elastic.rules()
    .filter(({ rule_id: id }) => !id.startsWith("opencti-"));
  return structuredClone({ documents, rules });
}

Deno.test({
  name: "a second run over the whole stream changes nothing",
  ignore,
  async fn() {
    await using world = await startWorld();
    await runOnce(world);
    const before = heldFarSide(world.elastic);
    // A connector id of its own: the platform knows the position of the first.
    const env = {
      RELAY_STATE_PATH: `${world.folder}/second.kv`,
      CONNECTOR_ID: "6e6bd6b8-4b8a-4b07-9e6c-0d6f6e9f0a12",
    };
    await using run = await follow(world, { env, maxBatch: 20 });
    await run.done;
    assertEquals(run.stats[0]?.malformed, 1);
    const after = heldFarSide(world.elastic);
    assertEquals(differences(after, before), []);
    assertEquals(differences(after, await expectedOf(world)), []);
  },
});

Deno.test({
  name: "a data stream of the former connector is adopted without doubles",
  ignore,
  async fn() {
    await using world = await startWorld();
    const { elastic } = world;
    const model = await replayRecording();
    const expected = await expectedOf(world);
    const known = [...model.objects].filter(([, { object }]) =>
      object.type === "indicator"
    ).map(([id]) => id).filter((_id, at) => at % 10 === 0);
    // Deleted in the course of the stream, and never heard of.
    const gone = ["76938025-b434-4d0b-b525-9a68ef55bd7f"];
    const never = ["00000000-0000-4000-8000-000000000001"];
    await makeFormerStream(elastic, [...known, ...gone, ...never]);
    await runOnce(world);
    const held = heldFarSide(elastic);
    const left = [...held.documents].filter(([, { source }]) =>
      (source.opencti as Record<string, unknown> | undefined) === undefined
    );
    assertEquals(left.map(([, { source }]) => source.opencti_doc_id), [
      entityDocId("00000000-0000-4000-8000-000000000001"),
    ]);
    const ours = {
      rules: held.rules,
      documents: new Map(
        [...held.documents].filter(([id]) => id !== left[0]?.[0]),
      ),
    };
    // A data stream has no external versions: they are part of the id.
    const appended = {
      rules: expected.rules,
      documents: new Map(
        [...expected.documents].map(([id, { version, source }]) => [
          `${id}-${version}`,
          { version: 1, source },
        ]),
      ),
    };
    assertEquals(differences(ours, appended), []);
  },
});

/** As the Python connector made and filled it: ids made by Elasticsearch. */
async function makeFormerStream(
  { url, apiKey }: World["elastic"],
  platformIds: readonly string[],
): Promise<void> {
  const send = async (method: string, path: string, body: string) => {
    const type = path.startsWith("/_bulk")
      ? "application/x-ndjson"
      : "application/json";
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { "authorization": `ApiKey ${apiKey}`, "content-type": type },
      body,
    });
    const answer = await response.json();
    assert(response.ok && answer.errors !== true, JSON.stringify(answer));
  };
  const long = { type: "long" };
  await send(
    "PUT",
    "/_index_template/logs-ti_custom_opencti",
    JSON.stringify({
      index_patterns: ["logs-ti_custom_opencti.*"],
      priority: 500,
      data_stream: {},
      template: {
        mappings: {
          properties: {
            opencti_doc_id: { type: "keyword" },
            threat: {
              properties: { indicator: { properties: { confidence: long } } },
            },
          },
        },
      },
    }),
  );
  const lines = platformIds.flatMap((id) => [
    { create: { _index: INDEX } },
    {
      "@timestamp": new Date(NOW - DAY_MS).toISOString(),
      event: { kind: "enrichment" },
      threat: { indicator: { confidence: 80, type: "file" } },
      opencti_doc_id: entityDocId(id),
    },
  ]);
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  await send("POST", "/_bulk?refresh=true", text);
}

Deno.test({
  name: "a run with nothing to read writes nothing",
  ignore,
  async fn() {
    await using world = await startWorld();
    await runOnce(world);
    world.elastic.requests.clear();
    const { code } = await relay(["run", "--once"], world.env);
    assertEquals(code, 0);
    assertEquals(world.elastic.requests.count("POST", "_bulk"), 0);
    // The one delete of every start is for a rule that nobody has.
    const rules = (method: string) =>
      world.elastic.requests.find(method, "detection_engine/rules")
        .filter(({ status }) => method !== "DELETE" || status !== 404).length;
    assertEquals(["POST", "PUT", "PATCH", "DELETE"].map(rules), [0, 0, 0, 0]);
  },
});
