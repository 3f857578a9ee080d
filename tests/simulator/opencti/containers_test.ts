/** What the reading of whole containers, and the links to them, needs. */
import { assert, assertEquals } from "@std/assert";
import {
  type SimulatedOpencti,
  startOpencti,
} from "../../../src/simulator/opencti/mod.ts";
import type { StixObject } from "../../../src/stix/object.ts";
import { AT, entity, indicator, payloadOf } from "./objects.ts";
import { gql, SseReader } from "./sse_client.ts";

const PAGE = `query($id: String!, $first: Int, $after: ID, $types: [String]) {
  container(id: $id) {
    objects(first: $first, after: $after, types: $types) {
      pageInfo { hasNextPage endCursor globalCount }
      edges { node { ... on StixCoreObject { toStix }
        ... on StixRelationship { toStix } } } } } }`;
const ALL = PAGE.replace("after: $after,", "after: $after, all: true,");
const SIGHTINGS = `query S($filters: FilterGroup, $after: ID) {
  stixSightingRelationships(filters: $filters, first: 500, after: $after) {
    edges { node { id standard_id first_seen last_seen attribute_count
      x_opencti_negative toStix
      from { ... on BasicObject { id } ... on StixObject { standard_id } }
      to { ... on BasicObject { id } ... on StixObject { standard_id }
        ... on Identity { name } } } }
    pageInfo { hasNextPage endCursor } } }`;
const REFERENCES = `query($id: String!) { stixDomainObject(id: $id) {
  id entity_type externalReferences(first: 500) { edges { node {
    id source_name url external_id } } } } }`;
const ADD = `mutation A($input: ExternalReferenceAddInput!) {
  externalReferenceAdd(input: $input) { id standard_id } }`;
const LINK = `mutation B($id: ID!, $input: StixRefRelationshipAddInput!) {
  stixDomainObjectEdit(id: $id) { relationAdd(input: $input) { id } } }`;
const UNLINK =
  `mutation C($id: ID!, $toId: StixRef!, $relationship_type: String!) {
  stixDomainObjectEdit(id: $id) {
    relationDelete(toId: $toId, relationship_type: $relationship_type) { id } } }`;

/** Runs a test with a platform that holds these objects. */
async function withObjects(
  objects: readonly StixObject[],
  test: (opencti: SimulatedOpencti) => Promise<void>,
): Promise<void> {
  const opencti = await startOpencti({ now: () => AT });
  for (const object of objects) {
    opencti.platform.apply({ at: AT, op: "create", object });
  }
  try {
    await test(opencti);
  } finally {
    await opencti.stop();
  }
}

function report(contents: readonly StixObject[], confidence = 50): StixObject {
  return entity("report", "Report", "r", {
    confidence,
    object_refs: contents.map(({ id }) => id),
  });
}

/** STIX ids of a page's nodes. */
function stixIds(
  { edges }: { edges: { node: { toStix: string } }[] },
): string[] {
  return edges.map(({ node }) => JSON.parse(node.toStix).id);
}

Deno.test("container() gives 10,000 objects as STIX, in pages, each once", () => {
  const contents = Array.from(
    { length: 10_000 },
    (_, at) => indicator(`a${at}.example`),
  );
  const container = report(contents);
  return withObjects([...contents, container], async (opencti) => {
    const found: string[] = [];
    const sizes: number[] = [];
    let after: string | null = null;
    for (;;) {
      // deno-lint-ignore no-explicit-any
      const answer: any = await gql(opencti, PAGE, {
        id: container.id,
        first: 500,
        after,
      });
      const { pageInfo, edges } = answer.data.container.objects;
      assertEquals(pageInfo.globalCount, 10_000);
      found.push(...stixIds({ edges }));
      sizes.push(edges.length);
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    assertEquals(found, contents.map(({ id }) => id));
    // A full page promises a next one, and the last is empty here.
    assertEquals(sizes, [...Array(20).fill(500), 0]);
  });
});

Deno.test("container() with all: true ignores first and after; types choose", () => {
  const file = entity("file", "StixFile", "f");
  const contents = [indicator("a"), indicator("b"), file];
  const container = report(contents);
  return withObjects([...contents, container], async (opencti) => {
    const ask = async (query: string, variables: Record<string, unknown>) =>
      (await gql(opencti, query, { id: container.id, ...variables })).data
        .container.objects;
    const all = await ask(ALL, { first: 1, after: "nonsense" });
    assertEquals(stixIds(all), contents.map(({ id }) => id));
    assertEquals(all.pageInfo, {
      hasNextPage: false,
      endCursor: "",
      globalCount: 3,
    });
    const files = await ask(PAGE, { types: ["Stix-Cyber-Observable"] });
    assertEquals(stixIds(files), [file.id]);
  });
});

Deno.test("stixSightingRelationships answers the filter fromId for many ids at once", () => {
  const [a, b, c] = [indicator("a"), indicator("b"), indicator("c")];
  const soc = entity("identity", "Organization", "SOC");
  const sighting = (of: StixObject, name: string) =>
    entity("sighting", "stix-sighting-relationship", name, {
      sighting_of_ref: of.id,
      where_sighted_refs: [soc.id],
      first_seen: "2026-01-01T00:00:00.000Z",
      last_seen: "2026-01-02T00:00:00.000Z",
      count: 3,
    });
  const rows = [sighting(a, "1"), sighting(b, "2"), sighting(c, "3")];
  return withObjects([a, b, c, soc, ...rows], async (opencti) => {
    const internal = (object: StixObject) =>
      opencti.platform.objects.get(object.id)?.internalId;
    const ask = async (values: unknown[], key: unknown = "fromId") =>
      (await gql(opencti, SIGHTINGS, {
        filters: {
          mode: "and",
          filterGroups: [],
          filters: [{ key, values, operator: "eq", mode: "or" }],
        },
      })).data.stixSightingRelationships;
    const found = await ask([internal(a), internal(c), "unknown"]);
    assertEquals(
      stixIds(found).toSorted(),
      [rows[0]!.id, rows[2]!.id].toSorted(),
    );
    assertEquals(found.pageInfo.hasNextPage, false);
    const [{ node }] = found.edges;
    assertEquals([node.attribute_count, node.to.name], [3, "SOC"]);
    assertEquals(
      node.from.standard_id,
      JSON.parse(node.toStix).sighting_of_ref,
    );
    assertEquals(stixIds(await ask([internal(soc)], ["toId"])).length, 3);
    assertEquals(stixIds(await ask(["unknown"])), []);
  });
});

Deno.test("stix() reads any kind of object twice in a document, not three times", () => {
  const [a, b] = [indicator("a"), indicator("b")];
  const relation = entity("relationship", "related-to", "r", {
    relationship_type: "related-to",
    source_ref: a.id,
    target_ref: b.id,
  });
  return withObjects([a, b, relation], async (opencti) => {
    const { data } = await gql(
      opencti,
      `{ o0: stix(id: "${a.id}") o1: stix(id: "${relation.id}") }`,
    );
    assertEquals(
      [data.o0, data.o1].map((text) => JSON.parse(text).id),
      [a.id, relation.id],
    );
    const three = await gql(
      opencti,
      `{ a: stix(id: "x") b: stix(id: "x") c: stix(id: "x") }`,
    );
    assertEquals(three.errors[0].name, "UNSUPPORTED_ERROR");
    const none = await gql(opencti, `{ stix(id: "report--unknown") }`);
    assertEquals(none.data.stix, "");
  });
});

Deno.test("a link to a container is an upsert by url, and comes back as one update", () => {
  const container = report([]);
  return withObjects([container], async (opencti) => {
    await using reader = await SseReader.open(opencti);
    await reader.next(); // connected
    const id = opencti.platform.objects.get(container.id)!.internalId;
    const input = {
      source_name: "MISP",
      external_id: "e",
      url: "https://misp.example/events/view/1",
      description: "MISP Event: r",
      update: true,
    };
    const add = async () =>
      (await gql(opencti, ADD, { input })).data.externalReferenceAdd.id;
    const toId = await add();
    assertEquals(await add(), toId);
    const link = { toId, relationship_type: "external-reference" };
    const linked = await gql(opencti, LINK, { id, input: link });
    assert(linked.data.stixDomainObjectEdit.relationAdd.id);
    await gql(opencti, LINK, { id, input: link });
    const read = async () =>
      (await gql(opencti, REFERENCES, { id })).data.stixDomainObject
        .externalReferences.edges.map(
          ({ node }: { node: { external_id: string } }) => node.external_id,
        );
    assertEquals(await read(), ["e"]);
    await gql(opencti, UNLINK, { id, ...link });
    assertEquals(await read(), []);
    await gql(opencti, UNLINK, { id, ...link });
    const seen: number[] = [];
    for (const { event, data: text } of await reader.take(2)) {
      assertEquals(event, "update");
      const { data, origin } = payloadOf(text);
      assertEquals(origin.user_id, opencti.platform.user.id);
      const held = data.external_references;
      seen.push(Array.isArray(held) ? held.length : 0);
    }
    assertEquals(seen, [1, 0]);
  });
});

Deno.test("unlinking needs the container's confidence, linking does not; what is gone is null or an error", () => {
  const container = report([], 90);
  return withObjects([container], async (opencti) => {
    opencti.platform.user.maxConfidence = 50;
    const { id: toId } = (await gql(opencti, ADD, {
      input: { source_name: "MISP", url: "https://misp.example/1" },
    })).data.externalReferenceAdd;
    const link = { toId, relationship_type: "external-reference" };
    const linked = await gql(opencti, LINK, { id: container.id, input: link });
    assertEquals(linked.errors, undefined);
    const refused = await gql(opencti, UNLINK, { id: container.id, ...link });
    assertEquals(refused.errors[0].name, "FUNCTIONAL_ERROR");
    opencti.platform.user.maxConfidence = 90;
    const done = await gql(opencti, UNLINK, { id: container.id, ...link });
    assertEquals(done.errors, undefined);
    const gone = "11111111-1111-4111-8111-111111111111";
    const read = await gql(opencti, REFERENCES, { id: gone });
    assertEquals(read.data.stixDomainObject, null);
    const missing = await gql(opencti, LINK, { id: gone, input: link });
    assertEquals(missing.errors[0].name, "FUNCTIONAL_ERROR");
  });
});

Deno.test("a LOCK_ERROR and a lost answer can be planned for the link", () => {
  const container = report([]);
  return withObjects([container], async (opencti) => {
    const { id: toId } = (await gql(opencti, ADD, {
      input: { source_name: "MISP", url: "https://misp.example/1" },
    })).data.externalReferenceAdd;
    const variables = {
      id: container.id,
      input: { toId, relationship_type: "external-reference" },
    };
    const held = () =>
      opencti.platform.objects.get(container.id)?.object.external_references;
    opencti.faults.graphql({ kind: "error", code: "LOCK_ERROR" }, {
      field: "stixDomainObjectEdit",
    });
    const locked = await gql(opencti, LINK, variables);
    assertEquals(locked.errors[0].extensions.code, "LOCK_ERROR");
    assertEquals(held(), undefined);
    opencti.faults.graphql({ kind: "lost-answer" }, {
      field: "stixDomainObjectEdit",
    });
    const lost = await gql(opencti, LINK, variables).catch(() => "lost");
    assertEquals(lost, "lost");
    assertEquals(Array.isArray(held()), true);
  });
});
