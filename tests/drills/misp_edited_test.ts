import { assert, assertEquals, assertMatch } from "@std/assert";
import { internalId } from "../../src/stix/object.ts";
import { startRunning } from "../soak/running.ts";
import { assertDrift, assertInLine, repair } from "./drill.ts";
import { COUNT, inStep, MispDrill } from "./misp_drill.ts";

for (const hard of ["true", "false"]) {
  Deno.test(`drill: an event is deleted by hand in MISP, hard_delete ${hard}`, async () => {
    await using drill = await MispDrill.start();
    const env = { ...drill.env, MISP_HARD_DELETE: hard };
    await inStep({ env });
    await using _running = startRunning(["run"], env);
    assertEquals(drill.names().length, COUNT);
    const [report] = drill.reports;
    const before = drill.event(report!);
    await drill.analyst(`events/delete/${internalId(report!)}`);
    assertEquals(drill.names().length, COUNT - 1);
    assertMatch(await assertDrift({ env }), /missing {2}1 MISP event\n/);
    assertMatch(await repair({ env }), /repaired 1 object/);
    assertEquals(drill.event(report!), before);
    await assertInLine({ env });
  });
}

Deno.test("drill: an analyst edits one attribute, removes one, adds one and a tag", async () => {
  await using drill = await MispDrill.start();
  await inStep(drill);
  const [report] = drill.reports;
  const id = internalId(report!);
  const before = drill.event(report!);
  const [edited, gone] = before!.attributes;
  await drill.analyst(`events/edit/${id}`, {
    Event: {
      uuid: id,
      Attribute: [{
        uuid: edited?.uuid,
        type: edited?.type,
        category: "Network activity",
        value: "mine.example.org",
        to_ids: false,
      }],
    },
  });
  await drill.analyst(`attributes/delete/${gone?.uuid}`);
  await drill.analyst(`attributes/add/${id}`, {
    type: "ip-dst",
    category: "Network activity",
    value: "192.0.2.77",
  });
  await drill.analyst("tags/attachTagToObject", {
    uuid: id,
    tag: "tlp:white",
  });
  assertMatch(await assertDrift(drill), /stale {4}1 MISP event\n/);
  assertMatch(await repair(drill), /repaired 1 object/);
  const after = drill.event(report!);
  const ours = after?.attributes.filter(({ value }) => value !== "192.0.2.77");
  assertEquals(ours, before?.attributes);
  assertEquals(after?.attributes.length, before!.attributes.length + 1);
  assertEquals(after?.tags, [...before!.tags, "tlp:white"].sort());
  await assertInLine(drill);
});

Deno.test("drill: an analyst only adds to an event: nothing is to be repaired", async () => {
  await using drill = await MispDrill.start();
  await inStep(drill);
  const [report] = drill.reports;
  await drill.analyst(`attributes/add/${internalId(report!)}`, {
    type: "ip-dst",
    category: "Network activity",
    value: "192.0.2.77",
  });
  await assertInLine(drill);
  drill.rename(report!, "Renamed");
  await inStep(drill);
  const { attributes = [] } = drill.event(report!) ?? {};
  assert(attributes.some(({ value }) => value === "192.0.2.77"));
  await assertInLine(drill);
});
