/** Every type of value that HarfangLab can hold, and those it cannot. */
import { assert, assertEquals } from "@std/assert";
import { scenario, START } from "./bench.ts";

const MD5 = "9e107d9d372bb6826bd81d3542a419d6";
const SHA1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";
const SHA256 =
  "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592";
const SHA512 = "07e547d9586f6a73".repeat(8);

// deno-fmt-ignore
const TYPES: readonly (readonly [name: string, pattern: string, rule: string])[] = [
  ["ipv4",             "ipv4-addr:value = '203.0.113.7'",                "ip_both|203.0.113.7"],
  ["ipv4 network",     "ipv4-addr:value = '203.0.113.0/24'",             "ip_both|203.0.113.0/24"],
  ["ipv6",             "ipv6-addr:value = '2001:DB8::1'",                "ip_both|2001:db8::1"],
  ["destination",      "network-traffic:dst_ref.value = '203.0.113.9'",  "ip_dst|203.0.113.9"],
  ["source",           "network-traffic:src_ref.value = '203.0.113.9'",  "ip_src|203.0.113.9"],
  ["destination name", "network-traffic:dst_ref.value = 'C2.example'",   "domain_name|c2.example"],
  ["domain",           "domain-name:value = 'Evil.Example.'",            "domain_name|evil.example"],
  ["hostname",         "hostname:value = 'Host1.evil.example'",          "domain_name|host1.evil.example"],
  ["url",              "url:value = 'https://evil.example/a?b=1&c=2'",   "url|https://evil.example/a?b=1&c=2"],
  ["filename",         "file:name = 'invoice.exe'",                      "filename|invoice.exe"],
  ["filepath",         "file:parent_directory_ref.path = 'C:\\\\Temp' AND file:name = 'a.exe'", "filepath|C:\\Temp\\a.exe"],
  ["unix filepath",    "file:parent_directory_ref.path = '/opt/x/' AND file:name = 'a.sh'", "filepath|/opt/x/a.sh"],
  ["md5",              `file:hashes.MD5 = '${MD5.toUpperCase()}'`,       `hash|${MD5}`],
  ["sha1",             `file:hashes.'SHA-1' = '${SHA1}'`,                `hash|${SHA1}`],
  ["sha256",           `file:hashes.'SHA-256' = '${SHA256}'`,            `hash|${SHA256}`],
  ["sha512",           `file:hashes.'SHA-512' = '${SHA512}'`,            `hash|${SHA512}`],
  ["artifact hash",    `artifact:hashes.'SHA-256' = '${SHA256}'`,        `hash|${SHA256}`],
];

for (const [name, pattern, rule] of TYPES) {
  for (const remove_indicator of [true, false]) {
    const mode = remove_indicator ? "deletes" : "disables";
    scenario(
      `${mode} a rule of type ${name} with its indicator`,
      async (bench) => {
        const properties = { pattern: `[${pattern}]` };
        await bench.settle(bench.event("a", properties));
        assertEquals(bench.iocs(), [rule]);
        await bench.settle(bench.remove("a", properties));
        assertEquals(bench.iocs(), remove_indicator ? [] : [`${rule} off`]);
        await bench.settle(bench.event("a", properties));
        assertEquals(bench.iocs(), [rule]);
      },
      { settings: { remove_indicator } },
    );
  }
}

// deno-fmt-ignore
const NOTHING: readonly string[] = [
  "file:hashes.SSDEEP = '3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C'",
  "file:hashes.TLSH = 'T1A'",
  "file:hashes.IMPHASH = 'f34d5f2d4577ed6d9ceec516c1f5a744'",
  "email-addr:value = 'a@b.example'",
  "mac-addr:value = '00:11:22:33:44:55'",
  "mutex:name = 'm'",
  "process:command_line = 'cmd'",
  "windows-registry-key:key = 'HKLM'",
  "directory:path = 'C:\\\\Temp'",
  "autonomous-system:number = 64500",
  "x509-certificate:serial_number = '1'",
  "user-account:account_login = 'root'",
  "text:value = 'x'",
  "cryptocurrency-wallet:value = 'x'",
  "domain-name:value LIKE '%.example'",
  "domain-name:value MATCHES 'evil'",
  "domain-name:value != 'evil.example'",
  "domain-name:value NOT = 'evil.example'",
  "file:name = 'C:\\\\Temp\\\\a.exe'",
  "file:size > 5",
  "ipv4-addr:value ISSUBSET '203.0.113.0/24'",
];

for (const comparison of NOTHING) {
  scenario(`has no rule for ${comparison}`, async (bench) => {
    const [outcome] = await bench.deliver(
      bench.event("a", { pattern: `[${comparison}]` }),
    );
    assert(outcome?.startsWith("skipped: no value"), outcome);
    assertEquals(bench.writes(), []);
  });
}

scenario("skips a pattern that cannot be read", async (bench) => {
  const poison = bench.event("poison", { pattern: "[domain-name:value = " });
  const outcomes = await bench.deliver(
    bench.event("a"),
    poison,
    bench.event("b"),
  );
  assertEquals(outcomes.map((word) => word.split(":")[0]), [
    "delivered",
    "skipped",
    "delivered",
  ]);
  assertEquals(bench.iocs(), ["domain_name|a.test", "domain_name|b.test"]);
});

scenario(
  "gives each alternative a rule, and a hashed file no name",
  async (bench) => {
    await bench.settle(bench.event("dropper", {
      description: "Emotet distribution",
      score: 80,
      pattern: `[file:hashes.MD5 = '${MD5.toUpperCase()}' AND ` +
        `file:hashes.'SHA-256' = '${SHA256}' AND file:name = 'invoice.exe'] OR ` +
        "[url:value = 'https://evil.example/a?b=1&c=2']",
    }));
    assertEquals(
      bench.iocs(),
      [
        `hash|${MD5}`,
        `hash|${SHA256}`,
        "url|https://evil.example/a?b=1&c=2",
      ].sort(),
    );
    const { description, hl_status, enabled, comment } = bench.ioc(MD5);
    assertEquals([description, hl_status, enabled], [
      "Emotet distribution",
      "stable",
      true,
    ]);
    assertEquals(
      comment,
      '{"indicator_id":"indicator--dropper","indicator_score":80,' +
        '"indicator_platforms":["windows"],' +
        '"indicator_ids":["indicator--dropper"]}',
    );
  },
);

const BOTH =
  "[domain-name:value = 'c2.example' AND url:value = 'https://c2.example/x']";

scenario("widens a conjunction, and says so", async (bench) => {
  await bench.settle(bench.event("a", { pattern: BOTH }));
  assertEquals(bench.iocs().length, 2);
  assert(bench.services.logged.some((line) => line.startsWith("debug values")));
});

scenario("widens nothing with strict_patterns", async (bench) => {
  const [outcome] = await bench.deliver(bench.event("a", { pattern: BOTH }));
  assert(outcome?.startsWith("skipped: no value"), outcome);
  await bench.settle(bench.event("b"));
  assertEquals(bench.iocs(), ["domain_name|b.test"]);
}, { settings: { strict_patterns: true } });

scenario(
  "passes over a SHA-512 that the release refuses, once",
  async (bench) => {
    const pattern = `[file:hashes.'SHA-512' = '${SHA512}'] OR ` +
      `[file:hashes.MD5 = '${MD5}']`;
    await bench.settle(bench.event("a", { pattern }));
    assertEquals(bench.iocs(), [`hash|${MD5}`]);
    bench.writes();
    await bench.settle(bench.update("a", { pattern, description: "new" }));
    assertEquals(bench.writes(), ["PATCH IOCRule"]);
  },
  { options: { refuseSha512: true } },
);

scenario("ignores other languages and other objects", async (bench) => {
  const outcomes = await bench.deliver(
    bench.event("a", { pattern_type: "snort", pattern: "alert" }),
    bench.event("b", { type: "report" }),
    bench.event("c", { type: "domain-name", value: "x.example" }),
    bench.event("d", { type: "relationship", relationship_type: "uses" }),
  );
  assertEquals(outcomes, [
    "skipped: pattern type snort has no place in HarfangLab",
    "skipped: type report has no place in HarfangLab",
    "skipped: type domain-name has no place in HarfangLab",
    "skipped: type relationship has no place in HarfangLab, but for based-on",
  ]);
  assertEquals(bench.writes(), []);
});

scenario(
  "takes back what is revoked or expired, and gives it again",
  async (bench) => {
    const until = (ms: number) => ({
      valid_until: new Date(START + ms).toISOString(),
    });
    await bench.settle(bench.event("a"), bench.event("b", until(60_000)));
    assertEquals(bench.iocs().length, 2);
    await bench.settle(
      bench.update("a", { revoked: true }),
      bench.update("b", until(-1)),
    );
    assertEquals(bench.iocs(), []);
    assertEquals(
      await bench.deliver(bench.event("c", { revoked: true })),
      ["skipped: revoked"],
    );
    await bench.settle(bench.update("a"), bench.update("b", until(60_000)));
    assertEquals(bench.iocs(), ["domain_name|a.test", "domain_name|b.test"]);
  },
);

scenario("keeps what is revoked if told to", async (bench) => {
  await bench.settle(
    bench.event("a", { revoked: true, valid_until: "2020-01-01T00:00:00Z" }),
  );
  assertEquals(bench.iocs(), ["domain_name|a.test"]);
}, { settings: { respect_revoked: false } });
