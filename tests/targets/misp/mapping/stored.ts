/** What a MISP has after it was sent an event: all of it, as it was sent. */
import { assertEquals } from "@std/assert";
import {
  type SimulatedMisp,
  startMisp,
} from "../../../../src/simulator/misp/mod.ts";
import type {
  MispAttribute,
  MispEvent,
  MispTag,
} from "../../../../src/targets/misp/misp_event.ts";

/**
 * Sends the event to a MISP of its own, and holds what is stored there to what
 * was sent. Nothing may have been dropped, no template broken.
 */
export async function assertStored(sent: MispEvent): Promise<void> {
  const misp = await startMisp();
  try {
    await send(misp, sent);
    assertEquals(misp.drops, []);
    assertEquals(misp.breaches, []);
    const event = misp.event(sent.uuid);
    if (event === undefined) throw new Error("the event is not there");
    assertEquals(
      {
        info: event.info,
        date: event.date,
        timestamp: event.timestamp,
        threat_level_id: event.threat_level_id,
        analysis: event.analysis,
        distribution: event.distribution,
        orgc: event.Orgc.name,
        tags: tagsOf(event.Tag),
        attributes: byUuid(event.Attribute).map(storedAttribute),
        objects: byUuid(event.Object).map((object) => ({
          ...headOf(object),
          attributes: byUuid(object.Attribute).map(storedAttribute),
        })),
        sightings: byUuid(event.Sighting).map((sighting) => ({
          uuid: sighting.uuid,
          attribute_uuid: sighting.attribute_uuid,
          date_sighting: sighting.date_sighting,
          type: sighting.type,
          source: sighting.source,
        })),
      },
      {
        info: sent.info,
        date: sent.date,
        timestamp: sent.timestamp,
        threat_level_id: sent.threat_level_id,
        analysis: sent.analysis,
        distribution: sent.distribution,
        orgc: sent.Orgc?.name ?? "CERT",
        tags: tagsOf(sent.Tag),
        attributes: byUuid(sent.Attribute).map(sentAttribute),
        objects: byUuid(sent.Object).map((object) => ({
          ...headOf(object),
          attributes: byUuid(object.Attribute).map(sentAttribute),
        })),
        sightings: byUuid(sent.Sighting),
      },
    );
  } finally {
    await misp.stop();
  }
}

async function send(misp: SimulatedMisp, event: MispEvent): Promise<void> {
  const { Sighting, ...fields } = event;
  const response = await fetch(`${misp.url}/events/add`, {
    method: "POST",
    headers: {
      accept: "application/json",
      authorization: misp.apiKey,
      "content-type": "application/json",
    },
    body: JSON.stringify({ Event: fields, Sighting }),
  });
  const text = await response.text();
  assertEquals(response.status, 200, text);
}

type Stored = NonNullable<ReturnType<SimulatedMisp["event"]>>;

function storedAttribute(stored: Stored["Attribute"][number]) {
  return {
    ...fieldsOf(stored),
    object_relation: stored.object_relation ?? "",
    disable_correlation: stored.disable_correlation,
    data: stored.data ?? "",
    tags: tagsOf(stored.Tag ?? []),
  };
}

function sentAttribute(sent: MispAttribute) {
  return {
    ...fieldsOf(sent),
    object_relation: sent.object_relation ?? "",
    disable_correlation: sent.disable_correlation ?? false,
    data: sent.data ?? "",
    tags: tagsOf(sent.Tag),
  };
}

function fieldsOf(
  { uuid, type, category, value, to_ids, comment, distribution }:
    & Omit<
      MispAttribute,
      "Tag" | "object_relation" | "data" | "distribution"
    >
    & { readonly distribution: string },
) {
  return { uuid, type, category, value, to_ids, comment, distribution };
}

function headOf(object: {
  readonly uuid: string;
  readonly name: string;
  readonly "meta-category": string;
  readonly description: string;
  readonly template_uuid: string;
  readonly template_version: string;
  readonly distribution: string;
  readonly comment: string;
}) {
  return {
    uuid: object.uuid,
    name: object.name,
    metaCategory: object["meta-category"],
    description: object.description,
    template: [object.template_uuid, object.template_version],
    distribution: object.distribution,
    comment: object.comment,
  };
}

function tagsOf(tags: readonly MispTag[]): string[] {
  return tags.map(({ name }) => name).toSorted();
}

function byUuid<Element extends { readonly uuid: string }>(
  list: readonly Element[],
): Element[] {
  return list.toSorted((a, b) => a.uuid < b.uuid ? -1 : 1);
}
