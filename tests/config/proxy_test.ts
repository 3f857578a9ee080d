import { proxyFor } from "../../src/config/proxy.ts";
import { assertEquals } from "../assert.ts";

const HTTP = "http://plain.example:3128";
const HTTPS = "http://tls.example:3128";

// deno-fmt-ignore
const CASES: readonly [string, string[], string | undefined][] = [
  ["http://host.example", [], HTTP],
  ["https://host.example", [], HTTPS],
  ["https://host.example", ["*"], undefined],
  ["https://host.example", ["host.example"], undefined],
  ["https://a.host.example", ["host.example"], undefined],
  ["https://HOST.example.", [" Host.Example "], undefined],
  ["https://ahost.example", ["host.example"], HTTPS],
  ["https://a.host.example", [".host.example"], undefined],
  ["https://a.host.example", ["*.host.example"], undefined],
  ["https://host.example:9200", ["host.example:9200"], undefined],
  ["https://host.example:9201", ["host.example:9200"], HTTPS],
  ["https://host.example", ["host.example:443"], undefined],
  ["https://192.0.2.7", ["192.0.2.7"], undefined],
  ["https://192.0.2.7", ["192.0.2.0/24"], undefined],
  ["https://192.0.3.7", ["192.0.2.0/24"], HTTPS],
  ["https://[2001:db8::1]", ["2001:db8::/32"], undefined],
  ["https://[2001:db8::1]", ["[2001:db8:0::1]"], undefined],
  ["https://[2001:db8::1]:8443", ["[2001:db8::1]:8443"], undefined],
  ["https://[2001:db8::1]", ["192.0.2.0/24", "2001:db9::/32"], HTTPS],
  ["https://1.192.0.2.7.example", ["192.0.2.7"], HTTPS],
  ["https://host.example", ["", ".", "192.0.2.0/99", "a/b"], HTTPS],
  ["not a url", [], undefined],
];

for (const [url, noProxy, expected] of CASES) {
  Deno.test(`proxyFor() ${url} without ${JSON.stringify(noProxy)}`, () => {
    assertEquals(
      proxyFor({ http: HTTP, https: HTTPS, noProxy }, url),
      expected,
    );
  });
}

Deno.test("proxyFor() gives none where none is configured", () => {
  assertEquals(
    proxyFor({ https: HTTPS, noProxy: [] }, "http://host.example"),
    undefined,
  );
});
