import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  isObservableType,
  type Observable,
  OBSERVABLE_TYPES,
  observablesOfValues,
  toStixType,
} from "../../src/stix/observable.ts";
import { observablesOfPattern } from "../../src/stix/pattern_observables.ts";
import { parsePattern, PatternError } from "../../src/stix/pattern.ts";
import cases from "../fixtures/stix/pattern_cases.json" with { type: "json" };
import { pattern } from "./pattern_arbitrary.ts";

type EcsRecord = Record<string, string | number>;

/** What the fixture expects, written from our observables. */
// deno-fmt-ignore
const ECS: Readonly<Record<string, (observable: Observable) => EcsRecord>> = {
  "ipv4-addr": ({ value, dst_port }) => ({ ...ip(String(value)), ...port(dst_port) }),
  "network-traffic": ({ dst_port }) => ({ type: "port", ...port(dst_port) }),
  "domain-name": ({ value }) => ({ "url.domain": String(value).toLowerCase() }),
  hostname: ({ value }) => ({ type: "domain-name", "url.domain": String(value).toLowerCase() }),
  url: ({ value }) => ({ "url.full": String(value) }),
  file: ({ name, hashes }) => ({
    ...(name !== undefined && { "file.name": String(name) }),
    ...ecsHashes(hashes),
  }),
  "autonomous-system": ({ number, name }) => ({ "as.number": Number(number), "as.organization.name": String(name) }),
  "x509-certificate": ({ serial_number }) => ({ "x509.serial_number": String(serial_number).replaceAll(":", "").toUpperCase() }),
  "windows-registry-key": ecsRegistry,
};

function ip(value: string): EcsRecord {
  const [address = "", bits = "32"] = value.split("/");
  return bits === "32" ? { ip: address } : { cidr: value };
}

function port(value: unknown): EcsRecord {
  return value === undefined ? {} : { port: Number(value) };
}

function ecsHashes(hashes: unknown): EcsRecord {
  return Object.fromEntries(
    Object.entries(hashes ?? {}).map(([algorithm, hash]) => [
      `file.hash.${algorithm.replace("-", "").toLowerCase()}`,
      hash.toLowerCase(),
    ]),
  );
}

function ecsRegistry({ key, values }: Observable): EcsRecord {
  const [, ...rest] = String(key).split("\\");
  const [{ name }] = values as [{ name: string }];
  const registryKey = rest.join("\\");
  return {
    "registry.hive": "HKCU",
    "registry.key": registryKey,
    "registry.value": name,
    "registry.path": `HKCU\\${registryKey}\\${name}`,
  };
}

function read(text: string) {
  try {
    return observablesOfPattern(parsePattern(text));
  } catch (error) {
    assert(error instanceof PatternError);
    return { observables: [], complete: false };
  }
}

for (const { title, pattern, records, complete } of cases.cases) {
  Deno.test(`observablesOfPattern() splits: ${title}`, () => {
    const found = read(pattern);
    assertEquals(
      found.observables.map((observable) => ({
        type: observable.type,
        ...ECS[observable.type]?.(observable),
      })),
      records as unknown as { type: string }[],
    );
    assertEquals(found.complete, complete);
  });
}

const NO_SPLIT: readonly [pattern: string, Observable][] = [
  ["ipv6-addr:value = '2001:db8::/32'", {
    type: "ipv6-addr",
    value: "2001:db8::/32",
  }],
  ["domain:value = 'A.example'", { type: "domain-name", value: "A.example" }],
  ["email-message:from_ref.value = 'a@b.example'", {
    type: "email-addr",
    value: "a@b.example",
  }],
  ["email-message:sender_ref.value = 'a@b.example'", {
    type: "email-addr",
    value: "a@b.example",
  }],
  ["mac-addr:value = '00:00:5E:00:53:01'", {
    type: "mac-addr",
    value: "00:00:5E:00:53:01",
  }],
  ["X-OpenCTI-User-Agent:Value = 'x/1'", { type: "user-agent", value: "x/1" }],
  ["x-opencti-text:value = 'x'", { type: "text", value: "x" }],
  ["x-opencti-cryptocurrency-wallet:value = '1x'", {
    type: "cryptocurrency-wallet",
    value: "1x",
  }],
  [
    "file:name = 'a.exe' AND file:size = 10 AND file:mime_type = 'text/plain'" +
    " AND file:parent_directory_ref.path = 'C:\\\\x'",
    {
      type: "file",
      name: "a.exe",
      size: 10,
      mime_type: "text/plain",
      "parent_directory_ref.path": "C:\\x",
    },
  ],
  [
    "file:hashes.MD5 = 'a' AND file:hashes.sha_1 = 'b' AND " +
    "file:content_ref.hashes.\"sha-256\" = 'c' AND file:hashes.Ssdeep = 'd' " +
    "AND file:hashes.'__proto__' = 'e'",
    {
      type: "file",
      hashes: JSON.parse(
        '{"MD5":"a","SHA-1":"b","SHA-256":"c","SSDEEP":"d","__proto__":"e"}',
      ),
    },
  ],
  ["artifact:hashes.tlsh = 'T1'", { type: "artifact", hashes: { TLSH: "T1" } }],
  [
    "win-registry-key:key = 'K' AND (windows-registry-key:values[0].name = 'a'" +
    " AND windows-registry-key:values[0].data = 'x' AND " +
    "windows-registry-key:values[1].data_type = 'REG_SZ')",
    {
      type: "windows-registry-key",
      key: "K",
      values: [{ name: "a", data: "x" }, { data_type: "REG_SZ" }],
    },
  ],
  [
    "x509-certificate:issuer = 'i' OR x509-certificate:subject = 's' OR " +
    "x509-certificate:hashes.'SHA-1' = 'h'",
    {
      type: "x509-certificate",
      issuer: "i",
      subject: "s",
      hashes: { "SHA-1": "h" },
    },
  ],
  ["autonomous-system:number = 'AS64500'", {
    type: "autonomous-system",
    number: 64500,
  }],
  ["directory:path = '/opt/x'", { type: "directory", path: "/opt/x" }],
  ["mutex:name = 'm'", { type: "mutex", name: "m" }],
  ["software:name = 's'", { type: "software", name: "s" }],
  ["process:name = 'p' AND process:command_line = 'p -x'", {
    type: "process",
    name: "p",
    command_line: "p -x",
  }],
  ["user-account:account_login = 'u' AND user-account:user_id = '1'", {
    type: "user-account",
    account_login: "u",
    user_id: "1",
  }],
  [
    "network-traffic:src_ref.value = '2001:db8::1' AND " +
    "network-traffic:src_port = '22'",
    { type: "ipv6-addr", value: "2001:db8::1", src_port: 22 },
  ],
  ["network-traffic:dst_ref.value = 'c2.example'", {
    type: "domain-name",
    value: "c2.example",
  }],
  ["network-traffic:src_port = 4 AND network-traffic:dst_port = 5", {
    type: "network-traffic",
    dst_port: 5,
    src_port: 4,
  }],
  ["url:value = 'x' AND (url:value = 'x' OR url:value IN ('x'))", {
    type: "url",
    value: "x",
  }],
];

for (const [text, observable] of NO_SPLIT) {
  Deno.test(`observablesOfPattern() makes one of ${text}`, () => {
    assertEquals(read(`[${text}]`).observables, [observable]);
  });
}

const DROPPED = [
  "[file:name = '']",
  "[mutex:name = 5]",
  "[file:size = -1]",
  "[file:size = 1.5]",
  "[file:size = 9007199254740993]",
  "[network-traffic:dst_port = 'http']",
  "[ipv4-addr:value = h'c0000201']",
  "[ipv4-addr:value IN ()]",
  "[ipv4-addr:value NOT = '192.0.2.1']",
  "[ipv4-addr:value ISSUBSET '192.0.2.0/24']",
  "[file:size > 5]",
  "[EXISTS file:name]",
  "[file:hashes[0] = 'x']",
  "[file:'hashes.MD5' = 'x']",
  "[email-message:'from_ref.value' = 'a@b.example']",
  "[constructor:value = 'x']",
  "[network-traffic:dst_ref.type = 'ipv4-addr']",
];

for (const text of DROPPED) {
  Deno.test(`observablesOfPattern() finds no value in ${text}`, () => {
    assertEquals(read(text), { observables: [], complete: false });
  });
}

function files(...parts: Record<string, unknown>[]): Observable[] {
  return parts.map((part) => ({ type: "file", ...part }));
}

const SPLITS: readonly [
  pattern: string,
  observables: readonly Observable[],
  complete: boolean,
][] = [
  [
    "[file:name = 'n' AND file:hashes.MD5 IN ('a', 'b')]",
    files({ name: "n", hashes: { MD5: "a" } }, {
      name: "n",
      hashes: { MD5: "b" },
    }),
    true,
  ],
  [
    "[(file:name = 'n' AND file:size = 1) OR (file:name = 'm' AND file:size = 2)]",
    files({ name: "n", size: 1 }, { name: "m", size: 2 }),
    true,
  ],
  [
    "[file:hashes.MD5 = 'a' OR file:name = 'n' OR file:hashes.MD5 = 'b' OR file:size = 5]",
    files({ hashes: { MD5: "a" } }, { name: "n", size: 5 }, {
      hashes: { MD5: "b" },
    }),
    true,
  ],
  [
    "[file:name = 'n' AND file:name = 'm' AND file:size = 1]",
    files({ name: "n", size: 1 }, { name: "m", size: 1 }),
    false,
  ],
  [
    "[(file:name = 'n' OR file:size = 1) AND (file:name = 'm' OR file:size = 2)]",
    files({ name: "n" }, { size: 1 }, { name: "m" }, { size: 2 }),
    false,
  ],
  [
    "[process:name = 'p' OR process:command_line = 'c']",
    [{ type: "process", name: "p" }, { type: "process", command_line: "c" }],
    true,
  ],
  [
    "[mutex:name = 'a'] OR [mutex:name = 'b'] OR [mutex:name = 'a']",
    [{ type: "mutex", name: "a" }, { type: "mutex", name: "b" }],
    true,
  ],
  ["[mutex:name = 'a'] AND [mutex:name = 'a']", [
    { type: "mutex", name: "a" },
  ], false],
  ["[mutex:name = 'a'] REPEATS 2 TIMES", [{ type: "mutex", name: "a" }], false],
  ["[mutex:name IN ('a', 5)]", [{ type: "mutex", name: "a" }], false],
  [
    "[network-traffic:src_ref.value = '192.0.2.1' AND " +
    "network-traffic:dst_ref.value = '198.51.100.0/24' AND " +
    "network-traffic:dst_port = 443]",
    [
      { type: "ipv4-addr", value: "192.0.2.1" },
      { type: "ipv4-addr", value: "198.51.100.0/24", dst_port: 443 },
    ],
    false,
  ],
  [
    "[network-traffic:dst_ref.value = '00-00-5e-00-53-01' OR network-traffic:dst_port = 443]",
    [
      { type: "mac-addr", value: "00-00-5e-00-53-01" },
      { type: "network-traffic", dst_port: 443 },
    ],
    true,
  ],
];

for (const [text, observables, complete] of SPLITS) {
  Deno.test(`observablesOfPattern() splits ${text}`, () => {
    assertEquals(read(text), { observables: [...observables], complete });
  });
}

Deno.test("observablesOfPattern() takes no more than the pattern holds", () => {
  const text = Array.from(
    { length: 30 },
    (_, index) => `file:hashes.a${index} IN ('x', 'y', 'z')`,
  ).join(" AND ");
  const { observables, complete } = read(`[${text}]`);
  assertEquals(observables.length, 90);
  assert(!complete);
});

const LARGE: Readonly<Record<string, string>> = {
  values: `[mutex:name IN (${
    Array.from({ length: 90_000 }, (_, index) => `'m${index}'`).join()
  })]`,
  hashes: Array.from(
    { length: 30_000 },
    (_, index) => `file:hashes.'a${index}' = 'x'`,
  ).join(" AND "),
  products: Array.from(
    { length: 6_000 },
    (_, index) =>
      `(file:name IN ('a${index}', 'b', 'c') AND file:size IN (1, 2))`,
  ).join(" OR "),
  nesting: "(".repeat(199) + `file:name IN (${Array(60_000).fill("'x'")})` +
    " OR mutex:name = 'x') AND file:size = 1)".repeat(99) + ")",
};

for (const [name, text] of Object.entries(LARGE)) {
  Deno.test(`observablesOfPattern() is done with 1 MB of ${name} in time`, () => {
    const startedAt = performance.now();
    read(text.startsWith("[") ? text : `[${text}]`);
    assert(performance.now() - startedAt < 5000);
  });
}

Deno.test("observablesOfPattern() takes any tree, and no two observables are alike", () => {
  fc.assert(fc.property(pattern, (tree) => {
    const { observables, complete } = observablesOfPattern(tree);
    const texts = observables.map((observable) => JSON.stringify(observable));
    assertEquals(new Set(texts).size, texts.length);
    assert(!complete || texts.length > 0);
  }));
});

Deno.test("observablesOfValues() reads both forms of hashes", () => {
  const expected: Observable[] = [{
    type: "file",
    hashes: { "SHA-256": "a", MD5: "b" },
  }];
  const type = "StixFile";
  assertEquals(
    observablesOfValues([{ type, hashes: { "SHA-256": "a", md5: "b" } }]),
    expected,
  );
  assertEquals(
    observablesOfValues([{
      type,
      hashes: [
        { algorithm: "SHA256", hash: "a" },
        { algorithm: "MD5", hash: "b" },
        { algorithm: "MD5" },
        null,
      ],
    }]),
    expected,
  );
});

Deno.test("observablesOfValues() reads what the platform writes", () => {
  assertEquals(
    observablesOfValues([
      { type: "IPv4-Addr", value: "192.0.2.1" },
      { type: "Network-Traffic", dst_port: "443" },
      { type: "Autonomous-System", number: "64500" },
      { type: "Windows-Registry-Key", values: { data: "x" } },
      { type: "Windows-Registry-Key", values: [{ name: "x", data: null }, 5] },
      { type: "file", name: "a.exe" },
    ]),
    [
      { type: "ipv4-addr", value: "192.0.2.1" },
      { type: "network-traffic", dst_port: 443 },
      { type: "autonomous-system", number: 64500 },
      { type: "windows-registry-key", values: [{ data: "x" }] },
      { type: "windows-registry-key", values: [{ name: "x" }] },
      { type: "file", name: "a.exe" },
    ],
  );
});

Deno.test("observablesOfValues() takes anything", () => {
  const nothing = [
    ...[undefined, null, 5, "x", {}, [], [[]], [null]],
    [{ type: 5, value: "x" }],
    [{ type: "X-Acme", value: "x" }],
    [{ type: "Url" }, { type: "Url", value: "" }, { type: "Url", value: {} }],
    [{ type: "StixFile", hashes: "x" }, { type: "StixFile", hashes: { a: 5 } }],
    [{ type: "Network-Traffic", dst_port: "http" }],
  ];
  for (const values of nothing) assertEquals(observablesOfValues(values), []);
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    observablesOfValues(value);
    observablesOfValues([{ type: "StixFile", hashes: value, values: value }]);
  }));
});

Deno.test("toStixType() knows OpenCTI's names and STIX's own", () => {
  for (const [opencti, stix] of OBSERVABLE_TYPES) {
    assertEquals(toStixType(opencti), stix);
    assertEquals(toStixType(stix), stix);
    assert(isObservableType(stix));
  }
  assertEquals(toStixType("Indicator"), undefined);
  assert(!isObservableType("indicator") && !isObservableType("constructor"));
});
