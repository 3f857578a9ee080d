/** The table "Indicator Pattern Mapping", and how patterns are read. */
import { assert, assertEquals } from "@std/assert";
import { MD5, SHA1, SHA256, SHA512, SSDEEP } from "./hashes.ts";
import {
  attributes,
  holding,
  indicator,
  mapped,
  objects,
  onlyAttribute,
  stix,
} from "./rig.ts";

interface Expected {
  readonly attributes?: readonly string[];
  readonly objects?: readonly string[];
}

function row(name: string, pattern: string, expected: Expected): void {
  Deno.test(`pattern: ${name}`, async () => {
    const found = await mapped(holding([indicator(pattern)]));
    assertEquals(
      { attributes: attributes(found), objects: objects(found) },
      {
        attributes: (expected.attributes ?? []).toSorted(),
        objects: (expected.objects ?? []).toSorted(),
      },
    );
  });
}

const one = (...list: string[]): Expected => ({ attributes: list });
const whole = (pattern: string) =>
  `stix2-pattern | Payload installation | ${pattern}`;

// deno-fmt-ignore
{
row("ipv4-addr:value -> ip-dst",          "[ipv4-addr:value = '1.2.3.4']",               one("ip-dst | Network activity | 1.2.3.4"));
row("ipv6-addr:value -> ip-dst",          "[ipv6-addr:value = '2001:DB8:0:0::1']",       one("ip-dst | Network activity | 2001:db8::1"));
row("domain-name:value -> domain",        "[domain-name:value = 'Evil.Example']",        one("domain | Network activity | evil.example"));
row("hostname:value -> hostname",         "[hostname:value = 'www.evil.example']",       one("hostname | Network activity | www.evil.example"));
row("url:value -> url",                   "[url:value = 'http://evil.example/a|b']",     one("url | Network activity | http://evil.example/a|b"));
row("email-addr:value -> email-src",      "[email-addr:value = 'Joe@Evil.example']",     one("email-src | Network activity | joe@evil.example"));
row("mac-addr:value -> mac-address",      "[mac-addr:value = '00-11-22-AA-BB-CC']",      one("mac-address | Network activity | 00:11:22:aa:bb:cc"));
row("autonomous-system -> AS",            "[autonomous-system:number = 64512]",          one("AS | Network activity | 64512"));
row("file:hashes.MD5 -> md5",             `[file:hashes.MD5 = '${MD5.toUpperCase()}']`,  one(`md5 | Payload delivery | ${MD5}`));
row("file:hashes.SHA-1 -> sha1",          `[file:hashes.'SHA-1' = '${SHA1}']`,           one(`sha1 | Payload delivery | ${SHA1}`));
row("file:hashes.SHA-256 -> sha256",      `[file:hashes.'SHA-256' = '${SHA256}']`,       one(`sha256 | Payload delivery | ${SHA256}`));
row("file:hashes.SHA-512 -> sha512",      `[file:hashes.'SHA-512' = '${SHA512}']`,       one(`sha512 | Payload delivery | ${SHA512}`));
row("file:hashes.SSDEEP -> ssdeep",       `[file:hashes.SSDEEP = '${SSDEEP}']`,          one(`ssdeep | Payload delivery | ${SSDEEP}`));
row("file:name -> filename",              "[file:name = 'a.exe']",                       one("filename | Payload delivery | a.exe"));
row("file:size -> size-in-bytes",         "[file:size = 4096]",                          one("size-in-bytes | Other | 4096"));
row("file:mime_type -> mime-type",        "[file:mime_type = 'text/html']",              one("mime-type | Payload delivery | text/html"));
row("process:pid -> process-pid",         "[process:pid = 4711]",                        { objects: ["process: pid=4711"] });
row("process:name -> process-name",       "[process:name = 'a.exe']",                    { objects: ["process: name=a.exe"] });
row("process:command_line -> command-line", "[process:command_line = 'a.exe /x']",       { objects: ["process: command-line=a.exe /x"] });
row("windows-registry-key:key -> regkey", String.raw`[windows-registry-key:key = 'HKLM\\Software\\Run']`, one(String.raw`regkey | Artifacts dropped | HKLM\Software\Run`));
row("windows-registry-value-type -> regkey|value", "[windows-registry-value-type:data = 'evil.exe']", { objects: ["registry-key: data=evil.exe"] });
row("windows-registry-value-type with its key -> regkey|value", String.raw`[windows-registry-key:key = 'HKLM\\Run' AND windows-registry-key:values[*].data = 'evil.exe']`, one(String.raw`regkey | Artifacts dropped | HKLM\Run`, String.raw`regkey|value | Artifacts dropped | HKLM\Run|evil.exe`));
row("windows-registry-value-type with key and name -> regkey|value", String.raw`[windows-registry-key:key = 'HKLM\\Run' AND windows-registry-key:values[0].name = 'n' AND windows-registry-key:values[0].data = 'd']`, one(String.raw`regkey | Artifacts dropped | HKLM\Run`, String.raw`regkey|value | Artifacts dropped | HKLM\Run\n|d`));
row("windows-registry-value-type with a bar in it", String.raw`[windows-registry-key:key = 'HKLM\\Run' AND windows-registry-key:values[*].data = 'a|b']`, { attributes: [String.raw`regkey | Artifacts dropped | HKLM\Run`], objects: [String.raw`registry-key: key=HKLM\Run, data=a|b`] });
row("x509-certificate:serial_number -> x509-fingerprint-sha1", "[x509-certificate:serial_number = '02:ab']", { objects: ["x509: serial-number=02:ab"] });
row("user-account:account_login -> username", "[user-account:account_login = 'root']",   { objects: ["user-account: username=root"] });
row("mutex:name -> mutex",                "[mutex:name = 'Global\\\\m']",                one("mutex | Artifacts dropped | Global\\m"));
row("network-traffic:src_port -> port",   "[network-traffic:src_port = 4444]",           one("port | Network activity | 4444"));
row("network-traffic:dst_port -> port",   "[network-traffic:dst_port = 443]",            one("port | Network activity | 443"));
row("network-traffic:protocols -> protocol", "[network-traffic:protocols[*] = 'tcp']",   one("text | Network activity | tcp"));
row("software:name -> filename",          "[software:name = 'Word']",                    { objects: ["software: name=Word"] });
row("software:vendor -> text",            "[software:vendor = 'Microsoft']",             one("text | Other | Microsoft"));
row("software:version -> version",        "[software:version = '16.0']",                 one("text | Other | 16.0"));

row("several properties of a process are one object", "[process:name = 'a.exe' AND process:pid = 1 AND process:cwd = '/']", { objects: ["process: name=a.exe, pid=1, current-directory=/"] });
row("alternatives of a process are objects of their own", "[process:name = 'a.exe' AND (process:pid = 1 OR process:pid = 2)]", { objects: ["process: name=a.exe, pid=1", "process: name=a.exe, pid=2"] });
row("each observation has its object",    "[process:pid = 1] OR [process:pid = 2]",      { objects: ["process: pid=1", "process: pid=2"] });
row("software with its name",             "[software:name = 'Word' AND software:vendor = 'MS' AND software:version = '1']", { objects: ["software: name=Word, vendor=MS, version=1"] });
row("protocol beside ends and ports",     "[network-traffic:dst_ref.value = '1.2.3.4' AND network-traffic:dst_port = 443 AND network-traffic:protocols[0] = 'ipv4' AND network-traffic:protocols[1] = 'tcp' AND network-traffic:protocols[2] = 'https']", { attributes: ["ip-dst | Network activity | 1.2.3.4", "port | Network activity | 443"], objects: ["network-connection: ip-dst=1.2.3.4, dst-port=443, layer3-protocol=IPV4, layer4-protocol=TCP, layer7-protocol=HTTPS"] });
row("the type of an end says nothing more", "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '1.2.3.4']", one("ip-dst | Network activity | 1.2.3.4"));
row("autonomous-system (:number) with its letters", "[autonomous-system:number = 'AS64512']", one("AS | Network activity | 64512"));
row("hash of a certificate",              `[x509-certificate:hashes.'SHA-1' = '${SHA1}']`, one(`x509-fingerprint-sha1 | Payload delivery | ${SHA1}`));
row("spellings of hash algorithms",       `[file:hashes.sha256 = '${SHA256}' OR file:hashes."md5" = '${MD5}']`, one(`md5 | Payload delivery | ${MD5}`, `sha256 | Payload delivery | ${SHA256}`));
row("unknown algorithm of known length",  `[file:hashes.OTHER = '${SHA1}']`,             one(`sha1 | Payload delivery | ${SHA1}`));
row("unknown algorithm of unknown length", "[file:hashes.OTHER = 'abc']",               one(whole("[file:hashes.OTHER = 'abc']")));
row("TLSH",                               `[file:hashes.TLSH = 'T1${"A".repeat(70)}']`,  one(`tlsh | Payload delivery | t1${"a".repeat(70)}`));
row("ends of traffic by their form",      "[network-traffic:src_ref.value = '1.2.3.4' OR network-traffic:src_ref.value = 'a.example' OR network-traffic:dst_ref.value = '00:11:22:33:44:55']", one("ip-src | Network activity | 1.2.3.4", "domain | Network activity | a.example", "mac-address | Network activity | 00:11:22:33:44:55"));
row("ends of traffic in other spellings",  "[network-traffic:src.ref.value = '1.2.3.4' OR network-traffic:dst_ref.ref.value = '5.6.7.8']", one("ip-src | Network activity | 1.2.3.4", "ip-dst | Network activity | 5.6.7.8"));
row("domain and what it resolves to",     "[domain-name:value = 'a.example' AND domain-name:resolves_to_refs[*].value = '1.2.3.4']", one("domain | Network activity | a.example", "ip-dst | Network activity | 1.2.3.4"));
row("email-message",                      "[email-message:subject = 'Hi' AND email-message:from_ref.value = 'a@b.example' AND email-message:to_refs[*].value = 'c@d.example' AND email-message:body = 'x']", one("email-subject | Payload delivery | Hi", "email-src | Payload delivery | a@b.example", "email-dst | Payload delivery | c@d.example", "email-body | Payload delivery | x"));
row("directory:path",                     "[directory:path = '/srv/a']",                   one("text | Artifacts dropped | /srv/a"));
row("software:cpe",                       "[software:cpe = 'cpe:2.3:a:b:c:1']",          one("cpe | External analysis | cpe:2.3:a:b:c:1"));
row("vulnerability:name",                 "[vulnerability:name = 'cve-2021-44228']",     one("vulnerability | External analysis | CVE-2021-44228"));
row("cryptocurrency-wallet:value, Bitcoin", "[cryptocurrency-wallet:value = '1BoatSLRHtKNngkdXEeobR76b53LETtpyT']", one("btc | Financial fraud | 1BoatSLRHtKNngkdXEeobR76b53LETtpyT"));
row("cryptocurrency-wallet:value, another", "[cryptocurrency-wallet:value = '0x52908400098527886E0F7030069857D2E4169EE7']", one("text | Financial fraud | 0x52908400098527886E0F7030069857D2E4169EE7"));
row("user-agent:value",                   "[user-agent:value = 'Mozilla/5.0']",          one("user-agent | Network activity | Mozilla/5.0"));
row("text:value",                         "[text:value = 'words']",                      one("text | Other | words"));
row("x-opencti-hostname:value",           "[x-opencti-hostname:value = 'a.example']",    one("hostname | Network activity | a.example"));

row("IN is one attribute for each value", "[ipv4-addr:value IN ('1.1.1.1', '2.2.2.2')]", one("ip-dst | Network activity | 1.1.1.1", "ip-dst | Network activity | 2.2.2.2"));
row("LIKE without wildcards is an equality", "[file:name LIKE 'a.exe']",                 one("filename | Payload delivery | a.exe"));
row("ISSUBSET of an address is a network", "[ipv4-addr:value ISSUBSET '10.0.0.0/8']",    one("ip-dst | Network activity | 10.0.0.0/8"));
row("a quote and a backslash",            String.raw`[file:name = 'it\'s \\ AND b']`,    one(String.raw`filename | Payload delivery | it's \ AND b`));
}

const LOSSY = [
  ["!=", "[file:name != 'a']"],
  ["NOT", "[file:name NOT = 'a']"],
  ["an order", "[file:size > 10]"],
  ["MATCHES", "[file:name MATCHES '^a']"],
  ["LIKE with wildcards", "[file:name LIKE 'a%']"],
  ["ISSUPERSET", "[ipv4-addr:value ISSUPERSET '10.0.0.1/32']"],
  ["EXISTS", "[EXISTS file:name]"],
  ["an unknown path", "[file:x_acme = 'a']"],
  ["an unknown object", "[x-acme-badge:value = 'a']"],
  ["no pattern at all", "not a pattern"],
] as const;
for (const [name, pattern] of LOSSY) {
  row(`${name} leaves the whole pattern alone`, pattern, one(whole(pattern)));
}
for (
  const pattern of [
    "[ipv4-addr:value = '1.2.3.4'] FOLLOWEDBY [file:name = 'a']",
    "[ipv4-addr:value = '1.2.3.4'] WITHIN 5 SECONDS AND [file:name = 'a']",
    "[ipv4-addr:value = '1.2.3.4' AND file:name = 'a' AND file:size > 1]",
  ]
) {
  row(
    `what can be said is said beside the whole: ${pattern}`,
    pattern,
    one(
      "ip-dst | Network activity | 1.2.3.4",
      "filename | Payload delivery | a",
      whole(pattern),
    ),
  );
}

// deno-fmt-ignore
const LANGUAGES = [
  ["yara",     "rule a { condition: true }",  "yara | Payload installation",  true],
  ["sigma",    "title: a\ndetection: {}",     "sigma | Payload installation", true],
  ["snort",    "alert tcp any any -> any any", "snort | Network activity",    true],
  ["suricata", "alert http any any -> any any", "snort | Network activity",   true],
  ["kql",      "host.name: *",                "kusto-query | Artifacts dropped", false],
  ["kusto",    "T | where x",                 "kusto-query | Artifacts dropped", false],
  ["spl",      "index=main",                  "text | External analysis",     false],
] as const;
for (const [language, pattern, place, toIds] of LANGUAGES) {
  Deno.test(`pattern type ${language} is one value`, async () => {
    const found = await mapped(
      holding([indicator(pattern, { pattern_type: language, name: "Rule" })]),
    );
    assertEquals(attributes(found), [`${place} | ${pattern}`]);
    const { to_ids, comment } = onlyAttribute(found);
    assertEquals(to_ids, toIds);
    assertEquals(comment, language === "spl" ? "spl: Rule" : "Rule");
  });
}

Deno.test("pattern type suricata is its own where the instance knows it", async () => {
  const found = await mapped(
    holding([indicator("alert", { pattern_type: "suricata" })]),
    { instanceTypes: new Set(["suricata", "text"]) },
  );
  assertEquals(attributes(found), ["suricata | Network activity | alert"]);
});

Deno.test("an attribute of a type that the instance lacks is text", async () => {
  const found = await mapped(
    holding([indicator("[mutex:name = 'm']")]),
    { instanceTypes: new Set(["text"]) },
  );
  assertEquals(attributes(found), ["text | Artifacts dropped | m"]);
  assertEquals(onlyAttribute(found).comment, "mutex: Emotet C2");
});

const FROM = "2024-01-01T00:00:00Z";
// deno-fmt-ignore
const DETECTION = [
  ["the type's default",    "[ipv4-addr:value = '1.1.1.1']", {},                                  true],
  ["the type's default, no", "[network-traffic:dst_port = 80]", {},                               false],
  ["still valid",           "[ipv4-addr:value = '1.1.1.1']", { valid_until: "2024-02-02T00:00:00Z" }, true],
  ["expired",               "[ipv4-addr:value = '1.1.1.1']", { valid_until: "2024-01-31T00:00:00Z" }, false],
  ["revoked",               "[ipv4-addr:value = '1.1.1.1']", { revoked: true },                   false],
  ["revoked rule",          "rule a {}", { revoked: true, pattern_type: "yara" },                 false],
  ["a whole pattern",       "[file:name MATCHES 'a']",       {},                                  false],
  ["in an object",          "[process:image_ref.name = 'a']", {},                                 true],
] as const;
for (const [name, pattern, properties, expected] of DETECTION) {
  Deno.test(`to_ids of an indicator: ${name}`, async () => {
    const found = await mapped(holding([indicator(pattern, properties)]));
    assertEquals(onlyAttribute(found).to_ids, expected);
  });
}

Deno.test("the comment of an indicator tells name and validity", async () => {
  const until = "2024-03-01T00:00:00Z";
  const found = await mapped(holding([
    indicator("[ipv4-addr:value = '1.2.3.4']", {
      valid_from: FROM,
      valid_until: until,
      labels: ["c2"],
    }),
  ]));
  const attribute = onlyAttribute(found);
  assertEquals(
    attribute.comment,
    `Emotet C2 | Valid from: ${FROM} | Valid until: ${until}`,
  );
  assertEquals(attribute.Tag, [{ name: "c2" }]);
  // The vector of the recipe.
  assertEquals(attribute.uuid, "90cf2942-34f0-54a2-a10c-457a1cc66ddf");
});

Deno.test("equal attributes are one: tags of all, to_ids of any, the first comment", async () => {
  const pattern = "[ipv4-addr:value = '1.2.3.4']";
  const { event } = await mapped(holding([
    indicator(pattern, { name: "B", revoked: true, labels: ["x", "y"] }),
    indicator(pattern, { name: "A", labels: ["Y", "z"] }),
  ]));
  assertEquals(event.Attribute.length, 1);
  assertEquals(event.Attribute[0]?.Tag.map(({ name }) => name), [
    "x",
    "y",
    "z",
  ]);
  assertEquals(event.Attribute[0]?.to_ids, true);
  assertEquals(event.Attribute[0]?.comment, "B");
});

Deno.test("an attribute that one valid indicator asks for is for detection", async () => {
  const pattern = "[ipv4-addr:value = '1.2.3.4']";
  const { event } = await mapped(holding([
    indicator(pattern),
    indicator(pattern, { revoked: true }),
  ]));
  assertEquals(event.Attribute.map(({ to_ids }) => to_ids), [true]);
});

Deno.test("an indicator without a pattern costs itself alone, with a note", async () => {
  const broken = stix("indicator", { pattern: 5 });
  const { event, notes } = await mapped(
    holding([broken, indicator("[ipv4-addr:value = '1.2.3.4']")]),
  );
  assertEquals(event.Attribute.length, 1);
  assertEquals(notes, [
    { id: broken.id, type: "indicator", reason: "indicator has no pattern" },
  ]);
});

Deno.test("labels and level of an object are on its first attribute", async () => {
  const { event } = await mapped(holding([
    indicator("[process:pid = 1 AND process:name = 'a']", { labels: ["x"] }),
  ]));
  assertEquals(
    event.Object[0]?.Attribute.map(({ object_relation, Tag }) => [
      object_relation,
      Tag.map(({ name }) => name),
    ]),
    [["name", ["x"]], ["pid", []]],
  );
  assertEquals(event.Object[0]?.comment, "Emotet C2");
});

Deno.test("a pattern of many alternatives does not blow up", async () => {
  const choice = (property: string) =>
    `(${
      Array.from({ length: 40 }, (_, at) => `process:${property} = '${at}'`)
        .join(" OR ")
    })`;
  const pattern = `[${
    ["name", "command_line", "cwd", "pid"].map(choice).join(" AND ")
  }]`;
  const { event } = await mapped(holding([indicator(pattern)]));
  assertEquals(event.Object.length, 160);
  assert(event.Object.every(({ Attribute }) => Attribute.length === 1));
});
