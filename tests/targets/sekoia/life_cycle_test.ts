/** Every kind of value through its whole life, in both import modes. */
import { assert, assertEquals } from "@std/assert";
import { Bench, event, idOf, indicator, OPENCTI } from "./bench.ts";

const MD5 = "9e107d9d372bb6826bd81d3542a419d6";
const SHA1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";
const SHA256 =
  "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592";
const SHA512 = "07e547d9586f6a73".repeat(8);

type Row = readonly [
  pattern: string,
  value: string,
  format: string,
  type: string,
];

// deno-fmt-ignore
const TAKEN: readonly Row[] = [
  ["[ipv4-addr:value = '203.0.113.7']",                  "203.0.113.7",   "ipv4-addr.value",   "ipv4-addr"],
  ["[ipv4-addr:value = '203.0.113.7/32']",               "203.0.113.7",   "ipv4-addr.value",   "ipv4-addr"],
  ["[ipv6-addr:value = '2001:DB8::1']",                  "2001:db8::1",   "ipv6-addr.value",   "ipv6-addr"],
  ["[domain-name:value = 'Evil.Example.']",              "evil.example",  "domain-name.value", "domain-name"],
  ["[hostname:value = 'www.evil.example']",              "www.evil.example", "domain-name.value", "domain-name"],
  ["[url:value = 'https://evil.example/a?b=1&c=2']",     "https://evil.example/a?b=1&c=2", "url.value", "url"],
  ["[url:value = 'https://evil.example/it\\'s#a%20b+c']", "https://evil.example/it's#a%20b+c", "url.value", "url"],
  ["[email-addr:value = 'bad@evil.example']",            "bad@evil.example", "email-addr.value", "email-addr"],
  [`[file:hashes.MD5 = '${MD5.toUpperCase()}']`,         MD5,             "file.hashes",       "file"],
  [`[file:hashes.'SHA-1' = '${SHA1}']`,                  SHA1,            "file.hashes",       "file"],
  [`[file:hashes.'SHA-256' = '${SHA256}']`,              SHA256,          "file.hashes",       "file"],
  [`[file:hashes."SHA-512" = '${SHA512}']`,              SHA512,          "file.hashes",       "file"],
  [`[artifact:hashes.'SHA-256' = '${SHA256}']`,          SHA256,          "file.hashes",       "file"],
  ["[mac-addr:value = '00-11-22-33-44-AA']",             "00:11:22:33:44:aa", "mac-addr.value", "mac-addr"],
  ["[network-traffic:dst_ref.value = '203.0.113.7']",    "203.0.113.7",   "ipv4-addr.value",   "ipv4-addr"],
  ["[network-traffic:src_ref.value = '2001:db8::1']",    "2001:db8::1",   "ipv6-addr.value",   "ipv6-addr"],
];

// deno-fmt-ignore
const NOT_TAKEN: readonly string[] = [
  "[ipv4-addr:value = '203.0.113.0/24']",
  "[hostname:value = 'host1']",
  "[domain-name:value = 'example']",
  "[file:name = 'update.zip']",
  "[directory:path = 'C:\\\\Temp']",
  "[process:command_line = 'evil.exe']",
  "[mutex:name = 'm']",
  "[windows-registry-key:key = 'HKLM\\\\x']",
  "[user-account:account_login = 'root']",
  "[autonomous-system:number = 64500]",
  `[x509-certificate:hashes.'SHA-256' = '${SHA256}']`,
  "[text:value = 'evil.example']",
  "[cryptocurrency-wallet:value = '1BoatSLRHtKNngkdXEeobR76b53LETtpyT']",
  "[phone-number:value = '+33123456789']",
  "[file:hashes.SSDEEP = '3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C']",
  "[file:hashes.TLSH = 'T1A2']",
  `[file:hashes.IMPHASH = '${MD5}']`,
  "[email-message:subject = 'pay bad@evil.example']",
  "[domain-name:value LIKE '%.example']",
  "[domain-name:value != 'good.example']",
  "[this is no pattern",
];

const PHASES = [
  {
    kill_chain_name: "MITRE-ATTACK",
    phase_name: "command-and-control",
    extensions: {},
  },
  { kill_chain_name: "ours", phase_name: "phase 1" },
];

for (const mode of ["json", "text"]) {
  for (const [pattern, value, format, type] of TAKEN) {
    Deno.test(`${mode}: a collection holds ${pattern.slice(0, 60)} until it goes`, async () => {
      await using bench = await Bench.start({ config: { import_mode: mode } });
      const object = indicator("Emotet C2", pattern, {
        description: "Seen in\nspam wave 12",
        kill_chain_phases: PHASES,
      });
      const created = event("create", object);
      const [first] = await bench.calls(created);
      const fields = {
        description: `Emotet C2 | Seen in spam wave 12 | ${OPENCTI}` +
          `/dashboard/observations/indicators/${idOf("Emotet C2")}`,
        valid_from: "2026-02-01T00:00:00.000Z",
        valid_until: "2026-05-01T00:00:00.000Z",
        kill_chain_phases: [{
          kill_chain_name: "mitre-attack",
          phase_name: "command-and-control",
        }],
      };
      const body = mode === "json"
        ? { indicators: [{ value }], default_fields: fields }
        : { format, indicators: value, ...fields };
      assertEquals(JSON.parse(first?.slice("POST ".length) ?? ""), body);
      const [stored] = bench.server.active();
      assertEquals([stored?.value, stored?.type], [value, type]);
      assertEquals(stored?.properties, fields);

      // The same again, and a change that is not seen there: no call.
      assertEquals(await bench.calls(created), []);
      const labelled = { ...object, labels: ["new"] };
      assertEquals(await bench.calls(event("update", labelled)), []);
      // A name is part of the description.
      const named = { ...object, name: "Emotet" };
      const [put, ...more] = await bench.calls(
        { ...event("update", named), internalId: created.internalId },
      );
      assert(put?.startsWith(`PUT ${value} {"description":"Emotet | `), put);
      assertEquals(more, []);
      assertEquals(
        await bench.calls(event("delete", object)),
        [`DELETE ${value}`],
      );
      assertEquals([bench.values(), bench.revoked()], [[], [value]]);
      assertEquals(await bench.calls(event("delete", object)), []);
    });
  }
}

for (const pattern of NOT_TAKEN) {
  Deno.test(`nothing is sent of ${pattern.slice(0, 60)}`, async () => {
    await using bench = await Bench.start();
    bench.server.requests.clear();
    const [outcome] = await bench.deliver(
      event("create", indicator("a", pattern)),
    );
    assertEquals(outcome?.status, "skipped");
    assertEquals(bench.requests(), []);
    // What it held before goes when its pattern becomes such a one.
    const before = indicator("b", "[domain-name:value = 'evil.example']");
    await bench.deliver(event("create", before));
    const after = { ...before, pattern };
    assertEquals(
      await bench.calls(event("update", after)),
      ["DELETE evil.example"],
    );
  });
}

Deno.test("hashes of one file are values of their own in JSON, one line in text", async () => {
  const pattern = `[file:hashes.'SHA-1' = '${SHA1}' AND ` +
    `file:hashes.MD5 = '${MD5}' AND file:name = 'a.exe' AND file:size = 7]`;
  await using json = await Bench.start();
  await json.deliver(event("create", indicator("a", pattern)));
  assertEquals(json.values(), [SHA1, MD5]);
  await using text = await Bench.start({ config: { import_mode: "text" } });
  const object = indicator("a", pattern);
  const [post] = await text.calls(event("create", object));
  assertEquals(
    JSON.parse(post?.slice("POST ".length) ?? "").indicators,
    `${MD5},${SHA1}`,
  );
  assertEquals(text.values(), [`${MD5},${SHA1}`]);
  const alone = `[file:hashes.MD5 = '${MD5}']`;
  await text.deliver(event("update", { ...object, pattern: alone }));
  assertEquals(text.values(), [MD5]);
});

Deno.test("a text import that takes its time is looked up later", async () => {
  await using bench = await Bench.start({
    config: { import_mode: "text" },
    settings: { textDelayMs: 300 },
  });
  const object = indicator("a", "[domain-name:value = 'evil.example']");
  const calls = await bench.calls(event("create", object));
  assertEquals(calls.filter((call) => call === "GET evil.example").length, 3);
  assertEquals(
    await bench.calls(event("delete", object)),
    ["DELETE evil.example"],
  );
});
