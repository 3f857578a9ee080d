/** The containers of the recorded stream, against a count of their own. */
import { assert, assertEquals } from "@std/assert";
import type { StixObject } from "../../../../src/stix/object.ts";
import type { MispEvent } from "../../../../src/targets/misp/misp_event.ts";
import { noRecording, NOW, replayRecording } from "../../../soak/recording.ts";
import { type Recount, recount } from "./recount.ts";
import { mapped } from "./rig.ts";

const CONTAINER = /^(report|grouping|(x-opencti-)?case-(incident|rfi|rft))$/;

interface Recorded {
  readonly container: StixObject;
  readonly contents: readonly StixObject[];
  readonly references: ReadonlyMap<string, StixObject>;
}

/** Every container at the end of the recording, with what it holds then. */
async function recorded(): Promise<Recorded[]> {
  const { objects, context } = await replayRecording();
  const byId = new Map<string, StixObject>(context);
  for (const { object } of objects.values()) byId.set(object.id, object);
  return Array.from(objects.values(), ({ object }) => object)
    .filter(({ type }) => CONTAINER.test(type))
    .map((container) => ({
      container,
      contents: (container.object_refs as string[])
        .flatMap((id) => byId.get(id) ?? []),
      references: byId,
    }));
}

Deno.test({
  name: "toMispEvent() makes of each recorded container what a recount finds",
  ignore: noRecording,
  async fn() {
    const containers = await recorded();
    assertEquals(containers.length, 56);
    const sums = { attributes: 0, objects: 0, tags: 0, galaxies: 0 };
    for (const { container, contents, references } of containers) {
      const { event, notes } = await mapped(
        { container, contents, sightings: [], references },
        { now: NOW },
      );
      assertEquals(
        linesOf(event),
        recount(container, contents, (id) => references.get(id)),
        `${container.id} ${String(container.name)}`,
      );
      assert(notes.every(({ reason }) => reason.includes("became text")));
      sums.attributes += event.Attribute.length;
      sums.objects += event.Object.length;
      sums.tags += event.Tag.length;
      sums.galaxies += event.Tag.filter(({ name }) =>
        name.startsWith("misp-galaxy:")
      ).length;
    }
    assertEquals(sums, {
      attributes: 1788,
      objects: 275,
      tags: 700,
      galaxies: 148,
    });
  },
});

function linesOf({ Attribute, Object, Tag }: MispEvent): Recount {
  return {
    attributes: Attribute.map(({ type, value }) => `${type} ${value}`)
      .toSorted(),
    objects: Object.map(({ name, Attribute }) =>
      `${name}: ${
        Attribute.map(({ object_relation, value }) =>
          `${object_relation}=${value}`
        ).toSorted().join(", ")
      }`
    ).toSorted(),
    tags: Tag.map(({ name }) => name.toLowerCase()).toSorted(),
  };
}
