import { assert, assertEquals } from "@std/assert";
import { isRecord, type StixObject } from "../../../src/stix/object.ts";
import {
  toDocuments,
  toRecords,
} from "../../../src/targets/_elastic/document.ts";
import { OBSERVABLE_ROWS } from "../../../src/targets/_elastic/ecs_rows.ts";
import { toEntityRecords } from "../../../src/targets/_elastic/entity_records.ts";
import type { DocumentContext } from "../../../src/targets/_elastic/entity_rows.ts";
import fixture from "../../fixtures/elastic/documents.json" with {
  type: "json",
};

const CONTEXT: DocumentContext = {
  now: Date.parse("2026-03-02T10:00:00.000Z"),
  version: 1772445600000 * 1000,
  externalUrl: "https://cti.example.org",
  expireDays: 90,
  names: new Map([[
    "identity--4ef3f1f8-0c3a-5c5e-9f3b-6b3b8a0f1c11",
    "ACME CERT",
  ]]),
  markings: new Map(),
};
const QUERY_TYPES = new Set(["kql", "lucene", "eql", "esql"]);

function documentsOf(object: StixObject, context = CONTEXT) {
  const { records, patternComplete } = toEntityRecords(object, QUERY_TYPES);
  return toDocuments({ object, context, patternComplete }, records);
}

for (const { title, input, expected } of fixture.cases) {
  Deno.test(`toDocuments() writes ${title}`, () => {
    const documents = documentsOf(input as unknown as StixObject);
    const found = documents.map(({ id, source }) => {
      const { stix: _raw, ...rest } = source;
      return { _id: id, _source: rest };
    });
    assertEquals(found, expected as unknown as typeof found);
  });
}

/** Fields of one record, for short tests. */
function fieldsOf(
  observable: Record<string, unknown>,
): Record<string, unknown> {
  const [record] = toRecords(observable);
  return { name: record?.name, ...Object.fromEntries(record?.fields ?? []) };
}

Deno.test("toRecords() cuts host-length prefixes and zone ids", () => {
  for (
    const [value, ip] of [
      ["198.51.100.7/32", "198.51.100.7"],
      ["2001:DB8::1/128", "2001:db8::1"],
      ["2001:db8::1%eth0", "2001:db8::1"],
    ]
  ) {
    assertEquals(fieldsOf({ type: "ipv4-addr", value }), {
      name: ip,
      "threat.indicator.ip": ip,
      "related.ip": [ip],
    });
  }
});

Deno.test("toRecords() keeps networks out of the ip field", () => {
  assertEquals(fieldsOf({ type: "ipv4-addr", value: "203.0.113.0/24" }), {
    name: "203.0.113.0/24",
    "opencti.cidr": "203.0.113.0/24",
  });
  assertEquals(fieldsOf({ type: "ipv4-addr", value: "203.0.113.0/77" }), {
    name: "203.0.113.0/77",
  });
});

Deno.test("toRecords() splits URLs without changing them", () => {
  const value = "HTTP://user:pw@[2001:DB8::9]:80/a%20b/x.tar.gz?q=1?#";
  assertEquals(fieldsOf({ type: "url", value }), {
    name: value,
    "threat.indicator.url.full": value,
    "threat.indicator.url.original": value,
    "threat.indicator.url.scheme": "http",
    "threat.indicator.url.username": "user",
    "threat.indicator.url.domain": "[2001:db8::9]",
    "threat.indicator.url.port": 80,
    "threat.indicator.url.path": "/a%20b/x.tar.gz",
    "threat.indicator.url.extension": "gz",
    "threat.indicator.url.query": "q=1?",
    "related.ip": ["2001:db8::9"],
  });
  assertEquals(Object.keys(fieldsOf({ type: "url", value: "mailto:a@b" })), [
    "name",
    "threat.indicator.url.full",
    "threat.indicator.url.original",
  ]);
});

Deno.test("toRecords() reads hash names in any spelling", () => {
  const hashes = {
    "sha-512": "AB",
    SHA_384: "CD",
    IMPHASH: "EF",
    SSDEEP: "3:Ab:c",
    "SHA3-256": "F0",
    MD5: 7,
  };
  const fields = fieldsOf({
    type: "file",
    hashes,
    size: "12",
    name: ".bashrc",
  });
  assertEquals(fields, {
    name: "ab",
    "threat.indicator.file.hash.sha384": "cd",
    "threat.indicator.file.hash.sha512": "ab",
    "threat.indicator.file.hash.ssdeep": "3:Ab:c",
    "threat.indicator.file.pe.imphash": "ef",
    "related.hash": ["ab", "cd", "ef", "3:Ab:c", "f0"],
    "threat.indicator.file.name": ".bashrc",
    "threat.indicator.file.size": 12,
  });
});

Deno.test("toRecords() makes one record per registry value", () => {
  const records = toRecords({
    type: "windows-registry-key",
    key: "hkey_users\\.DEFAULT\\Run",
    values: [{ name: "A", data: "x", data_type: "REG_SZ" }, { name: "B" }],
  });
  assertEquals(records.map(({ name }) => name), [
    "HKU\\.DEFAULT\\Run\\A",
    "HKU\\.DEFAULT\\Run\\B",
  ]);
});

Deno.test("toRecords() names what has no field of its own", () => {
  // deno-fmt-ignore
  const names: [Record<string, unknown>, string | undefined][] = [
    [{ type: "network-traffic", dst_port: 4444, protocols: ["ipv4", "tcp"] }, "tcp/4444"],
    [{ type: "network-traffic", protocols: ["icmp"] },                        "icmp"],
    [{ type: "network-traffic" },                                             undefined],
    [{ type: "software", vendor: "Acme", name: "Tool", version: "1.2" },      "Acme Tool 1.2"],
    [{ type: "mac-addr", value: "00:00:5e:00:53:23" },                        "00-00-5E-00-53-23"],
    [{ type: "mutex", name: "m" },                                            "m"],
    [{ type: "bank-account", iban: "XX00" },                                  "XX00"],
    [{ type: "user-account", user_id: 1001 },                                 "1001"],
    [{ type: "payment-card", value: "4000" },                                 undefined],
    [{ type: "ipv4-addr", value: { a: 1 } },                                  undefined],
  ];
  for (const [observable, name] of names) {
    assertEquals(toRecords(observable)[0]?.name, name);
  }
});

Deno.test("toRecords() finds the port's type only where a port is", () => {
  const type = (observable: Record<string, unknown>) =>
    toRecords({ type: "network-traffic", ...observable })[0]?.type;
  assertEquals(type({ src_port: "53" }), "port");
  assertEquals(
    type({ dst_port: 99999, protocols: ["udp"] }),
    "network-traffic",
  );
});

Deno.test("toRecords() reads common names of both spellings", () => {
  const fields = fieldsOf({
    type: "x509-certificate",
    serial_number: "0x36 f7",
    issuer: "/C=US/CN=Issuer CA",
    subject: "CN=Smith\\, John, O=Example",
    validity_not_after: "never",
    x509_v3_extensions: {
      subject_alternative_name: "DNS:a.example, b.example",
    },
  });
  assertEquals(fields, {
    name: "36F7",
    "threat.indicator.x509.serial_number": "36F7",
    "threat.indicator.x509.issuer.distinguished_name": "/C=US/CN=Issuer CA",
    "threat.indicator.x509.issuer.common_name": ["Issuer CA"],
    "threat.indicator.x509.subject.distinguished_name":
      "CN=Smith\\, John, O=Example",
    "threat.indicator.x509.subject.common_name": ["Smith\\, John"],
    "threat.indicator.x509.alternative_names": ["a.example", "b.example"],
  });
});

Deno.test("toDocuments() keeps two records with the same key apart", () => {
  const object = { id: "indicator--1", type: "indicator" };
  const records = [80, 443, 80].flatMap((dst_port) =>
    toRecords({ type: "ipv4-addr", value: "192.0.2.1", dst_port })
  );
  const documents = toDocuments({ object, context: CONTEXT }, records);
  assertEquals(documents.length, 2);
  assert(documents[0]?.id !== documents[1]?.id);
});

Deno.test("toDocuments() copies no artifact content", () => {
  const [document] = documentsOf({
    id: "artifact--1",
    type: "artifact",
    payload_bin: "AAAA",
    hashes: { MD5: "9e107d9d372bb6826bd81d3542a419d6" },
  });
  assertEquals((document?.source.stix as StixObject).payload_bin, undefined);
});

Deno.test("toEntityRecords() chooses pattern, values or reference", () => {
  const indicator = (properties: Record<string, unknown>): StixObject => ({
    id: "indicator--1",
    type: "indicator",
    name: "An indicator",
    ...properties,
  });
  const types = (object: StixObject) =>
    toEntityRecords(object, QUERY_TYPES).records.map(({ type }) => type);
  const values = {
    "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba": {
      observable_values: [{ type: "Domain-Name", value: "a.example" }],
    },
  };
  const pattern = "[ipv4-addr:value = '192.0.2.1']";
  // deno-fmt-ignore
  const cases: [Record<string, unknown>, string[]][] = [
    [{ pattern, pattern_type: "stix", extensions: values },            ["ipv4-addr"]],
    [{ pattern, pattern_type: "STIX" },                                ["ipv4-addr"]],
    [{ pattern: "[ broken", pattern_type: "stix", extensions: values }, ["domain-name"]],
    [{ pattern: "no pattern", pattern_type: "stix" },                  ["unknown"]],
    [{ extensions: values },                                           ["domain-name"]],
    [{},                                                               ["unknown"]],
    [{ pattern: "a:b", pattern_type: "KQL" },                          ["query"]],
    [{ pattern: "rule r {}", pattern_type: "yara" },                   ["unknown"]],
  ];
  for (const [properties, expected] of cases) {
    assertEquals(types(indicator(properties)), expected);
  }
});

Deno.test("toDocuments() takes any JSON without an exception", () => {
  const wrong = [null, 7, true, [], {}, "", [null], { a: [1] }, "\ud800"];
  for (const type of [...Object.keys(OBSERVABLE_ROWS), "indicator"]) {
    for (const value of wrong) {
      // deno-fmt-ignore
      const names = ["value", "name", "hashes", "key", "values", "number", "pattern",
        "pattern_type", "labels", "description", "score", "confidence", "modified",
        "valid_until", "external_references", "kill_chain_phases", "extensions",
        "object_marking_refs", "created_by_ref", "protocols", "subject", "size"];
      const properties = Object.fromEntries(names.map((name) => [name, value]));
      documentsOf({ ...properties, id: `${type}--1`, type });
    }
  }
});

/** Our own fields, and those that only Kibana's pages know. */
const NOT_ECS =
  /^(opencti|stix)(\.|$)|^opencti_doc_id$|^threat\.indicator\.(mac|query)$/;

Deno.test({
  name: "toDocuments() writes ECS 9.4 fields with their type and array-ness",
  ignore: ecsTable() === undefined,
  fn() {
    const table = ecsTable() ?? new Map();
    const inputs = [
      ...fixture.cases.map(({ input }) => input as unknown as StixObject),
      ...EVERY_FIELD,
    ];
    for (const input of inputs) {
      for (const { source } of documentsOf(input)) {
        for (const [path, value] of leaves(source)) {
          if (NOT_ECS.test(path)) continue;
          const field = table.get(path);
          assert(field !== undefined, `${path} is not ECS`);
          assertEquals(Array.isArray(value), field.isArray, path);
          for (const item of [value].flat()) {
            assert(TYPE_TESTS[field.type]?.(item), `${path}: ${field.type}`);
          }
        }
      }
    }
  },
});

const EVERY_FIELD: StixObject[] = [
  {
    id: "artifact--1",
    type: "artifact",
    url: "https://a.example/x",
    hashes: {
      MD5: "aa",
      "SHA-384": "bb",
      TLSH: "T1",
      cdhash: "cc",
      imphash: "d",
    },
    ctime: "2026-01-01T00:00:00Z",
    mtime: "2026-01-01T00:00:00.123456Z",
    atime: "2026-01-01T00:00:00Z",
  },
  { id: "directory--1", type: "directory", path: "/opt" },
  {
    id: "ipv4-addr--1",
    type: "ipv4-addr",
    value: "192.0.2.1",
    dst_port: 443,
  },
  {
    id: "user-account--1",
    type: "user-account",
    account_login: "a",
    user_id: "b",
  },
  {
    id: "x509-certificate--1",
    type: "x509-certificate",
    subject: "CN=a.example",
    x509_v3_extensions: { subject_alternative_name: "DNS:a.example" },
  },
];

const TYPE_TESTS: Readonly<Record<string, (value: unknown) => boolean>> = {
  keyword: (value) => typeof value === "string",
  constant_keyword: (value) => typeof value === "string",
  wildcard: (value) => typeof value === "string",
  ip: (value) => typeof value === "string",
  date: (value) =>
    typeof value === "string" &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
  long: Number.isSafeInteger,
  float: Number.isFinite as (value: unknown) => boolean,
};

function* leaves(
  value: unknown,
  path = "",
): Generator<[path: string, value: unknown]> {
  if (path === "stix" || !isRecord(value)) {
    yield [path, value];
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    yield* leaves(inner, path === "" ? name : `${path}.${name}`);
  }
}

/** The ECS field table; absent where the reference folder is. */
function ecsTable():
  | Map<string, { type: string; isArray: boolean }>
  | undefined {
  const shared = Deno.env.get("RELAY_SHARED") ??
    new URL("../../../../shared", import.meta.url).pathname;
  try {
    const csv = Deno.readTextFileSync(
      `${shared}/reference/data/elastic-ecs-fields-9.4.0.csv`,
    );
    return new Map(
      csv.trim().split("\n").slice(1).map((line) => {
        const [name = "", type = "", form] = line.split(",");
        return [name, { type, isArray: form === "array" }];
      }),
    );
  } catch {
    return undefined;
  }
}
