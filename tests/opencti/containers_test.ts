import { assert, assertEquals, assertRejects } from "@std/assert";
import { LoginError, TransientError } from "../../src/errors.ts";
import { GraphqlRefusal } from "../../src/opencti/graphql.ts";
import { internalId, type StixObject } from "../../src/stix/object.ts";
import { AT, entity, indicator } from "../simulator/opencti/objects.ts";
import { startPlatform, type TestPlatform } from "./platform.ts";

const NEVER = new AbortController().signal;

async function start(
  objects: readonly StixObject[],
  options = {},
): Promise<TestPlatform> {
  const platform = await startPlatform({ now: () => AT, ...options });
  put(platform, ...objects);
  return platform;
}

function put({ simulated }: TestPlatform, ...objects: StixObject[]): void {
  for (const object of objects) simulated.platform.objects.put(object, AT);
}

function container(
  contents: readonly StixObject[],
  members: Record<string, unknown> = {},
): StixObject {
  return entity("report", "Report", "a report", {
    object_refs: contents.map(({ id }) => id),
    ...members,
  });
}

/** First arguments of the pages that were asked for. */
function pageSizes({ simulated }: TestPlatform): number[] {
  return simulated.requests.filter(({ fields }) => fields.includes("container"))
    .map(({ body }) => JSON.parse(body).variables.first);
}

Deno.test("resolve() reads 10,000 objects in pages, in the container's order", async () => {
  const contents = Array.from(
    { length: 10_000 },
    (_none, at) => indicator(`i${at}`),
  );
  const report = container(contents.toReversed());
  await using platform = await start([...contents, report]);
  const { containers } = platform.client;
  const resolved = await containers.resolve(internalId(report), NEVER);
  assertEquals(
    resolved?.contents.map(({ id }) => id),
    report.object_refs as string[],
  );
  // A page that is full has a next one, which may be empty.
  assertEquals(pageSizes(platform).length, 21);
  // The container, its pages, and sightings of 100 objects at a time.
  assertEquals(platform.simulated.requests.length, 1 + 21 + 100);
});

Deno.test("resolve() takes any id of the container", async () => {
  const report = container([]);
  await using platform = await start([report]);
  const { containers } = platform.client;
  const one = await containers.resolve(report.id, NEVER);
  assertEquals(one?.container.id, report.id);
  assertEquals(one?.contents, []);
});

Deno.test("resolve() tells a container that is not there from a failure", async () => {
  await using platform = await start([]);
  const { client, simulated } = platform;
  assertEquals(await client.containers.resolve("report--none", NEVER), null);
  simulated.faults.graphql({ kind: "error", code: "DATABASE_ERROR" });
  await assertRejects(
    () => client.containers.resolve("report--none", NEVER),
    TransientError,
  );
  simulated.faults.graphql({ kind: "error", code: "FUNCTIONAL_ERROR" });
  await assertRejects(
    () => client.containers.resolve("report--none", NEVER),
    GraphqlRefusal,
  );
  simulated.platform.token = "another";
  await assertRejects(
    () => client.containers.resolve("report--none", NEVER),
    LoginError,
  );
});

Deno.test("resolve() asks for half as many where the platform fails", async () => {
  const contents = Array.from(
    { length: 300 },
    (_none, at) => indicator(`${at}`),
  );
  const report = container(contents);
  await using platform = await start([...contents, report]);
  const { client, simulated } = platform;
  simulated.faults.graphql({ kind: "error", code: "DATABASE_ERROR" }, {
    field: "container",
  });
  simulated.faults.graphql({ kind: "status", status: 504 }, {
    field: "container",
  });
  const resolved = await client.containers.resolve(report.id, NEVER);
  assertEquals(resolved?.contents.length, 300);
  assertEquals(pageSizes(platform), [500, 250, 125, 125, 125]);
});

Deno.test("resolve() gives up where the platform fails at the smallest page", async () => {
  const report = container([indicator("a")]);
  await using platform = await start([report]);
  const { client, simulated } = platform;
  simulated.faults.graphql({ kind: "error", code: "DATABASE_ERROR" }, {
    field: "container",
    times: Infinity,
  });
  await assertRejects(
    () => client.containers.resolve(report.id, NEVER),
    TransientError,
  );
  assertEquals(pageSizes(platform).at(-1), 15);
});

Deno.test("resolve() waits as a 429 asks, without smaller pages", async () => {
  const report = container([indicator("a")]);
  await using platform = await start([report]);
  const { client, simulated } = platform;
  simulated.faults.graphql({
    kind: "status",
    status: 429,
    headers: { "retry-after": "7" },
  }, { field: "container" });
  const error = await assertRejects(
    () => client.containers.resolve(report.id, NEVER),
    TransientError,
  );
  assert(error instanceof TransientError);
  assertEquals(error.retryAfterMs, 7_000);
});

Deno.test("resolve() reads what contents refer to, in bulk", async () => {
  const author = entity("identity", "Organization", "CERT");
  const marking = entity(
    "marking-definition",
    "Marking-Definition",
    "TLP:RED",
    {
      definition_type: "TLP",
      definition: "TLP:RED",
    },
  );
  const [source, target] = ["192.0.2.1", "192.0.2.2"].map((value) =>
    entity("ipv4-addr", "IPv4-Addr", value, { value })
  ) as [StixObject, StixObject];
  const image = entity("file", "StixFile", "image.exe");
  const traffic = entity("network-traffic", "Network-Traffic", "t", {
    src_ref: source.id,
    dst_ref: target.id,
    object_marking_refs: [marking.id],
  });
  const process = entity("process", "Process", "p", { image_ref: image.id });
  const observed = entity("observed-data", "Observed-Data", "o", {
    object_refs: [process.id],
  });
  const report = container([traffic, observed], { created_by_ref: author.id });
  await using platform = await start([
    ...[author, marking, source, target, image, traffic, process, observed],
    report,
  ]);
  const { containers } = platform.client;
  const resolved = await containers.resolve(report.id, NEVER);
  assertEquals(
    resolved?.contents.map(({ type }) => type),
    ["network-traffic", "observed-data"],
  );
  assertEquals(
    [...resolved?.references.keys() ?? []].sort(),
    [author, marking, source, target, process, image].map(({ id }) => id)
      .sort(),
  );
  const fields = platform.simulated.requests.flatMap(({ fields }) => fields);
  assertEquals(
    fields.filter((field) => field === "stixCoreObjects").length,
    2,
    "one call for what contents refer to, one for what observed data hold",
  );
  // Markings never change: they are asked for once.
  await containers.resolve(report.id, NEVER);
  const asked = platform.simulated.requests.filter(({ body }) =>
    body.includes(marking.id)
  );
  assertEquals(asked.length, 1);
});

Deno.test("resolve() finds the sightings of the contents, outside the container too", async () => {
  const c2 = indicator("c2");
  const siem = entity("identity", "System", "SIEM");
  const report = container([c2]);
  await using platform = await start([c2, siem, report]);
  await platform.client.sightings.addSighting({
    fromId: internalId(c2),
    toId: internalId(siem),
    first: AT - 1000,
    last: AT,
    count: 1,
    description: "",
    confidence: 50,
    markingIds: [],
  }, NEVER);
  const resolved = await platform.client.containers.resolve(report.id, NEVER);
  assertEquals(
    resolved?.sightings.map(({ sighting_of_ref }) => sighting_of_ref),
    [c2.id],
  );
  assert(resolved?.references.has(siem.id), "where it was sighted");
});

Deno.test("resolve() goes on without sightings where the platform refuses them", async () => {
  const c2 = indicator("c2");
  const report = container([c2]);
  await using platform = await start([c2, report]);
  platform.simulated.faults.graphql({
    kind: "error",
    code: "UNSUPPORTED_ERROR",
  }, { field: "stixSightingRelationships", times: Infinity });
  const resolved = await platform.client.containers.resolve(report.id, NEVER);
  assertEquals([resolved?.contents.length, resolved?.sightings], [1, []]);
});

Deno.test("externalReferences: of() tells nothing there from no references", async () => {
  const report = container([]);
  await using platform = await start([report]);
  const { client, simulated } = platform;
  const { externalReferences: references } = client;
  assertEquals(await references.of(internalId(report), NEVER), []);
  assertEquals(await references.of("none", NEVER), null);
  simulated.faults.graphql({ kind: "error", code: "UNKNOWN_ERROR" });
  await assertRejects(() => references.of("none", NEVER), TransientError);
});

Deno.test("externalReferences: attach() twice is once, detach() takes that one", async () => {
  const report = container([], {
    external_references: [{ source_name: "Blog", url: "https://b.example" }],
  });
  const other = entity("report", "Report", "other", { object_refs: [] });
  await using platform = await start([report, other]);
  const { externalReferences: references } = platform.client;
  const id = internalId(report);
  const link = {
    sourceName: "MISP",
    externalId: id,
    url: "https://misp.example/events/view/1",
    description: "d",
  };
  await references.attach(id, link, NEVER);
  await references.attach(id, link, NEVER);
  await references.attach(internalId(other), link, NEVER);
  const held = await references.of(id, NEVER) ?? [];
  assertEquals(
    held.map((
      { sourceName, externalId, url },
    ) => [sourceName, externalId, url]),
    [
      ["Blog", undefined, "https://b.example"],
      ["MISP", id, "https://misp.example/events/view/1"],
    ],
  );
  const ours = held.find(({ externalId }) => externalId === id);
  await references.detach(id, ours?.id ?? "", NEVER);
  assertEquals((await references.of(id, NEVER))?.length, 1);
  // Others keep what they hold.
  assertEquals((await references.of(internalId(other), NEVER))?.length, 1);
});
