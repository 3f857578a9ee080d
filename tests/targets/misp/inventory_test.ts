/** What `verify` sees of MISP, and how it repairs. */
import { assertEquals, assertNotEquals } from "@std/assert";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import type { MispOptions } from "../../../src/simulator/misp/mod.ts";
import { internalId, type StixObject } from "../../../src/stix/object.ts";
import type { Holding, Inventory } from "../../../src/targets/target.ts";
import { entity, indicator } from "../../simulator/opencti/objects.ts";
import { domain, report, Stage } from "./stage.ts";

const C2 = domain("c2.example.net");
const FIRST = report("First", [C2]);
const SECOND = report("Second", [C2]);

for (const tags of ["true", "false"]) {
  Deno.test(`inventory finds both sides equal with tag_opencti ${tags}`, async () => {
    await using stage = await Stage.start({ settings: { tag_opencti: tags } });
    const { events, inventory } = await filled(stage);
    const wanted = await inventory.wanted(events, stage.signal);
    const [content = [], ...own] = wanted;
    assertEquals(own.map((list) => list.length), [1, 1]);
    assertEquals(sorted(await held(stage)), sorted(own.flat()));
    // What both hold changes both, and asks for neither.
    assertEquals(
      sorted(content),
      sorted(own.flat()).map((one) => ({ ...one, optional: true })),
    );
    assertEquals((await held(stage)).length, 2);
  });
}

async function filled(stage: Stage) {
  stage.create(C2, FIRST, SECOND);
  const events = await stage.events();
  await stage.target.deliver(events, stage.signal);
  await stage.settle();
  return { events, inventory: stage.target.inventory as Inventory };
}

async function held(stage: Stage): Promise<Holding[]> {
  const { inventory } = stage.target;
  return await Array.fromAsync(inventory!.held(stage.signal));
}

async function wantedOf(
  stage: Stage,
  events: readonly StreamEvent[],
): Promise<Holding[]> {
  const { inventory } = stage.target;
  return (await inventory!.wanted(events, stage.signal)).flat()
    .filter(({ optional }) => optional !== true);
}

function sorted(holdings: readonly Holding[]): Holding[] {
  return holdings.toSorted((a, b) => a.key < b.key ? -1 : 1);
}

const SURICATA = indicator("Upload", {
  pattern_type: "suricata",
  pattern: 'alert http any any -> any any (msg:"upload"; sid:1; rev:1;)',
});
const SIGHTING = entity("sighting", "stix-sighting-relationship", "Seen", {
  sighting_of_ref: C2.id,
  first_seen: "2026-03-01T00:00:00.000Z",
  last_seen: "2026-03-01T00:00:00.000Z",
  count: 1,
});

/** What decides beside the container: the instance, and what it refused. */
const CIRCUMSTANCES: readonly {
  readonly name: string;
  readonly contents: readonly StixObject[];
  readonly misp?: MispOptions;
  readonly role?: "user";
}[] = [
  { name: "a type that only this MISP knows", contents: [SURICATA] },
  {
    name: "a type that this MISP lacks",
    contents: [SURICATA],
    misp: { lacksTypes: ["suricata"] },
  },
  {
    name: "an element that MISP drops in silence",
    contents: [C2],
    misp: { importRegexp: /^c2\.example/ },
  },
  {
    name: "a key that may not sight",
    contents: [C2, SIGHTING],
    role: "user",
  },
];

for (const { name, contents, ...options } of CIRCUMSTANCES) {
  Deno.test(`inventory of a target that was not prepared finds both sides equal: ${name}`, async () => {
    await using stage = await Stage.start(options);
    for (const { role } of stage.misp.users) {
      if (options.role !== undefined) role.perm_sighting = false;
    }
    await stage.restart();
    const container = report("Container", contents);
    stage.create(...contents, container);
    const events = await stage.events();
    await stage.target.deliver(events, stage.signal);
    await stage.settle();
    const inventory = stage.beside().inventory as Inventory;
    const wanted = (await inventory.wanted(events, stage.signal)).flat()
      .filter(({ optional }) => optional !== true);
    assertEquals(wanted.length, 1);
    assertEquals(
      await Array.fromAsync(inventory.held(stage.signal)),
      wanted,
    );
  });
}

Deno.test("inventory leaves out events that others made", async () => {
  await using stage = await Stage.start({
    misp: {
      foreignEvents: [{
        uuid: "abcdef00-1111-4111-8111-aaaaaaaaaaaa",
        info: "Of a partner",
        date: "2026-01-01",
        distribution: "3",
        Tag: [{ name: "source:opencti" }],
      }],
    },
  });
  await filled(stage);
  assertEquals(
    (await held(stage)).map(({ key }) => key).sort(),
    [FIRST, SECOND].map(internalId).sort(),
  );
});

Deno.test("inventory finds what somebody changed or deleted, and repairs it", async () => {
  await using stage = await Stage.start();
  const { events, inventory } = await filled(stage);
  const before = [stage.event(FIRST), stage.event(SECOND)];
  await asAnalyst(stage, `edit/${internalId(FIRST)}`, {
    Event: { uuid: internalId(FIRST), info: "vandalised" },
  });
  await asAnalyst(stage, `delete/${internalId(SECOND)}`);
  await unlist(stage);
  const wanted = await wantedOf(stage, events);
  const there = new Map(
    (await held(stage)).map(({ key, digest }) => [key, digest]),
  );
  assertEquals(there.has(internalId(SECOND)), false);
  for (const { key, digest } of wanted) {
    assertNotEquals(there.get(key), digest);
  }
  const outcomes = await inventory.repair(events, stage.signal);
  assertEquals(outcomes.at(-1), { status: "delivered" });
  assertEquals([stage.event(FIRST), stage.event(SECOND)], before);
  assertEquals(
    sorted(await held(stage)),
    sorted(await wantedOf(stage, events)),
  );
});

Deno.test("inventory removes what no container asks for", async () => {
  await using stage = await Stage.start();
  const { events, inventory } = await filled(stage);
  const [orphan] = (await held(stage)).filter(({ key }) =>
    key === internalId(FIRST)
  );
  assertEquals(await inventory.remove([orphan as Holding], stage.signal), [
    { status: "delivered" },
  ]);
  assertEquals((await held(stage)).map(({ key }) => key), [
    internalId(SECOND),
  ]);
  assertEquals(stage.misp.blocklist, []);
  assertEquals(stage.references(FIRST), []);
  // And takes it back when it is asked for again.
  await inventory.repair(events as StreamEvent[], stage.signal);
  assertEquals((await held(stage)).length, 2);
});

for (const hard of ["true", "false"]) {
  Deno.test(`inventory repairs what MISP put on its blocklist, hard_delete ${hard}`, async () => {
    await using stage = await Stage.start({ settings: { hard_delete: hard } });
    const { events, inventory } = await filled(stage);
    await asAnalyst(stage, `delete/${internalId(SECOND)}`);
    assertEquals(stage.misp.blocklist.length, 1);
    // The stream alone does not undo what a person did.
    stage.update(SECOND, { name: "Renamed" });
    const outcomes = await stage.sync();
    assertEquals(new Set(outcomes.map(({ status }) => status)), SKIPPED);
    assertEquals(stage.event(SECOND), undefined);
    await inventory.repair(events, stage.signal);
    assertEquals(stage.event(SECOND)?.info, "Renamed");
    assertEquals(stage.misp.blocklist, []);
    assertEquals(
      sorted(await held(stage)),
      sorted(await wantedOf(stage, events)),
    );
  });
}

const SKIPPED = new Set(["skipped"]);

Deno.test("inventory repairs what a newer event took away, as by a filter of then", async () => {
  await using stage = await Stage.start();
  const { events, inventory } = await filled(stage);
  const [, , second] = events;
  const withheld: StreamEvent = {
    ...second as StreamEvent,
    action: "delete",
    cause: "left-filter",
    version: second!.version + 60_000_000,
  };
  await stage.target.deliver([withheld], stage.signal);
  assertEquals(stage.event(SECOND), undefined);
  const [old] = await stage.target.deliver([second!], stage.signal);
  assertEquals(old?.status, "skipped");
  await inventory.repair([second!], stage.signal);
  assertEquals(stage.event(SECOND)?.info, "Second");
});

Deno.test("inventory repairs nothing that MISP's rules keep out", async () => {
  await using stage = await Stage.start();
  const { events, inventory } = await filled(stage);
  await inventory.remove(await held(stage), stage.signal);
  Object.assign(stage.misp.settings, { blockRule: () => true });
  const outcomes = await inventory.repair(events, stage.signal);
  assertEquals(outcomes.at(-1)?.status, "skipped");
  assertEquals(await held(stage), []);
});

async function asAnalyst(
  stage: Stage,
  path: string,
  body?: unknown,
): Promise<void> {
  stage.pass(1000);
  const answer = await fetch(`${stage.misp.url}/events/${path}`, {
    method: "POST",
    headers: {
      authorization: stage.misp.keys.admin,
      accept: "application/json",
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assertEquals(answer.status, 200, await answer.text());
}

async function unlist(stage: Stage): Promise<void> {
  const path = `${stage.misp.url}/eventBlocklists/delete/`;
  const answer = await fetch(path + internalId(SECOND), {
    method: "POST",
    headers: {
      authorization: stage.misp.keys.admin,
      accept: "application/json",
    },
  });
  await answer.body?.cancel();
}
