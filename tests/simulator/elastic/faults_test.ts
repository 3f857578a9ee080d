import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { type Bench, type Json, withElastic } from "./client.ts";

const WRITE = [{ index: { _index: "ti", _id: "1" } }, { a: 1 }];

// deno-fmt-ignore
const STATUSES: readonly [number, string, string][] = [
  [401, "application/json", "security_exception"],
  [403, "application/json", "security_exception"],
  [408, "application/json", "timeout_exception"],
  [413, "application/json", ""],
  [429, "application/json", "es_rejected_execution_exception"],
  [500, "application/json", "null_pointer_exception"],
  [502, "text/html", "<title>502 Bad Gateway</title>"],
  [503, "application/json", "cluster_block_exception"],
  [504, "text/html", "<title>504 Gateway Time-out</title>"],
];

Deno.test("a scripted status meets the next matching request alone and applies nothing", () =>
  withElastic(async ({ bulk, es, faults, cluster }) => {
    for (const [status, type, text] of STATUSES) {
      const fault = faults.next({ do: "status", status }, {
        method: "POST",
        path: "_bulk",
      });
      assertEquals((await es("GET", "/")).status, 200);
      const answer = await bulk(WRITE);
      assertEquals(answer.status, status);
      assertEquals(answer.headers.get("content-type"), type);
      assertStringIncludes(answer.text, text);
      assertEquals([fault.hits, cluster.indices.size], [1, 0]);
    }
    assertEquals((await bulk(WRITE)).status, 200);
  }));

Deno.test("Retry-After comes as seconds or as a date; times and skip count", () =>
  withElastic(async ({ bulk, faults, requests }) => {
    const date = new Date(Date.UTC(2026, 2, 2, 10, 0, 30));
    faults.next({ do: "status", status: 429, retryAfter: 7 }, {
      skip: 1,
      times: 2,
    });
    faults.next({ do: "status", status: 503, retryAfter: date }, { skip: 1 });
    const seen: (string | number | null)[] = [];
    for (let at = 0; at < 5; at += 1) {
      const { status, headers } = await bulk(WRITE);
      seen.push(status, headers.get("retry-after"));
    }
    assertEquals(seen, [
      200,
      null,
      429,
      "7",
      429,
      "7",
      503,
      "Mon, 02 Mar 2026 10:00:30 GMT",
      200,
      null,
    ]);
    assertEquals(requests.count("POST", /_bulk$/), 5);
    assertEquals(requests.find("POST").map(({ status }) => status), [
      200,
      429,
      429,
      503,
      200,
    ]);
  }));

Deno.test("reset applies nothing; a lost answer and a cut answer come after the write", () =>
  withElastic(async ({ bulk, faults, cluster }) => {
    faults.next({ do: "reset" });
    const reset = await assertRejects(() => bulk(WRITE), TypeError);
    assertStringIncludes(reset.message, "fetch failed");
    assertEquals(cluster.indices.size, 0);
    faults.next({ do: "lose-answer" });
    await assertRejects(() => bulk(WRITE), TypeError);
    assertEquals(cluster.documents("ti").get("1")?.version, 1);
    faults.next({ do: "cut-answer" });
    const cut = await assertRejects(() => bulk(WRITE), TypeError);
    assertStringIncludes(cut.message, "body");
    assertEquals(cluster.documents("ti").get("1")?.version, 2);
    assertEquals((await bulk(WRITE)).status, 200);
  }));

Deno.test("a delayed answer comes late, a hung one never; stop() ends both", () =>
  withElastic(async ({ es, faults, url, apiKey }) => {
    faults.next({ do: "delay", ms: 60 });
    const started = performance.now();
    assertEquals((await es("GET", "/")).status, 200);
    assert(performance.now() - started >= 55);
    faults.next({ do: "hang" });
    const headers = { authorization: `ApiKey ${apiKey}` };
    const timeout = AbortSignal.timeout(60);
    await assertRejects(() => fetch(url, { headers, signal: timeout }));
    faults.next({ do: "delay", ms: 60_000 });
    fetch(url, { headers }).then(
      (response) => response.body?.cancel(),
      () => {},
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
  }));

// deno-fmt-ignore
const ITEM_CASES = [
  ["rejected", 429, "es_rejected_execution_exception"],
  ["unavailable", 503, "unavailable_shards_exception"],
  ["timeout", 503, "process_cluster_event_timeout_exception"],
  ["forbidden", 403, "security_exception"],
  ["flood-stage", 429, "cluster_block_exception"],
  ["flood-stage-old", 403, "cluster_block_exception"],
  ["parsing", 400, "document_parsing_exception"],
  ["strict", 400, "strict_dynamic_mapping_exception"],
  ["mapping-limit", 400, "illegal_argument_exception"],
  ["no-index", 404, "index_not_found_exception"],
] as const;

Deno.test("item faults meet the documents they name, among others that are written", () =>
  withElastic(async ({ bulk, faults, cluster }) => {
    for (const [error, status, type] of ITEM_CASES) {
      const fault = faults.items({
        where: ({ id }) => id === "bad",
        error,
        times: 1,
      });
      const send = () =>
        bulk([...WRITE, { index: { _index: "ti", _id: "bad" } }, {}, {
          delete: { _index: "ti", _id: "bad" },
        }]);
      const { body } = await send();
      assertEquals(body.errors, true);
      assertEquals(body.items[0].index.error, undefined);
      assertEquals(
        [body.items[1].index.status, body.items[1].index.error.type],
        [status, type],
      );
      assertEquals(fault.hits, 1);
      assertEquals((await send()).body.errors, false);
    }
    assertEquals([...cluster.documents("ti").keys()], ["1"]);
  }));

Deno.test("failure_store: the item looks well, the document is not there", () =>
  withElastic(async ({ es, bulk, faults, cluster }) => {
    await es("PUT", "/_data_stream/logs-x-default");
    for (const failureStore of ["used", "failed", "not_enabled"]) {
      faults.items({ where: () => true, failureStore, times: 1 });
      const { body } = await bulk([{
        create: { _index: "logs-x-default", _id: "1" },
      }, { "@timestamp": 1 }]);
      assertEquals([
        body.errors,
        body.items[0].create.status,
        body.items[0].create.failure_store,
      ], [false, 201, failureStore]);
      assertEquals(cluster.documents("logs-x-default").size, 0);
    }
  }, { version: "9.1.0" }));

Deno.test("chaos is the same for the same seed, and ends with clear()", () => {
  const run = async ({ es, faults }: Bench): Promise<string> => {
    faults.chaos({ rate: 0.5, seed: 42 });
    const seen: Json[] = [];
    for (let at = 0; at < 30; at += 1) {
      seen.push(
        await es("GET", "/").then(({ status }) => status, () => "broken"),
      );
    }
    faults.clear();
    for (let at = 0; at < 10; at += 1) {
      assertEquals((await es("GET", "/")).status, 200);
    }
    assert(faults.chaosHits > 5 && faults.chaosHits < 25);
    return seen.join(" ");
  };
  let first = "";
  return withElastic(async (bench) => void (first = await run(bench)))
    .then(() =>
      withElastic(async (bench) => assertEquals(await run(bench), first))
    );
});

Deno.test("faults tell the two servers apart", () =>
  withElastic(async ({ es, kb, faults }) => {
    faults.next({ do: "status", status: 503 }, { server: "kibana" });
    assertEquals((await es("GET", "/")).status, 200);
    const kibana = await kb("GET", "/api/status");
    assertEquals([kibana.status, kibana.text], [
      503,
      "Kibana server is not ready yet",
    ]);
  }));

Deno.test("requests keep method, path, count and items, bodies only if asked", () =>
  withElastic(async ({ bulk, requests }) => {
    await bulk([...WRITE, ...WRITE]);
    const { body: _body, ...seen } = requests.list[0] ?? {};
    assertEquals(seen, {
      server: "elasticsearch",
      method: "POST",
      path: "/_bulk",
      query: "",
      bytes: 88,
      status: 200,
      items: 2,
    });
    assertEquals(requests.items, 2);
  }));
