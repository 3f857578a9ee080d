import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError, LoginError } from "../../../src/errors.ts";
import type { StoredIndicator } from "../../../src/simulator/sekoia/mod.ts";
import type { Outcome } from "../../../src/targets/target.ts";
import { Bench, domains, event, idOf, indicator, OPENCTI } from "./bench.ts";

const PHASE = {
  kill_chain_name: "mitre-attack",
  phase_name: "command-and-control",
};

/** What is revoked of others, or changed: nothing, ever. */
function untouched({ server }: Bench): boolean {
  return server.foreign.every(({ properties, revoked }) =>
    !revoked && properties.description === "set by an analyst"
  );
}

Deno.test("the worked example makes the calls that are written down", async () => {
  await using bench = await Bench.start({ config: { delete_mode: "purge" } });
  const object = indicator(
    "Emotet C2",
    "[ipv4-addr:value = '203.0.113.7'] OR [domain-name:value = 'Evil.Example']",
    {
      description: "Seen in spam wave 12",
      kill_chain_phases: [{ ...PHASE, extensions: {} }],
    },
  );
  const [post] = await bench.calls(event("create", object));
  assertEquals(JSON.parse(post?.slice("POST ".length) ?? ""), {
    indicators: [{ value: "203.0.113.7" }, { value: "evil.example" }],
    default_fields: {
      description: `Emotet C2 | Seen in spam wave 12 | ${OPENCTI}` +
        `/dashboard/observations/indicators/${idOf("Emotet C2")}`,
      valid_from: "2026-02-01T00:00:00.000Z",
      valid_until: "2026-05-01T00:00:00.000Z",
      kill_chain_phases: [PHASE],
    },
  });
  const changed = { ...object, pattern: domains("evil.example") };
  assertEquals(
    await bench.calls(event("update", changed)),
    ["DELETE 203.0.113.7"],
  );
  assertEquals(
    await bench.calls(event("delete", changed)),
    ["DELETE evil.example"],
  );
});

Deno.test("deliver() revokes exact values, however many look alike", async () => {
  await using bench = await Bench.start();
  const alike = Array.from({ length: 120 }, (_item, at) => `x${at}evil.com`);
  const hosts = domains("my-evil.com", ...alike);
  await bench.deliver(event("create", indicator("alike", hosts)));
  const traps = indicator(
    "traps",
    "[ipv4-addr:value IN ('1.2.3.4', '11.2.3.4', '1.2.3.45')] OR " +
      "[url:value = 'https://my-evil.com/x'] OR " +
      domains("very.my-evil.com"),
  );
  await bench.deliver(event("create", traps));
  const before = bench.values();
  const own = indicator(
    "own",
    domains("com.example") + " OR " +
      "[ipv4-addr:value = '2.3.4.5']",
  );
  await bench.deliver(event("create", own));
  await bench.deliver(event("delete", own));
  assertEquals(bench.values(), before);
  await bench.deliver(event("update", {
    ...traps,
    pattern: "[ipv4-addr:value = '11.2.3.4']",
  }));
  assertEquals(
    bench.values().filter((value) => !alike.includes(value)),
    ["11.2.3.4", "my-evil.com"],
  );
  // A state that is lost leaves the look-up, by text: 123 of them contain it.
  for await (const { key } of bench.state.list([])) bench.state.delete(key);
  await bench.restart().prepare(bench.signal);
  await bench.deliver(
    event("update", indicator("alike", domains("my-evil.com"))),
  );
  assertEquals(bench.values(), ["11.2.3.4", "my-evil.com"]);
  assert(untouched(bench));
});

Deno.test("deliver() sends 250 values of one pattern in three requests", async () => {
  await using bench = await Bench.start();
  const names = Array.from({ length: 250 }, (_item, at) => `d${at}.example`);
  const object = indicator("many", domains(...names));
  const calls = await bench.calls(event("create", object));
  assertEquals(calls.length, 3);
  assertEquals(bench.values().length, 250);
  await bench.deliver(event("delete", object));
  assertEquals(bench.values(), []);
});

Deno.test("deliver() joins indicators only where all their fields are equal", async () => {
  await using bench = await Bench.start();
  const apart = ["a", "b", "c"].map((name) =>
    event("create", indicator(name, domains(`${name}.example`)))
  );
  assertEquals((await bench.calls(...apart)).length, 3);
});

Deno.test("deliver() does nothing when the stream is replayed from zero", async () => {
  await using bench = await Bench.start();
  const a = indicator("a", domains("a.example", "both.example"));
  const b = indicator("b", domains("b.example", "both.example"));
  const events = [
    event("create", a),
    event("create", b),
    event("update", { ...a, pattern: domains("new.example") }),
    event("update", { ...b, revoked: true }),
    event("delete", a),
    event("create", indicator("c", domains("c.example"))),
  ];
  for (const one of events) await bench.deliver(one);
  await bench.restart().prepare(bench.signal);
  bench.server.requests.clear();
  for (const one of events) await bench.deliver(one);
  assertEquals(bench.requests(), []);
  assertEquals(bench.values(), ["c.example"]);
});

Deno.test("deliver() makes a new indicator of what comes back", async () => {
  await using bench = await Bench.start();
  const object = indicator("a", domains("a.example"));
  await bench.deliver(event("create", object));
  await bench.deliver(event("update", { ...object, revoked: true }));
  assertEquals(bench.values(), []);
  await bench.deliver(event("update", object));
  assertEquals(bench.values(), ["a.example"]);
  assertEquals(bench.server.ours().map(({ revoked }) => revoked), [
    true,
    false,
  ]);
  await bench.deliver(event("delete", object));
  assertEquals(bench.server.ours().length, 2);
  assertEquals(bench.values(), []);
});

Deno.test("deliver() skips what is revoked, expired or of another language", async () => {
  await using bench = await Bench.start();
  const reasons: (string | undefined)[] = [];
  const variants = [
    { revoked: true },
    { valid_until: "2026-02-01T08:00:00.000Z" },
    { pattern_type: "sigma", pattern: "title: x" },
    { type: "domain-name" },
  ];
  for (const [at, members] of variants.entries()) {
    const [outcome] = await bench.deliver(
      event("create", indicator(`i${at}`, domains("a.example"), members)),
    );
    reasons.push(outcome?.status === "skipped" ? outcome.reason : undefined);
  }
  assertEquals(reasons, [
    "it is revoked",
    "its valid_until has passed",
    "pattern type sigma has no place in Sekoia.io",
    "type domain-name has no place in Sekoia.io",
  ]);
  const object = indicator("a", domains("a.example"));
  await bench.deliver(event("create", object));
  const sigma = { ...object, pattern_type: "sigma", pattern: "title: x" };
  await bench.deliver(event("update", sigma));
  assertEquals(bench.revoked(), ["a.example"]);
});

Deno.test("deliver() never lets anything older undo a revocation", async () => {
  await using bench = await Bench.start();
  const object = indicator("a", domains("a.example"));
  const [first, second, third] = [
    event("create", object),
    event("update", { ...object, name: "A" }),
    event("delete", object),
  ];
  await bench.deliver(first);
  await bench.deliver(third);
  for (const old of [second, first]) {
    assertEquals(await bench.calls(old), []);
  }
  assertEquals(bench.values(), []);
});

Deno.test("deliver() leaves out phases where they are refused", async () => {
  await using bench = await Bench.start({ settings: { refusesPhases: true } });
  const object = indicator("a", domains("a.example"), {
    kill_chain_phases: [PHASE],
  });
  const created = event("create", object);
  assertEquals(await bench.deliver(created), [{ status: "delivered" }]);
  assertEquals(bench.values(), ["a.example"]);
  assertEquals(await bench.calls(created), []);
  const renamed = event("update", { ...object, name: "b" });
  assertEquals((await bench.calls(renamed)).length, 2);
  assertEquals(await bench.calls(renamed), []);
});

Deno.test("deliver() isolates the one value that is refused", async () => {
  await using bench = await Bench.start();
  const names = Array.from({ length: 60 }, (_item, at) => `d${at}.example`);
  bench.server.settings.refusedValues.add("d37.example");
  const object = indicator("many", domains(...names), {
    kill_chain_phases: [PHASE],
  });
  const created = event("create", object);
  const [outcome] = await bench.deliver(created);
  assertEquals(
    outcome,
    {
      status: "rejected",
      reason: "Sekoia.io refuses it: 400: indicators: Invalid value, " +
        "INTHREAT2400",
      httpStatus: 400,
    } satisfies Outcome,
  );
  assertEquals(bench.values().length, 59);
  // Tried again with the event: it may be taken by then.
  bench.server.settings.refusedValues.clear();
  const calls = await bench.calls(created);
  assertEquals(await bench.deliver(created), [{ status: "delivered" }]);
  assertEquals(calls.filter((call) => call.startsWith("POST")).length, 1);
  assertEquals(bench.values().length, 60);
});

Deno.test("deliver() understands a 413 as too much, and splits", async () => {
  await using bench = await Bench.start();
  bench.server.faults.next({ do: "status", status: 413 }, { method: "POST" });
  const names = Array.from({ length: 10 }, (_item, at) => `d${at}.example`);
  await bench.deliver(event("create", indicator("m", domains(...names))));
  assertEquals(bench.server.requests.count("POST"), 3);
  assertEquals(bench.values().length, 10);
});

Deno.test("deliver() looks a value up that is answered with 409", async () => {
  await using bench = await Bench.start();
  const object = indicator("a", domains("a.example"));
  bench.server.store.add(bench.server.collection(), "a.example", {
    description: `${OPENCTI}/dashboard/observations/indicators/${idOf("a")}`,
  });
  bench.server.faults.next({ do: "status", status: 409 }, { method: "POST" });
  await bench.deliver(event("create", object));
  assertEquals(bench.server.ours().length, 1);
  await bench.deliver(event("delete", object));
  assertEquals(bench.revoked(), ["a.example"]);
});

for (const duplicateMode of ["same_id", "new_id", "ignored"] as const) {
  Deno.test(`deliver() loses and doubles nothing with duplicates ${duplicateMode}`, async () => {
    await using bench = await Bench.start({ settings: { duplicateMode } });
    const a = indicator("a", domains("a.example"));
    const created = event("create", a);
    bench.server.faults.next({ do: "lose-answer" }, { method: "POST" });
    const [outcome] = await bench.deliver(created);
    assertEquals(outcome?.status, "retry");
    await bench.restart().prepare(bench.signal);
    assertEquals(await bench.deliver(created), [{ status: "delivered" }]);
    assertEquals(bench.server.ours().length, 1);
    await bench.deliver(event("delete", a));
    assertEquals(bench.values(), []);
  });
}

Deno.test("deliver() goes on without an indicator that somebody deleted there", async () => {
  await using bench = await Bench.start();
  const object = indicator("a", domains("a.example", "b.example"));
  await bench.deliver(event("create", object));
  const { indicators, active } = bench.server.collection();
  const [first, second] = bench.server.ours() as [
    StoredIndicator,
    StoredIndicator,
  ];
  for (const { id, value } of [first, second]) {
    indicators.delete(id);
    active.delete(value);
  }
  const renamed = { ...object, name: "A" };
  await bench.deliver(event("update", renamed));
  assertEquals(bench.values(), ["a.example", "b.example"]);
  for (const { id, value } of bench.server.ours()) {
    indicators.delete(id);
    active.delete(value);
  }
  assertEquals(
    await bench.deliver(event("delete", renamed)),
    [{ status: "delivered" }],
  );
});

Deno.test("deliver() never touches a value that an analyst has there", async () => {
  await using bench = await Bench.start();
  const object = indicator("a", domains("evil.com", "mine.example"));
  await bench.deliver(event("create", object));
  assert(untouched(bench));
  assertEquals(bench.values(), ["mine.example"]);
  await bench.deliver(event("delete", object));
  assert(untouched(bench));
  assertEquals(bench.revoked(), ["mine.example"]);
});

Deno.test("deliver() leaves a value that somebody added since it looked", async () => {
  await using bench = await Bench.start();
  const { server } = bench;
  const added = server.store.add(server.collection(), "late.example", {
    description: "mine",
  });
  bench.clock.at += 3_600_000;
  const object = indicator("a", domains("late.example"));
  await bench.deliver(event("create", object));
  await bench.deliver(event("delete", object));
  assertEquals(added?.revoked, false);
});

Deno.test("deliver() says what becomes of values that are ignored", async () => {
  await using bench = await Bench.start();
  const { store } = bench.server;
  const add = store.add.bind(store);
  store.add = (collection, value, properties) =>
    value === "odd.example" ? undefined : add(collection, value, properties);
  const odd = event("create", indicator("a", domains("odd.example")));
  assertEquals(await bench.deliver(odd), [{
    status: "skipped",
    reason: "Sekoia.io takes no such value",
  }]);
  assertEquals(await bench.calls(odd), []);
  const both = indicator("b", domains("odd.example", "fine.example"));
  assertEquals(
    await bench.deliver(event("create", both)),
    [{ status: "delivered" }],
  );
});

Deno.test("deliver() says that a revoked value cannot come back where it cannot", async () => {
  await using bench = await Bench.start({
    settings: { revokedMode: "unchanged" },
  });
  const object = indicator("a", domains("a.example"));
  await bench.deliver(event("create", object));
  await bench.deliver(event("update", { ...object, revoked: true }));
  assertEquals(await bench.deliver(event("update", object)), [{
    status: "skipped",
    reason: "Sekoia.io keeps the value revoked",
  }]);
  assertEquals(bench.values(), []);
});

Deno.test("deliver() waits after a 429, and needs no look-up after it", async () => {
  await using bench = await Bench.start();
  bench.server.faults.next({ do: "status", status: 429 }, { times: 2 });
  const created = event("create", indicator("a", domains("a.example")));
  const waits: number[] = [];
  for (let left = 2; left > 0; left--) {
    const [outcome] = await bench.deliver(created);
    assert(outcome?.status === "retry");
    waits.push(outcome.afterMs ?? 0);
  }
  assert((waits[0] ?? 0) >= 7500 && (waits[0] ?? 0) <= 10_000, `${waits}`);
  assert((waits[1] ?? 0) >= 15_000 && (waits[1] ?? 0) <= 20_000, `${waits}`);
  const calls = await bench.calls(created);
  assertEquals(calls.map((call) => call.slice(0, 4)), ["POST"]);
});

Deno.test("deliver() names the permission that is missing, and recovers", async () => {
  await using bench = await Bench.start();
  const { account } = bench.server;
  const created = event("create", indicator("a", domains("a.example")));
  account.canManage = false;
  const manage = await assertRejects(() => bench.deliver(created), LoginError);
  assert(manage.message.includes('"Manage IOC collections"'), manage.message);
  await assertRejects(
    () => bench.restart().prepare(bench.signal),
    LoginError,
    '"Manage IOC collections"',
  );
  account.canView = false;
  await assertRejects(
    () => bench.restart().prepare(bench.signal),
    LoginError,
    '"View IOC collections"',
  );
  account.canView = account.canManage = true;
  account.apiKey = "renewed";
  const expired = await assertRejects(
    () => bench.restart().prepare(bench.signal),
    LoginError,
  );
  assert(expired.message.includes("expired"), expired.message);
  await bench.restart({ apikey: "renewed" }).prepare(bench.signal);
  assertEquals(await bench.deliver(created), [{ status: "delivered" }]);
});

Deno.test("deliver() says that the collection is gone", async () => {
  await using bench = await Bench.start();
  bench.server.store.collections.delete(bench.server.collectionId);
  const created = event("create", indicator("a", domains("a.example")));
  const error = await assertRejects(() => bench.deliver(created), ConfigError);
  assert(error.message.includes("ioc_collection_uuid"), error.message);
  assert(!(error instanceof LoginError));
});

Deno.test("a 500 for a minute loses nothing", async () => {
  await using bench = await Bench.start();
  const fault = bench.server.faults.next(
    { do: "status", status: 500 },
    { times: Infinity },
  );
  const events = ["a", "b", "c"].map((name) =>
    event("create", indicator(name, domains(`${name}.example`)))
  );
  for (let seconds = 0; seconds < 60; seconds += 20) {
    const outcomes = await bench.deliver(...events);
    assert(outcomes.every(({ status }) => status === "retry"));
    bench.clock.at += 20_000;
  }
  fault.remove();
  await bench.deliver(...events);
  assertEquals(bench.values(), ["a.example", "b.example", "c.example"]);
  assertEquals(bench.server.ours().length, 3);
});

Deno.test("strict_patterns leaves out what would match more", async () => {
  const pattern = "[domain-name:value = 'a.example' AND " +
    "network-traffic:dst_port = 443] OR [domain-name:value = 'b.example']";
  await using lenient = await Bench.start();
  await lenient.deliver(event("create", indicator("a", pattern)));
  assertEquals(lenient.values(), ["a.example", "b.example"]);
  assert(
    lenient.services.logged.some((line) => line.startsWith("debug a value")),
  );
  await using strict = await Bench.start({ config: { strict_patterns: true } });
  await strict.deliver(event("create", indicator("a", pattern)));
  assertEquals(strict.values(), ["b.example"]);
});

Deno.test("a description keeps its link whatever the name is", async () => {
  await using bench = await Bench.start();
  const object = indicator("long", domains("a.example"));
  await bench.deliver(event("create", {
    ...object,
    name: "\u{1f480}".repeat(400),
    description: "x\u0000y\r\n".repeat(300),
  }));
  const [stored] = bench.server.active();
  const description = stored?.properties.description ?? "";
  assert(description.length <= 500);
  assert(
    description.endsWith(
      ` | ${OPENCTI}/dashboard/observations/indicators/${idOf("long")}`,
    ),
  );
  assertEquals(description.isWellFormed(), true);
});

Deno.test("requests keep to the pace that is set", async () => {
  await using bench = await Bench.start({
    config: { max_requests_per_second: 50 },
  });
  const events = Array.from(
    { length: 40 },
    (_item, at) =>
      event("create", indicator(`i${at}`, domains(`d${at}.example`))),
  );
  const from = performance.now();
  await bench.deliver(...events);
  // 40 requests, of which a pause before may have saved a quarter of a second.
  assert(performance.now() - from >= (40 / 50 - 0.25) * 1000 - 50);
});

Deno.test("an address that leads elsewhere is told at the start", async () => {
  await using bench = await Bench.start({}, { prepare: false });
  const { url } = bench.server;
  for (const wrong of [`${url}/api`, `${url}/v3`]) {
    const error = await assertRejects(
      () => bench.restart({ url: wrong }).prepare(bench.signal),
      ConfigError,
    );
    assert(error.message.includes('"url"'), error.message);
  }
  for (
    const right of [
      url,
      `${url}/v2/inthreat`,
      `${url}/v2/inthreat/ioc-collections`,
    ]
  ) await bench.restart({ url: right }).prepare(bench.signal);
});
