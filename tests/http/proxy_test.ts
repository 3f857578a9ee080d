import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConfigError, LoginError, TransientError } from "../../src/errors.ts";
import { createHttpClient } from "../../src/http/create_client.ts";
import { proxyFor } from "../../src/http/proxy.ts";
import { makeCertificate } from "./certificates.ts";
import { type Listening, serve, serveProxy, serveSocks } from "./servers.ts";

const names = ["localhost", "127.0.0.1"];
const authority = makeCertificate("Test authority", { isCa: true });
const signed = makeCertificate("localhost", { issuer: authority, names });
const noEnv = { readEnv: () => undefined };

/** A password that has to be percent-encoded, and its encoded form. */
const PASSWORD = "p@ss:w/rd";
const ENCODED = encodeURIComponent(PASSWORD);

async function hello(tls?: typeof signed): Promise<Listening> {
  return await serve((_request, answer) => void answer.end("hello"), tls);
}

for (const proxyTls of [undefined, signed]) {
  for (const tls of [{ ca: authority.cert }, { verify: false }]) {
    const scheme = proxyTls === undefined ? "http" : "https";
    const how = Object.keys(tls).join();
    Deno.test(`createHttpClient() tunnels through an ${scheme} proxy, ${how}`, async () => {
      const server = await hello(signed);
      const proxy = await serveProxy(`user:${PASSWORD}`, proxyTls);
      const client = createHttpClient({
        url: `https://localhost:${server.port}`,
        proxy: `${scheme}://user:${ENCODED}@localhost:${proxy.port}`,
        tls,
      }, noEnv);
      for (let round = 0; round < 3; round++) {
        const answer = await client.request({
          method: "POST",
          path: "/",
          body: "x",
        });
        assertEquals(answer.text, "hello");
      }
      assertEquals(proxy.asked, [`CONNECT localhost:${server.port}`]);
      client.close();
      await proxy.close();
      await server.close();
    });
  }
}

Deno.test("createHttpClient() forwards http through a proxy", async () => {
  const server = await hello();
  const proxy = await serveProxy(`user:${PASSWORD}`);
  const client = createHttpClient({
    url: `http://localhost:${server.port}`,
    proxy: `http://user:${ENCODED}@localhost:${proxy.port}`,
  }, noEnv);
  assertEquals((await client.request({ path: "/a" })).text, "hello");
  assertEquals(proxy.asked, [`GET http://localhost:${server.port}/a`]);
  client.close();
  await proxy.close();
  await server.close();
});

Deno.test("createHttpClient() speaks through a socks5 proxy", async () => {
  const server = await hello();
  const secure = await hello(signed);
  const proxy = await serveSocks("user", PASSWORD);
  const socks = `socks5://user:${ENCODED}@localhost:${proxy.port}`;
  for (
    const endpoint of [
      { url: `http://localhost:${server.port}`, proxy: socks },
      {
        url: `https://localhost:${secure.port}`,
        proxy: socks,
        tls: { ca: authority.cert },
      },
    ]
  ) {
    const client = createHttpClient(endpoint, noEnv);
    assertEquals((await client.request({ path: "/" })).text, "hello");
    client.close();
  }
  assertEquals(proxy.asked.length, 2);
  await proxy.close();
  await secure.close();
  await server.close();
});

Deno.test("createHttpClient() says that a proxy refuses the login", async () => {
  const proxy = await serveProxy("user:right");
  for (
    const endpoint of [
      { url: "http://tool.example/" },
      { url: "https://tool.example/" },
      { url: "https://tool.example/", tls: { verify: false } },
    ]
  ) {
    const client = createHttpClient({
      ...endpoint,
      proxy: `http://user:wr0ng@localhost:${proxy.port}`,
    }, noEnv);
    const error = await assertRejects(
      () => client.request({ path: "/" }),
      LoginError,
      "proxy refuses the login",
    );
    assert(!Deno.inspect(error).includes("wr0ng"));
    client.close();
  }
  await proxy.close();
});

Deno.test("createHttpClient() waits for a proxy in trouble", async () => {
  const proxy = await serveProxy("user:right");
  for (const tls of [{}, { verify: false }]) {
    const client = createHttpClient({
      url: "https://unreachable.example",
      proxy: `http://user:right@localhost:${proxy.port}`,
      tls,
    }, noEnv);
    await assertRejects(
      () => client.request({ path: "/" }),
      TransientError,
      "opens no tunnel",
    );
    client.close();
  }
  await proxy.close();
});

Deno.test("createHttpClient() takes the proxy of the environment", async () => {
  const server = await hello(signed);
  const proxy = await serveProxy("user:right");
  const variables: Record<string, string> = {
    https_proxy: `http://user:right@localhost:${proxy.port}`,
  };
  const readEnv = (name: string) => variables[name];
  const client = createHttpClient({
    url: `https://localhost:${server.port}`,
    tls: { verify: false },
  }, { readEnv });
  assertEquals((await client.request({ path: "/" })).text, "hello");
  assertEquals(proxy.asked.length, 1);
  client.close();
  await proxy.close();
  await server.close();
});

/** NO_PROXY, host, whether the host is reached without the proxy. */
const EXCEPTIONS: readonly [list: string, host: string, isExcepted: boolean][] =
  [
    ["", "tool.example", false],
    ["*", "tool.example", true],
    ["tool.example", "tool.example", true],
    ["TOOL.example", "tool.EXAMPLE", true],
    [".tool.example", "tool.example", true],
    ["tool.example", "api.tool.example", true],
    ["tool.example", "nottool.example", false],
    ["a.example, 192.0.2.0/24", "192.0.2.77", true],
    ["192.0.2.0/24", "198.51.100.1", false],
    ["192.0.2.1", "192.0.2.1", true],
    ["192.0.2.0/99", "192.0.2.1", false],
    ["2001:db8::/32", "[2001:db8::1]", true],
    ["2001:db8::/32", "[2001:db9::1]", false],
    ["192.0.2.0/24", "[2001:db8::1]", false],
    ["*", "192.0.2.1", true],
  ];

for (const [list, host, isExcepted] of EXCEPTIONS) {
  Deno.test(`proxyFor() with NO_PROXY "${list}" for ${host}`, () => {
    const readEnv = (name: string) => name === "NO_PROXY" ? list : undefined;
    const url = new URL(`https://${host}/`);
    const proxy = proxyFor(url, "http://proxy.example:3128", readEnv);
    assertEquals(proxy === undefined, isExcepted);
  });
}

Deno.test("proxyFor() prefers settings, then the scheme's variable", () => {
  const all: Record<string, string> = {
    HTTPS_PROXY: "http://b.example",
    http_proxy: "c.example:8080",
    ALL_PROXY: "socks5h://d.example:1080",
  };
  const hostOf = (url: string, configured?: string, leave: string[] = []) =>
    proxyFor(
      new URL(url),
      configured,
      (name) => leave.includes(name) ? undefined : all[name],
    )?.url.host;
  assertEquals(hostOf("https://x.example", "http://a.example"), "a.example");
  assertEquals(hostOf("https://x.example"), "b.example");
  assertEquals(hostOf("http://x.example"), "c.example:8080");
  assertEquals(
    hostOf("https://x.example", "", ["HTTPS_PROXY"]),
    "d.example:1080",
  );
});

Deno.test("proxyFor() takes credentials apart and hides them in errors", () => {
  const url = new URL("https://x.example");
  const proxy = proxyFor(url, "http://us%40er:100%@a.example", () => undefined);
  assertEquals(proxy?.username, "us@er");
  assertEquals(proxy?.password, "100%");
  assertEquals(proxy?.url.href, "http://a.example/");
  const error = assertThrows(
    () => proxyFor(url, "ldap://u:s3cret@a.example", () => undefined),
    ConfigError,
    "the proxy setting",
  );
  assert(!Deno.inspect(error).includes("s3cret"));
});
