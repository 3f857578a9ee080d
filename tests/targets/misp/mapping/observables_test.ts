/** The table "Observable to MISP Object Mapping", and what goes with it. */
import { assertEquals } from "@std/assert";
import { SCO_EXTENSION, type StixObject } from "../../../../src/stix/object.ts";
import { MD5, SHA1, SHA256, SHA512, SSDEEP } from "./hashes.ts";
import {
  attributes,
  holding,
  mapped,
  objects,
  onlyAttribute,
  stix,
} from "./rig.ts";

interface Expected {
  readonly attributes?: readonly string[];
  readonly objects?: readonly string[];
}

function row(
  name: string,
  object: StixObject,
  expected: Expected,
  refs: readonly StixObject[] = [],
): void {
  Deno.test(`observable: ${name}`, async () => {
    const found = await mapped(holding([object], { refs }));
    assertEquals(
      { attributes: attributes(found), objects: objects(found) },
      {
        attributes: (expected.attributes ?? []).toSorted(),
        objects: (expected.objects ?? []).toSorted(),
      },
    );
  });
}

const as = (...list: string[]): Expected => ({ objects: list });
const plain = (...list: string[]): Expected => ({ attributes: list });

const FOLDER = stix("directory", { path: "C:\\Windows" });
const IMAGE = stix("file", { name: "cmd.exe" });
const FROM = stix("email-addr", { value: "a@b.example" });
const TO = stix("email-addr", { value: "c@d.example" });
const TO2 = stix("email-addr", { value: "e@f.example" });
const SOURCE = stix("ipv4-addr", { value: "10.0.0.1" });
const TARGET = stix("domain-name", { value: "c2.example" });
const CARD = stix("mac-addr", { value: "00:11:22:33:44:55" });

row(
  "file -> file",
  stix("file", {
    name: "a.exe",
    size: 12,
    mime_type: "application/x-dosexec",
    hashes: {
      MD5,
      "SHA-1": SHA1,
      "SHA-256": SHA256,
      "SHA-512": SHA512,
      SSDEEP,
    },
    parent_directory_ref: FOLDER.id,
  }),
  as(
    `file: md5=${MD5}, sha1=${SHA1}, sha256=${SHA256}, sha512=${SHA512}, ` +
      `ssdeep=${SSDEEP}, filename=a.exe, size-in-bytes=12, ` +
      "mimetype=application/x-dosexec, path=C:\\Windows",
  ),
  [FOLDER],
);
row(
  "file -> file, odd spellings of algorithms",
  stix("file", { hashes: { sha256: SHA256.toUpperCase(), md5: MD5, x: "y" } }),
  as(`file: md5=${MD5}, sha256=${SHA256}`),
);
row(
  "network-traffic -> network-connection",
  stix("network-traffic", {
    src_port: 1234,
    dst_port: 443,
    protocols: ["ipv4", "tcp", "http", "tls"],
    src_ref: SOURCE.id,
    dst_ref: TARGET.id,
    start: "2024-01-01T00:00:00Z",
  }),
  as(
    "network-connection: ip-src=10.0.0.1, hostname-dst=c2.example, " +
      "dst-port=443, src-port=1234, layer3-protocol=IPV4, " +
      "layer4-protocol=TCP, layer7-protocol=HTTP, layer7-protocol=TLS, " +
      "first-packet-seen=2024-01-01T00:00:00.000000+0000",
  ),
  [SOURCE, TARGET],
);
row(
  "network-traffic -> network-connection, between network cards",
  stix("network-traffic", {
    src_ref: CARD.id,
    src_port: 1,
    protocols: ["tcp", "udp"],
  }),
  as(
    "network-connection: mac-src=00:11:22:33:44:55, src-port=1, " +
      "layer4-protocol=TCP, UDP",
  ),
  [CARD],
);
row(
  "network-traffic without ends and ports",
  stix("network-traffic", { protocols: ["tcp"] }),
  plain("text | Other | TCP"),
);
row(
  "process -> process",
  stix("process", {
    pid: 42,
    command_line: "cmd /c x",
    cwd: "/",
    image_ref: IMAGE.id,
  }),
  as(
    "process: name=cmd.exe, pid=42, command-line=cmd /c x, image=cmd.exe, " +
      "current-directory=/",
  ),
  [IMAGE],
);
row(
  "windows-registry-key -> registry-key",
  stix("windows-registry-key", {
    key: "HKLM\\Run",
    values: [{ name: "n", data: "d", data_type: "REG_SZ" }],
  }),
  as("registry-key: key=HKLM\\Run, name=n, data=d, data-type=REG_SZ"),
);
row(
  "windows-registry-key -> registry-key, several values",
  stix("windows-registry-key", {
    key: "HKLM\\Run",
    values: [{ name: "a", data: "1" }, { name: "b", data: "2" }],
  }),
  as(
    "registry-key: key=HKLM\\Run",
    "registry-key-value: data=1, name=a",
    "registry-key-value: data=2, name=b",
  ),
);
row(
  "windows-registry-value-type",
  stix("windows-registry-value-type", {
    name: "n",
    data: "d",
    data_type: "REG_SZ",
  }),
  as("registry-key-value: data=d, name=n, data-type=REG_SZ"),
);
row(
  "x509-certificate -> x509",
  stix("x509-certificate", {
    serial_number: "02:ab",
    issuer: "CN=CA",
    subject: "CN=a",
    hashes: { "SHA-1": SHA1 },
    validity_not_after: "2025-01-01T00:00:00Z",
  }),
  as(
    `x509: x509-fingerprint-sha1=${SHA1}, serial-number=02:ab, ` +
      "issuer=CN=CA, subject=CN=a, " +
      "validity-not-after=2025-01-01T00:00:00.000000+0000",
  ),
);
row(
  "user-account -> user-account",
  stix("user-account", {
    account_login: "root",
    display_name: "Root",
    account_type: "unix",
    user_id: "0",
  }),
  as(
    "user-account: username=root, user-id=0, display-name=Root, account-type=unix",
  ),
);
row(
  "email-message -> email",
  stix("email-message", {
    from_ref: FROM.id,
    to_refs: [TO.id, TO2.id, "email-addr--unknown"],
    cc_refs: [TO.id],
    subject: "Invoice",
    body: "Pay\nnow",
    message_id: "<1@b.example>",
    date: "2024-01-01T00:00:00Z",
  }),
  as(
    "email: from=a@b.example, to=c@d.example, to=e@f.example, cc=c@d.example, " +
      "subject=Invoice, email-body=Pay\nnow, message-id=<1@b.example>, " +
      "send-date=2024-01-01T00:00:00.000000+0000",
  ),
  [FROM, TO, TO2],
);
row(
  "mutex -> mutex",
  stix("mutex", { name: "Global\\m" }),
  as("mutex: name=Global\\m"),
);
row(
  "software -> software",
  stix("software", {
    name: "Word",
    vendor: "MS",
    version: "16",
    cpe: "cpe:2.3:a",
  }),
  as("software: name=Word, vendor=MS, version=16, cpe=cpe:2.3:a"),
);
row(
  "software without a name, which the template needs",
  stix("software", { vendor: "MS", version: "16" }),
  plain("text | Other | MS", "text | Other | 16"),
);
row(
  "domain-name -> domain-ip",
  stix("domain-name", { value: "Evil.example" }),
  as("domain-ip: domain=evil.example"),
);
row(
  "ipv4-addr -> ip-port",
  stix("ipv4-addr", { value: "1.2.3.4/32" }),
  as("ip-port: ip=1.2.3.4"),
);
row(
  "ipv6-addr -> ip-port",
  stix("ipv6-addr", { value: "2001:DB8::0:1" }),
  as("ip-port: ip=2001:db8::1"),
);
row(
  "url -> url",
  stix("url", { value: "https://a.example/" }),
  as("url: url=https://a.example/"),
);
row(
  "autonomous-system -> asn",
  stix("autonomous-system", { number: 64512, name: "ACME" }),
  as("asn: asn=64512, description=ACME"),
);
row(
  "mac-addr -> mac-address",
  stix("mac-addr", { value: "00-11-22-33-44-55" }),
  plain("mac-address | Network activity | 00:11:22:33:44:55"),
);
row(
  "directory -> directory",
  stix("directory", { path: "/srv/a" }),
  as("directory: path=/srv/a"),
);
row(
  "artifact -> artifact",
  stix("artifact", {
    payload_bin: "SGVsbG8=",
    mime_type: "text/plain",
    hashes: { MD5 },
    extensions: { [SCO_EXTENSION]: { additional_names: ["C:\\x\\hello.txt"] } },
  }),
  as(`artifact: payload_bin=hello.txt, md5=${MD5}, mime_type=text/plain`),
);
row(
  "artifact without payload, which the template needs",
  stix("artifact", { hashes: { MD5 }, mime_type: "text/plain" }),
  plain(
    `md5 | Payload delivery | ${MD5}`,
    "mime-type | Artifacts dropped | text/plain",
  ),
);
row(
  "hostname",
  stix("hostname", { value: "www.a.example" }),
  plain("hostname | Network activity | www.a.example"),
);
row("email-addr", FROM, plain("email-src | Network activity | a@b.example"));
row(
  "cryptocurrency-wallet, Bitcoin",
  stix("cryptocurrency-wallet", {
    value: "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
  }),
  plain("btc | Financial fraud | 1BoatSLRHtKNngkdXEeobR76b53LETtpyT"),
);
row(
  "cryptocurrency-wallet, another",
  stix("cryptocurrency-wallet", { value: "0xabc" }),
  plain("text | Financial fraud | 0xabc"),
);
row(
  "phone-number",
  stix("phone-number", { value: "+33 1 99 00 11 22" }),
  plain("phone-number | Other | +33199001122"),
);
row(
  "user-agent",
  stix("user-agent", { value: "curl/8" }),
  plain("user-agent | Network activity | curl/8"),
);
row("text", stix("text", { value: "a\nb" }), plain("text | Other | a\nb"));
row(
  "another type",
  stix("tracking-number", { value: "1Z" }),
  plain("text | Other | 1Z"),
);
row(
  "observed-data, each of its objects once",
  stix("observed-data", {
    object_refs: [SOURCE.id, TARGET.id, SOURCE.id, "file--gone"],
  }),
  as("ip-port: ip=10.0.0.1", "domain-ip: domain=c2.example"),
  [SOURCE, TARGET],
);

Deno.test("observable: the payload of an artifact is an attachment", async () => {
  const artifact = stix("artifact", { payload_bin: "SGVs\nbG8=" });
  const attribute = onlyAttribute(await mapped(holding([artifact])));
  assertEquals(attribute.type, "attachment");
  assertEquals(attribute.data, "SGVsbG8=");
  assertEquals(
    attribute.value,
    `${artifact.id.slice("artifact--".length)}.bin`,
  );
});

Deno.test("observable: other types tell what they are", async () => {
  const types = [
    "hostname",
    "email-addr",
    "tracking-number",
    "cryptocurrency-wallet",
  ];
  for (const type of types) {
    const value = type === "email-addr" ? "a@b.example" : "a.example";
    const found = await mapped(holding([stix(type, { value })]));
    assertEquals(onlyAttribute(found).comment, `Observable: ${type}`);
  }
});

// deno-fmt-ignore
const REFUSED = [
  ["a host name without a dot",   "hostname",    "localhost",  "text | Network activity", "hostname: Observable: hostname"],
  ["a domain without a dot",      "domain-name", "localhost",  "text | Network activity", "domain: Observable: domain-name"],
  ["an address that is none",     "ipv4-addr",   "1.2.3.999",  "text | Network activity", "ip-dst: Observable: ipv4-addr"],
  ["a private mail address",      "email-addr",  "joe@local",  "text | Network activity", "email-src: Observable: email-addr"],
  ["a URL of two lines",          "url",         "http://a\nb", "text | Network activity", "url: Observable: url"],
] as const;
for (const [name, type, value, place, comment] of REFUSED) {
  Deno.test(`observable: ${name} becomes text`, async () => {
    const found = await mapped(holding([stix(type, { value })]));
    assertEquals(attributes(found), [`${place} | ${value}`]);
    assertEquals(onlyAttribute(found).comment, comment);
    assertEquals(onlyAttribute(found).to_ids, false);
    assertEquals(found.event.Object, []);
  });
}

Deno.test("observable: one bad hash becomes text beside the object", async () => {
  const found = await mapped(
    holding([stix("file", { name: "a", hashes: { MD5: "abc" } })]),
  );
  assertEquals(objects(found), ["file: filename=a"]);
  assertEquals(attributes(found), ["text | Payload delivery | abc"]);
  assertEquals(onlyAttribute(found).comment, "md5: Observable: file");
});

for (
  const [score, toIds, level, shown] of [
    [100, true, "high", "High"],
    [75, true, "high", "High"],
    [50, true, "medium", "Medium"],
    [49, false, "low", "Low"],
    [0, false, "info", "Info"],
  ] as const
) {
  Deno.test(`observable: score ${score} decides to_ids, tag and comment`, async () => {
    const found = await mapped(
      holding([stix("ipv4-addr", {
        value: "1.2.3.4",
        extensions: { [SCO_EXTENSION]: { score, labels: ["c2", "Emotet"] } },
      })]),
    );
    const attribute = onlyAttribute(found);
    assertEquals(attribute.to_ids, toIds);
    assertEquals(attribute.Tag.map(({ name }) => name), [
      "c2",
      "Emotet",
      "observable-type:ipv4-addr",
      "infrastructure:c2",
      `threat-level:${level}`,
    ]);
    assertEquals(
      found.event.Object[0]?.comment,
      `Labels: c2, Emotet | Threat Score: ${score} | ` +
        `Threat Level: ${shown} | Infrastructure: C2 Server`,
    );
  });
}

Deno.test("observable: what correlates and what detects follows the template", async () => {
  const { event } = await mapped(holding([
    stix("file", { name: "a", size: 1, x_opencti_score: 90, hashes: { MD5 } }),
  ]));
  assertEquals(
    event.Object[0]?.Attribute.map((attribute) => [
      attribute.object_relation,
      attribute.to_ids,
      attribute.disable_correlation,
    ]),
    [["md5", true, false], ["filename", true, true], [
      "size-in-bytes",
      false,
      true,
    ]],
  );
});

Deno.test("observable: a value apart from its registry key still names it", async () => {
  const { event } = await mapped(holding([
    stix("windows-registry-key", {
      key: "HKLM\\Run",
      values: [{ data: "1" }, { data: "2" }],
      x_opencti_score: 10,
    }),
  ]));
  assertEquals(event.Object.map(({ comment }) => comment), [
    "Threat Score: 10 | Threat Level: Info",
    "Registry key: HKLM\\Run | Threat Score: 10 | Threat Level: Info",
    "Registry key: HKLM\\Run | Threat Score: 10 | Threat Level: Info",
  ]);
});
