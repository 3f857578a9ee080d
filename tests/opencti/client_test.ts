import { assert, assertEquals, assertRejects } from "@std/assert";
import { LoginError, RejectedError, TransientError } from "../../src/errors.ts";
import { silentLog } from "../../src/observability/log.ts";
import { streamScope } from "../../src/opencti/scope.ts";
import type { StreamEvent } from "../../src/opencti/event.ts";
import { indicator, startPlatform } from "./platform.ts";
import { FILTERS } from "../../src/simulator/mod.ts";

const NEVER = new AbortController().signal;
const AUTHOR = {
  id: "identity--ac6f7b3a-7aa5-558d-a1bd-4a4f52840f9e",
  type: "identity",
  spec_version: "2.1",
  name: "Example CERT",
  identity_class: "organization",
};
const MARKING = {
  id: "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
  type: "marking-definition",
  spec_version: "2.1",
  definition_type: "TLP",
  definition: { TLP: "TLP:GREEN" },
  name: "TLP:GREEN",
};

Deno.test("PlatformClient reads version, user and capabilities", async () => {
  await using platform = await startPlatform();
  const info = await platform.client.probe(NEVER);
  assertEquals(info.version, "6.9.17");
  assert(info.capabilities.includes("TAXIIAPI"));
});

Deno.test("PlatformClient reads a name once, and remembers", async () => {
  await using platform = await startPlatform();
  const { client, simulated } = platform;
  simulated.platform.apply({ at: 1e12, op: "create", object: AUTHOR });
  const unknown = "identity--00000000-0000-5000-8000-000000000000";
  for (let round = 0; round < 3; round++) {
    const names = await client.namesOf([AUTHOR.id, unknown], NEVER);
    assertEquals([...names], [[AUTHOR.id, "Example CERT"]]);
  }
  assertEquals(
    simulated.requests.filter(({ path }) => path === "/graphql").length,
    2,
  );
});

Deno.test("PlatformClient asks nothing that the stream carried", async () => {
  await using platform = await startPlatform();
  const { client, simulated } = platform;
  client.remember(AUTHOR);
  client.remember(MARKING);
  assertEquals(
    [...await client.namesOf([AUTHOR.id], NEVER)],
    [[AUTHOR.id, "Example CERT"]],
  );
  assertEquals([...await client.markingsOf([MARKING.id], NEVER)], [[
    MARKING.id,
    { definitionType: "TLP", definition: "TLP:GREEN" },
  ]]);
  assertEquals(simulated.requests.length, 0);
});

Deno.test("PlatformClient adds the pattern types that are missing, once", async () => {
  await using platform = await startPlatform();
  const { client, simulated } = platform;
  const types = new Map([["kql", "Kibana"], ["EQL", "Event"]]);
  await client.ensurePatternTypes(types, NEVER);
  await client.ensurePatternTypes(types, NEVER);
  const names = simulated.platform.vocabularies.list("pattern_type_ov")
    .map(({ name }) => name);
  assert(names.includes("kql"));
  // Built in, in another spelling.
  assertEquals(names.filter((name) => name.toLowerCase() === "eql"), ["eql"]);
});

Deno.test("PlatformClient tolerates that pattern types may not be added", async () => {
  await using platform = await startPlatform();
  platform.simulated.faults.graphql(
    { kind: "error", code: "FORBIDDEN_ACCESS" },
    { field: "vocabularyAdd" },
  );
  await platform.client.ensurePatternTypes(new Map([["kql", "K"]]), NEVER);
});

Deno.test("PlatformClient knows a stream, and that another does not exist", async () => {
  await using platform = await startPlatform();
  const { client, simulated } = platform;
  const info = await client.streamInfo(simulated.streamId, NEVER);
  assertEquals(info?.live, true);
  assertEquals(await client.streamInfo("nowhere", NEVER), undefined);
});

// deno-fmt-ignore
const ERRORS: readonly [string, new (...args: never[]) => Error][] = [
  ["AUTH_REQUIRED",     LoginError],
  ["FORBIDDEN_ACCESS",  LoginError],
  ["OTP_REQUIRED",      LoginError],
  ["FUNCTIONAL_ERROR",  RejectedError],
  ["VALIDATION_ERROR",  RejectedError],
  ["UNSUPPORTED_ERROR", RejectedError],
  ["ALREADY_DELETED_ERROR", RejectedError],
  ["DATABASE_ERROR",    TransientError],
  ["UNKNOWN_ERROR",     TransientError],
];

for (const [code, kind] of ERRORS) {
  Deno.test(`GraphqlClient makes ${code} a ${kind.name}`, async () => {
    await using platform = await startPlatform();
    platform.simulated.faults.graphql({ kind: "error", code });
    await assertRejects(
      () => platform.client.probe(NEVER),
      kind as new () => Error,
      code,
    );
  });
}

Deno.test("GraphqlClient tries again while objects are locked", async () => {
  await using platform = await startPlatform();
  platform.simulated.faults.graphql({ kind: "error", code: "LOCK_ERROR" });
  assertEquals((await platform.client.probe(NEVER)).version, "6.9.17");
});

Deno.test("GraphqlClient calls a proxy's page trouble, not an answer", async () => {
  await using platform = await startPlatform();
  platform.simulated.faults.graphql({
    kind: "status",
    status: 200,
    body: "<html>login</html>",
  });
  await assertRejects(() => platform.client.probe(NEVER), TransientError);
});

Deno.test("GraphqlClient follows the platform's clock", async () => {
  const now = Date.UTC(2026, 2, 2, 10);
  await using platform = await startPlatform({ now: () => now });
  await platform.client.probe(NEVER);
  const difference = platform.client.graphql.platformNow() - now;
  assert(Math.abs(difference) < 5000, `${difference} ms apart`);
});

function update(number: number): StreamEvent {
  const object = indicator(number);
  return {
    id: "1-0",
    version: 1,
    action: "update",
    cause: "changed",
    internalId: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
    object,
    bytes: 1,
    unsure: true,
  };
}

Deno.test("streamScope() finds the objects that the filter hides", async () => {
  await using platform = await startPlatform({ filters: FILTERS });
  const { client, simulated } = platform;
  const { at, hidden } = { at: 1e12, hidden: { labels: ["do-not-share"] } };
  simulated.platform.apply({ at, op: "create", object: indicator(1) });
  simulated.platform.apply({ at, op: "create", object: indicator(2, hidden) });
  const scope = streamScope(FILTERS, client, silentLog());
  assertEquals(scope.updatesAreUnsure, true);
  const events = [update(1), update(2), update(3)];
  const outside = await scope.outside(events, NEVER);
  // The third one is gone by now: its delete follows.
  assertEquals(outside, new Set(events.slice(1)));
});

Deno.test("streamScope() takes an update as it came when it cannot ask", async () => {
  await using platform = await startPlatform({ filters: FILTERS });
  platform.simulated.faults.graphql(
    { kind: "error", code: "UNSUPPORTED_ERROR" },
    { field: "stixCoreObjects" },
  );
  const scope = streamScope(FILTERS, platform.client, silentLog());
  assertEquals(await scope.outside([update(1)], NEVER), new Set());
});

// deno-fmt-ignore
const SCOPES: readonly [title: string, filters: string, unsure: boolean][] = [
  ["no text", "", false],
  ["an empty group", '{"mode":"and","filters":[],"filterGroups":[]}', false],
  ["indicators alone", '{"mode":"and","filters":[{"key":["entity_type"],"values":["Indicator"],"operator":"eq"}],"filterGroups":[]}', false],
  ["indicators and reports", '{"mode":"and","filters":[{"key":["entity_type"],"values":["Indicator","Report"],"operator":"eq"}],"filterGroups":[]}', true],
  ["indicators or a label", '{"mode":"or","filters":[{"key":["entity_type"],"values":["Indicator"]},{"key":["objectLabel"],"values":["x"]}],"filterGroups":[]}', true],
  ["a label", FILTERS, true],
];

for (const [title, filters, unsure] of SCOPES) {
  Deno.test(`streamScope() of ${title}: updates are ${unsure ? "" : "not "}unsure`, async () => {
    await using platform = await startPlatform();
    const scope = streamScope(filters, platform.client, silentLog());
    assertEquals(scope.updatesAreUnsure, unsure);
  });
}
