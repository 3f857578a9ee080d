import { assert, assertEquals } from "@std/assert";
import {
  type IocRules,
  iocsOfPattern,
} from "../../../src/targets/_ioc/pattern_iocs.ts";
import { domain, hashOf, ipv4 } from "../../../src/targets/_ioc/values.ts";

const RULES: IocRules<string> = {
  strict: false,
  rows: new Map([
    ["ipv4-addr:value", ["ip", ipv4]],
    ["network-traffic:dst_ref", ["ip", ipv4]],
    ["domain-name:value", ["domain", domain]],
    ["file:hashes.MD5", ["md5", hashOf("MD5")]],
    ["file:hashes.SHA-1", ["sha1", hashOf("SHA-1")]],
  ]),
};
const MD5 = "9e107d9d372bb6826bd81d3542a419d6";
const MD5_B = "a".repeat(32);
const SHA1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";
const WIDE = "the pattern asks for more at the same time";

/** Each set as "type value+type value". */
function setsOf(pattern: string, strict = false): string[] {
  const { problem, sets } = iocsOfPattern(pattern, { ...RULES, strict });
  assertEquals(problem, undefined);
  return sets.map((set) =>
    set.map(({ type, value }) => `${type} ${value}`).join("+")
  );
}

// deno-fmt-ignore
const CASES: readonly (readonly [pattern: string, sets: readonly string[], strict: readonly string[]])[] = [
  ["[ipv4-addr:value = '203.0.113.7']", ["ip 203.0.113.7"], ["ip 203.0.113.7"]],
  ["[ipv4-addr:value = '203.0.113.7'] OR [domain-name:value = 'Evil.Example']",
    ["ip 203.0.113.7", "domain evil.example"], ["ip 203.0.113.7", "domain evil.example"]],
  ["[ipv4-addr:value = '203.0.113.7' OR domain-name:value = 'evil.example']",
    ["ip 203.0.113.7", "domain evil.example"], ["ip 203.0.113.7", "domain evil.example"]],
  ["[ipv4-addr:value IN ('203.0.113.7', '203.0.113.8', '203.0.113.7')]",
    ["ip 203.0.113.7", "ip 203.0.113.8"], ["ip 203.0.113.7", "ip 203.0.113.8"]],
  ["[ipv4-addr:value = '203.0.113.7'] AND [domain-name:value = 'evil.example']",
    ["ip 203.0.113.7", "domain evil.example"], ["ip 203.0.113.7", "domain evil.example"]],
  ["[ipv4-addr:value = '203.0.113.7'] FOLLOWEDBY [domain-name:value = 'evil.example'] WITHIN 5 SECONDS",
    ["ip 203.0.113.7", "domain evil.example"], ["ip 203.0.113.7", "domain evil.example"]],
  ["[ipv4-addr:value != '203.0.113.7']", [], []],
  ["[ipv4-addr:value NOT = '203.0.113.7']", [], []],
  ["[ipv4-addr:value NOT != '203.0.113.7']", ["ip 203.0.113.7"], ["ip 203.0.113.7"]],
  ["[domain-name:value LIKE '%evil.example']", [], []],
  ["[domain-name:value MATCHES 'evil.example']", [], []],
  ["[ipv4-addr:value ISSUBSET '203.0.113.0/24']", [], []],
  ["[ipv4-addr:value NOT IN ('203.0.113.7')]", [], []],
  [`[file:hashes.MD5 = '${MD5}' AND file:hashes.'SHA-1' = '${SHA1}' AND file:name = 'a.exe']`,
    [`md5 ${MD5}+sha1 ${SHA1}`], [`md5 ${MD5}+sha1 ${SHA1}`]],
  [`[file:hashes."md5" = '${MD5.toUpperCase()}' AND file:size = 7]`, [`md5 ${MD5}`], [`md5 ${MD5}`]],
  [`[file:name = 'a.exe' AND (file:hashes.MD5 = '${MD5}' OR file:hashes.MD5 = '${MD5_B}')]`,
    [`md5 ${MD5}`, `md5 ${MD5_B}`], [`md5 ${MD5}`, `md5 ${MD5_B}`]],
  [`[file:hashes.MD5 = '${MD5}' AND file:hashes.MD5 = '${MD5_B}']`, [`md5 ${MD5}`, `md5 ${MD5_B}`], []],
  [`[file:hashes.MD5 = '${MD5}' AND file:name MATCHES 'x']`, [`md5 ${MD5}`], []],
  ["[network-traffic:dst_ref.value = '203.0.113.7' AND network-traffic:dst_port = 443]", ["ip 203.0.113.7"], []],
  ["[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '203.0.113.7']",
    ["ip 203.0.113.7"], ["ip 203.0.113.7"]],
  ["[domain-name:value = 'evil.example' AND ipv4-addr:value = '203.0.113.7']",
    ["domain evil.example", "ip 203.0.113.7"], []],
  ["[ipv4-addr:value = '203.0.113.7' AND domain-name:value != 'good.example']", ["ip 203.0.113.7"], []],
  ["[x509-certificate:hashes.MD5 = '9e107d9d372bb6826bd81d3542a419d6']", [], []],
  ["[email-message:subject = 'evil@evil.example']", [], []],
  ["[domain-name:resolves_to_refs[*].value = '203.0.113.7']", [], []],
  ["[file:name = 'update.zip']", [], []],
  ["[domain-name:value = 'evil\\'s.example']", [], []],
];

for (const [pattern, sets, strict] of CASES) {
  Deno.test(`iocsOfPattern() reads ${pattern}`, () => {
    assertEquals(setsOf(pattern), sets);
    assertEquals(setsOf(pattern, true), strict);
  });
}

Deno.test("iocsOfPattern() says what is left out and why", () => {
  const pattern = "[ipv4-addr:value = 'x' OR file:name = 'a' OR " +
    "url:value LIKE '%a'] OR [domain-name:value = 'evil.example' AND " +
    "network-traffic:dst_port = 443]";
  assertEquals(iocsOfPattern(pattern, RULES).left, [
    { what: "ipv4-addr:value", why: "not a value that the tool takes as ip" },
    { what: "file:name", why: "the tool has no type for it" },
    { what: "url:value LIKE", why: "only = and IN name a value" },
    { what: "network-traffic:dst_port", why: "the tool has no type for it" },
  ]);
  assertEquals(iocsOfPattern(pattern, RULES).widened, ["domain-name:value"]);
  const strict = iocsOfPattern(pattern, { ...RULES, strict: true });
  assertEquals(strict.widened, []);
  assertEquals(strict.left.at(-1), { what: "domain-name:value", why: WIDE });
});

Deno.test("iocsOfPattern() tells why a pattern cannot be read", () => {
  const { problem, sets } = iocsOfPattern("[ipv4-addr:value = ", RULES);
  assert(problem?.startsWith("Cannot parse STIX pattern"), problem);
  assertEquals(sets, []);
});

Deno.test("iocsOfPattern() lets a target take a group by rules of its own", () => {
  const { sets } = iocsOfPattern(
    "[file:parent_directory_ref.path = 'C:\\\\T' AND file:name = 'a.exe']",
    {
      ...RULES,
      combined: ({ atoms }) =>
        atoms.length === 2
          ? [{
            type: "path",
            value: atoms.map(({ value }) => value).join("\\"),
          }]
          : undefined,
    },
  );
  assertEquals(sets, [[{ type: "path", value: "C:\\T\\a.exe" }]]);
});

Deno.test("iocsOfPattern() takes a hostile product apart", () => {
  const list = (octet: number) =>
    Array.from({ length: 300 }, (_item, at) => `'203.0.${octet}.${at % 250}'`)
      .join(", ");
  const pattern = `[ipv4-addr:value IN (${list(1)}) AND ` +
    `ipv4-addr:value IN (${list(2)}) AND ipv4-addr:value IN (${list(3)})]`;
  const { sets } = iocsOfPattern(pattern, RULES);
  assertEquals(sets.length, 750);
  assertEquals(iocsOfPattern(pattern, { ...RULES, strict: true }).sets, []);
});

Deno.test("iocsOfPattern() reads a chain of 50,000 without a product", () => {
  const chain = Array.from(
    { length: 50_000 },
    (_item, at) => `domain-name:value = 'a${at}.example'`,
  ).join(" OR ");
  assertEquals(iocsOfPattern(`[${chain}]`, RULES).sets.length, 50_000);
});
