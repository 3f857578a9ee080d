/** What MISP refuses becomes text, what it rewrites is sent rewritten. */
import { assertEquals } from "@std/assert";
import { TYPE_ROWS } from "../../../../src/targets/misp/mapping/types.ts";
import {
  attributes,
  holding,
  indicator,
  mapped,
  onlyAttribute,
  stix,
} from "./rig.ts";

const rules = new Map(TYPE_ROWS.map(([type, , , rule]) => [type, rule]));

function rule(type: string, value: string): string | undefined {
  const found = rules.get(type);
  if (found === undefined) throw new Error(`No type ${type}`);
  return found(value);
}

// deno-fmt-ignore
const VALUES = [
  ["ip-dst",       "1.2.3.4/32",                 "1.2.3.4"],
  ["ip-dst",       "10.0.0.0/8",                 "10.0.0.0/8"],
  ["ip-dst",       "10.0.0.0/33",                undefined],
  ["ip-dst",       "1[.]2[.]3[.]4",              "1.2.3.4"],
  ["ip-dst",       "2001:DB8:0::1/128",          "2001:db8::1"],
  ["ip-dst",       "::ffff:192.0.2.1",           "::ffff:192.0.2.1"],
  ["ip-dst",       "fe80::1%eth0",               "fe80::1"],
  ["ip-dst",       "1.2.3",                      undefined],
  ["port",         "0",                          undefined],
  ["port",         "65535",                      "65535"],
  ["port",         "65536",                      undefined],
  ["port",         "80a",                        undefined],
  ["domain",       "Evil[.]Example.",            "evil.example"],
  ["domain",       "bücher.example",             "xn--bcher-kva.example"],
  ["domain",       "evil..example",              "evil.example"],
  ["domain",       "localhost",                  undefined],
  ["domain",       "a b.example",                undefined],
  ["domain",       "evil.x",                     undefined],
  ["hostname",     "WWW.a_b.example",            "www.a_b.example"],
  ["mac-address",  "001122AABBCC",               "00:11:22:aa:bb:cc"],
  ["mac-address",  "00:11:22",                   undefined],
  ["AS",           "AS64512",                    "64512"],
  ["AS",           "4294967295",                 "4294967295"],
  ["AS",           "4294967296",                 undefined],
  ["email-src",    "Joe[@]Evil.Example",         "joe@evil.example"],
  ["email-src",    "joe@local",                  undefined],
  ["email-src",    "joe @b.example",             undefined],
  ["ssdeep",       "3:abc:def",                  "3:abc:def"],
  ["ssdeep",       "abc",                        undefined],
  ["link",         "https://a.example/x?y=z",    "https://a.example/x?y=z"],
  ["link",         "https://[2001:db8::1]/",     "https://[2001:db8::1]/"],
  ["link",         "/relative",                  undefined],
  ["link",         "javascript:alert(1)",        undefined],
  ["link",         "https://a b/",               undefined],
  ["vulnerability", "cve-2021-44228",            "CVE-2021-44228"],
  ["vulnerability", "CVE-2021-1",                undefined],
  ["filename",     "a\nb",                       undefined],
  ["url",          "hxxps://a[.]example/",       "https://a.example/"],
  ["url",          "http://a/\r\nb",             undefined],
  ["regkey",       "HKLM\\a\nb",                 undefined],
  ["regkey|value", "a|b|c",                      undefined],
  ["regkey|value", "a|b",                        "a|b"],
  ["email-subject", "a\nb",                      undefined],
  ["x509-fingerprint-sha1", "DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
  ["size-in-bytes", "-1",                        undefined],
  ["phone-number", "0033 (0)1 23",               "+33123"],
  ["phone-number", "call me",                    undefined],
  ["btc",          "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"],
  ["btc",          "0xabc",                      undefined],
  ["datetime",     "2024-01-01T00:00:00Z",       "2024-01-01T00:00:00.000000+0000"],
  ["datetime",     "yesterday",                  undefined],
  ["attachment",   "C:\\x\\a.txt",               "a.txt"],
  ["attachment",   "folder/",                    undefined],
] as const;
for (const [type, value, expected] of VALUES) {
  Deno.test(`values: ${type} ${JSON.stringify(value)}`, () => {
    assertEquals(rule(type, value), expected);
    // What comes out stays as it is.
    if (expected !== undefined) assertEquals(rule(type, expected), expected);
  });
}

Deno.test("values: text too long for a column is cut, and says what it was", async () => {
  const found = await mapped(holding([
    indicator(`rule ${"a".repeat(70_000)}`, { pattern_type: "yara" }),
  ]));
  const { type, value, comment, to_ids } = onlyAttribute(found);
  assertEquals([type, comment, to_ids], ["text", "yara: Emotet C2", false]);
  assertEquals(value.length, 65_000 + "… [truncated]".length);
});

Deno.test("values: a link that grows too long in ASCII is text", async () => {
  const url = `https://a.example/${"é".repeat(20_000)}`;
  const found = await mapped(
    holding([stix("malware", {
      name: "X",
      external_references: [{ source_name: "blog", url }],
    })]),
  );
  assertEquals(attributes(found), [`text | External analysis | ${url}`]);
});

Deno.test("values: nothing but white space and control characters is nothing", async () => {
  const found = await mapped(
    holding([stix("text", { value: " \u0000\u200b\n" })]),
  );
  assertEquals(attributes(found), []);
  assertEquals(found.notes.length, 1);
});

Deno.test("values: characters that MISP's columns lack are U+FFFD", async () => {
  const found = await mapped(
    holding([stix("text", { value: "\u0000 a \u{1f4a5} \ud800 " })]),
  );
  assertEquals(attributes(found), ["text | Other | a \ufffd \ufffd"]);
});

Deno.test("values: no rule takes more than a moment for any text", () => {
  const long = 50_000;
  const texts = ["a", ".", "@.", " ", "a-", "1", ":", "a.", "|", "[.]"]
    .flatMap((part) => {
      const text = part.repeat(long);
      return [text, `${text}!`, `a@${text}@`, `http://${text}!`, `a ${text} a`];
    });
  // A rule that backtracks would not come to an end here.
  for (const [type] of TYPE_ROWS) {
    for (const text of texts) {
      const found = rule(type, text);
      assertEquals(found === undefined || typeof found === "string", true);
    }
  }
});
