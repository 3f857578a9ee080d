/** Events go, in each of the four cases, and may come again. */
import { assert, assertEquals } from "@std/assert";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import { internalId, type StixObject } from "../../../src/stix/object.ts";
import { domain, report, Stage } from "./stage.ts";

const C2 = domain("c2.example.net");
const CONTAINER = report("Phishing wave", [C2], { labels: ["share"] });
const UUID = internalId(CONTAINER);

/** A stream of what carries a label, or is no report. */
const opencti = {
  matches: (object: StixObject) =>
    object.type !== "report" ||
    Array.isArray(object.labels) && object.labels.includes("share"),
};

async function exported(
  settings: Record<string, unknown> = {},
): Promise<Stage> {
  const stage = await Stage.start({ settings, opencti });
  stage.create(C2, CONTAINER);
  await stage.settle();
  assertEquals(stage.misp.events().length, 1);
  return stage;
}

function blocked({ misp }: Stage): string[] {
  return misp.blocklist.map(({ event_uuid }) => event_uuid);
}

for (const isHard of [true, false]) {
  const how = isHard ? "hard" : "soft";
  const settings = { hard_delete: String(isHard) };
  const listed = isHard ? [] : [UUID];

  Deno.test(`delete, ${how}, of a container that was deleted`, async () => {
    await using stage = await exported(settings);
    stage.delete(CONTAINER);
    await stage.settle();
    assertEquals(stage.misp.events(), []);
    assertEquals(blocked(stage), listed);
  });

  Deno.test(`delete, ${how}, of a container that left the filter`, async () => {
    await using stage = await exported(settings);
    stage.update(CONTAINER, { labels: [] });
    await stage.settle();
    assertEquals(stage.misp.events(), []);
    assertEquals(blocked(stage), listed);
    // It still exists, and no longer says that it is in MISP.
    assertEquals(stage.references(CONTAINER), []);
  });
}

Deno.test("after a hard delete a container that returns is an event again", async () => {
  await using stage = await exported();
  const before = stage.event(CONTAINER);
  stage.update(CONTAINER, { labels: [] });
  await stage.settle();
  stage.update(CONTAINER, { labels: ["share"] });
  await stage.settle();
  assertEquals(stage.event(CONTAINER), before);
  assertEquals(stage.references(CONTAINER).length, 1);
});

Deno.test("after a soft delete a container that returns is kept out, and says so", async () => {
  await using stage = await exported({ hard_delete: "false" });
  stage.update(CONTAINER, { labels: [] });
  await stage.settle();
  stage.update(CONTAINER, { labels: ["share"] });
  assertEquals(await stage.sync(), [{
    status: "skipped",
    reason: "MISP's blocklist or rules keep the event out",
  }]);
  assertEquals(stage.misp.events(), []);
  assertEquals(stage.references(CONTAINER), []);
  const warnings = stage.services.loggedWhole.filter((line) =>
    line.includes("MISP keeps an event out")
  );
  assertEquals(warnings.length, 1);
  assert(warnings[0]?.includes("verify --fix takes it off"));
});

Deno.test("a delete removes exactly our reference", async () => {
  await using stage = await exported();
  const { platform } = stage.opencti;
  const held = platform.objects.get(UUID)?.object.external_references;
  const others = [
    { source_name: "MISP", external_id: "another", url: "https://m.example/1" },
    { source_name: "Blog", url: "https://blog.example" },
  ];
  stage.update(CONTAINER, {
    external_references: [...others, ...held as unknown[]],
  });
  await stage.settle();
  assertEquals(stage.references(CONTAINER).length, 3);
  stage.update(CONTAINER, { labels: [] });
  await stage.settle();
  assertEquals(stage.references(CONTAINER), others);
});

Deno.test("a failing platform is not taken for one without the container", async () => {
  await using stage = await exported();
  stage.update(CONTAINER, { labels: [] });
  stage.opencti.faults.graphql({ kind: "error", code: "DATABASE_ERROR" }, {
    field: "stixDomainObject",
  });
  await stage.settle();
  // The event is gone all the same; the reference is tried again later.
  assertEquals(stage.misp.events(), []);
  assertEquals(stage.references(CONTAINER).length, 1);
  const rows = await Array.fromAsync(
    stage.services.services.state.list(["reference"]),
  );
  assertEquals(rows.length, 1);
});

Deno.test("a delete that ended before the blocklist is finished by its replay", async () => {
  await using stage = await exported();
  stage.delete(CONTAINER);
  const events = await stage.events();
  stage.misp.faults.next({ do: "status", status: 503 }, {
    path: "eventBlocklists/delete",
  });
  assertEquals(
    (await stage.target.deliver(events, stage.signal))[0]?.status,
    "retry",
  );
  assertEquals([stage.misp.events(), blocked(stage)], [[], [UUID]]);
  await stage.restart();
  assertEquals(await stage.target.deliver(events, stage.signal), [
    { status: "delivered" },
  ]);
  assertEquals(blocked(stage), []);
});

Deno.test("a delete of what is not in MISP is done, without a write", async () => {
  await using stage = await exported();
  stage.delete(CONTAINER);
  const [event] = await stage.events();
  const stranger: StreamEvent = {
    ...event as StreamEvent,
    internalId: "99999999-9999-4999-8999-999999999999",
  };
  stage.misp.requests.clear();
  assertEquals(await stage.target.deliver([stranger], stage.signal), [
    { status: "delivered" },
  ]);
  assertEquals(stage.writes(), []);
});

Deno.test("an event that somebody deleted in MISP before is no trouble", async () => {
  await using stage = await exported();
  await fetch(`${stage.misp.url}/events/delete/${UUID}`, {
    method: "POST",
    headers: {
      authorization: stage.misp.keys.orgAdmin,
      accept: "application/json",
    },
  }).then((answer) => answer.body?.cancel());
  assertEquals(stage.misp.events(), []);
  stage.delete(CONTAINER);
  await stage.settle();
  assertEquals(blocked(stage), []);
});

Deno.test("an older event of a container that went does not bring it back", async () => {
  await using stage = await Stage.start({ opencti });
  stage.create(C2, CONTAINER);
  const [, created] = await stage.events();
  await stage.target.deliver([created as StreamEvent], stage.signal);
  await stage.settle();
  stage.update(CONTAINER, { labels: [] });
  await stage.settle();
  // It still exists on the platform, outside the filter.
  const outcomes = await stage.target.deliver(
    [{ ...created as StreamEvent, action: "update", cause: "changed" }],
    stage.signal,
  );
  assertEquals(outcomes, [{
    status: "skipped",
    reason: "the container went with a later event",
  }]);
  assertEquals(stage.misp.events(), []);
});

Deno.test("an older delete does not undo a newer event", async () => {
  await using stage = await exported();
  stage.update(CONTAINER, { labels: [] });
  const [left] = await stage.events();
  await stage.target.deliver([left as StreamEvent], stage.signal);
  await stage.events();
  stage.update(CONTAINER, { labels: ["share"] });
  await stage.settle();
  assertEquals(
    await stage.target.deliver([left as StreamEvent], stage.signal),
    [
      {
        status: "skipped",
        reason: "a newer event of the container was applied",
      },
    ],
  );
  assertEquals(stage.misp.events().length, 1);
});

Deno.test("a key that may not delete is told, and the event becomes a dead letter", async () => {
  await using stage = await exported();
  await stage.restart({ api_key: stage.misp.addUser("user", "Elsewhere") });
  stage.delete(CONTAINER);
  const [outcome] = await stage.target.deliver(
    await stage.events(),
    stage.signal,
  );
  assertEquals(outcome?.status, "rejected");
});

Deno.test("a key outside the host organisation cannot make a delete hard: an error tells", async () => {
  await using stage = await Stage.start({ opencti });
  const key = stage.misp.addUser("syncUser", "Elsewhere");
  await stage.restart({ api_key: key });
  stage.create(C2, CONTAINER);
  await stage.settle();
  stage.delete(CONTAINER);
  await stage.settle();
  assertEquals(stage.misp.events(), []);
  const errors = stage.services.loggedWhole.filter((line) =>
    line.includes('"level":"error"')
  );
  assertEquals(errors.length, 1);
  assert(errors[0]?.includes(UUID));
});

for (const isHard of [true, false]) {
  Deno.test(`an instance without a blocklist takes a delete with hard_delete ${isHard}`, async () => {
    await using stage = await exported({ hard_delete: String(isHard) });
    stage.misp.settings.blocklisting = false;
    stage.delete(CONTAINER);
    await stage.settle();
    assertEquals(stage.misp.events(), []);
    assertEquals(
      stage.services.logged.filter((line) => line.includes("no blocklist"))
        .length,
      isHard ? 0 : 1,
    );
  });
}

Deno.test("nothing is remembered of a container that went but that it went", async () => {
  await using stage = await exported();
  stage.delete(CONTAINER);
  await stage.settle();
  const kinds = ["event", "marks", "contents", "member", "publish", "gone"];
  const counts = await Promise.all(
    kinds.map(async (kind) =>
      (await Array.fromAsync(stage.services.services.state.list([kind]))).length
    ),
  );
  assertEquals(counts, [0, 0, 0, 0, 0, 1]);
});

Deno.test("a delete of a type that is no longer configured removes what was made", async () => {
  await using stage = await exported();
  await stage.restart({ container_types: "grouping" });
  stage.delete(CONTAINER);
  await stage.settle();
  assertEquals(stage.misp.events(), []);
});

Deno.test("what went is remembered for 30 days", async () => {
  await using stage = await exported();
  stage.delete(CONTAINER);
  await stage.settle();
  const { state } = stage.services.services;
  const gone = () => Array.fromAsync(state.list(["gone"]));
  const upkeep = async () => {
    const stop = new AbortController();
    const running = stage.target.background!(stop.signal);
    // It ends with the pause after its first round.
    stop.abort();
    await running;
  };
  stage.pass(29 * 86_400_000);
  await upkeep();
  assertEquals((await gone()).length, 1);
  stage.pass(2 * 86_400_000);
  await upkeep();
  assertEquals(await gone(), []);
});
