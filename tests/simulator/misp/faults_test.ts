import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { EVENT, sampleEvent, withMisp } from "./client.ts";
import { until } from "../../until.ts";

const BODY = { Event: sampleEvent() };

// deno-fmt-ignore
const STATUSES: readonly [number, string, string][] = [
  [403, "application/json",         "Authentication failed"],
  [404, "application/json",         "Invalid event"],
  [405, "application/json",         "permission"],
  [413, "text/html", "413 Request Entity Too Large"],
  [429, "application/json",         "Rate limit exceeded."],
  [500, "application/json",         "An Internal Error Has Occurred."],
  [502, "text/html", "502 Bad Gateway"],
  [503, "text/html", "503 Service Unavailable"],
  [504, "text/html", "504 Gateway Time-out"],
];

Deno.test("a scripted status meets matching requests alone and applies nothing", () =>
  withMisp(async ({ post, get, faults, events }) => {
    for (const [status, type, text] of STATUSES) {
      const fault = faults.next({ do: "status", status }, {
        method: "POST",
        path: /events\/add$/,
      });
      assertEquals((await get("servers/getVersion")).status, 200);
      const answer = await post("events/add", BODY);
      assertEquals([answer.status, answer.headers.get("content-type")], [
        status,
        type,
      ]);
      assertStringIncludes(answer.text, text);
      assertEquals([fault.hits, events().length], [1, 0]);
    }
    assertEquals((await post("events/add", BODY)).status, 200);
  }));

Deno.test("faults count times and skips; a body and Retry-After can be given; remove and clear end them", () =>
  withMisp(async ({ get, faults, requests }) => {
    const seen: unknown[] = [];
    faults.next({ do: "status", status: 429, retryAfter: 7, body: "slow" }, {
      skip: 1,
      times: 2,
    });
    for (let turn = 0; turn < 4; turn += 1) {
      const { status, headers, text } = await get("servers/getVersion");
      seen.push([
        status,
        headers.get("retry-after"),
        status === 429 ? text : "",
      ]);
    }
    assertEquals(seen, [
      [200, null, ""],
      [429, "7", "slow"],
      [429, "7", "slow"],
      [200, null, ""],
    ]);
    const always = faults.next({ do: "status", status: 500 }, {
      times: Infinity,
    });
    assertEquals((await get("servers/getVersion")).status, 500);
    always.remove();
    faults.next({ do: "hang" });
    faults.clear();
    assertEquals((await get("servers/getVersion")).status, 200);
    assertEquals(requests.find("GET").map(({ status }) => status), [
      200,
      429,
      429,
      200,
      500,
      200,
    ]);
  }));

Deno.test("reset applies nothing; a lost and a cut answer come after the write was done", () =>
  withMisp(async ({ post, faults, events, event }) => {
    faults.next({ do: "reset" });
    await assertRejects(() => post("events/add", BODY), TypeError);
    assertEquals(events(), []);
    faults.next({ do: "lose-answer" });
    await assertRejects(() => post("events/add", BODY), TypeError);
    assertEquals(event(EVENT)?.info, "Phishing wave against banks");
    faults.next({ do: "cut-answer" });
    await assertRejects(
      () => post(`events/edit/${EVENT}`, { Event: { info: "cut" } }),
      TypeError,
    );
    assertEquals(event(EVENT)?.info, "cut");
    assertEquals((await post("events/add", BODY)).status, 404);
  }));

Deno.test("a hanging request is never answered and never applied; stop() ends it", () =>
  withMisp(async ({ post, faults, events, stop, requests }) => {
    faults.next({ do: "hang" });
    const hanging = assertRejects(() => post("events/add", BODY), TypeError);
    assertEquals(events(), []);
    await until(() => requests.count("POST") > 0);
    await stop();
    await hanging;
    assertEquals(events(), []);
  }));

Deno.test("a delayed answer is applied at once; the delay and latencyMs end with stop()", () =>
  withMisp(async ({ post, faults, event, stop, limits, requests }) => {
    faults.next({ do: "delay", ms: 1 });
    assertEquals((await post("events/add", BODY)).status, 200);
    limits.latencyMs = 600_000;
    const late = assertRejects(
      () => post(`events/edit/${EVENT}`, { Event: { info: "late" } }),
      TypeError,
    );
    await until(() => requests.count("POST", "edit") > 0);
    assertEquals(event(EVENT)?.info, "late");
    await stop();
    await late;
  }));

Deno.test("chaos strikes the same requests for the same seed, and is counted", async () => {
  const run = async (seed: number) => {
    const seen: string[] = [];
    await withMisp(async ({ post, faults, requests }) => {
      faults.chaos({ rate: 0.5, seed });
      for (let turn = 0; turn < 30; turn += 1) {
        const answer = await post("events/index", {}).catch(() => undefined);
        seen.push(String(answer?.status ?? "broken"));
      }
      // fetch() sends once more what a reused connection lost.
      const struck = requests.list.filter(({ fault }) => fault !== undefined);
      assertEquals(faults.chaosHits, struck.length);
      assert(struck.length > 5 && struck.length < 30);
      faults.chaos(undefined);
      assertEquals((await post("events/index", {})).status, 200);
    });
    return seen;
  };
  const [one, two, other] = [await run(1), await run(1), await run(2)];
  assertEquals(one, two);
  assert(one.join() !== other.join());
  assert(new Set(one).size > 3);
});

Deno.test("failNext fails the first requests; the log keeps bodies where asked", () =>
  withMisp(async ({ get, post, requests }) => {
    assertEquals((await get("servers/getVersion")).status, 503);
    assertEquals((await get("servers/getVersion")).status, 500);
    await post("events/add", BODY, { as: "user" });
    const last = requests.list.at(-1);
    assertEquals([last?.status, last?.path], [
      200,
      "/events/add",
    ]);
    assertEquals(JSON.parse(last?.body ?? ""), BODY);
    assertEquals(requests.list[0]?.fault, { do: "status", status: 503 });
    requests.clear();
    assertEquals(requests.count(), 0);
  }, { failNext: [503, 500], keepBodies: true }));
