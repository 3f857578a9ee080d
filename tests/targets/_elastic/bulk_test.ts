import { assert, assertEquals, assertRejects } from "@std/assert";
import { LoginError } from "../../../src/errors.ts";
import { createHttpClient } from "../../../src/http/create_client.ts";
import {
  type BulkOperation,
  sendOperations,
} from "../../../src/targets/_elastic/bulk.ts";
import { ElasticClient } from "../../../src/targets/_elastic/client.ts";

type Answer = (lines: string[], body: string) => Response | undefined;

interface Setting {
  readonly client: ElasticClient;
  /** Ids in each request, in the order of arrival. */
  readonly requests: string[][];
  /** Most requests that were under way at once. */
  readonly peak: () => number;
}

/** Runs against a server that accepts every item unless `answer` says no. */
async function withServer(
  answer: Answer,
  run: (setting: Setting) => Promise<void>,
): Promise<void> {
  const requests: string[][] = [];
  let open = 0;
  let peak = 0;
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      peak = Math.max(peak, ++open);
      const body = await request.text();
      const ids = [...body.matchAll(/"_id":"([^"]*)"/g)].map(([, id]) => id!);
      requests.push(ids);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
      return answer(ids, body) ?? Response.json({
        errors: false,
        items: ids.map((id) => ({ index: { _id: id, status: 201 } })),
      });
    },
  );
  const { port } = server.addr as Deno.NetAddr;
  const http = createHttpClient({ url: `http://127.0.0.1:${port}` });
  const client = new ElasticClient(http, { url: "url", login: "api_key" });
  try {
    await run({ client, requests, peak: () => peak });
  } finally {
    http.close();
    await server.shutdown();
  }
}

function operation(id: string, source: Record<string, unknown> = {}) {
  return {
    action: "index",
    index: "ti",
    id,
    version: 1,
    source,
  } satisfies BulkOperation;
}

const signal = new AbortController().signal;

Deno.test("sendOperations() writes the action lines Elasticsearch wants", () =>
  withServer((_ids, body) => {
    assertEquals(
      body,
      '{"index":{"_index":"ti","_id":"a","version":1772445600000000,' +
        '"version_type":"external_gte"}}\n{"x":1}\n' +
        '{"delete":{"_index":"ti","_id":"b"}}\n' +
        '{"create":{"_index":"ti","_id":"c","require_alias":true}}\n{}\n',
    );
    return undefined;
  }, async ({ client }) => {
    const verdicts = await sendOperations(client, [
      { ...operation("a", { x: 1 }), version: 1772445600000000 },
      { action: "delete", index: "ti", id: "b" },
      {
        action: "create",
        index: "ti",
        id: "c",
        requireAlias: true,
        source: {},
      },
    ], { maxItems: 10, signal });
    assertEquals(verdicts.map(({ status }) => status), [
      "done",
      "done",
      "done",
    ]);
  }));

Deno.test("sendOperations() keeps to items, bytes and three at a time", () =>
  withServer(() => undefined, async ({ client, requests, peak }) => {
    const many = Array.from({ length: 40 }, (_, at) => operation(`m${at}`));
    await sendOperations(client, many, { maxItems: 4, signal });
    assertEquals(requests.length, 10);
    assert(requests.every((ids) => ids.length === 4));
    assertEquals(requests.flat().sort(), many.map(({ id }) => id).sort());
    assertEquals(peak(), 3);

    requests.length = 0;
    const heavy = ["a", "b", "c"].map((id) =>
      operation(id, { x: "é".repeat(300) })
    );
    const options = { maxItems: 100, maxBytes: 1500, signal };
    await sendOperations(client, heavy, options);
    assertEquals(requests, [["a", "b"], ["c"]]);
  }));

Deno.test("sendOperations() halves a request that is too large", () =>
  withServer(
    (ids) => ids.length > 2 ? new Response(null, { status: 413 }) : undefined,
    async ({ client, requests }) => {
      const operations = ["a", "b", "c", "d", "e"].map((id) => operation(id));
      const verdicts = await sendOperations(client, operations, {
        maxItems: 10,
        signal,
      });
      assertEquals(verdicts.map(({ status }) => status), Array(5).fill("done"));
      assertEquals(requests.map((ids) => ids.join("")), [
        "abcde",
        "abc",
        "ab",
        "c",
        "de",
      ]);
    },
  ));

Deno.test("sendOperations() drops the raw copy of a single large document", () =>
  withServer(
    (_ids, body) =>
      body.length > 500 ? new Response(null, { status: 413 }) : undefined,
    async ({ client }) => {
      const verdicts = await sendOperations(client, [
        operation("a", { stix: "x".repeat(600) }),
        operation("b", { name: "x".repeat(600), stix: {} }),
        operation("c"),
      ], { maxItems: 10, signal });
      assertEquals(verdicts.map(({ status }) => status), [
        "done",
        "rejected",
        "done",
      ]);
      const [, refused] = verdicts;
      assertEquals(refused?.status === "rejected" && refused.httpStatus, 413);
    },
  ));

Deno.test("sendOperations() isolates what makes the whole bulk a 400", () =>
  withServer((_ids, body) =>
    body.includes("poison")
      ? Response.json({
        error: { type: "illegal_argument_exception", reason: "no such thing" },
        status: 400,
      }, { status: 400 })
      : undefined, async ({ client }) => {
    const operations = ["a", "b", "c", "d"].map((id) =>
      operation(id, { x: id === "c" ? "poison" : "fine" })
    );
    const verdicts = await sendOperations(client, operations, {
      maxItems: 10,
      signal,
    });
    assertEquals(verdicts[2], {
      status: "rejected",
      reason: "illegal_argument_exception: no such thing",
      httpStatus: 400,
    });
    assertEquals(
      verdicts.filter(({ status }) => status === "done").length,
      3,
    );
  }));

Deno.test("sendOperations() stops at 429 and says how long to wait", () => {
  let answered = 0;
  return withServer(
    () =>
      answered++ === 0 ? undefined : new Response("busy", {
        status: 429,
        headers: { "retry-after": "7" },
      }),
    async ({ client, requests }) => {
      const operations = Array.from(
        { length: 50 },
        (_, at) => operation(`${at}`),
      );
      const verdicts = await sendOperations(client, operations, {
        maxItems: 1,
        signal,
      });
      const done = verdicts.filter(({ status }) => status === "done");
      assertEquals(done.length, 1);
      const rest = verdicts.filter((verdict) => verdict.status === "retry");
      assertEquals(rest.length, 49);
      assert(rest.every(({ afterMs }) => afterMs === 7000));
      assert(requests.length <= 6, `${requests.length} requests`);
    },
  );
});

Deno.test("sendOperations() throws a refused login", () =>
  withServer(
    () => new Response("no", { status: 401 }),
    async ({ client }) => {
      const error = await assertRejects(
        () => sendOperations(client, [operation("a")], { maxItems: 1, signal }),
        LoginError,
      );
      assert(`${error}`.includes('"api_key"'));
    },
  ));

Deno.test("sendOperations() waits slowly where a right is missing", () =>
  withServer(() =>
    Response.json({
      error: { type: "security_exception", reason: "unauthorized" },
    }, { status: 403 }), async ({ client }) => {
    const [verdict] = await sendOperations(client, [operation("a")], {
      maxItems: 1,
      signal,
    });
    assertEquals(verdict, {
      status: "retry",
      reason: "security_exception: unauthorized",
      afterMs: 60_000,
      needs: "rights",
    });
  }));

Deno.test("sendOperations() takes a short answer for trouble", () =>
  withServer(
    () => Response.json({ errors: false, items: [] }),
    async ({ client }) => {
      const [verdict] = await sendOperations(client, [operation("a")], {
        maxItems: 1,
        signal,
      });
      assertEquals(verdict?.status, "retry");
    },
  ));
