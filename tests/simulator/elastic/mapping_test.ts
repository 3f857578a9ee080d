import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ElasticError } from "../../../src/simulator/elastic/errors.ts";
import type { JsonObject } from "../../../src/simulator/elastic/json.ts";
import { Mapping } from "../../../src/simulator/elastic/mapping.ts";

function refusal(mapping: Mapping, source: JsonObject): ElasticError {
  return assertThrows(
    () => mapping.check(source, "1", JSON.stringify(source)),
    ElasticError,
  );
}

const FIELDS = new Mapping({
  dynamic: "strict",
  properties: {
    ip: { type: "ip" },
    cidr: { type: "ip_range" },
    at: { type: "date" },
    day: { type: "date", format: "yyyy-MM-dd" },
    long: { type: "long" },
    integer: { type: "integer" },
    float: { type: "float" },
    flag: { type: "boolean" },
    word: { type: "keyword" },
    short: { type: "keyword", ignore_above: 10 },
    prose: { type: "text" },
    wild: { type: "wildcard" },
    flat: { type: "flattened" },
    raw: { type: "object", enabled: false },
    open: { type: "object", dynamic: "false", properties: {} },
    object: { properties: { inner: { type: "long" } } },
  },
});

// deno-fmt-ignore
const ACCEPTED: readonly [string, unknown][] = [
  ["ip", "192.0.2.1"], ["ip", "2001:db8::1"], ["ip", "::ffff:192.0.2.1"], ["ip", ["192.0.2.1", null]], ["ip", null],
  ["cidr", "198.51.100.0/24"], ["cidr", "2001:db8::/32"], ["cidr", { gte: "192.0.2.1", lte: "192.0.2.9" }],
  ["at", "2026-03-02T10:00:00.000Z"], ["at", "2026-03-02"], ["at", "2026"], ["at", 1772445600000], ["at", "1772445600000"],
  ["at", "2026-03-02T10:00:00.123456789+02:00"], ["day", "2026-03-02"],
  ["long", 5], ["long", "5"], ["long", 5.9], ["long", 1772445600000000], ["integer", "-7"],
  ["float", 1.5], ["float", "1e3"], ["flag", true], ["flag", "false"], ["flag", ""],
  ["word", "x"], ["word", 5], ["word", true], ["short", "x".repeat(40_000)], ["prose", "x".repeat(40_000)],
  ["wild", "x".repeat(40_000)], ["flat", { a: { b: [1, "x"] } }],
  ["raw", { a: 1, b: { c: ["x", { d: 1 }] } }], ["raw", "anything"], ["open", { x: { y: 1 } }],
  ["object", { inner: 1 }], ["object", [{ inner: 1 }, { inner: 2 }]], ["object", null], ["object.inner", 4],
];

for (const [field, value] of ACCEPTED) {
  const shown = JSON.stringify(value).slice(0, 50);
  Deno.test(`Mapping.check() takes ${shown} for ${field}`, () => {
    FIELDS.check({ [field]: value }, "1");
  });
}

// deno-fmt-ignore
const REFUSED: readonly [string, unknown, string, string][] = [
  ["ip", "198.51.100.0/24", "failed to parse field [ip] of type [ip]", "'198.51.100.0/24' is not an IP string literal."],
  ["ip", "fe80::1%eth0", "of type [ip]", "'fe80::1%eth0' is not an IP string literal."],
  ["ip", "192.0.2.256", "of type [ip]", "is not an IP string literal"],
  ["ip", ["192.0.2.1", "evil.example.com"], "of type [ip]", "'evil.example.com' is not"],
  ["cidr", "192.0.2.0/33", "of type [ip_range]", "Expected [ip/prefix]"],
  ["at", "yesterday", "of type [date]", "failed to parse date field [yesterday] with format [strict_date_optional_time||epoch_millis]"],
  ["at", "2026-02-30", "of type [date]", "failed to parse date field"],
  ["at", "02/03/2026", "of type [date]", "failed to parse date field"],
  ["at", true, "of type [date]", "failed to parse date field"],
  ["long", "abc", "of type [long]", 'For input string: "abc"'],
  ["integer", 2147483648, "of type [integer]", "Value [2147483648] is out of range for an integer"],
  ["float", 1e39, "of type [float]", "supports only finite values"],
  ["flag", "yes", "of type [boolean]", "Failed to parse value [yes] as only [true] or [false] are allowed."],
  ["flag", 1, "of type [boolean]", "Failed to parse value [1]"],
  ["word", "x".repeat(32_767), "of type [keyword]", "Document contains at least one immense term"],
  ["word", { a: 1 }, "Preview of field's value: '{a=1}'", "Can't get text on a START_OBJECT"],
  ["flat", "text", "of type [flattened]", "Failed to parse object"],
];

for (const [field, value, reason, cause] of REFUSED) {
  const shown = JSON.stringify(value).slice(0, 50);
  Deno.test(`Mapping.check() refuses ${shown} for ${field}`, () => {
    const error = refusal(FIELDS, { [field]: value });
    assertEquals([error.status, error.type], [
      400,
      "document_parsing_exception",
    ]);
    assertStringIncludes(error.message, reason);
    assertStringIncludes(String(error.causedBy?.reason), cause);
  });
}

Deno.test("Mapping.check() refuses a value where an object is, and the reverse", () => {
  const error = refusal(FIELDS, { object: "text" });
  assertEquals(
    error.message,
    "[1:11] object mapping for [object] tried to parse field [object] as object, but found a concrete value",
  );
  const mapping = new Mapping();
  mapping.check({ hash: { md5: "x" } }, "1");
  assertStringIncludes(
    refusal(mapping, { hash: "x" }).message,
    "object mapping for [hash]",
  );
});

Deno.test("Mapping.check() learns fields, and unlearns those of a refused document", () => {
  const mapping = new Mapping({ properties: { ip: { type: "ip" } } });
  refusal(mapping, { first: "text", ip: "nonsense" });
  assertEquals(mapping.find("first"), undefined);
  mapping.check({
    text: "hello",
    when: "2026-03-02",
    count: 5,
    share: 0.5,
    on: true,
    nothing: null,
    list: [],
    number: "2026",
    "a.b": "dotted",
  }, "1");
  const types = [
    "text",
    "text.keyword",
    "when",
    "count",
    "share",
    "on",
    "number",
    "a.b",
  ]
    .map((path) => mapping.find(path)?.definition.type);
  assertEquals(types, [
    "text",
    "keyword",
    "date",
    "long",
    "float",
    "boolean",
    "text",
    "text",
  ]);
  assertEquals(mapping.find("nothing"), undefined);
  assertStringIncludes(
    refusal(mapping, { when: "later" }).message,
    "failed to parse field [when] of type [date]",
  );
});

Deno.test("Mapping.check() applies dynamic templates and date_detection", () => {
  const mapping = new Mapping({
    date_detection: false,
    dynamic_templates: [
      {
        skip: {
          path_match: "stix.*",
          match_mapping_type: "object",
          mapping: { type: "flattened" },
        },
      },
      {
        strings: {
          match_mapping_type: "string",
          mapping: { type: "keyword", ignore_above: 1024 },
        },
      },
    ],
  });
  mapping.check({ a: "2026-03-02", stix: { extensions: { x: 1 } } }, "1");
  assertEquals(mapping.find("a")?.definition, {
    type: "keyword",
    ignore_above: 1024,
  });
  assertEquals(mapping.find("stix.extensions")?.definition.type, "flattened");
});

Deno.test("Mapping.check() stops at the field limit and at depth 20", () => {
  const mapping = new Mapping({
    dynamic_templates: [{
      all: { match_mapping_type: "*", mapping: { type: "keyword" } },
    }],
  });
  const many = Object.fromEntries(
    Array.from({ length: 1001 }, (_, at) => [`f${at}`, "x"]),
  );
  assertStringIncludes(
    refusal(mapping, many).message,
    "Limit of total fields [1000] has been exceeded while adding new fields [1]",
  );
  assertEquals(mapping.fieldCount, 0);
  let deep: JsonObject = { end: 1 };
  for (let at = 0; at < 5000; at += 1) deep = { o: deep };
  assertStringIncludes(
    refusal(new Mapping(), deep).message,
    "Limit of mapping depth [20]",
  );
});

Deno.test("Mapping.check() refuses metadata fields and broken names", () => {
  const cases: [JsonObject, string][] = [
    [{ _id: "x" }, "Field [_id] is a metadata field"],
    [{ "": 1 }, "field name cannot be an empty string"],
    [{ " ": 1 }, "field name cannot contain only whitespace"],
    [{ "a..b": 1 }, "ambiguous: [a..b]"],
  ];
  for (const [source, reason] of cases) {
    assertStringIncludes(refusal(new Mapping(), source).message, reason);
  }
});

Deno.test("Mapping.check() wants one @timestamp in a data stream", () => {
  const mapping = new Mapping({
    properties: { "@timestamp": { type: "date" } },
  }, { dataStream: true });
  assertStringIncludes(
    refusal(mapping, { a: 1 }).message,
    "data stream timestamp field [@timestamp] is missing",
  );
  assertStringIncludes(
    refusal(mapping, { "@timestamp": ["2026-01-01", "2026-01-02"] }).message,
    "encountered multiple values",
  );
});

Deno.test("Mapping() refuses what Elasticsearch refuses, and changes nothing", () => {
  const cases: [unknown, string][] = [
    [
      { properties: { a: { type: "keyword", boosted: 1 } } },
      "unknown parameter [boosted] on mapper [a] of type [keyword]",
    ],
    [
      { properties: { a: { type: "string" } } },
      "No handler for type [string] declared on field [a]",
    ],
    [{ propertys: {} }, "Root mapping definition has unsupported parameters"],
    [{ dynamic: "maybe" }, "Could not convert [dynamic]"],
  ];
  for (const [body, reason] of cases) {
    assertThrows(() => new Mapping(body), ElasticError, reason);
  }
  const mapping = new Mapping({ properties: { a: { type: "long" } } });
  assertThrows(
    () =>
      mapping.merge({
        properties: { b: { type: "ip" }, a: { type: "keyword" } },
      }),
    ElasticError,
    "mapper [a] cannot be changed from type [long] to [keyword]",
  );
  assertEquals(mapping.find("b"), undefined);
});
