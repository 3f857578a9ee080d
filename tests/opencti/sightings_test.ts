import { assertEquals, assertRejects } from "@std/assert";
import { GraphqlRefusal } from "../../src/opencti/graphql.ts";
import type { NewSighting } from "../../src/opencti/sightings.ts";
import { OCTI_EXTENSION } from "../../src/stix/object.ts";
import { AT, entity, indicator } from "../simulator/opencti/objects.ts";
import { startPlatform, type TestPlatform } from "./platform.ts";

const NEVER = new AbortController().signal;
const PLACE = { name: "SIEM", description: "Alerts" };
const MINUTE = 60_000;

async function start(): Promise<TestPlatform> {
  return await startPlatform({ now: () => AT });
}

function add(platform: TestPlatform, object: ReturnType<typeof indicator>) {
  platform.simulated.platform.apply({ at: AT, op: "create", object });
  const octi = object.extensions as Record<string, { id: string }>;
  return octi[OCTI_EXTENSION]?.id ?? "";
}

function sighting(fromId: string, toId: string): NewSighting {
  return {
    fromId,
    toId,
    first: AT - MINUTE,
    last: AT,
    count: 2,
    description: "d",
    confidence: 50,
    markingIds: [],
  };
}

Deno.test("idsOf() finds objects by any of their ids", async () => {
  await using platform = await start();
  const old = "indicator--11111111-1111-4111-8111-111111111111";
  const object = indicator("a", {}, { stix_ids: [old] });
  const id = add(platform, object);
  // More than one call takes.
  const unknown = Array.from({ length: 150 }, () => crypto.randomUUID());
  const known = await platform.client.sightings.idsOf(
    [...unknown, id, object.id, old, id],
    NEVER,
  );
  assertEquals([...known], [[id, id], [object.id, id], [old, id]]);
  const requests = platform.simulated.requests.length;
  assertEquals(requests, 2);
});

Deno.test("indicatorsByPattern() finds indicators and nothing else", async () => {
  await using platform = await start();
  const { sightings } = platform.client;
  const id = add(platform, indicator("a"));
  add(platform, indicator("b"));
  const pattern = "[domain-name:value = 'a']";
  add(platform, entity("tool", "Tool", "tool", { pattern }));
  assertEquals(
    await sightings.indicatorsByPattern([pattern, "[url:value = 'a']"], NEVER),
    [id],
  );
  assertEquals(await sightings.indicatorsByPattern([], NEVER), []);
});

Deno.test("ensurePlace() makes an identity once", async () => {
  await using platform = await start();
  const { sightings } = platform.client;
  const id = await sightings.ensurePlace(PLACE, NEVER);
  assertEquals(await sightings.ensurePlace(PLACE, NEVER), id);
  const row = platform.simulated.platform.objects.get(id);
  assertEquals(row?.object.name, "SIEM");
  assertEquals(row?.object.identity_class, "system");
});

Deno.test("ensurePlace() prefers a system to an organization", async () => {
  await using platform = await start();
  const { sightings } = platform.client;
  add(platform, entity("identity", "Individual", "SIEM"));
  const own = await sightings.ensurePlace(PLACE, NEVER);
  add(platform, {
    ...entity("identity", "Organization", "SIEM"),
    id: "identity--22222222-2222-4222-8222-222222222222",
    extensions: {
      [OCTI_EXTENSION]: {
        id: "00000000-0000-4000-8000-000000000000",
        type: "Organization",
      },
    },
  });
  assertEquals(await sightings.ensurePlace(PLACE, NEVER), own);
});

Deno.test("addSighting() writes what sightingsOf() reads", async () => {
  await using platform = await start();
  const { sightings } = platform.client;
  const id = add(platform, indicator("a"));
  const place = await sightings.ensurePlace(PLACE, NEVER);
  assertEquals(await sightings.sightingsOf(id, place, NEVER), []);
  await sightings.addSighting(sighting(id, place), NEVER);
  const span = { first: AT - MINUTE, last: AT, count: 2 };
  assertEquals(await sightings.sightingsOf(id, place, NEVER), [span]);
  // Later: the platform adds. The same again: it replaces.
  const later = { ...sighting(id, place), last: AT + 1, count: 3 };
  await sightings.addSighting(later, NEVER);
  const both = { ...span, last: AT + 1, count: 5 };
  assertEquals(await sightings.sightingsOf(id, place, NEVER), [both]);
});

Deno.test("addSighting() is refused where one of the ids is gone", async () => {
  await using platform = await start();
  const { sightings } = platform.client;
  const place = await sightings.ensurePlace(PLACE, NEVER);
  const id = add(platform, indicator("a"));
  const gone = crypto.randomUUID();
  for (
    const wrong of [
      sighting(gone, place),
      sighting(id, gone),
      { ...sighting(id, place), markingIds: [`marking-definition--${gone}`] },
    ]
  ) {
    const error = await assertRejects(
      () => sightings.addSighting(wrong, NEVER),
      GraphqlRefusal,
    );
    assertEquals(error.code, "MISSING_REFERENCE_ERROR");
  }
});
