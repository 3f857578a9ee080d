import { assertEquals } from "@std/assert";
import {
  attribute,
  type Bench,
  EVENT,
  fileObject,
  type Json,
  uuid,
  withMisp,
} from "./client.ts";

const NA = "Network activity";
const PD = "Payload delivery";
const HEX = "0123456789ABCDEF";

// deno-fmt-ignore
const STORED: readonly [string, string, string, string][] = [
  // type                    category  sent                                 stored
  ["text",                   "Other",  "  hello \n",                         "hello"],
  ["ip-dst",                 NA,       "1[.]2[.]3[dot]4",                    "1.2.3.4"],
  ["ip-dst",                 NA,       "1.2.3.4/32",                         "1.2.3.4"],
  ["ip-src",                 NA,       "10.0.0.0/8",                         "10.0.0.0/8"],
  ["ip-dst",                 NA,       "2001:0DB8:0:0:0:0:0:0001",           "2001:db8::1"],
  ["ip-dst",                 NA,       "2001:0db8:0000::0001/128",           "2001:db8::1"],
  ["ip-dst",                 NA,       "2001:DB8:0::/32",                    "2001:db8::/32"],
  ["ip-dst",                 NA,       "::ffff:1.2.3.4",                     "::ffff:1.2.3.4"],
  ["ip-dst",                 NA,       "::0:0:0:FFFF:0505:0606",             "::ffff:5.5.6.6"],
  ["ip-dst",                 NA,       "1:0:0:2:0:0:0:3",                    "1:0:0:2::3"],
  ["ip-dst|port",            NA,       "1.2.3.4:443",                        "1.2.3.4|443"],
  ["ip-dst|port",            NA,       "[2001:DB8::1]:443",                  "2001:db8::1|443"],
  ["hostname|port",          NA,       "C2.Evil.Example:8080",               "c2.evil.example|8080"],
  ["domain|ip",              NA,       "Evil.Example.|2001:DB8:0::1",        "evil.example|2001:db8::1"],
  ["url",                    NA,       "hxxps://evil[.]example/A",           "https://evil.example/A"],
  ["link",                   "External analysis", "hxxp[:]//evil.example/x", "http://evil.example/x"],
  ["domain",                 NA,       "EVIL[.]Example.",                    "evil.example"],
  ["domain",                 NA,       "bücher.example",                     "xn--bcher-kva.example"],
  ["hostname",               NA,       "WWW.Evil.Example",                   "www.evil.example"],
  ["email-src",              NA,       "Bob[at]Evil.Example",                "bob@evil.example"],
  ["md5",                    PD,       HEX.repeat(2),                        HEX.repeat(2).toLowerCase()],
  ["sha512/256",             PD,       HEX.repeat(4),                        HEX.repeat(4).toLowerCase()],
  ["filename|md5",           PD,       `A.exe|${HEX.repeat(2)}`,             `A.exe|${HEX.repeat(2).toLowerCase()}`],
  ["x509-fingerprint-md5",   NA,       "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF", HEX.repeat(2).toLowerCase()],
  ["mac-address",            NA,       "AA-BB-CC-00-11-22",                  "aa:bb:cc:00:11:22"],
  ["mac-address",            NA,       "aabb.cc00.1122",                     "aa:bb:cc:00:11:22"],
  ["AS",                     NA,       "AS64512",                            "64512"],
  ["AS",                     NA,       "1.10",                               "65546"],
  ["vulnerability",          "External analysis", "cve-2024–12345",          "CVE-2024-12345"],
  ["phone-number",           "Person", "0049 (0)30 / 123",                   "+4930123"],
  ["iban",                   "Financial fraud", "de89 3704 0044",            "DE8937040044"],
  ["http-method",            NA,       "get",                                "GET"],
  ["boolean",                "Other",  "true",                               "1"],
  ["datetime",               "Other",  "2024-01-01 10:00:00",                "2024-01-01T10:00:00.000000+0000"],
  ["comment",                "Other",  "a 😀 b",                             "a ? b"],
];

Deno.test("values are stored in MISP's own spelling", () =>
  withMisp(async ({ add, event, drops }) => {
    await add({
      Attribute: STORED.map(([type, category, value], at) =>
        attribute({
          uuid: uuid(at),
          type,
          category,
          value,
          comment: String(at),
        })
      ),
    });
    const twins = drops.splice(0).filter(({ reason }) =>
      !reason.startsWith("same type, category and value as")
    );
    assertEquals(twins, []);
    const stored = new Map(
      event(EVENT)?.Attribute.map((
        { type, value },
      ) => [`${type} ${value}`, true]),
    );
    const missing = STORED.filter(([type, , , value]) =>
      !stored.has(`${type} ${value}`)
    );
    assertEquals(missing, []);
  }));

// deno-fmt-ignore
const REFUSED: readonly [string, string, string, string][] = [
  // type                    category             value                       reason has
  ["process-name",           "Artifacts dropped", "a.exe",                    "unknown type"],
  ["username",               "Other",             "bob",                      "unknown type"],
  ["filename",               "Other",             "a.exe",                    "does not hold"],
  ["size-in-bytes",          PD,                  "12",                       "does not hold"],
  ["port",                   "External analysis", "443",                      "does not hold"],
  ["md5",                    PD,                  "abc",                      "expected: 32"],
  ["sha1",                   PD,                  "g".repeat(40),             "expected: 40"],
  ["sha256",                 PD,                  "a".repeat(63),             "expected: 64"],
  ["sha224",                 PD,                  "a".repeat(57),             "expected: 56"],
  ["sha384",                 PD,                  "a".repeat(95),             "expected: 96"],
  ["sha512",                 PD,                  "a".repeat(127),            "expected: 128"],
  ["jarm-fingerprint",       NA,                  "a".repeat(61),             "expected: 62"],
  ["x509-fingerprint-sha1",  PD,                  "0a:1b",                    "expected: 40"],
  ["ssdeep",                 PD,                  "3:abc",                    "blocksize:hash:hash"],
  ["tlsh",                   PD,                  "t1ab",                     "TLSH"],
  ["ip-dst",                 NA,                  "1.2.3.256",                "IP address"],
  ["ip-dst",                 NA,                  "1.2.3.04",                 "IP address"],
  ["ip-dst",                 NA,                  "1.2.3.0/33",               "CIDR"],
  ["ip-dst",                 NA,                  "2001:db8::/129",           "CIDR"],
  ["ip-dst",                 NA,                  "1::2::3",                  "IP address"],
  ["port",                   NA,                  "0",                        "between 1 and 65535"],
  ["port",                   NA,                  "65536",                    "between 1 and 65535"],
  ["domain",                 NA,                  "localhost",                "Domain"],
  ["hostname",               NA,                  "server1",                  "Domain"],
  ["mac-address",            NA,                  "aa:bb:cc",                 "MAC"],
  ["AS",                     NA,                  "4294967296",               "AS number"],
  ["AS",                     NA,                  "x",                        "AS number"],
  ["email-src",              NA,                  "bob",                      "Email"],
  ["email-src",              NA,                  "bob@localhost",            "Email"],
  ["link",                   "External analysis", "evil.example/x",           "URL"],
  ["link",                   "External analysis", "https://evil.example/ü",   "URL"],
  ["vulnerability",          "External analysis", "CVE-2024-123",             "CVE-xxxx-xxxx"],
  ["size-in-bytes",          "Other",             "-1",                       "whole number"],
  ["url",                    NA,                  "http://a.example\n/x",     "new line"],
  ["filename",               PD,                  "a\nb",                     "new line"],
  ["regkey",                 "Artifacts dropped", "HKLM\\a\nb",               "new line"],
  ["email-subject",          PD,                  "a\nb",                     "new line"],
  ["filename|md5",           PD,                  "a.exe",                    "Composite"],
  ["regkey|value",           "Artifacts dropped", "a|b|c",                    "Composite"],
  ["ip-dst|port",            NA,                  "1.2.3.4|0",                "between 1 and 65535"],
  ["domain|ip",              NA,                  "evil.example|x",           "IP address"],
  ["text",                   "Other",             "",                         "empty"],
  ["text",                   "Other",             "   ",                      "empty"],
  ["text",                   "Other",             "\u0001\u0002",             "control characters"],
  ["text",                   "Other",             "ä".repeat(32_768),         "65535 bytes"],
];

Deno.test("attributes that MISP refuses are dropped in silence, with the reason in the log", () =>
  withMisp(async (bench) => {
    for (const [type, category, value, reason] of REFUSED) {
      await refused(bench, attribute({ type, category, value }), reason);
    }
    // deno-fmt-ignore
    const members: readonly [Json, string][] = [
      [{ uuid: "019a2f8e-7c00-7abc-8def-000000000001" }, "Invalid UUID"],
      [{ uuid: "not-a-uuid" },                           "Invalid UUID"],
      [{ distribution: "4" },                            "distribution"],
      [{ timestamp: "1706745600000" },                   "out of range"],
      [{ first_seen: "2024-02-01", last_seen: "2024-01-01" }, "last_seen is before"],
      [{ first_seen: "soon" },                           "no ISO 8601 date"],
      [{ comment: "a 😀" },                              "4 bytes"],
      [{ type: "attachment", category: PD, data: "%%" }, "Base64"],
    ];
    for (const [member, reason] of members) {
      await refused(bench, attribute(member), reason);
    }
  }));

/** Sends one attribute, which must be left out though the answer is 200. */
async function refused(bench: Bench, sent: Json, reason: string) {
  const added = await bench.add({ Attribute: [sent] });
  assertEquals(added.Attribute, [], `${sent.type} ${sent.value}`);
  const [drop, ...others] = bench.drops.splice(0);
  assertEquals([drop?.what, others.length], ["attribute", 0]);
  assertEquals(drop?.reason.includes(reason), true, drop?.reason);
  await bench.post(`events/delete/${EVENT}`);
  await bench.post(`eventBlocklists/delete/${EVENT}`);
}

Deno.test("an attribute of an object needs its relation; one outside has none", () =>
  withMisp(async ({ add, drops }) => {
    const [md5] = fileObject().Attribute;
    const added = await add({
      Attribute: [attribute({ object_relation: "ip" })],
      Object: [fileObject({ Attribute: [{ ...md5, object_relation: "" }] })],
    });
    assertEquals(added.Attribute[0].object_relation, null);
    assertEquals(drops.map(({ reason }) => reason), [
      "object_relation is missing",
    ]);
  }));

Deno.test("objects without name, meta-category or template are dropped with their attributes", () =>
  withMisp(async ({ add, drops, events }) => {
    const fields = [
      "name",
      "meta-category",
      "template_uuid",
      "template_version",
    ];
    const added = await add({
      Object: [
        ...fields.map((field, at) =>
          fileObject({ uuid: uuid(200 + at), [field]: "" })
        ),
        fileObject({ uuid: "019a2f8e-7c00-7abc-8def-000000000001" }),
      ],
    });
    assertEquals(added.Object, []);
    assertEquals(events()[0]?.Object, []);
    assertEquals(drops.map(({ what, reason }) => [what, reason]), [
      ...fields.map((field) => ["object", `${field} is missing`]),
      ["object", "Invalid UUID"],
    ]);
  }));

Deno.test("a missing category, to_ids and distribution have the type's defaults", () =>
  withMisp(async ({ add }) => {
    const added = await add({
      Attribute: [{ type: "md5", value: "0".repeat(32) }, {
        type: "text",
        value: "x",
      }],
    });
    assertEquals(
      added.Attribute.map((
        { category, to_ids, distribution }: Json,
      ) => [category, to_ids, distribution]),
      [["Payload delivery", true, "5"], ["Other", false, "5"]],
    );
  }));

Deno.test("an import regexp and a type of a later version are refused where they are set", () =>
  withMisp(async ({ add, drops, get }) => {
    await add({
      Attribute: [
        attribute({ type: "suricata", value: "alert" }),
        attribute({ uuid: uuid(2), value: "10.0.0.1" }),
      ],
    });
    assertEquals(drops.map(({ reason }) => reason), [
      'unknown type "suricata"',
      "blocked by an import regexp",
    ]);
    const { result } = (await get("attributes/describeTypes")).body;
    assertEquals(result.types.includes("suricata"), false);
    assertEquals(result.sane_defaults.suricata, undefined);
  }, { lacksTypes: ["suricata"], importRegexp: /^10\./ }));
