import { z } from "zod";
import {
  booleanField,
  choice,
  commaList,
  duration,
  type Field,
  fieldKind,
  integer,
  isoDate,
  objectShape,
  pemFile,
  proxyUrl,
  Secret,
  secret,
  text,
  url,
  uuid,
} from "../../src/config/fields.ts";
import { assert, assertEquals } from "../assert.ts";
import { PEM } from "./fixture.ts";

/** The result, or the message of the only issue. */
function outcome<Output>(field: Field<Output>, value: unknown): unknown {
  const result = field.safeParse(value);
  return result.success ? result.data : result.error.issues[0]?.message;
}

const URL_TEXT =
  "is not an http or https URL; write it like https://host.example:9200";
const CREDENTIALS =
  "must not hold a user name or password; use the settings for those";
const QUERY = 'must not hold a query or fragment; cut it at the "?" or "#"';
const PROXY_TEXT =
  "is not the URL of a proxy; write it like http://proxy.example:3128";
const CONTROL = "holds a line break or control character; remove it";
const NO_DURATION = "is not a duration; write it like 30s, 5m or 1h30m";
const DURATION_RANGE = "is out of range; use more than 0 and at most 3650d";
const NO_DATE = "is not an ISO 8601 date; " +
  "write it like 2026-01-31 or 2026-01-31T08:00:00Z";
const NO_UUID = "is not a UUID; make one, for example with uuidgen";
const LIST = "is a list or a block; give one value";

// deno-fmt-ignore
const CASES: readonly [string, Field<unknown>, unknown, unknown][] = [
  ["url", url(), "https://host.example", "https://host.example"],
  ["url", url(), " HTTP://Host.example:80/ ", "http://host.example"],
  ["url", url(), "https://host.example:9200/es/v1//", "https://host.example:9200/es/v1"],
  ["url", url(), "https://[2001:db8::1]:9200/", "https://[2001:db8::1]:9200"],
  ["url", url(), "ftp://host.example", URL_TEXT],
  ["url", url(), "host.example:9200", URL_TEXT],
  ["url", url(), "https:///path", "https://path"],
  ["url", url(), "https://ho st.example", URL_TEXT],
  ["url", url(), "https://host.example\n.evil.example", URL_TEXT],
  ["url", url(), "https://user:pass@host.example", CREDENTIALS],
  ["url", url(), "https://host.example/?a=b", QUERY],
  ["url", url(), "https://host.example/#a", QUERY],
  ["url", url(), 7, URL_TEXT],
  ["url", url(), ["https://host.example"], LIST],
  ["url", url(), undefined, "is missing"],
  ["url", url(), "  ", "is missing"],
  ["proxyUrl", proxyUrl(), "http://u:p@proxy.example:3128/", "http://u:p@proxy.example:3128"],
  ["proxyUrl", proxyUrl(), "proxy.example:3128", "http://proxy.example:3128"],
  ["proxyUrl", proxyUrl(), "socks5h://proxy.example", "socks5h://proxy.example"],
  ["proxyUrl", proxyUrl(), "gopher://proxy.example", PROXY_TEXT],
  ["proxyUrl", proxyUrl(), ":::", PROXY_TEXT],
  ["secret", secret(), "a\nb", CONTROL],
  ["secret", secret(), {}, LIST],
  ["secret", secret(), undefined, "is missing"],
  ["booleanField", booleanField(), true, true],
  ["booleanField", booleanField(), "TRUE", true],
  ["booleanField", booleanField(), " Yes ", true],
  ["booleanField", booleanField(), "on", true],
  ["booleanField", booleanField(), 1, true],
  ["booleanField", booleanField(), "False", false],
  ["booleanField", booleanField(), "nO", false],
  ["booleanField", booleanField(), "OFF", false],
  ["booleanField", booleanField(), "0", false],
  ["booleanField", booleanField(), "", "is missing"],
  ["booleanField", booleanField(), "maybe", '"maybe" is neither true nor false; use one of them'],
  ["booleanField", booleanField(), "toString", '"toString" is neither true nor false; use one of them'],
  ["booleanField", booleanField(), "x".repeat(25), "this value is neither true nor false; use one of them"],
  ["integer", integer(), " 42 ", 42],
  ["integer", integer(), -3, -3],
  ["integer", integer(), "-0", 0],
  ["integer", integer(), "1.5", '"1.5" is not a whole number; use digits alone'],
  ["integer", integer(), "1e3", '"1e3" is not a whole number; use digits alone'],
  ["integer", integer(), "0x10", '"0x10" is not a whole number; use digits alone'],
  ["integer", integer(), NaN, '"NaN" is not a whole number; use digits alone'],
  ["integer", integer(), "9007199254740993", '"9007199254740993" is not a whole number; use digits alone'],
  ["integer", integer({ min: 1, max: 9 }), "0", "0 is out of range; use 1 to 9"],
  ["integer", integer({ min: 1 }), "0", "0 is out of range; use at least 1"],
  ["integer", integer({ max: 9 }), 10, "10 is out of range; use at most 9"],
  ["duration", duration(), "5m", 300_000],
  ["duration", duration(), "1h30m", 5_400_000],
  ["duration", duration(), " 2W ", 1_209_600_000],
  ["duration", duration(), "1d 12h", 129_600_000],
  ["duration", duration(), "0.5s", 500],
  ["duration", duration(), 90, 90_000],
  ["duration", duration(), "90", 90_000],
  ["duration", duration(), "0.0001", 1],
  ["duration", duration(), "0", `"0" ${DURATION_RANGE}`],
  ["duration", duration(), "-5", `"-5" ${DURATION_RANGE}`],
  ["duration", duration(), "0m", `"0m" ${DURATION_RANGE}`],
  ["duration", duration(), "1000w", `"1000w" ${DURATION_RANGE}`],
  ["duration", duration(), "9".repeat(24), `"${"9".repeat(24)}" ${DURATION_RANGE}`],
  ["duration", duration(), "5 minutes", `"5 minutes" ${NO_DURATION}`],
  ["duration", duration(), "1h30", `"1h30" ${NO_DURATION}`],
  ["duration", duration(), "1.2.3s", `"1.2.3s" ${NO_DURATION}`],
  ["commaList", commaList(), "a, b ,,c", ["a", "b", "c"]],
  ["commaList", commaList(), ["a", " b", "", 3], ["a", "b", "3"]],
  ["commaList", commaList(), [], []],
  ["commaList", commaList(), [["a"]], "holds a list or a block; give plain entries"],
  ["commaList", commaList(), {}, LIST],
  ["isoDate", isoDate(), "2026-01-31", "2026-01-31T00:00:00.000Z"],
  ["isoDate", isoDate(), "2026-01-31T08:00", "2026-01-31T08:00:00.000Z"],
  ["isoDate", isoDate(), "2026-01-31 08:00:01.5", "2026-01-31T08:00:01.500Z"],
  ["isoDate", isoDate(), "2026-01-31T08:00:00+02:00", "2026-01-31T06:00:00.000Z"],
  ["isoDate", isoDate(), "2026-01-31T08:00:00.123456z", "2026-01-31T08:00:00.123Z"],
  ["isoDate", isoDate(), "2026-01-31T08:00:00-0130", "2026-01-31T09:30:00.000Z"],
  ["isoDate", isoDate(), "2024-02-29", "2024-02-29T00:00:00.000Z"],
  ["isoDate", isoDate(), "2026-02-30", `"2026-02-30" ${NO_DATE}`],
  ["isoDate", isoDate(), "2026-13-01", `"2026-13-01" ${NO_DATE}`],
  ["isoDate", isoDate(), "2026-12", `"2026-12" ${NO_DATE}`],
  ["isoDate", isoDate(), "1700000000000", `"1700000000000" ${NO_DATE}`],
  ["uuid", uuid(), " 6E6B2F0C-3a44-4f4e-9d5e-0b7f4f1f2a10", "6E6B2F0C-3a44-4f4e-9d5e-0b7f4f1f2a10"],
  ["uuid", uuid(), "11111111-1111-1111-1111-111111111111", "11111111-1111-1111-1111-111111111111"],
  ["uuid", uuid(), "6e6b2f0c3a444f4e9d5e0b7f4f1f2a10", NO_UUID],
  ["pemFile", pemFile(), PEM, PEM.trim()],
  ["pemFile", pemFile(), "/etc/cert.pem", "holds no PEM block; convert the file to PEM"],
  ["text", text({ min: 2, max: 3 }), " ab ", "ab"],
  ["text", text({ min: 2 }), "a", "is too short; use at least 2 characters"],
  ["text", text({ max: 3 }), "abcd", "is too long; use at most 3 characters"],
  ["text", text(), "a\u0007b", CONTROL],
  ["choice", choice(["Auto", "off"]), " AUTO ", "Auto"],
  ["choice", choice(["auto", "off"]), "on", '"on" is not one of the choices; use auto, off'],
];

for (const [name, field, value, expected] of CASES) {
  Deno.test(`${name}() reads ${JSON.stringify(value)}`, () => {
    assertEquals(outcome(field, value), expected);
  });
}

Deno.test("Secret shows its value to reveal() alone", () => {
  const value = "do-not-print-this-value";
  const hidden = secret().parse(`${value} `);
  assertEquals(hidden.reveal(), `${value} `);
  const printed = [
    String(hidden),
    `${hidden}`,
    hidden + "",
    JSON.stringify({ hidden }),
    Deno.inspect({ hidden, list: [hidden] }),
    JSON.stringify(Object.entries(hidden)),
    JSON.stringify(structuredClone({ hidden })),
  ].join("\n");
  assert(!printed.includes(value), printed);
  assertEquals(JSON.stringify(new Secret("x")), '"***"');
});

Deno.test("fieldKind() sees through what a field is wrapped in", () => {
  const wrapped: readonly [z.ZodType, string | undefined][] = [
    [secret(), "secret"],
    [secret().optional(), "secret"],
    [secret().describe("a token").meta({ examples: ["x"] }), "secret"],
    [secret().refine(() => true).optional().describe("x"), "secret"],
    [secret().transform((hidden) => hidden.reveal()), "secret"],
    [z.preprocess((value) => value, secret()), "secret"],
    [pemFile().optional(), "pem"],
    [proxyUrl(), "proxy"],
    [text(), undefined],
    [z.string().default("x"), undefined],
  ];
  for (const [schema, kind] of wrapped) assertEquals(fieldKind(schema), kind);
});

Deno.test("objectShape() sees through what an object is wrapped in", () => {
  const object = z.strictObject({ a: text() });
  const wrapped = [
    object,
    object.optional(),
    object.prefault({ a: "x" }),
    object.superRefine(() => {}),
    object.transform((value) => value.a),
  ];
  for (const schema of wrapped) {
    assertEquals(Object.keys(objectShape(schema) ?? {}), ["a"]);
  }
  assertEquals(objectShape(text()), undefined);
});

Deno.test("fields give a JSON Schema with descriptions and defaults", () => {
  const schema = z.strictObject({
    url: url().describe("Where"),
    key: secret().describe("Key"),
    on: booleanField().default(true).describe("On"),
    size: integer({ min: 1, max: 9 }).default(3),
    every: duration().prefault("5m"),
    tags: commaList().prefault("a,b"),
    mode: choice(["x", "y"]).default("x"),
    since: isoDate().optional(),
  });
  const json = z.toJSONSchema(schema, { io: "input" });
  const { url: where, key, on, size, every, tags, mode } = json.properties ??
    {};
  assertEquals(json.required, ["url", "key"]);
  assertEquals(where, {
    type: "string",
    pattern: "^(https?://|\\$\\{)",
    description: "Where",
  });
  assertEquals(key, { type: "string", writeOnly: true, description: "Key" });
  assertEquals(pick(on), { default: true, description: "On" });
  assertEquals(pick(size), { default: 3, minimum: 1, maximum: 9 });
  assertEquals(pick(every), { default: "5m" });
  assertEquals(pick(tags), { default: "a,b" });
  assertEquals(mode, { type: "string", enum: ["x", "y"], default: "x" });
});

function pick(schema: unknown): Record<string, unknown> {
  const { default: value, description, minimum, maximum } = schema as Record<
    string,
    unknown
  >;
  const known = { default: value, description, minimum, maximum };
  return Object.fromEntries(
    Object.entries(known).filter(([, member]) => member !== undefined),
  );
}
