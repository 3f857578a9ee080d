import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../src/errors.ts";
import type { TlsOptions } from "../../src/http/client.ts";
import { createHttpClient } from "../../src/http/create_client.ts";
import { transportKind } from "../../src/http/transport.ts";
import { makeCertificate } from "./certificates.ts";
import { serve } from "./servers.ts";

const names = ["localhost", "127.0.0.1"];
const authority = makeCertificate("Test authority", { isCa: true });
const other = makeCertificate("Other authority", { isCa: true });
const signed = makeCertificate("localhost", { issuer: authority, names });
const user = makeCertificate("relay", { issuer: authority });
const SERVERS = {
  signed,
  selfSigned: makeCertificate("localhost", { names }),
  selfSignedAuthority: makeCertificate("localhost", { isCa: true, names }),
  expired: makeCertificate("localhost", {
    issuer: authority,
    names,
    notBefore: new Date("2020-01-01T00:00:00Z"),
    notAfter: new Date("2021-01-01T00:00:00Z"),
  }),
  wrongHost: makeCertificate("other.example", {
    issuer: authority,
    names: ["other.example"],
  }),
  nameless: makeCertificate("localhost", { issuer: authority }),
};

/** Server, our TLS settings, what becomes of a request. */
const CASES: readonly [
  server: keyof typeof SERVERS,
  settings: string,
  tls: TlsOptions,
  result: "ok" | string,
][] = [
  ["signed", "no CA", {}, "set ca_cert to the CA that signed it"],
  ["signed", "its CA", { ca: authority.cert }, "ok"],
  ["signed", "two CAs", { ca: other.cert + authority.cert }, "ok"],
  [
    "signed",
    "another CA",
    { ca: other.cert },
    "set ca_cert to the CA that signed it",
  ],
  ["signed", "verify false", { verify: false }, "ok"],
  ["selfSigned", "no CA", {}, "set ca_cert"],
  ["selfSigned", "itself", { ca: SERVERS.selfSigned.cert }, "ok"],
  ["selfSigned", "verify false", { verify: false }, "ok"],
  ["selfSignedAuthority", "no CA", {}, "set ca_cert to it"],
  [
    "selfSignedAuthority",
    "itself",
    { ca: SERVERS.selfSignedAuthority.cert },
    "ok",
  ],
  ["selfSignedAuthority", "verify false", { verify: false }, "ok"],
  ["expired", "its CA", { ca: authority.cert }, "out of its time"],
  ["expired", "verify false", { verify: false }, "ok"],
  ["wrongHost", "its CA", { ca: authority.cert }, "for another host name"],
  ["wrongHost", "verify false", { verify: false }, "ok"],
  ["nameless", "its CA", { ca: authority.cert }, "ok"],
];

for (const [kind, settings, tls, result] of CASES) {
  for (const host of kind === "nameless" ? ["localhost"] : names) {
    Deno.test(`createHttpClient() with ${settings} meets ${kind} at ${host}`, async () => {
      const server = await serve(
        (_request, answer) => void answer.end("hello"),
        SERVERS[kind],
      );
      const client = createHttpClient({
        url: `https://${host}:${server.port}`,
        tls,
      }, { readEnv: () => undefined });
      const ask = () => client.request({ method: "POST", path: "/" });
      if (result === "ok") assertEquals((await ask()).text, "hello");
      else await assertRejects(ask, ConfigError, result);
      client.close();
      await server.close();
    });
  }
}

for (const tls of [{ ca: authority.cert }, { verify: false }]) {
  Deno.test(`createHttpClient() shows its client certificate, ${Object.keys(tls)}`, async () => {
    const server = await serve((request, answer) => {
      // deno-lint-ignore no-explicit-any
      answer.end((request.socket as any).getPeerCertificate().subject.CN);
    }, { ...signed, ca: authority.cert, requestCert: true });
    const url = `https://localhost:${server.port}`;
    const settings = { ...tls, cert: user.cert, key: user.key };
    const client = createHttpClient({ url, tls: settings }, {
      readEnv: () => undefined,
    });
    assertEquals((await client.request({ path: "/" })).text, "relay");
    client.close();
    const without = createHttpClient({ url, tls }, {
      readEnv: () => undefined,
    });
    await assertRejects(
      () => without.request({ path: "/" }),
      ConfigError,
      "set client certificate and key",
    );
    without.close();
    await server.close();
  });
}

Deno.test("createHttpClient() says when the port does not speak TLS", async () => {
  const server = await serve((_request, answer) => void answer.end("hello"));
  for (const tls of [{}, { verify: false }]) {
    const client = createHttpClient({
      url: `https://localhost:${server.port}`,
      tls,
    }, { readEnv: () => undefined });
    await assertRejects(
      () => client.request({ path: "/" }),
      ConfigError,
      "does not speak TLS",
    );
    client.close();
  }
  await server.close();
});

Deno.test("createHttpClient() limits the time of a connection", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = createHttpClient({
    url: `https://localhost:${(silent.addr as Deno.NetAddr).port}`,
    tls: { verify: false },
  }, { readEnv: () => undefined, connectTimeoutMs: 60 });
  const accepted = silent.accept();
  await assertRejects(
    () => client.request({ path: "/" }),
    Error,
    "no connection within 60 ms",
  );
  (await accepted).close();
  silent.close();
  client.close();
});

Deno.test("transportKind() leaves to fetch what it can do", () => {
  const plain = { verify: true, ca: false };
  assertEquals(
    transportKind("http:", { verify: false, ca: true }, "none"),
    "fetch",
  );
  assertEquals(transportKind("https:", plain, "socks"), "fetch");
  assertEquals(
    transportKind("https:", { verify: true, ca: true }, "http"),
    "node",
  );
  assertEquals(
    transportKind("https:", { verify: true, ca: true }, "socks"),
    "fetch",
  );
  assertEquals(
    transportKind("https:", { verify: false, ca: true }, "none"),
    "node",
  );
  assertEquals(
    transportKind("https:", { verify: false, ca: false }, "socks"),
    "refused",
  );
});
