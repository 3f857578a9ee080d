/** Finding the collection, making it, and taking over what it holds. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../../src/errors.ts";
import { startSekoia } from "../../../src/simulator/sekoia/mod.ts";
import { resourceUrl } from "../../../src/targets/sekoia/config.ts";
import { makeParked } from "../../../src/targets/sekoia/upkeep.ts";
import { TestServices } from "../services.ts";
import { sekoia } from "../../../src/targets/sekoia/mod.ts";
import {
  Bench,
  domains,
  event,
  idOf,
  indicator,
  OPENCTI,
  START,
} from "./bench.ts";

const NAMED = { ioc_collection_name: "OpenCTI production" };

Deno.test("resourceUrl() accepts every part of the address", () => {
  const full = "https://api.sekoia.io/v2/inthreat/ioc-collections";
  for (
    const given of [
      "https://api.sekoia.io",
      "https://api.sekoia.io/",
      "https://api.sekoia.io/v2/inthreat",
      `${full}/`,
    ]
  ) assertEquals(resourceUrl(given), full);
  assertEquals(
    resourceUrl("https://app.usa1.sekoia.io/api"),
    "https://app.usa1.sekoia.io/api/v2/inthreat/ioc-collections",
  );
});

Deno.test("a region's /api is kept before the path", async () => {
  await using bench = await Bench.start({ basePath: "/api" });
  await bench.deliver(event("create", indicator("a", domains("a.example"))));
  assertEquals(bench.values(), ["a.example"]);
});

Deno.test("the collection is found by its exact name", async () => {
  const server = await startSekoia({ now: () => START });
  for (let at = 0; at < 130; at++) {
    server.store.createCollection({ name: `OpenCTI production ${at}` });
  }
  await using bench = await Bench.start({ server, config: NAMED });
  await bench.deliver(event("create", indicator("a", domains("a.example"))));
  assertEquals(bench.values(), ["a.example"]);
  assertEquals(server.store.collections.size, 131);
  await server.stop();
});

Deno.test("a collection that is missing is a clear error", async () => {
  await using bench = await Bench.start({
    withCollection: false,
    config: NAMED,
  }, { prepare: false });
  const missing = async (config: Record<string, unknown>) => {
    const target = bench.restart(config);
    const error = await assertRejects(
      () => target.prepare(bench.signal),
      ConfigError,
    );
    const [first] = await target.check(bench.signal);
    assertEquals(first?.status, "failed");
    return error.message;
  };
  const ioc_collection_uuid = "6c0a3f0e-52a8-4a55-9a7e-0d6d3f1b7a11";
  const byId = await missing({
    ioc_collection_uuid,
    ioc_collection_name: undefined,
  });
  assert(byId.includes(`"ioc-collection--${ioc_collection_uuid}"`), byId);
  const byName = await missing({});
  assert(byName.includes("create_collection"), byName);
  assertEquals(bench.server.store.collections.size, 0);
});

Deno.test("a collection is made when asked for, once", async () => {
  const config = {
    ...NAMED,
    create_collection: true,
    collection_description: "Fed by OpenCTI",
    community_uuid: "9d2c0a55-3b0e-4f0e-8a0c-1f2e3d4c5b6a",
    available_for_sub_communities: "yes",
  };
  await using bench = await Bench.start({ withCollection: false, config });
  const [check] = await bench.target.check(bench.signal);
  assertEquals(check?.status, "ok");
  const [made] = bench.server.store.collections.values();
  assertEquals(
    [made?.name, made?.description, made?.availableForSubCommunities],
    ["OpenCTI production", "Fed by OpenCTI", true],
  );
  assert(bench.services.logged.some((line) => line.includes("through a rule")));
  await bench.restart().prepare(bench.signal);
  assertEquals(bench.server.store.collections.size, 1);
});

Deno.test("check() only says that a collection will be made", async () => {
  await using bench = await Bench.start({
    withCollection: false,
    config: { ...NAMED, create_collection: true },
  }, { prepare: false });
  const [check] = await bench.target.check(bench.signal);
  assertEquals(check?.detail, '"OpenCTI production" will be made');
  assertEquals(bench.server.store.collections.size, 0);
});

Deno.test("two that start together keep the older of two collections", async () => {
  const clock = { at: START };
  const server = await startSekoia({
    now: () => clock.at++,
    withCollection: false,
  });
  // The other one makes its own between our look and our creation.
  const create = server.store.createCollection.bind(server.store);
  let theirs = "";
  server.store.createCollection = (fields) => {
    server.store.createCollection = create;
    theirs = create(fields).id;
    return create(fields);
  };
  const config = { ...NAMED, create_collection: true };
  await using bench = await Bench.start({ server, clock, config });
  await bench.deliver(event("create", indicator("a", domains("a.example"))));
  assertEquals(server.active(theirs).map(({ value }) => value), ["a.example"]);
  assertEquals(server.store.collections.size, 2);
  await server.stop();
});

Deno.test("a collection that somebody deleted is made and filled anew", async () => {
  await using bench = await Bench.start({
    withCollection: false,
    config: { ...NAMED, create_collection: true },
  });
  const { store } = bench.server;
  const [first] = store.collections.keys();
  await bench.deliver(
    event("create", indicator("a", domains("a.example"))),
    event("create", indicator("b", domains("b.example", "c.example"))),
  );
  store.collections.clear();
  const late = event("create", indicator("d", domains("d.example")));
  await assertRejects(() => bench.deliver(late), ConfigError);
  await bench.restart().prepare(bench.signal);
  const [second] = store.collections.keys();
  assert(second !== undefined && second !== first);
  await makeParked(bench.target.upkeep, bench.signal);
  await bench.deliver(late);
  assertEquals(
    bench.server.active(second).map(({ value }) => value).sort(),
    ["a.example", "b.example", "c.example", "d.example"],
  );
});

Deno.test("what the older connector wrote is taken over by its link", async () => {
  await using bench = await Bench.start({
    config: { adopt_urls: "http://opencti:8080/" },
  }, { prepare: false });
  const { server } = bench;
  const link = (url: string, name: string) => ({
    description: `${url}/dashboard/observations/indicators/${idOf(name)}`,
    valid_from: "2026-02-01T00:00:00.000Z",
  });
  const add = (value: string, description: { description: string }) =>
    server.store.add(server.collection(), value, description);
  for (let at = 0; at < 250; at++) {
    add(`old${at}.example`, link(OPENCTI, "old"));
  }
  add("kept.example", link(OPENCTI, "a"));
  add("dropped.example", link("http://opencti:8080", "a"));
  const others = [
    add("other.example", link("https://other.example.org", "a")),
    add("evil.example", {
      description: `see ${OPENCTI}/dashboard/observations/indicators/x y`,
    }),
    add("suffix.example", link(`https://evil.example/${OPENCTI}`, "a")),
  ];
  await bench.target.prepare(bench.signal);
  const object = indicator("a", domains("kept.example", "new.example"));
  const calls = await bench.calls(event("create", object));
  // They concern three values, so that their order is nobody's concern.
  const starts = calls.map((call) => call.split(" ").slice(0, 2).join(" "));
  assertEquals(starts.sort(), [
    "DELETE dropped.example",
    'POST {"indicators":[{"value":"new.example"}],"default_fields":{"description":"a',
    "PUT kept.example",
  ]);
  await bench.deliver(event("delete", indicator("old", domains("x.example"))));
  assertEquals(
    bench.values().filter((value) => value.startsWith("old")),
    [],
  );
  assertEquals(others.map((one) => one?.revoked), [false, false, false]);
  // It is done once.
  server.requests.clear();
  await bench.restart().prepare(bench.signal);
  assertEquals(server.requests.count("GET", /indicators$/), 0);
});

Deno.test("a lost state is found again, and a replay makes no call", async () => {
  await using bench = await Bench.start();
  const events = [
    event("create", indicator("a", domains("a.example", "both.example"))),
    event("create", indicator("b", domains("b.example", "both.example"))),
  ];
  for (const one of events) await bench.deliver(one);
  await using fresh = await Bench.start({ server: bench.server });
  fresh.server.requests.clear();
  for (const one of events.slice(1)) await fresh.deliver(one);
  const [only] = events;
  assertEquals(fresh.requests(), []);
  await fresh.deliver(only!);
  await fresh.deliver(event("delete", events[1]!.object));
  assertEquals(fresh.values(), ["a.example", "both.example"]);
  await fresh.deliver(event("delete", events[0]!.object));
  assertEquals(fresh.values(), []);
});

Deno.test("an interrupted adoption goes on where it was", async () => {
  await using bench = await Bench.start({}, { prepare: false });
  const { server } = bench;
  for (let at = 0; at < 450; at++) {
    server.store.add(server.collection(), `old${at}.example`, {
      description: `${OPENCTI}/dashboard/observations/indicators/${idOf("a")}`,
    });
  }
  server.faults.next({ do: "status", status: 503 }, {
    method: "GET",
    path: /indicators$/,
    skip: 2,
  });
  await assertRejects(() => bench.target.prepare(bench.signal));
  server.requests.clear();
  await bench.restart().prepare(bench.signal);
  assertEquals(server.requests.count("GET", /indicators$/), 3);
  await bench.deliver(event("delete", indicator("a", domains("a.example"))));
  assertEquals(bench.values(), []);
});

Deno.test("doubles of one value are revoked together", async () => {
  await using bench = await Bench.start({
    settings: { duplicateMode: "new_id" },
  }, { prepare: false });
  const { server } = bench;
  for (let times = 3; times > 0; times--) {
    server.store.add(server.collection(), "a.example", {
      description: `${OPENCTI}/dashboard/observations/indicators/${idOf("a")}`,
    });
  }
  await bench.target.prepare(bench.signal);
  const object = indicator("a", domains("a.example"));
  await bench.deliver(event("create", object));
  assertEquals(bench.values().length, 3);
  await bench.deliver(event("delete", object));
  assertEquals(bench.values(), []);
});

Deno.test("two targets of one run may not fill one collection", async () => {
  const server = await startSekoia({ now: () => START });
  const services = await TestServices.open(() => START);
  const create = (name: string, ioc_collection_uuid = server.collectionId) =>
    sekoia.create(
      sekoia.config.parse({
        url: server.url,
        apikey: server.apiKey,
        ioc_collection_uuid,
        max_requests_per_second: 1000,
      }),
      { ...services.services, name },
    );
  const { signal } = new AbortController();
  await create("one").prepare(signal);
  await create("one").prepare(signal);
  const error = await assertRejects(
    () => create("two").prepare(signal),
    ConfigError,
  );
  assert(error.message.includes('"one"'), error.message);
  const other = server.store.createCollection({ name: "another" });
  await create("two", other.id).prepare(signal);
  await services.close();
  await server.stop();
});
