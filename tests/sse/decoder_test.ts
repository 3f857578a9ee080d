import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { SseDecoder, type SseMessage } from "../../src/sse/decoder.ts";

const UTF8 = new TextEncoder();

function decodeAll(chunks: Iterable<Uint8Array>, max?: number): SseMessage[] {
  const decoder = new SseDecoder(
    max === undefined ? {} : { maxMessageBytes: max },
  );
  return [...chunks].flatMap((chunk) => decoder.push(chunk));
}

function brief(messages: readonly SseMessage[]): unknown[] {
  return messages.map(({ id, event, data }) => [id, event, data]);
}

const CASES: readonly [title: string, text: string, expected: unknown[]][] = [
  ["one message", "id: 1-0\nevent: create\ndata: {}\n\n", [
    ["1-0", "create", "{}"],
  ]],
  ["no space after the colon", "data:x\n\n", [["", "message", "x"]]],
  ["one of two spaces", "data:  x\n\n", [["", "message", " x"]]],
  ["several data lines", "data: a\ndata\ndata: b\n\n", [
    ["", "message", "a\n\nb"],
  ]],
  ["comments and unknown fields", ": hi\nfoo: 1\nretry: 5\ndata: x\n\n", [
    ["", "message", "x"],
  ]],
  ["the id stays for later messages", "id: 7\ndata: a\n\ndata: b\n\n", [
    ["7", "message", "a"],
    ["7", "message", "b"],
  ]],
  ["an id holding U+0000 is ignored", "id: 7\n\nid: a\0b\ndata: x\n\n", [
    ["7", "message", "x"],
  ]],
  ["an event without data is not dispatched", "event: x\n\ndata: y\n\n", [
    ["", "message", "y"],
  ]],
  ["a byte order mark", "\ufeffdata: x\n\n", [["", "message", "x"]]],
  ["only the first mark is read over", "\ufeff\ufeffdata: x\n\n", []],
  ["CR line ends", "data: x\r\rdata: y\r\r", [
    ["", "message", "x"],
    ["", "message", "y"],
  ]],
  ["CR LF line ends", "id: 3\r\ndata: x\r\n\r\n", [["3", "message", "x"]]],
  ["mixed line ends", "data: a\rdata: b\ndata: c\r\n\n", [
    ["", "message", "a\nb\nc"],
  ]],
  ["an unfinished message is discarded, with its id", "id: 9\ndata: x\n", []],
  ["line separators of Unicode are text", "data: a\u2028b\u0085c\n\n", [
    ["", "message", "a\u2028b\u0085c"],
  ]],
];

for (const [title, text, expected] of CASES) {
  Deno.test(`SseDecoder: ${title}`, () => {
    assertEquals(brief(decodeAll([UTF8.encode(text)])), expected);
  });
  Deno.test(`SseDecoder: ${title}, byte by byte`, () => {
    const bytes = [...UTF8.encode(text)].map((byte) => Uint8Array.of(byte));
    assertEquals(brief(decodeAll(bytes)), expected);
  });
}

Deno.test("SseDecoder gives the same messages however the bytes are cut", () => {
  const line = fc.oneof(
    fc.constantFrom("data: äöü 🚨", "data", "data: {}", "id: 1-0", ": c", ""),
    fc.string({ unit: "binary", maxLength: 8 }).map((text) =>
      `data: ${text.replaceAll(/[\r\n]/g, "")}`
    ),
  );
  const ends = fc.constantFrom("\n", "\r", "\r\n");
  fc.assert(fc.property(
    fc.array(fc.tuple(line, ends)),
    fc.array(fc.nat({ max: 400 })),
    (lines, cuts) => {
      const bytes = UTF8.encode(lines.map((pair) => pair.join("")).join(""));
      const at = [...new Set(cuts.filter((cut) => cut < bytes.length))]
        .sort((a, b) => a - b);
      const chunks = [0, ...at].map((start, index) =>
        bytes.subarray(start, at[index] ?? bytes.length)
      );
      assertEquals(decodeAll(chunks), decodeAll([bytes]));
    },
  ));
});

Deno.test("SseDecoder reads over what outgrows the limit, and goes on", () => {
  const large = "x".repeat(500);
  const text = `id: 1-0\nevent: create\ndata: ${large}\n\n` +
    `id: 2-0\nevent: create\ndata: small\n\n`;
  for (const size of [1, 7, 64, 10_000]) {
    const bytes = UTF8.encode(text);
    const chunks = [];
    for (let start = 0; start < bytes.length; start += size) {
      chunks.push(bytes.subarray(start, start + size));
    }
    assertEquals(
      decodeAll(chunks, 100).map(({ id, data, oversized }) => [
        id,
        data,
        oversized,
      ]),
      [["1-0", "", true], ["2-0", "small", false]],
      `chunks of ${size}`,
    );
  }
});

Deno.test("SseDecoder counts several data lines against the limit", () => {
  const text = "data: " + "x".repeat(60) + "\ndata: " + "y".repeat(60) + "\n\n";
  const [message] = decodeAll([UTF8.encode(text)], 100);
  assertEquals(message?.oversized, true);
});

Deno.test("SseDecoder takes time in proportion to the bytes", () => {
  // A line of 4 MB in pieces of 16 bytes: quadratic work would take minutes.
  const piece = UTF8.encode("0123456789abcdef");
  const decoder = new SseDecoder();
  decoder.push(UTF8.encode("data: "));
  for (let count = 0; count < 250_000; count++) decoder.push(piece);
  const [message] = decoder.push(UTF8.encode("\n\n"));
  assertEquals(message?.data.length, 4_000_000);
});
