import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type http from "node:http";
import zlib from "node:zlib";
import {
  ConfigError,
  LoginError,
  RejectedError,
  TransientError,
} from "../../src/errors.ts";
import type { Endpoint, HttpClient } from "../../src/http/client.ts";
import {
  createHttpClient,
  type HttpClientOptions,
} from "../../src/http/create_client.ts";
import { makeCertificate } from "./certificates.ts";
import { type Listening, serve } from "./servers.ts";

const authority = makeCertificate("Test authority", { isCa: true });
const loopback = makeCertificate("localhost", {
  issuer: authority,
  names: ["localhost", "127.0.0.1"],
});

const withoutProxy: HttpClientOptions = { readEnv: () => undefined };

/** The same behaviour is asked of both transports. */
const TRANSPORTS: readonly {
  name: string;
  tls?: { cert: string; key: string };
  endpoint: Omit<Endpoint, "url">;
}[] = [
  { name: "fetch", endpoint: {} },
  {
    name: "node:https",
    tls: loopback,
    endpoint: { tls: { ca: authority.cert } },
  },
];

interface Given {
  readonly client: HttpClient;
  readonly server: Listening;
}

function eachTransport(
  behaviour: string,
  handler: http.RequestListener,
  test: (given: Given) => Promise<void>,
  more: { endpoint?: Partial<Endpoint>; options?: HttpClientOptions } = {},
): void {
  for (const { name, tls, endpoint } of TRANSPORTS) {
    Deno.test(`createHttpClient() over ${name} ${behaviour}`, async () => {
      const server = await serve(handler, tls);
      const scheme = tls === undefined ? "http" : "https";
      const client = createHttpClient({
        url: `${scheme}://localhost:${server.port}/base/`,
        ...endpoint,
        ...more.endpoint,
      }, { ...withoutProxy, ...more.options });
      try {
        await test({ client, server });
      } finally {
        client.close();
        await server.close();
      }
    });
  }
}

/** Answers with what was asked, as JSON. */
const echo: http.RequestListener = async (request, answer) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method, url, headers } = request;
  const body = new TextDecoder().decode(
    await new Blob(chunks as BlobPart[]).arrayBuffer(),
  );
  answer.setHeader("content-type", "application/json");
  answer.end(JSON.stringify({ method, url, headers, body }));
};

interface Echo {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

eachTransport(
  "joins path and query and sends the headers",
  echo,
  async ({ client }) => {
    const answer = await client.request({
      path: "/api/%C3%A9",
      query: { q: "a b&c", n: 1, no: undefined, yes: true },
      headers: { "x-both": "request", "x-one": "1" },
    });
    const { method, url, headers } = answer.json<Echo>();
    assertEquals(method, "GET");
    assertEquals(url, "/base/api/%C3%A9?q=a+b%26c&n=1&yes=true");
    assertEquals(headers["x-both"], "request");
    assertEquals(headers["x-one"], "1");
    assertEquals(headers["user-agent"], "opencti-relay");
    assertEquals(answer.status, 200);
  },
  { endpoint: { headers: { "X-Both": "endpoint" } } },
);

eachTransport("sends text, bytes and forms", echo, async ({ client }) => {
  const text = await client.request({
    method: "POST",
    path: "x",
    body: '{"é":1}',
  });
  assertEquals(text.json<Echo>().body, '{"é":1}');
  assertEquals(text.json<Echo>().headers["content-type"], "application/json");
  const bytes = await client.request({
    method: "PUT",
    path: "/x",
    body: new TextEncoder().encode("abc"),
    headers: { "content-type": "application/x-ndjson" },
  });
  assertEquals(bytes.json<Echo>().body, "abc");
  const form = new FormData();
  form.set("file", new File(["rule x {}"], "x.yara"));
  const sent = await client.request({ method: "POST", path: "/", body: form });
  assertMatch(
    sent.json<Echo>().headers["content-type"]!,
    /^multipart\/form-data; boundary=/,
  );
  assertMatch(sent.json<Echo>().body, /filename="x\.yara"[^]*rule x \{\}/);
  const head = await client.request({ method: "HEAD", path: "/" });
  assertEquals(head.text, "");
  const none = await client.request({ method: "POST", path: "/" });
  assertEquals(none.json<Echo>().headers["content-length"], "0");
});

eachTransport(
  "reuses one connection, also after errors",
  (request, answer) => {
    request.resume();
    answer.statusCode = request.url === "/base/bad" ? 400 : 200;
    answer.end("hello");
  },
  async ({ client, server }) => {
    for (let round = 0; round < 5; round++) {
      await client.request({ path: "/" });
      await client.request({ method: "POST", path: "/", body: "x" });
      await assertRejects(
        () => client.request({ path: "/bad" }),
        RejectedError,
      );
    }
    assertEquals(server.connections(), 1);
  },
);

eachTransport(
  "sends again when a kept connection turns out dead",
  (_request, answer) => {
    answer.setHeader("connection", "keep-alive");
    answer.end("hello", () => {
      setTimeout(() => answer.socket?.destroy(), 5);
    });
  },
  async ({ client }) => {
    for (let round = 0; round < 10; round++) {
      assertEquals((await client.request({ path: "/" })).text, "hello");
      await new Promise((done) => setTimeout(done, round));
    }
  },
);

// Not over node:https: there Deno 2.9 sends again and tells nobody.
Deno.test("createHttpClient() over fetch sends a POST once, whatever becomes of the connection", async () => {
  const seen: string[] = [];
  const server = await serve((request, answer) => {
    request.resume().on("end", () => {
      seen.push(request.method ?? "");
      if (request.method === "POST") answer.socket?.destroy();
      else answer.end("hello");
    });
  });
  const url = `http://localhost:${server.port}/`;
  const client = createHttpClient({ url }, withoutProxy);
  try {
    await client.request({ path: "/" });
    await assertRejects(
      () => client.request({ method: "POST", path: "/", body: "x" }),
      TransientError,
    );
    assertEquals(seen, ["GET", "POST"]);
  } finally {
    client.close();
    await server.close();
  }
});

eachTransport(
  "closes idle connections after a while",
  (_request, answer) => void answer.end("hello"),
  async ({ client, server }) => {
    await client.request({ path: "/" });
    await new Promise((done) => setTimeout(done, 250));
    await client.request({ path: "/" });
    assertEquals(server.connections(), 2);
  },
  { options: { idleMs: 50 } },
);

for (const coding of ["gzip", "br"] as const) {
  eachTransport(
    `decodes ${coding}`,
    (request, answer) => {
      assertMatch(request.headers["accept-encoding"]!, /\bgzip\b.*\bbr\b/);
      const encode = coding === "gzip"
        ? zlib.gzipSync
        : zlib.brotliCompressSync;
      answer.setHeader("content-encoding", coding);
      answer.end(encode(JSON.stringify({ name: "é".repeat(1000) })));
    },
    async ({ client }) => {
      const answer = await client.request({ path: "/" });
      assertEquals(answer.json(), { name: "é".repeat(1000) });
    },
  );
}

eachTransport(
  "counts the decoded bytes against maxBodyBytes",
  (_request, answer) => {
    answer.setHeader("content-encoding", "gzip");
    answer.end(zlib.gzipSync(new Uint8Array(5_000_000)));
  },
  async ({ client }) => {
    await assertRejects(
      () => client.request({ path: "/bomb", maxBodyBytes: 100_000 }),
      RejectedError,
      "the answer is larger than 100000 bytes",
    );
  },
);

eachTransport(
  "refuses a body that is too large, announced or not",
  (request, answer) => {
    if (request.url === "/base/known") {
      answer.setHeader("content-length", "2000000");
    }
    answer.write("x".repeat(1_000_000));
    answer.on("error", () => {});
  },
  async ({ client }) => {
    for (const path of ["/known", "/unknown"]) {
      await assertRejects(
        () => client.request({ path, maxBodyBytes: 1000 }),
        RejectedError,
        "larger than 1000 bytes",
      );
    }
  },
);

eachTransport(
  "makes one of our errors of every status",
  (request, answer) => {
    const status = Number(/\d+/.exec(request.url!));
    answer.setHeader("retry-after", "7");
    answer.setHeader("location", "https://login.example/path?token=t0psecret");
    answer.writeHead(status).end(
      JSON.stringify({ error: "no\u0007", key: request.headers["x-api-key"] }),
    );
  },
  async ({ client }) => {
    const ask = (status: number) => () =>
      client.request({ path: `/${status}`, query: { q: "hidden" } });
    for (const status of [408, 425, 429, 500, 502, 503, 504, 507, 522]) {
      const error = await assertRejects(ask(status), TransientError);
      assertEquals(error.status, status);
      assertEquals(error.retryAfterMs, 7000);
    }
    for (const status of [400, 404, 409, 413, 422, 501]) {
      const error = await assertRejects(ask(status), RejectedError);
      assertEquals(error.status, status);
      assertEquals(error.body, '{"error":"no\\u0007","key":"***"}');
      assertMatch(
        error.message,
        /^Cannot GET \/base\/4\d\d|501 at localhost:\d+: status is \d+: /,
      );
      assert(!/hidden|k3y-of-ours/.test(error.message));
    }
    for (const status of [401, 403, 407]) {
      const error = await assertRejects(ask(status), LoginError);
      assertEquals(error.status, status);
    }
    for (const status of [301, 302, 307]) {
      const error = await assertRejects(
        ask(status),
        ConfigError,
        '"https://login.example"',
      );
      assert(!error.message.includes("t0psecret"));
    }
    const expected = await client.request({ path: "/404", expect: [404] });
    assertEquals(expected.status, 404);
    assertEquals(expected.json(), { error: "no\u0007", key: "***" });
  },
  { endpoint: { headers: { "x-api-key": "k3y-of-ours" } } },
);

eachTransport(
  "takes a page in place of JSON for trouble on the way",
  (_request, answer) => {
    answer.setHeader("content-type", "text/html; charset=utf-8");
    answer.end("<html><head><title>Proxy login</title></head></html>");
  },
  async ({ client }) => {
    const answer = await client.request({ path: "/page" });
    const error = await assertRejects(
      () => Promise.resolve().then(() => answer.json()),
      TransientError,
      "expected JSON, the answer is text/html",
    );
    assertMatch(error.message, /page "Proxy login"/);
  },
);

eachTransport(
  "gives up after timeoutMs, before the headers and after them",
  (request, answer) => {
    if (request.url === "/base/body") answer.write("x");
  },
  async ({ client }) => {
    for (const path of ["/headers", "/body"]) {
      const start = performance.now();
      await assertRejects(
        () => client.request({ path, timeoutMs: 100 }),
        TransientError,
        "no complete answer within 100 ms",
      );
      assert(performance.now() - start < 2000);
    }
  },
);

eachTransport(
  "throws the caller's reason untouched",
  (request, answer) => {
    if (request.url === "/base/body") answer.write("x");
  },
  async ({ client }) => {
    const reason = { stop: "now" };
    const past = AbortSignal.abort(reason);
    assertEquals(
      await reasonOf(client.request({ path: "/", signal: past })),
      reason,
    );
    for (const path of ["/headers", "/body"]) {
      const controller = new AbortController();
      const { signal } = controller;
      setTimeout(() => controller.abort(reason), 50);
      const thrown = await reasonOf(client.request({ path, signal }));
      assert(thrown === reason);
    }
  },
);

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(() => "resolved", (reason) => reason);
}

eachTransport(
  "takes a cut connection for transient",
  (request, answer) => {
    if (request.url === "/base/early") return void answer.socket?.destroy();
    if (request.url === "/base/sized") answer.setHeader("content-length", "99");
    answer.write("part");
    setTimeout(() => answer.socket?.destroy(), 20);
  },
  async ({ client }) => {
    for (const path of ["/early", "/late", "/sized"]) {
      await assertRejects(
        () => client.request({ method: "POST", path }),
        TransientError,
        "the connection was cut",
      );
    }
    const stream = await client.stream({ path: "/late" });
    await assertRejects(
      () => Array.fromAsync(stream.body),
      TransientError,
      "the connection was cut",
    );
  },
);

eachTransport(
  "streams a body as it arrives, uncompressed and past timeoutMs",
  (request, answer) => {
    assertEquals(request.headers["accept-encoding"], "identity");
    let count = 0;
    const timer = setInterval(() => {
      answer.write(`data: ${count++}\n\n`);
      if (count === 4) answer.end();
    }, 40);
    answer.on("close", () => clearInterval(timer));
  },
  async ({ client }) => {
    const stream = await client.stream({ path: "/", timeoutMs: 100 });
    assertEquals(stream.status, 200);
    const text = await new Response(stream.body).text();
    assertEquals(text, "data: 0\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\n");
  },
);

eachTransport(
  "ends a stream when it is cancelled or aborted",
  (_request, answer) => void answer.write("data: 0\n\n"),
  async ({ client }) => {
    const first = await client.stream({ path: "/" });
    const reader = first.body.getReader();
    await reader.read();
    const pending = reader.read();
    await reader.cancel();
    assertEquals((await pending).done, true);

    const controller = new AbortController();
    const { signal } = controller;
    const second = await client.stream({ path: "/", signal });
    setTimeout(() => controller.abort("enough"), 30);
    assertEquals(await reasonOf(Array.fromAsync(second.body)), "enough");
  },
);

eachTransport(
  "makes our errors of a stream's status and silence",
  (request, answer) => {
    if (request.url === "/base/no") answer.writeHead(401).end("no such token");
  },
  async ({ client }) => {
    await assertRejects(() => client.stream({ path: "/no" }), LoginError);
    await assertRejects(
      () => client.stream({ path: "/silent", timeoutMs: 80 }),
      TransientError,
      "within 80 ms",
    );
  },
);

eachTransport(
  "refuses a path that leads elsewhere",
  echo,
  async ({ client, server }) => {
    const paths = [
      "/iocs/..",
      "/iocs/%2E%2e/x",
      "/./x",
      "/a\\b",
      "/a#b",
      "/a b",
      "/a\nb",
    ];
    for (const path of paths) {
      await assertRejects(
        () => client.request({ method: "DELETE", path }),
        RejectedError,
      );
    }
    assertEquals(server.connections(), 0);
    const odd = await client.request({ path: "//other.example/x..y?z=1" });
    assertEquals(odd.json<Echo>().url, "/base//other.example/x..y?z=1");
  },
);

Deno.test("createHttpClient() takes refused and unknown hosts for transient", async () => {
  const closed = await serve(() => {});
  await closed.close();
  for (const { endpoint, tls } of TRANSPORTS) {
    const scheme = tls === undefined ? "http" : "https";
    for (
      const [host, words] of [
        [`127.0.0.1:${closed.port}`, "the connection is refused"],
        ["nowhere.invalid", "the host name cannot be resolved"],
      ]
    ) {
      const client = createHttpClient({
        url: `${scheme}://user:pa55word@${host}`,
        ...endpoint,
      }, withoutProxy);
      const error = await assertRejects(
        () => client.request({ path: "/x", query: { key: "s3cret" } }),
        TransientError,
        words,
      );
      assert(!/pa55word|s3cret/.test(Deno.inspect(error)));
      client.close();
    }
  }
});

Deno.test("createHttpClient() sends the login that stands in the URL", async () => {
  const server = await serve(echo);
  const client = createHttpClient({
    url: `http://us%C3%A9r:p%40ss@localhost:${server.port}`,
  }, withoutProxy);
  const answer = await client.request({ path: "/" });
  const bytes = new TextEncoder().encode("usér:p@ss");
  assertEquals(
    answer.json<Echo>().headers["authorization"],
    `Basic ${btoa(String.fromCharCode(...bytes))}`,
  );
  client.close();
  await server.close();
});

Deno.test("createHttpClient() refuses settings without showing them", async () => {
  const wrong: Endpoint[] = [
    { url: "tool.example/s3cret" },
    { url: "ftp://a:s3cret@tool.example" },
    { url: "https://a.example", proxy: "ftp://a:s3cret@b.example" },
    { url: "https://a.example", proxy: "http://a:s3cret@:99999" },
    { url: "https://a.example", headers: { authorization: "s3cret\nx" } },
    { url: "https://a.example", tls: { ca: "s3cret" } },
    { url: "https://a.example", tls: { cert: loopback.cert } },
    { url: "https://a.example", tls: { cert: "s3cret", key: "s3cret" } },
    {
      url: "https://a.example",
      tls: { cert: loopback.cert, key: "s3cret" },
    },
    {
      url: "https://a.example",
      tls: { cert: loopback.cert, key: authority.key },
    },
    {
      url: "https://a.example",
      tls: { verify: false },
      proxy: "socks5://a:s3cret@b.example",
    },
  ];
  for (const endpoint of wrong) {
    const error = await assertRejects(
      () =>
        Promise.resolve().then(() => createHttpClient(endpoint, withoutProxy)),
      ConfigError,
    );
    assert(!Deno.inspect(error).includes("s3cret"));
  }
});
