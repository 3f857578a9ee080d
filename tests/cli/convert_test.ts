import { assert, assertEquals, assertMatch } from "@std/assert";
import { main } from "../../src/cli/main.ts";
import { TARGETS } from "../../src/targets/mod.ts";
import { internalId } from "../../src/stix/object.ts";
import { indicator } from "../opencti/platform.ts";
import { entity } from "../simulator/opencti/objects.ts";
import { fakeIo } from "./fake_io.ts";
import { kqlRule, NOW } from "./world.ts";

const AUTHOR = {
  type: "identity",
  id: "identity--ac6f7b3a-7aa5-558d-a1bd-4a4f52840f9e",
  name: "Example CERT",
  identity_class: "organization",
};

/** Runs `convert` on one file, with no variable set and no network used. */
async function convert(
  content: string,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  const io = fakeIo({ files: { "in.json": content }, now: () => NOW });
  const code = await main(["convert", "in.json", ...args], io);
  return { code, out: io.out.join("\n"), err: io.err.join("") };
}

// deno-lint-ignore no-explicit-any
async function actions(content: string, ...args: string[]): Promise<any[]> {
  const { code, out, err } = await convert(content, "--json", ...args);
  assertEquals([code, err], [0, ""]);
  return JSON.parse(out);
}

const REPORT = entity("report", "Report", "Phishing wave", {
  created: "2026-03-01T08:00:00.000Z",
  modified: "2026-03-02T08:00:00.000Z",
  created_by_ref: AUTHOR.id,
  object_refs: [indicator(1).id, kqlRule(2).id],
});

const BUNDLE = JSON.stringify({
  type: "bundle",
  id: "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d",
  objects: [
    AUTHOR,
    indicator(1, { created_by_ref: AUTHOR.id }),
    kqlRule(2),
    REPORT,
  ],
});

Deno.test("convert shows what a bundle becomes at every target", async () => {
  const all = await actions(BUNDLE);
  for (const { name } of TARGETS) {
    const own = all.filter(({ target }) => target === name);
    assertEquals(new Set(own.map(({ object }) => object)).size, 4, name);
    assert(own.some(({ payload }) => payload !== undefined), name);
  }
});

Deno.test("convert makes an event of a report and what it holds", async () => {
  const own = await actions(BUNDLE, "--target", "misp");
  const written = own.filter(({ action }) => action === "write");
  assertEquals(written.map(({ to, id }) => [to, id]), [
    ["MISP events", internalId(REPORT)],
  ]);
  const [{ payload: { Event } }] = written;
  assertEquals(Event.info, "Phishing wave");
  assertEquals(Event.Orgc, { name: "Example CERT" });
  assertEquals(
    Event.Attribute.map(({ type, value }: Record<string, string>) =>
      `${type} ${value}`
    ),
    [
      "domain host-1.example",
      'kusto-query destination.domain: "host-2.example"',
    ],
  );
});

Deno.test("convert makes an event of a report that never was in OpenCTI", async () => {
  const uuid = "84e4d88f-44ea-4bcd-bbf3-b2c1c320bcb3";
  const plain = { ...REPORT, id: `report--${uuid}`, extensions: undefined };
  const other = { ...plain, id: "report--not-a-uuid" };
  const objects = [indicator(1), plain, other];
  const own = await actions(JSON.stringify(objects), "--target", "misp");
  const [written, ...more] = own.filter(({ action }) => action === "write");
  assertEquals(more, []);
  assertEquals([written.object, written.id], [plain.id, uuid]);
  const { Event } = written.payload;
  assertEquals([Event.uuid, Event.info], [uuid, "Phishing wave"]);
  assertEquals(Event.Attribute.length, 1);
  const left = own.find(({ object }) => object === other.id);
  assertMatch(left.reason, /no UUID that MISP takes/);
  const { out } = await convert(JSON.stringify(objects), "--target", "misp");
  assertMatch(out, new RegExp(`write MISP events ${uuid}`));
});

Deno.test("convert takes names from the bundle and makes rules", async () => {
  const own = await actions(BUNDLE, "--target", "elastic-security");
  const [identity, document] = own;
  assertEquals(identity.action, "skip");
  assertMatch(identity.reason, /identity has no place/);
  assertEquals(document.payload.threat.indicator.provider, "Example CERT");
  const rule = own.find(({ to }) => to === "Kibana detection rules");
  assertEquals(rule.payload.type, "query");
});

Deno.test("convert reads a single object, a list, an event and frames", async () => {
  const object = indicator(1);
  const event = { version: "4", type: "update", data: object, context: {} };
  const frames = [
    'event: connected\ndata: {"lastEventId":"1-0"}',
    `id: 1772442902000-0\nevent: update\ndata: ${JSON.stringify(event)}`,
  ].join("\n\n");
  const target = ["--target", "elastic-security"];
  const [wanted] = await actions(JSON.stringify(object), ...target);
  assertEquals(wanted.id.length, 64 + 17);
  for (
    const form of [JSON.stringify([object]), JSON.stringify(event), frames]
  ) {
    const [{ id }] = await actions(form, ...target);
    assertEquals(id, wanted.id);
  }
  const gone = { ...event, type: "delete" };
  const [removal] = await actions(JSON.stringify(gone), ...target);
  assertEquals(removal.action, "delete");
});

Deno.test("convert shows payloads as text for people", async () => {
  const { code, out } = await convert(BUNDLE, "--target", "elastic-security");
  assertEquals(code, 0);
  assertMatch(out, /^create identity--ac6f7b3a\S+ Example CERT\n {2}elastic-/);
  assertMatch(out, /\n {4}skip: type identity has no place/);
  assertMatch(
    out,
    /\n {4}write logs-ti_custom_opencti\.indicator [0-9a-f-]+\n/,
  );
  assertMatch(out, /"provider": "Example CERT"/);
});

for (
  const [what, content, message] of [
    [
      "broken JSON",
      '{\n  "type": "bundle",\n  oops',
      /in\.json", line 3, column 3: it is not JSON/,
    ],
    [
      "a cut file",
      '{"type": "bundle"',
      /in\.json", line 1, column 18: it is not JSON/,
    ],
    [
      "no objects",
      '{"type": "bundle", "id": "bundle--1"}',
      /the bundle has no "objects"/,
    ],
    [
      "an object without id",
      '[{"type": "a", "id": "a--1"}, {"type": "b"}]',
      /objects\[1\]: it has no "id"/,
    ],
    ["a number", "[1]", /it is not an object/],
    ["plain text", "hello", /neither JSON nor frames/],
    ["an empty file", "", /neither JSON nor frames/],
    [
      "a broken frame",
      "id: 5-0\nevent: create\ndata: {",
      /frame 1 \(5-0\): event data is not a JSON object/,
    ],
  ] as const
) {
  Deno.test(`convert says where ${what} is wrong`, async () => {
    const { code, err } = await convert(content);
    assertEquals(code, 2);
    assertMatch(err, message);
  });
}

Deno.test("convert says that a file or a target is not there", async () => {
  const io = fakeIo();
  assertEquals(await main(["convert", "none.json"], io), 2);
  assertMatch(
    io.err.join(""),
    /^Cannot read "none\.json": there is no such file; give a file/,
  );
  const { code, err } = await convert(BUNDLE, "--target", "elastic-securty");
  assertEquals(code, 2);
  assertMatch(err, /did you mean "elastic-security"/);
});

Deno.test("convert uses the targets of a configuration", async () => {
  const config = JSON.stringify({
    opencti: { url: "https://cti.example.org", token: "t".repeat(36) },
    connector: {
      id: "6e6bd6b8-4b8a-4b07-9e6c-0d6f6e9f0a11",
      live_stream_id: "0a1b2c3d-4b8a-4b07-9e6c-0d6f6e9f0a11",
    },
    targets: [{
      name: "soc",
      type: "elastic-security",
      url: "https://elastic.example.org",
      api_key: "x:y",
      index_name: "own-index",
    }],
  });
  const files = { "in.json": BUNDLE, "config.yml": config };
  const io = fakeIo({ files, now: () => NOW });
  const args = ["convert", "in.json", "-c", "config.yml", "--json"];
  assertEquals(await main(args, io), 0);
  const all = JSON.parse(io.out.join("\n"));
  assertEquals(
    new Set(all.map(({ target }: { target: string }) => target)),
    new Set(["soc"]),
  );
  assert(all.some(({ to }: { to?: string }) => to === "own-index"));
});
