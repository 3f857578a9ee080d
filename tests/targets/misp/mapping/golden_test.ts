/** One report with something of everything, and the whole event it becomes. */
import { assertEquals } from "@std/assert";
import type { StixObject } from "../../../../src/stix/object.ts";
import { mapped } from "./rig.ts";

const FIXTURES = new URL("../../../fixtures/misp/", import.meta.url);

interface Container {
  readonly container: StixObject;
  readonly contents: readonly StixObject[];
  readonly sightings: readonly StixObject[];
  readonly references: readonly StixObject[];
}

Deno.test("toMispEvent() maps a report with everything (UPDATE=1 writes it)", async () => {
  const { references, ...rest } = await read<Container>("container.json");
  const found = await mapped({
    ...rest,
    references: new Map(references.map((object) => [object.id, object])),
  });
  const expected = new URL("event.json", FIXTURES);
  if (Deno.env.get("UPDATE") === "1") {
    await Deno.writeTextFile(expected, JSON.stringify(found, null, 2) + "\n");
    return;
  }
  assertEquals(found, await read("event.json"));
});

async function read<Content>(name: string): Promise<Content> {
  return JSON.parse(await Deno.readTextFile(new URL(name, FIXTURES)));
}
