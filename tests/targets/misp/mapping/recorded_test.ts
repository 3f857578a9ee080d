/** The containers of the recorded stream, against a count of their own. */
import { assert, assertEquals } from "@std/assert";
import type { StixObject } from "../../../../src/stix/object.ts";
import { noRecording, NOW, replayRecording } from "../../../soak/recording.ts";
import { mapped } from "./rig.ts";

const CONTAINER = /^(report|grouping|(x-opencti-)?case-(incident|rfi|rft))$/;

Deno.test({
  name: "toMispEvent() maps every container of the recording",
  ignore: noRecording,
  async fn() {
    const { objects, context } = await replayRecording();
    const byId = new Map<string, StixObject>(context);
    for (const { object } of objects.values()) byId.set(object.id, object);
    let containers = 0;
    for (const { object: container } of objects.values()) {
      if (!CONTAINER.test(container.type)) continue;
      containers++;
      const contents = (container.object_refs as string[])
        .flatMap((id) => byId.get(id) ?? []);
      const { event, notes } = mapped(
        { container, contents, sightings: [], references: byId },
        { now: NOW },
      );
      console.log(
        container.type,
        contents.length,
        event.Attribute.length,
        event.Object.length,
        event.Tag.length,
        JSON.stringify(notes).slice(0, 400),
      );
    }
    assertEquals(containers, 56);
    assert(containers > 0);
  },
});
