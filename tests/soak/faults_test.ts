/** The recorded stream with everything going wrong on the way. */
import { assert, assertEquals } from "@std/assert";
import type {
  Fault,
  FaultAction,
  FaultFilter,
} from "../../src/simulator/elastic/mod.ts";
import type {
  GraphqlFault,
  StreamFault,
} from "../../src/simulator/opencti/mod.ts";
import { entityDocId } from "../../src/targets/_elastic/document.ts";
import { differences, expectedFarSide, heldFarSide } from "./far_side.ts";
import { noRecording, NOW, replayRecording } from "./recording.ts";
import {
  follow,
  type Following,
  startWorld,
  until,
  type World,
} from "./world.ts";

const ignore = noRecording;
const model = noRecording ? undefined : await replayRecording();

/** Nothing lost, nothing doubled, nothing old, one dead letter. */
async function assertComplete(world: World, run: Following): Promise<void> {
  assert(model !== undefined);
  const expected = expectedFarSide(model, world.opencti.url);
  assertEquals(differences(heldFarSide(world.elastic), expected), []);
  const letters = await run.deadLetters();
  assertEquals(letters.map(({ eventId }) => eventId), ["1795057800129-0"]);
}

/** All that was recorded is settled. */
async function isSettled(run: Following): Promise<boolean> {
  const position = await run.position();
  return position?.lastEventId === model?.lastEventId;
}

/** By the clock of the platform, which its answers tell. */
const IN_A_MOMENT = new Date(NOW + 1000).toUTCString();

const REFUSALS: readonly StreamFault[] = [
  401,
  403,
  408,
  410,
  413,
  429,
  500,
  502,
  503,
  504,
].map((status): StreamFault => ({ kind: "status", status }));

/** Of each kind at least one; the program connects once for each line. */
const STREAM_FAULTS: readonly (readonly StreamFault[])[] = [
  ...REFUSALS.map((fault) => [fault]),
  [{ kind: "status", status: 429, headers: { "retry-after": "1" } }],
  [{ kind: "status", status: 429, headers: { "retry-after": IN_A_MOMENT } }],
  [{ kind: "status", status: 503, headers: { "retry-after": "0" } }],
  [{ kind: "status", status: 200, body: "<html>Please log in</html>" }],
  [{ kind: "delay", ms: 200 }, { kind: "end-after", frames: 50 }],
  [{ kind: "end-after-bytes", bytes: 100_000 }],
  [{ kind: "end-after-bytes", bytes: 333_333, how: "reset" }],
  [{ kind: "end-after", frames: 100 }],
  [{ kind: "end-after", frames: 150, how: "cut" }],
  [{ kind: "cut-in-frame", frame: 30, at: "middle" }],
  [{ kind: "cut-in-frame", frame: 30, at: "middle", how: "reset" }],
  [{ kind: "cut-in-frame", frame: 30, at: "middle", how: "clean" }],
  [{ kind: "cut-in-frame", frame: 20, at: "inside-character" }],
  [{ kind: "cut-in-frame", frame: 20, at: "after-id" }],
  [{ kind: "cut-in-frame", frame: 20, at: "before-blank-line" }],
  [{ kind: "cut-in-frame", frame: 20, at: "before-main" }],
  [{ kind: "cut-in-frame", frame: 20, at: 1 }],
  [{ kind: "stall-after", frames: 50, ms: 300 }, {
    kind: "end-after",
    frames: 80,
  }],
  [{ kind: "repeat", frames: 40 }, { kind: "end-after", frames: 120 }],
  [{ kind: "insert-after", frames: 5, text: ": hello\n\n:\n" }, {
    kind: "end-after",
    frames: 60,
  }],
  [{ kind: "heartbeat-in-groups" }, { kind: "end-after", frames: 700 }],
  [{ kind: "byte-chunks" }, { kind: "end-after", frames: 15 }],
  [{ kind: "crlf" }, { kind: "end-after", frames: 200 }],
  [{ kind: "comments" }, { kind: "end-after", frames: 200 }],
  [{ kind: "buffering", everyMs: 100 }, { kind: "end-after", frames: 200 }],
];

const GRAPHQL_FAULTS: readonly GraphqlFault[] = [
  { kind: "status", status: 429, headers: { "retry-after": "0" } },
  { kind: "status", status: 429, headers: { "retry-after": IN_A_MOMENT } },
  { kind: "status", status: 500 },
  { kind: "status", status: 502, body: "<html>Bad Gateway</html>" },
  { kind: "status", status: 503 },
  { kind: "error", code: "UNKNOWN_ERROR" },
  { kind: "error", code: "LOCK_ERROR" },
  { kind: "delay", ms: 100 },
  { kind: "lost-answer" },
];

for (const maxBatch of [25, 1000]) {
  Deno.test({
    name: `every fault of the platform, in deliveries of ${maxBatch}`,
    ignore,
    async fn() {
      await using world = await startWorld();
      const { faults } = world.opencti;
      for (const line of STREAM_FAULTS) faults.nextStream(...line);
      for (const fault of GRAPHQL_FAULTS) faults.graphql(fault);
      await using run = await follow(world, { once: false, maxBatch });
      await until(() => isSettled(run));
      await run.stop();
      assertEquals(faults.pending, 0, "faults that never came");
      const kinds = new Set(STREAM_FAULTS.flat().map(({ kind }) => kind));
      kinds.delete("heartbeat-in-groups"); // Takes effect uncounted.
      const idle = [...kinds].filter((kind) => faults.count(kind) === 0);
      assertEquals(idle, []);
      await assertComplete(world, run);
    },
  });
}

type ElasticFault = readonly [FaultAction, FaultFilter];

const BULK: FaultFilter = { path: "_bulk" };
const BY_QUERY: FaultFilter = { path: "_delete_by_query" };
const SEARCH: FaultFilter = { path: "_search" };
const REFRESH: FaultFilter = { path: "_refresh" };
const RULES: FaultFilter = { path: "detection_engine/rules", method: "POST" };
const RULE_CHANGES: FaultFilter = {
  path: "detection_engine/rules",
  method: "PUT",
};

function elasticFaults(): readonly ElasticFault[] {
  const soon = new Date(Date.now() + 1500);
  const everywhere: readonly FaultAction[] = [
    { do: "status", status: 408 },
    { do: "status", status: 429 },
    { do: "status", status: 429, retryAfter: 0 },
    { do: "status", status: 500 },
    { do: "status", status: 502 },
    { do: "status", status: 503 },
    { do: "status", status: 504 },
    { do: "status", status: 401 },
    { do: "reset" },
    { do: "lose-answer" },
    { do: "cut-answer" },
    { do: "delay", ms: 50 },
  ];
  return [
    ...[BULK, BY_QUERY, SEARCH, REFRESH, RULES, RULE_CHANGES].flatMap((place) =>
      everywhere.map((action): ElasticFault => [action, place])
    ),
    [{ do: "status", status: 429, retryAfter: 1 }, BULK],
    [{ do: "status", status: 429, retryAfter: soon }, BULK],
    [{ do: "status", status: 503, retryAfter: 1 }, RULES],
    [{ do: "status", status: 429, retryAfter: soon }, RULES],
    [{ do: "status", status: 413 }, { ...BULK, times: 3 }],
    [{ do: "lose-answer" }, { ...BULK, times: 4 }],
    [{ do: "lose-answer" }, { ...BY_QUERY, times: 4 }],
  ];
}

Deno.test({
  name: "every fault of Elasticsearch and Kibana",
  ignore,
  async fn() {
    await using world = await startWorld();
    const { faults } = world.elastic;
    const planned = elasticFaults().map(([action, filter], at): Fault =>
      faults.next(action, { ...filter, skip: at % 12 })
    );
    const items = (["rejected", "unavailable", "timeout"] as const).map((
      error,
      at,
    ) => {
      let seen = 0;
      const where = () => seen++ % 97 === at;
      return faults.items({ error, where, times: 25 });
    });
    await using run = await follow(world, { maxBatch: 60 });
    await run.done;
    assertEquals(planned.filter(({ hits }) => hits === 0).length, 0);
    assertEquals(items.map(({ hits }) => hits), [25, 25, 25]);
    await assertComplete(world, run);
  },
});

for (const seed of [1, 2, 3, 4, 5, 6]) {
  Deno.test({
    name: `chaos on both sides, seed ${seed}`,
    ignore,
    async fn() {
      await using world = await startWorld({
        chaos: { seed, rate: 0.01, stallMs: 20 },
      });
      const { opencti, elastic } = world;
      elastic.faults.chaos({ seed, rate: 0.15 });
      let dice = seed;
      elastic.faults.items({
        error: "rejected",
        where: () => (dice = (dice * 48_271) % 2_147_483_647) % 200 === 0,
        times: 200,
      });
      await using run = await follow(world, { maxBatch: 100 * seed });
      await run.done;
      assert(opencti.faults.count() > 20, `${opencti.faults.count()}`);
      assert(elastic.faults.chaosHits > 10, `${elastic.faults.chaosHits}`);
      await assertComplete(world, run);
    },
  });
}

// Redis was lost; or the whole platform came back with an older clock.
for (const jumpMs of [3_600_000, -3_600_000]) {
  Deno.test({
    name: `a new id range, ${jumpMs} ms away, once everything is consumed`,
    ignore,
    async fn() {
      assert(model !== undefined);
      let now = NOW;
      await using world = await startWorld({ now: () => now });
      const { platform } = world.opencti;
      await using run = await follow(world, { once: false });
      await until(() => isSettled(run));
      now += jumpMs;
      platform.restartWithNewIdRange({ offsetMs: 0 });
      const [changed, removed] = [...model.objects].filter(([, { object }]) =>
        object.pattern_type === "kql"
      );
      assert(changed !== undefined && removed !== undefined);
      const description = "Changed under an id of the new range.";
      const object = { ...changed[1].object, description };
      platform.apply({ at: now, op: "update", object });
      const [internalId] = removed;
      const last = platform.apply({ at: now + 1, op: "delete", internalId });
      await until(async () => (await run.position())?.lastEventId === last);
      await run.stop();
      const held = heldFarSide(world.elastic);
      const ruleOf = (id: string) => held.rules.get(`opencti-${id}`);
      assertEquals(ruleOf(internalId), undefined);
      assert(`${ruleOf(changed[0])?.description}`.includes(description));
      const documentsOf = (id: string) =>
        [...held.documents.values()].filter(({ source }) =>
          source.opencti_doc_id === entityDocId(id)
        );
      assertEquals(documentsOf(internalId), []);
      const [document] = documentsOf(changed[0]);
      assert(JSON.stringify(document?.source).includes(description));
      // Nothing else came or went.
      const expected = expectedFarSide(model, world.opencti.url);
      assertEquals(held.rules.size, expected.rules.size - 1);
      assertEquals(held.documents.size, expected.documents.size - 1);
    },
  });
}
