import { assert, assertEquals, assertRejects } from "@std/assert";
import { TransientError } from "../../src/errors.ts";
import { silentLog } from "../../src/observability/log.ts";
import {
  Collection,
  type CollectionOptions,
} from "../../src/opencti/collection.ts";
import { GraphqlRefusal } from "../../src/opencti/graphql.ts";
import { indicator, startPlatform, type TestPlatform } from "./platform.ts";

const NOW = Date.parse("2026-03-02T12:00:00.000Z");
const signal = AbortSignal.timeout(60_000);

function collectionOf(
  { client }: TestPlatform,
  more: Partial<CollectionOptions> = {},
): Collection {
  return new Collection({
    graphql: client.graphql,
    filters: "",
    entities: ["Indicator"],
    relationships: [],
    withInferences: false,
    version: 7,
    backoff: { baseMs: 1, maxMs: 2 },
    log: silentLog(),
    pageSize: 10,
    ...more,
  });
}

async function startWith(count: number): Promise<TestPlatform> {
  const test = await startPlatform({ now: () => NOW });
  for (let number = 1; number <= count; number++) {
    test.simulated.platform.apply({
      at: NOW - 1_000_000 + number,
      op: "create",
      object: indicator(number, {
        confidence: number,
        ...(number % 2 === 0 ? { pattern_type: "yara" } : {}),
      }),
    });
  }
  return test;
}

const STIX_ONLY = JSON.stringify({
  mode: "and",
  filters: [{
    // What the platform's screens add, and its input type refuses.
    id: "6a9f3b1c",
    key: ["pattern_type"],
    values: ["stix"],
    operator: "eq",
    mode: "or",
  }],
  filterGroups: [],
});

async function namesOf(collection: Collection): Promise<string[]> {
  const pages = await Array.fromAsync(collection.all(signal));
  return pages.flat().map(({ object }) => `${object.name}`);
}

Deno.test("Collection.all() gives what the stream's filter matches", async () => {
  await using test = await startWith(25);
  const all = await namesOf(collectionOf(test));
  assertEquals(all.length, 25);
  assertEquals(all[0], "indicator 1");
  const some = await namesOf(collectionOf(test, { filters: STIX_ONLY }));
  assertEquals(some.length, 13);
  const none = await namesOf(collectionOf(test, { entities: ["Url"] }));
  assertEquals(none, []);
});

Deno.test("Collection.all() gives events of the version and of the last change", async () => {
  await using test = await startWith(3);
  const events = (await Array.fromAsync(collectionOf(test).all(signal))).flat();
  assertEquals(events.map(({ version }) => version), [7, 7, 7]);
  assertEquals(events[0]?.id, `${NOW - 999_999}-0`);
  assertEquals(events[0]?.cause, "recovered");
});

Deno.test("Collection.all() misses nothing that stays while objects come, go and change", async () => {
  await using test = await startWith(40);
  const { platform } = test.simulated;
  const seen = new Set<string>();
  let step = 0;
  for await (const page of collectionOf(test).all(signal)) {
    for (const { object } of page) seen.add(`${object.name}`);
    step++;
    const at = NOW + step;
    platform.apply({ at, op: "delete", internalId: idOf(step) });
    platform.apply({ at, op: "update", object: indicator(step + 4) });
    platform.apply({ at, op: "create", object: indicator(100 + step) });
  }
  for (let number = 1; number <= 40; number++) {
    assert(seen.has(`indicator ${number}`), `indicator ${number}`);
  }
});

Deno.test("Collection.all() halves its pages while the platform fails", async () => {
  await using test = await startWith(25);
  test.simulated.faults.graphql(
    { kind: "error", code: "DATABASE_ERROR" },
    { field: "stixCoreObjects", times: 3 },
  );
  assertEquals((await namesOf(collectionOf(test))).length, 25);
  const sizes = test.simulated.requests
    .filter(({ body }) => body.includes("EntityPage"))
    .map(({ body }) => JSON.parse(body).variables.first);
  assertEquals(sizes.slice(0, 5), [10, 5, 3, 2, 4]);
});

Deno.test("Collection.all() gives up on a platform that always fails", async () => {
  await using test = await startWith(2);
  test.simulated.faults.graphql(
    { kind: "error", code: "DATABASE_ERROR" },
    { field: "stixCoreObjects", times: Infinity },
  );
  await assertRejects(() => namesOf(collectionOf(test)), TransientError);
});

Deno.test("Collection.all() says that a filter cannot be asked", async () => {
  await using test = await startWith(2);
  const filters = STIX_ONLY.replace("pattern_type", "unheard_of");
  await assertRejects(
    () => namesOf(collectionOf(test, { filters })),
    GraphqlRefusal,
  );
});

Deno.test("Collection.some() gives those of some objects that match", async () => {
  await using test = await startWith(5);
  const collection = collectionOf(test, { filters: STIX_ONLY });
  const found = await collection.some([idOf(1), idOf(2), idOf(99)], signal);
  assertEquals(found.map(({ object }) => object.name), ["indicator 1"]);
});

Deno.test("Collection.ids() gives the ids of all of them", async () => {
  await using test = await startWith(25);
  const ids = (await Array.fromAsync(collectionOf(test).ids(signal))).flat();
  assertEquals(ids.length, 25);
  assertEquals(ids[0], idOf(1));
});

function idOf(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

Deno.test("Collection.all() gives relationships too", async () => {
  await using test = await startWith(2);
  const link = {
    id: "relationship--57651e36-70cc-5200-85dd-498e3f90e96c",
    type: "relationship",
    relationship_type: "related-to",
    source_ref: indicator(1).id,
    target_ref: indicator(2).id,
  };
  const { platform } = test.simulated;
  platform.apply({ at: NOW, op: "create", object: link });
  const typesOf = async (more: Partial<CollectionOptions>) =>
    (await Array.fromAsync(collectionOf(test, more).all(signal))).flat()
      .map(({ object }) => object.type);
  const all = ["indicator", "indicator", "relationship"];
  assertEquals(
    await typesOf({
      entities: ["Stix-Core-Object"],
      relationships: ["stix-core-relationship"],
    }),
    all,
  );
  assertEquals(await typesOf({ relationships: ["related-to"] }), all);
  assertEquals(
    await typesOf({ entities: [], relationships: ["based-on"] }),
    [],
  );
});
