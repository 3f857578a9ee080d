/** What MISP refuses, and what becomes of the event. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError, LoginError } from "../../../src/errors.ts";
import type { StreamEvent } from "../../../src/opencti/event.ts";
import { internalId } from "../../../src/stix/object.ts";
import type { Outcome } from "../../../src/targets/target.ts";
import { domain, file, report, Stage } from "./stage.ts";

const C2 = domain("c2.example.net");
const CONTAINER = report("Phishing wave", [C2]);
const OPEN = { times: Infinity };

function thrown(message: string): string {
  return JSON.stringify({ name: message, message, url: "/events/add" });
}

/** What becomes of a container when a call is answered so. */
async function outcomeWith(
  fault: { status: number; body?: string; retryAfter?: number },
  path = "events/add",
): Promise<Outcome | Error | undefined> {
  await using stage = await Stage.start();
  stage.create(C2, CONTAINER);
  const events = await stage.events();
  stage.misp.faults.next({ do: "status", ...fault }, { path, ...OPEN });
  try {
    return (await stage.target.deliver(events, stage.signal)).at(-1);
  } catch (error) {
    return error as Error;
  }
}

// deno-fmt-ignore
const ROWS: readonly [status: number, message: string, becomes: string][] = [
  [403, "Event blocked by event blocklist.",                     "skipped"],
  [403, "Event blocked by organisation blocklist.",              "skipped"],
  [403, "Blocked by event block rules.",                         "skipped"],
  [403, "Could not add Event",                                   "rejected"],
  [405, "Event cannot be created as you are not a member of the creator organisation.", "rejected"],
  [403, "Authentication failed. Please make sure you pass the API key.", "LoginError"],
  [403, "Auth key is expired",                                   "LoginError"],
  [403, "It is not possible to use this Auth key from your IP address", "LoginError"],
  [403, "You do not have permission to use this functionality.", "LoginError"],
  [500, "An Internal Error Has Occurred.",                       "retry"],
  [503, "Maintenance",                                           "retry"],
];

for (const [status, message, becomes] of ROWS) {
  Deno.test(`events/add ${status} "${message.slice(0, 40)}" becomes ${becomes}`, async () => {
    const outcome = await outcomeWith({ status, body: thrown(message) });
    const found = outcome instanceof Error ? outcome.name : outcome?.status;
    assertEquals(found, becomes);
    if (outcome instanceof LoginError) return;
    assert(JSON.stringify(outcome).length > 30);
  });
}

Deno.test("a validation error is told in full, HTML entities decoded", async () => {
  const outcome = await outcomeWith({
    status: 403,
    body: JSON.stringify({
      saved: false,
      name: "Could not add Event",
      message: "Could not add &quot;Event&quot;",
      errors: { Event: { date: ["Expected date format: YYYY-MM-DD"] } },
    }),
  });
  assert(outcome !== undefined && "reason" in outcome);
  assertEquals(
    outcome.reason,
    `Cannot add event "${internalId(CONTAINER)}" to MISP: status is 403: ` +
      'Could not add "Event": {"Event":{"date":["Expected date format: ' +
      'YYYY-MM-DD"]}}',
  );
});

Deno.test("a 403 that is not MISP's pauses the target and says so", async () => {
  const error = await outcomeWith({ status: 403, body: "<h1>Forbidden</h1>" });
  assert(error instanceof LoginError);
  assert(error.message.includes("proxy or firewall"));
});

Deno.test("a login page in place of MISP is a wrong address", async () => {
  await using stage = await Stage.start();
  stage.misp.faults.next({ do: "status", status: 302 }, OPEN);
  const error = await assertRejects(() => stage.target.prepare(stage.signal));
  assert(error instanceof ConfigError, `${error}`);
});

for (const [body, what] of [["<h1>Not found</h1>", "a page"], ["{}", "JSON"]]) {
  Deno.test(`a server that is no MISP is a wrong address: ${what}`, async () => {
    await using stage = await Stage.start();
    const status = body === "{}" ? 200 : 404;
    stage.misp.faults.next({ do: "status", status, body: `${body}` }, OPEN);
    await assertRejects(() => stage.target.prepare(stage.signal), ConfigError);
  });
}

Deno.test("an edit that is older than the stored event is sent again", async () => {
  await using stage = await Stage.start();
  stage.create(C2, CONTAINER);
  await stage.settle();
  stage.misp.faults.next({
    do: "status",
    status: 403,
    body: JSON.stringify({
      saved: false,
      message: "Could not edit Event",
      errors: "Event could not be saved: Event in the request not newer than " +
        "the local copy.",
    }),
  }, { path: "events/edit" });
  stage.update(CONTAINER, { name: "Renamed" });
  await stage.settle();
  assertEquals(stage.event(CONTAINER)?.info, "Renamed");
});

Deno.test("an event that is deleted while it is changed is made anew", async () => {
  await using stage = await Stage.start();
  stage.create(C2, CONTAINER);
  await stage.settle();
  stage.misp.faults.next({
    do: "status",
    status: 404,
    body: thrown("Invalid event"),
  }, { path: "events/edit", times: 2 });
  stage.update(CONTAINER, { name: "Renamed" });
  const events = await stage.events();
  const [outcome] = await stage.target.deliver(events, stage.signal);
  assertEquals(outcome?.status, "retry");
  await stage.target.deliver(events, stage.signal);
  assertEquals(stage.event(CONTAINER)?.info, "Renamed");
});

Deno.test("413: the parts are halved until they fit", async () => {
  await using stage = await Stage.start();
  stage.misp.limits.maxBodyBytes = 6_000;
  const files = Array.from({ length: 40 }, (_none, at) => file(`f${at}`));
  const container = report("Large", files);
  stage.create(...files, container);
  await stage.settle();
  assertEquals(stage.event(container)?.objects.length, 40);
  assert(stage.misp.requests.list.some(({ status }) => status === 413));
});

Deno.test("413: an element that never fits is left out and told, the rest arrives", async () => {
  await using stage = await Stage.start();
  stage.misp.limits.maxBodyBytes = 6_000;
  const container = report("Long", [C2], { description: "x".repeat(9_000) });
  stage.create(C2, container);
  await stage.settle();
  assertEquals(
    stage.event(container)?.attributes.map(({ type }) => type),
    ["domain"],
  );
  assert(stage.services.logged.includes(
    "warn an element is too large for MISP and left out",
  ));
});

for (const status of [504, 500]) {
  Deno.test(`${status} at many elements: fewer at once succeed`, async () => {
    await using stage = await Stage.start();
    const files = Array.from({ length: 60 }, (_none, at) => file(`f${at}`));
    const container = report("Large", files);
    stage.create(...files, container);
    const events = await stage.events();
    // A MISP whose memory is enough for a third of it.
    const proxy = await failing(stage, status, (body) => body.length > 20_000);
    try {
      await stage.restart({ url: proxy.url });
      for (let turn = 0; turn < 6; turn++) {
        const outcomes = await stage.target.deliver(events, stage.signal);
        if (outcomes.at(-1)?.status === "delivered") break;
      }
    } finally {
      await proxy.stop();
    }
    assertEquals(stage.event(container)?.objects.length, 60);
  });
}

/** A gateway that answers so where it does not like a body. */
async function failing(
  stage: Stage,
  status: number,
  isBad: (body: string) => boolean,
) {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const body = await request.text();
      if (isBad(body)) return new Response("gateway", { status });
      const { pathname } = new URL(request.url);
      return await fetch(`${stage.misp.url}${pathname}`, {
        method: request.method,
        headers: request.headers,
        redirect: "manual",
        ...(body === "" ? {} : { body }),
      });
    },
  );
  await Promise.resolve();
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    stop: () => server.shutdown(),
  };
}

/** Delivers again as the pipeline does; gives the number of tries it took. */
async function deliverAgain(stage: Stage, events: readonly StreamEvent[]) {
  for (let turn = 1; turn <= 10; turn++) {
    const outcomes = await stage.target.deliver(events, stage.signal);
    if (outcomes.every(({ status }) => status !== "retry")) return turn;
  }
  return Infinity;
}

const LEFT_OUT =
  "warn MISP fails at one element of an event, which is left out";

Deno.test("500 at one element: it is found, told and left out, the rest arrives", async () => {
  await using stage = await Stage.start();
  const files = Array.from({ length: 60 }, (_none, at) => file(`f${at}`));
  const bad = domain("bad.example.net");
  const worse = file("worse");
  const { MD5 } = worse.hashes as Record<string, string>;
  const container = report("Large", [...files, bad, worse]);
  stage.create(...files, bad, worse, container);
  const events = await stage.events();
  const proxy = await failing(
    stage,
    500,
    (body) => body.includes("bad.example.net") || body.includes(`"${MD5}"`),
  );
  try {
    await stage.restart({ url: proxy.url });
    assert(await deliverAgain(stage, events) < 10);
    const event = stage.event(container);
    assertEquals(event?.attributes, []);
    assertEquals(event?.objects.length, 61);
    // Of its object the other attributes are there.
    const values = event?.objects.flatMap(({ attributes }) =>
      (attributes as { value: string }[]).map(({ value }) => value)
    );
    const hash = (worse.hashes as Record<string, string>)["SHA-256"];
    assertEquals(values?.includes(`${hash}`), true);
    assertEquals(values?.includes(`${MD5}`), false);
    const told = stage.services.logged.filter((line) => line === LEFT_OUT);
    assertEquals(told.length, 2);
    // Known by its mark: it is not sent at every change.
    stage.misp.requests.clear();
    await stage.settle();
    stage.update(container, { x_of_no_matter: 1 });
    await stage.settle();
    assertEquals(stage.writes(), []);
  } finally {
    await proxy.stop();
  }
});

Deno.test("500 at everything: nothing is left out, it is waited for", async () => {
  await using stage = await Stage.start();
  const files = Array.from({ length: 60 }, (_none, at) => file(`f${at}`));
  const container = report("Large", [...files, C2]);
  stage.create(...files, C2, container);
  const events = await stage.events();
  let isDown = true;
  const proxy = await failing(stage, 500, (body) => body !== "" && isDown);
  try {
    await stage.restart({ url: proxy.url });
    assertEquals(await deliverAgain(stage, events), Infinity);
    isDown = false;
    assertEquals(await deliverAgain(stage, events), 1);
  } finally {
    await proxy.stop();
  }
  assertEquals(stage.event(container)?.objects.length, 60);
  assertEquals(stage.event(container)?.attributes.length, 1);
  assertEquals(stage.services.logged.includes(LEFT_OUT), false);
});

Deno.test("413: an object's attribute that never fits is left out", async () => {
  await using stage = await Stage.start();
  const long = file("f".repeat(9_000));
  const container = report("Long", [long, C2]);
  stage.create(long, C2, container);
  const events = await stage.events();
  stage.misp.limits.maxBodyBytes = 6_000;
  assertEquals(await deliverAgain(stage, events), 1);
  const event = stage.event(container);
  assertEquals(event?.attributes.length, 1);
  assertEquals(event?.objects.length, 1);
});

Deno.test("what MISP drops in silence is told, and not sent again", async () => {
  await using stage = await Stage.start({
    misp: { importRegexp: /^c2\.example/ },
  });
  const other = domain("other.example.net");
  const container = report("Partly", [C2, other]);
  stage.create(C2, other, container);
  await stage.settle();
  assertEquals(
    stage.event(container)?.attributes.map(({ value }) => value),
    ["other.example.net"],
  );
  const told = stage.services.loggedWhole.filter((line) =>
    line.includes("MISP did not take an element")
  );
  assertEquals(told.length, 1);
  assert(told[0]?.includes("c2.example.net"));
  stage.misp.requests.clear();
  stage.update(container, { x_of_no_matter: 1 });
  await stage.settle();
  assertEquals(stage.writes(), []);
  // What differs now is sent; what is refused still is not.
  stage.update(container, { name: "Renamed" });
  await stage.settle();
  const bodies = stage.misp.requests.find("POST").map(({ body }) => body ?? "");
  assertEquals(bodies.map((body) => body.includes("c2.example.net")), [false]);
});
