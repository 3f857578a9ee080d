/** `explain` of a container whose event is in MISP. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { internalId } from "../../src/stix/object.ts";
import { inStep, MispDrill } from "../drills/misp_drill.ts";
import { relay } from "../soak/world.ts";

// deno-lint-ignore no-explicit-any
async function explained(drill: MispDrill, id: string): Promise<any> {
  const { code, out, err } = await relay(["explain", id, "--json"], drill.env);
  assertEquals([code, err], [0, ""], out);
  return JSON.parse(out);
}

Deno.test("explain finds a container by its ids, and by its event's UUID and number", async () => {
  await using drill = await MispDrill.start();
  await inStep(drill);
  const [report] = drill.reports;
  const uuid = internalId(report!);
  const number = drill.world.misp.event(uuid)?.id;
  for (const id of [uuid, report!.id, `${number}`]) {
    const { name, internalId: found, targets: [target] } = await explained(
      drill,
      id,
    );
    assertEquals([name, found], ["Report 0", uuid]);
    assertEquals(target.errors, []);
    assertEquals(target.inStream, true);
    assertEquals(target.row.fate, "held");
    const [action] = target.mapping;
    assertEquals([action.action, action.id], ["write", uuid]);
    assertEquals(action.payload.Event.info, "Report 0");
    assertEquals(target.holdings, [
      { kind: "MISP event", key: uuid, state: "in line" },
    ]);
  }
  await drill.analyst(`events/edit/${uuid}`, { Event: { uuid, info: "mine" } });
  const edited = await explained(drill, uuid);
  assertEquals(edited.targets[0].holdings[0].state, "different");
  await drill.analyst(`events/delete/${uuid}`);
  const { out } = await relay(["explain", uuid], drill.env);
  assertMatch(out, /missing/);
  assert(out.includes("Report 0"), out);
});

Deno.test("explain names the events that an indicator is in", async () => {
  await using drill = await MispDrill.start();
  await inStep(drill);
  const [shared] = drill.reports[0]?.object_refs as string[];
  const { targets: [target] } = await explained(drill, shared!);
  assertEquals(target.errors, []);
  assertEquals(
    target.holdings.map(({ key, state }: Record<string, string>) =>
      `${key} ${state}`
    ).sort(),
    drill.reports.map((report) => `${internalId(report)} in line`).sort(),
  );
});
