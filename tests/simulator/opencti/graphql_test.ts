import { assert, assertEquals, assertMatch } from "@std/assert";
import { startOpencti } from "../../../src/simulator/opencti/mod.ts";
import { AT, entity, indicator, payloadOf } from "./objects.ts";
import { gql, SseReader } from "./sse_client.ts";

const CONNECTOR = "6e0b8078-0737-4d96-bfe5-2a6c7ea04111";
const REGISTER = `mutation($input: RegisterConnectorInput!) {
  registerConnector(input: $input) { id connector_state connector_user_id } }`;
const PING =
  `mutation($id: ID!, $state: String) { pingConnector(id: $id, state: $state) {
  connector_state connector_state_timestamp } }`;
const INPUT = {
  id: CONNECTOR,
  name: "relay",
  type: "STREAM",
  scope: ["indicator"],
};

Deno.test("about and me answer the probe; errors keep status 200", async () => {
  const opencti = await startOpencti();
  const probe = "{ about { version } me { id capabilities { name } } }";
  const { data } = await gql(opencti, probe);
  assertEquals(data.about.version, "6.9.17");
  assertEquals(data.me.id, opencti.platform.user.id);
  const refused = await gql(opencti, probe, {}, "wrong");
  assertEquals(refused.errors[0].name, "AUTH_REQUIRED");
  assertEquals(refused.errors[0].extensions.code, "AUTH_REQUIRED");
  opencti.platform.user.capabilities = ["CONNECTORAPI"];
  const forbidden = await gql(opencti, '{ stixCoreObject(id: "x") { id } }');
  assertEquals(forbidden.errors[0].name, "FORBIDDEN_ACCESS");
  await opencti.stop();
});

Deno.test("aliases, __schema and unknown fields are refused", async () => {
  const opencti = await startOpencti();
  const code = async (query: string, variables = {}) =>
    (await gql(opencti, query, variables)).errors?.[0].extensions.code;
  assertEquals(await code("{ a: me { id } b: me { id } }"), undefined);
  assertEquals(
    await code("{ a: me { id } b: me { id } c: me { id } }"),
    "UNSUPPORTED_ERROR",
  );
  const ping = `pingConnector(id: "x") { id }`;
  assertEquals(
    await code(`mutation { a: ${ping} b: ${ping} }`),
    "UNSUPPORTED_ERROR",
  );
  assertEquals(
    await code("{ __schema { types { name } } }"),
    "FORBIDDEN_ACCESS",
  );
  assertEquals(await code("{ nothing }"), "GRAPHQL_VALIDATION_FAILED");
  assertEquals(await code("{ me {"), "GRAPHQL_PARSE_FAILED");
  assertEquals(await code(REGISTER, { input: {} }), "BAD_USER_INPUT");
  await opencti.stop();
});

for (
  const [version, has, lacks] of [
    ["6.3.0", "playbook_compatible", "listen_callback_uri"],
    ["6.6.0", "listen_callback_uri", "auto_update"],
    ["6.9.17", "enrichment_resolution", "slug"],
    ["7.260224.0", "slug", "nothing"],
  ]
) {
  Deno.test(`RegisterConnectorInput is that of ${version}`, async () => {
    const opencti = await startOpencti({ version: version! });
    const { data } = await gql(
      opencti,
      '{ __type(name: "RegisterConnectorInput") { inputFields { name } } }',
    );
    const names: string[] = data.__type.inputFields.map(
      (field: { name: string }) => field.name,
    );
    assert(names.includes(has!));
    assert(!names.includes(lacks!));
    const answer = await gql(opencti, REGISTER, {
      input: { ...INPUT, [lacks!]: "x" },
    });
    assertEquals(answer.errors[0].extensions.code, "BAD_USER_INPUT");
    await opencti.stop();
  });
}

Deno.test("a reset swallows the next ping and moves the timestamp", async () => {
  const opencti = await startOpencti({ now: () => AT });
  const { connectors } = opencti.platform;
  const unknown = await gql(opencti, PING, { id: CONNECTOR });
  assertEquals(unknown.errors[0].name, "FUNCTIONAL_ERROR");
  const first = await gql(opencti, REGISTER, { input: INPUT });
  assertEquals(first.data.registerConnector.connector_state, null);
  const ping = async (state: string) =>
    (await gql(opencti, PING, { id: CONNECTOR, state })).data.pingConnector;
  assertEquals(await ping("one"), {
    connector_state: "one",
    connector_state_timestamp: null,
  });
  const again = await gql(opencti, REGISTER, { input: INPUT });
  assertEquals(again.data.registerConnector.connector_state, "one");
  connectors.resetState(CONNECTOR);
  const renewed = await gql(opencti, REGISTER, { input: INPUT });
  assertEquals(renewed.data.registerConnector.connector_state, "");
  const stamp = new Date(AT).toISOString();
  assertEquals(await ping("two"), {
    connector_state: "",
    connector_state_timestamp: stamp,
  });
  assertEquals((await ping("three")).connector_state, "three");
  await opencti.stop();
});

Deno.test("streamCollection tells filters and whether it runs", async () => {
  const filters = JSON.stringify({
    mode: "and",
    filters: [{ key: ["entity_type"], values: ["Indicator"] }],
    filterGroups: [],
  });
  const opencti = await startOpencti({ filters });
  const read = async (id: string) =>
    (await gql(
      opencti,
      "query($id: String!) { streamCollection(id: $id) { id filters stream_live } }",
      { id },
    )).data.streamCollection;
  assertEquals(await read("missing"), null);
  opencti.platform.setLive(false);
  const { streamId: id } = opencti;
  assertEquals(await read(id), { id, filters, stream_live: false });
  await opencti.stop();
});

interface Vocabularies {
  pageInfo: { hasNextPage: boolean; endCursor: string };
  edges: { node: { name: string } }[];
}

Deno.test("vocabularies page, and adding twice is harmless", async () => {
  const opencti = await startOpencti();
  const query = `query($after: ID) {
    vocabularies(category: pattern_type_ov, first: 6, after: $after) {
      pageInfo { hasNextPage endCursor } edges { node { id name aliases } } } }`;
  const add = `mutation($input: VocabularyAddInput!) {
    vocabularyAdd(input: $input) { id name } }`;
  const input = { name: "kql", category: "pattern_type_ov" };
  const one = await gql(opencti, add, { input });
  const two = await gql(opencti, add, { input: { ...input, name: "KQL" } });
  assertEquals(one.data.vocabularyAdd.id, two.data.vocabularyAdd.id);
  const names: string[] = [];
  let after: string | null = null;
  for (;;) {
    const answer: { data: { vocabularies: Vocabularies } } = await gql(
      opencti,
      query,
      { after },
    );
    const { vocabularies } = answer.data;
    for (const { node } of vocabularies.edges) names.push(node.name);
    if (!vocabularies.pageInfo.hasNextPage) break;
    after = vocabularies.pageInfo.endCursor;
  }
  assertEquals(names.length, 11);
  assert(names.includes("kql"));
  await opencti.stop();
});

Deno.test("reads by any id: indicator, observables, relations, container", async () => {
  const opencti = await startOpencti({ now: () => AT });
  const { platform } = opencti;
  const author = entity("identity", "Organization", "author");
  const marking = entity("marking-definition", "Marking-Definition", "TLP", {
    definition_type: "TLP",
    definition: "TLP:GREEN",
  });
  const file = entity("file", "StixFile", "f", { hashes: { MD5: "00" } });
  const object = indicator("a.example", {
    created_by_ref: author.id,
    object_marking_refs: [marking.id],
    labels: ["x"],
    kill_chain_phases: [{ kill_chain_name: "k", phase_name: "p" }],
  });
  const relation = entity("relationship", "based-on", "r", {
    relationship_type: "based-on",
    source_ref: object.id,
    target_ref: file.id,
  });
  const report = entity("report", "Report", "r", {
    object_refs: [object.id, relation.id, file.id],
  });
  for (const each of [author, marking, file, object, relation, report]) {
    platform.apply({ at: AT, op: "create", object: each });
  }
  const { indicator: node } = (await gql(
    opencti,
    `query($id: String!) { indicator(id: $id) {
      standard_id x_opencti_score createdBy { name } objectLabel { value }
      objectMarking { definition } killChainPhases { phase_name }
      observables(first: 5) { edges { node { observable_value
        ... on StixFile { hashes { algorithm hash } } } } } } }`,
    { id: object.id },
  )).data;
  assertEquals(node.createdBy.name, "author");
  assertEquals(node.objectMarking[0].definition, "TLP:GREEN");
  assertEquals(node.objectLabel[0].value, "x");
  assertEquals(node.killChainPhases[0].phase_name, "p");
  assertEquals(node.observables.edges[0].node.hashes, [
    { algorithm: "MD5", hash: "00" },
  ]);
  const based = await gql(
    opencti,
    `query($id: [String]) { stixCoreRelationships(toId: $id,
      relationship_type: ["based-on"], fromTypes: ["Indicator"], first: 5) {
      pageInfo { globalCount } edges { node {
        from { ... on Indicator { standard_id pattern_type } } } } } }`,
    { id: [platform.objects.get(file.id)?.internalId] },
  );
  const [edge] = based.data.stixCoreRelationships.edges;
  assertEquals(edge.node.from.standard_id, object.id);
  const page = `query($id: String!, $after: ID) { container(id: $id) {
    objects(first: 2, after: $after) {
      pageInfo { hasNextPage endCursor globalCount }
      edges { node { ... on BasicObject { standard_id }
        ... on BasicRelationship { standard_id }
        ... on StixRelationship { toStix } } } } } }`;
  const first = (await gql(opencti, page, { id: report.id })).data.container;
  assertEquals(first.objects.pageInfo.globalCount, 3);
  assertEquals(JSON.parse(first.objects.edges[1].node.toStix).id, relation.id);
  const after = first.objects.pageInfo.endCursor;
  const second = (await gql(opencti, page, { id: report.id, after })).data;
  assertEquals(second.container.objects.edges[0].node.standard_id, file.id);
  const missing = await gql(opencti, '{ stixCoreObject(id: "no") { id } }');
  assertEquals(missing, { data: { stixCoreObject: null } });
  const named = await gql(
    opencti,
    "query($i: String!, $m: String!) { identity(id: $i) { name } markingDefinition(id: $m) { definition } }",
    { i: author.id, m: marking.id },
  );
  assertEquals(named.data, {
    identity: { name: "author" },
    markingDefinition: { definition: "TLP:GREEN" },
  });
  await opencti.stop();
});

Deno.test("stixCoreObjects answers which ids are still in the stream", async () => {
  const group = {
    mode: "and",
    filters: [{ key: ["pattern_type"], values: ["stix"], operator: "eq" }],
    filterGroups: [],
  };
  const opencti = await startOpencti({ filters: JSON.stringify(group) });
  const { platform } = opencti;
  const [a, b] = [indicator("a"), indicator("b", { pattern_type: "yara" })];
  for (const object of [a, b]) platform.apply({ at: AT, op: "create", object });
  const ids = [a, b].map((one) => platform.objects.get(one.id)?.internalId);
  const query = `query($f: FilterGroup) {
    stixCoreObjects(filters: $f, first: 100) { edges { node { id } } } }`;
  const f = {
    mode: "and",
    filters: [{ key: ["ids"], values: ids }],
    filterGroups: [group],
  };
  const { data } = await gql(opencti, query, { f });
  assertEquals(data.stixCoreObjects.edges, [{ node: { id: ids[0] } }]);
  const odd = { ...f, filters: [{ key: ["odd"], values: [1] }] };
  const answer = await gql(opencti, query, { f: odd });
  assertEquals(answer.errors[0].name, "UNSUPPORTED_ERROR");
  await opencti.stop();
});

const ADD_REFERENCE = `mutation($input: ExternalReferenceAddInput!) {
  externalReferenceAdd(input: $input) { id url } }`;
const LINK = `mutation($id: ID!, $input: StixRefRelationshipAddInput!) {
  stixDomainObjectEdit(id: $id) { relationAdd(input: $input) { id } } }`;
const UNLINK = `mutation($id: ID!, $toId: StixRef!) {
  stixDomainObjectEdit(id: $id) {
    relationDelete(toId: $toId, relationship_type: "external-reference") { id }
  } }`;

Deno.test("external references are shared, linked, echoed and unlinked", async () => {
  const opencti = await startOpencti({ now: () => AT });
  const { platform } = opencti;
  const report = entity("report", "Report", "r", { confidence: 80 });
  platform.apply({ at: AT, op: "create", object: report });
  const input = { source_name: "MISP", url: "https://misp.example/events/1" };
  const add = () => gql(opencti, ADD_REFERENCE, { input });
  const toId = (await add()).data.externalReferenceAdd.id;
  assertEquals((await add()).data.externalReferenceAdd.id, toId);
  await using reader = await SseReader.open(opencti);
  await reader.take(1);
  const link = { toId, relationship_type: "external-reference" };
  await gql(opencti, LINK, { id: report.id, input: link });
  await gql(opencti, LINK, { id: report.id, input: link });
  const [echo] = await reader.take(1);
  const payload = payloadOf(echo?.data ?? "");
  assertEquals(payload.type, "update");
  assertEquals(payload.origin.user_id, platform.user.id);
  assertEquals(payload.context?.patch, [{
    op: "add",
    path: "/external_references",
    value: [input],
  }]);
  assertEquals(platform.log.size, 2);
  platform.user.maxConfidence = 50;
  const refused = await gql(opencti, UNLINK, { id: report.id, toId });
  assertEquals(refused.errors[0].name, "FUNCTIONAL_ERROR");
  platform.user.maxConfidence = 100;
  const usage = await gql(
    opencti,
    `query($id: String!) { externalReference(id: $id) {
      references { edges { node { ... on BasicObject { id } } } } } }`,
    { id: toId },
  );
  assertEquals(usage.data.externalReference.references.edges.length, 1);
  await gql(opencti, UNLINK, { id: report.id, toId });
  const [gone] = await reader.take(1);
  assertEquals(
    payloadOf(gone?.data ?? "").data.external_references,
    undefined,
  );
  await gql(opencti, LINK, { id: report.id, input: link });
  const { data } = await gql(
    opencti,
    "mutation($id: ID!) { externalReferenceEdit(id: $id) { delete } }",
    { id: toId },
  );
  assertEquals(data.externalReferenceEdit.delete, toId);
  assertEquals(
    platform.objects.get(report.id)?.object.external_references,
    undefined,
  );
  const missing = await gql(opencti, LINK, { id: "no", input: link });
  assertEquals(missing.errors[0].name, "FUNCTIONAL_ERROR");
  await opencti.stop();
});

Deno.test("sightings within 30 days are folded into one", async () => {
  const opencti = await startOpencti({ now: () => AT });
  const object = indicator("a.example");
  opencti.platform.apply({ at: AT, op: "create", object });
  const system = await gql(
    opencti,
    "mutation($input: SystemAddInput!) { systemAdd(input: $input) { id name } }",
    { input: { name: "Example SIEM" } },
  );
  const found = await gql(
    opencti,
    `query($f: FilterGroup) { systems(first: 1, filters: $f) {
      edges { node { id name } } } }`,
    {
      f: {
        mode: "and",
        filters: [{ key: ["name"], values: ["Example SIEM"] }],
        filterGroups: [],
      },
    },
  );
  const toId = system.data.systemAdd.id;
  assertEquals(found.data.systems.edges[0].node.id, toId);
  const add = async (first: string, last: string, count: number) => {
    const { data, errors } = await gql(
      opencti,
      `mutation($input: StixSightingRelationshipAddInput!) {
        stixSightingRelationshipAdd(input: $input) {
          id first_seen last_seen attribute_count } }`,
      {
        input: {
          fromId: object.id,
          toId,
          attribute_count: count,
          first_seen: `2026-03-${first}T00:00:00.000Z`,
          last_seen: `2026-03-${last}T00:00:00.000Z`,
        },
      },
    );
    return data?.stixSightingRelationshipAdd ?? errors[0].name;
  };
  const one = await add("02", "03", 3);
  const two = await add("02", "04", 2);
  assertEquals([two.id, two.attribute_count], [one.id, 5]);
  assertMatch(two.last_seen, /^2026-03-04/);
  assertEquals((await add("02", "04", 2)).attribute_count, 2);
  assertEquals(await add("05", "04", 1), "DATABASE_ERROR");
  const { data } = await gql(
    opencti,
    `query($from: StixRef, $to: StixRef) { stixSightingRelationships(
      fromId: $from, toId: $to, first: 5, orderBy: last_seen, orderMode: desc) {
      edges { node { attribute_count x_opencti_negative } } } }`,
    { from: object.id, to: toId },
  );
  assertEquals(data.stixSightingRelationships.edges, [
    { node: { attribute_count: 2, x_opencti_negative: false } },
  ]);
  await opencti.stop();
});

Deno.test("GraphQL faults: LOCK_ERROR n times, lost answer, status", async () => {
  const opencti = await startOpencti();
  const { faults } = opencti;
  const me = "{ me { id } }";
  faults.graphql({ kind: "error", code: "LOCK_ERROR" }, {
    field: "me",
    times: 2,
  });
  assertEquals((await gql(opencti, "{ about { version } }")).errors, undefined);
  assertEquals((await gql(opencti, me)).errors[0].name, "LOCK_ERROR");
  assertEquals((await gql(opencti, me)).errors[0].name, "LOCK_ERROR");
  assertEquals((await gql(opencti, me)).errors, undefined);
  faults.graphql({ kind: "lost-answer" }, { field: "systemAdd" });
  const add = 'mutation { systemAdd(input: { name: "Example SIEM" }) { id } }';
  const lost = await gql(opencti, add).then(() => false, () => true);
  assert(lost);
  assertEquals(opencti.platform.objects.size, 1);
  faults.graphql({
    kind: "status",
    status: 429,
    headers: { "retry-after": "3" },
  });
  const limited = await fetch(`${opencti.url}/graphql`, {
    method: "POST",
    body: "{}",
  });
  await limited.body?.cancel();
  assertEquals(limited.status, 429);
  assertEquals(limited.headers.get("retry-after"), "3");
  assertEquals(faults.count(), 4);
  assertEquals(faults.pending, 0);
  await opencti.stop();
});

Deno.test("a client that dies in the middle of a request is no failure", async () => {
  const opencti = await startOpencti({ now: () => AT });
  const { hostname, port } = new URL(opencti.url);
  const socket = await Deno.connect({ hostname, port: Number(port) });
  await socket.write(new TextEncoder().encode(
    "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
  ));
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await opencti.stop();
});
