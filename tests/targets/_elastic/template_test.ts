import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../../src/errors.ts";
import { modeFor } from "../../../src/targets/_elastic/index_set_up.ts";
import {
  indexBody,
  indexTemplate,
  isSameTemplate,
  templateName,
} from "../../../src/targets/_elastic/template.ts";
import { SeenIds } from "../../../src/targets/_elastic/seen_ids.ts";
import { entityDocId } from "../../../src/targets/_elastic/document.ts";

Deno.test("indexTemplate() covers the configured name", () => {
  const template = indexTemplate("cti.indicator", "index");
  assertEquals(template.index_patterns, ["cti.indicator", "cti.indicator-*"]);
  assert(!("data_stream" in template));
  assertEquals(indexTemplate("x", "data_stream").data_stream, {});
  assertEquals(templateName("cti.indicator"), "cti");
  assertEquals(templateName("threats"), "threats");
});

Deno.test("indexBody() makes a lookup index where asked to", () => {
  assertEquals(indexBody("lookup").settings, {
    index: { refresh_interval: "5s", mode: "lookup" },
  });
});

Deno.test("isSameTemplate() overlooks what Elasticsearch adds", () => {
  const wanted = { a: { shards: 1, on: false }, list: ["x", "y"] };
  const stored = { a: { shards: "1", on: "false", more: 2 }, list: ["x", "y"] };
  assert(isSameTemplate(stored, wanted));
  assert(!isSameTemplate({ ...stored, list: ["x"] }, wanted));
  assert(!isSameTemplate(undefined, wanted));
});

Deno.test("modeFor() follows what exists, unless told otherwise", () => {
  const mode = (mode: "auto" | "index" | "data_stream" | "lookup") =>
    ({ name: "n", mode }) as const;
  assertEquals(modeFor(mode("auto"), "absent"), "index");
  assertEquals(modeFor(mode("auto"), "unknown"), "index");
  assertEquals(modeFor(mode("auto"), "alias"), "index");
  assertEquals(modeFor(mode("auto"), "data_stream"), "data_stream");
  assertEquals(modeFor(mode("lookup"), "absent"), "lookup");
  for (const given of ["index", "lookup"] as const) {
    assertThrows(() => modeFor(mode(given), "data_stream"), ConfigError);
  }
  assertThrows(() => modeFor(mode("data_stream"), "index"), ConfigError);
});

Deno.test("SeenIds never forgets and seldom errs", () => {
  const seen = new SeenIds();
  const ids = Array.from({ length: 2000 }, (_, at) => entityDocId(`${at}`));
  for (const id of ids.slice(0, 1000)) seen.add(id);
  assert(ids.slice(0, 1000).every((id) => seen.mayHave(id)));
  assert(ids.slice(1000).filter((id) => seen.mayHave(id)).length < 2);
});
