import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  cidr,
  domain,
  email,
  fileName,
  hashAlgorithmOf,
  hashOf,
  hostname,
  ip,
  ipv4,
  ipv6,
  mac,
  type Normalise,
  url,
} from "../../../src/targets/_ioc/values.ts";

type Row = readonly [given: string, expected: string | undefined];

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

const SHA1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";

// deno-fmt-ignore
const ROWS: readonly (readonly [Normalise, readonly Row[]])[] = [
  [ipv4, [
    ["203.0.113.7", "203.0.113.7"], [" 203.0.113.7 ", "203.0.113.7"], ["203.0.113.7/32", "203.0.113.7"],
    ["203.0.113.0/24", undefined], ["203.0.113.256", undefined], ["203.0.113", undefined],
    ["203.0.113.7\n", undefined], ["203.0.113.007", undefined], ["2001:db8::1", undefined],
    ["203.0.113.7:443", undefined], ["203.0.113.7/33", undefined], ["", undefined],
  ]],
  [ipv6, [
    ["2001:DB8::1", "2001:db8::1"], ["2001:0db8:0:0:0:0:0:1", "2001:db8::1"], ["2001:db8::1/128", "2001:db8::1"],
    ["2001:db8::/32", undefined], ["fe80::1%eth0", undefined], ["203.0.113.7", undefined], [":::", undefined],
  ]],
  [ip, [["203.0.113.7", "203.0.113.7"], ["::1", "::1"], ["evil.example", undefined]]],
  [cidr, [
    ["203.0.113.0/24", "203.0.113.0/24"], ["203.0.113.77/24", "203.0.113.0/24"], ["203.0.113.77/25", "203.0.113.0/25"],
    ["203.0.113.177/25", "203.0.113.128/25"], ["10.200.3.4/12", "10.192.0.0/12"], ["1.2.3.4/0", "0.0.0.0/0"],
    ["203.0.113.7", undefined], ["203.0.113.7/32", undefined], ["203.0.113.0/40", undefined],
    ["2001:DB8:ffff::1/32", "2001:db8::/32"], ["2001:db8:8f00::/34", "2001:db8:8000::/34"], ["::/0", "::/0"],
  ]],
  [domain, [
    ["Evil.Example.", "evil.example"], ["www.evil.example", "www.evil.example"], ["_dmarc.evil.example", "_dmarc.evil.example"],
    ["bücher.example", "xn--bcher-kva.example"], ["example", undefined], ["evil..example", undefined],
    ["-evil.example", undefined], ["*.evil.example", undefined], ["evil example.org", undefined],
    ["203.0.113.7", undefined], ["evil.example/x", undefined], ["evil.example\u0000", undefined],
    [`${"a".repeat(64)}.example`, undefined], [`${"a.".repeat(140)}example`, undefined], ["evil.example\r\n", undefined],
  ]],
  [hostname, [["HOST1", "host1"], ["host1.evil.example", "host1.evil.example"], ["host one", undefined], [".", undefined]]],
  [url, [
    ["https://Evil.example/A?b=1&c=2", "https://Evil.example/A?b=1&c=2"], ["ftp://evil.example/x", "ftp://evil.example/x"],
    ["evil.example/a", undefined], ["https://", undefined], ["https://evil.example/a b", undefined],
    ["https://evil.example/\n", undefined], ["javascript:alert(1)", undefined], ["http://[::1", undefined],
  ]],
  [email, [
    ["Bad@Evil.Example", "bad@evil.example"], ["bad@evil", undefined], ["a@b@evil.example", undefined],
    ["@evil.example", undefined], ["evil.example", undefined], ["bad one@evil.example", undefined],
  ]],
  [mac, [
    ["00:11:22:33:44:AA", "00:11:22:33:44:aa"], ["00-11-22-33-44-aa", "00:11:22:33:44:aa"],
    ["0011.2233.44aa", "00:11:22:33:44:aa"], ["0011223344aa", "00:11:22:33:44:aa"],
    ["00:11-22:33:44:aa", undefined], ["00:11:22:33:44", undefined], ["zz:11:22:33:44:55", undefined],
  ]],
  [hashOf("MD5"), [
    ["9E107D9D372BB6826BD81D3542A419D6", "9e107d9d372bb6826bd81d3542a419d6"], [SHA1, undefined],
    ["9e107d9d372bb6826bd81d3542a419dg", undefined],
  ]],
  [hashOf("SHA-1"), [[SHA1.toUpperCase(), SHA1], [`${SHA1}0`, undefined]]],
  [hashAlgorithmOf, [[SHA1, "SHA-1"], ["a".repeat(32), "MD5"], ["a".repeat(64), "SHA-256"], ["a".repeat(128), "SHA-512"], ["a".repeat(33), undefined]]],
  [fileName, [["invoice.exe", "invoice.exe"], ["C:\\x.exe", undefined], ["a/b", undefined], ["..", undefined]]],
];

for (const [normalise, rows] of ROWS) {
  for (const [given, expected] of rows) {
    const shown = JSON.stringify(given).slice(0, 40);
    const name = normalise.name === "" ? "hashOf()" : `${normalise.name}()`;
    Deno.test(`${name} makes ${expected?.slice(0, 40)} of ${shown}`, () => {
      assertEquals(normalise(given), expected);
    });
  }
}

Deno.test("every normaliser leaves what it made as it is", () => {
  const samples = ROWS.flatMap(([, rows]) => rows.map(([given]) => given));
  for (const [normalise] of ROWS) {
    if (normalise === hashAlgorithmOf) continue;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.constantFrom(...samples),
          fc.domain(),
          fc.webUrl(),
          fc.emailAddress(),
          fc.ipV4Extended(),
          fc.ipV6(),
          fc.string({ unit: "binary" }),
        ),
        (text) => {
          const once = normalise(text);
          if (once === undefined) return;
          assertEquals(normalise(once), once);
          assertEquals(CONTROL.test(once), false);
        },
      ),
      { numRuns: 200, seed: 3 },
    );
  }
});
